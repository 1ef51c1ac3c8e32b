// What the ways into the past read of a log: enough of it, and each record in the form of today.

import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { createRebuild } from '../../src/past/rebuild.ts'
import { feedItems } from '../../src/projections/feed.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { createKnown } from '../../src/system/known.ts'
import { replay } from '../../src/town/past/replay.ts'
import { createStates } from '../../src/town/past/states.ts'
import { linesOfHistory } from '../support/past-histories.ts'
import { logOf } from '../support/past-properties.ts'

test('[PAST-4] [P4] the feed as of a record goes back as far as it did then, over however many records that say nothing', async () => {
  const told = (await linesOfHistory(1)).map((line): LogRecord => JSON.parse(line))
  const silent = told.find((record) => feedItems(record).length === 0 && record.facts.length === 0)
  if (silent === undefined) throw new Error('Every record of the history says something.')
  // More than are looked at first.
  const records = [...told, ...Array.from({ length: 6_000 }, () => silent), ...told.slice(0, 20)]
  const lines = records.map((record, n) => JSON.stringify({ ...record, seq: n + 1 }))
  const live = createProjections()
  for (const line of lines) applyAll(live, recordOf(line))
  expect(live.feed.rows.items.length).toBeGreaterThan(100)
  const states = createStates(await logOf(lines))
  const items = await states.withProjections(lines.length, async ({ feed }) => [...feed.rows.items])
  expect(items).toEqual(live.feed.rows.items)
  states.close()
})

test('[P4] no way into the past folds a record as it stands in the log: one of a later form is refused by its version', async () => {
  const lines = await linesOfHistory(1)
  const later = lines.map((line, n) => (n === 200 ? JSON.stringify({ ...JSON.parse(line), v: 99 }) : line))
  const log = await logOf(later)
  const newer = { code: 'TOWN_NEWER', message: expect.stringContaining('99') }
  const states = createStates(log)
  await expect(states.withProjections(220, async ({ beads }) => beads.rows.byId.size)).rejects.toMatchObject(
    newer,
  )
  states.close()
  const asked = { to: null, verify: true, into: null, checkpoint: null }
  await expect(replay(log, asked, null, () => {})).rejects.toMatchObject(newer)
})

test('[P1] [P3] a refusal that settles what was told leaves its owner as it was, in a replay as in the town', async () => {
  const known = createKnown()
  const rebuild = createRebuild(null)
  let refusals = 0
  for (const line of await linesOfHistory(1)) {
    const record = { ...recordOf(line), seq: known.seq + 1 }
    known.fold(record)
    rebuild.fold([record])
    const state = known.owners.get(record.actor)
    if (state === null || record.seq % 7 !== 0) continue
    const { value } = state
    const refused = {
      ...record,
      seq: record.seq + 1,
      machine: 'other@1',
      from: value,
      to: value,
      change: {},
      facts: [],
      effects: [],
      settles: 'nothing',
      refused: { code: 'NO', message: 'No.' },
    }
    known.fold(refused)
    rebuild.fold([refused])
    refusals += 1
    expect(new Map(rebuild.checkpoint().owners).get(record.actor)).toEqual(state)
  }
  expect(refusals).toBeGreaterThan(20)
  expect(new Map(rebuild.checkpoint().owners)).toEqual(new Map(known.checkpoint().owners))
})
