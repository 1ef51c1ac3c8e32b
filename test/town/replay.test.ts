// Replay beside a town that is at work: the state that the log holds up is the one that is compared.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { installTown } from '../../src/town/install.ts'
import { openTown } from '../../src/town/open.ts'
import { createSlices } from '../../src/town/past/slices.ts'
import { replay } from '../../src/town/replay.ts'
import { message, SANDBOX, SESSION } from '../support/messages.ts'

const WHOLE = { to: null, verify: true, into: null, checkpoint: null } as const
const QUIET = () => {}

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gt-rp-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('[P1] [P2] what is decided and not written yet is no part of the state that a replay is held against', async () => {
  const dir = join(root, 'town')
  await installTown({ dir, name: 'rp', owner: { name: 'O', email: 'o@localhost' }, settings: {} })
  const town = await openTown(dir)
  const writing = town.system.take({
    id: 'set',
    by: OVERSEER,
    messages: [{ to: TOWN, message: { type: 'town.set', key: 'domain', value: 'a' } }],
  })
  const isAhead = () => (town.system.owner(TOWN)?.seq ?? 0) > town.system.seq
  for (let tick = 0; tick < 1_000 && !isAhead(); tick += 1) await Promise.resolve()
  expect(isAhead()).toBe(true)
  const report = await replay(town.log, WHOLE, createSlices(town), QUIET)
  expect(report.divergences).toEqual([])
  expect(report.verified).toBe(true)
  await writing
  await town.close()
})

/** A system over a log that holds these records, as a start after a kill finds it. */
async function openedFrom(records: readonly LogRecord[]) {
  const log = await createLog(join(root, `log-${records.length}`))
  for (const { seq, ...entry } of records) await log.append([entry], { id: `kept ${seq}` })
  const projections = createProjections()
  const system = await openSystem({
    log,
    machines: machineAt,
    clock: { now: () => Date.UTC(2027, 2, 1), after: () => () => {} },
    onRecord: (record) => applyAll(projections, record),
  })
  return { log, system, projections }
}

test('[P1] [P2] a town that was killed after any of its records is at its next start what the log says, while it keeps what was promised', async () => {
  const whole = await openedFrom([])
  const say = async (to: string, type: string, more: object = {}) =>
    whole.system.take(
      {
        id: `${to} ${type}`,
        by: OVERSEER,
        messages: [{ to, message: message(type as never, more as never) }],
      },
      { settled: true },
    )
  await say(TOWN, 'town.install')
  await say(TOWN, 'town.start')
  await say(SANDBOX, 'sandbox.open')
  await say(SANDBOX, 'worktree.added')
  await say(SESSION, 'session.started')
  const records: LogRecord[] = []
  for await (const { line } of whole.log.read()) records.push(JSON.parse(line) as LogRecord)
  await whole.log.close()
  let cut = 0
  for (let n = 1; n <= records.length; n += 1) {
    const town = await openedFrom(records.slice(0, n))
    const promised = [...town.system.owners()].some(([, { seq }]) => seq > town.system.seq)
    if (promised) cut += 1
    expect(
      (await replay(town.log, WHOLE, createSlices(town), QUIET)).divergences,
      `killed after record ${n}`,
    ).toEqual([])
    await town.system.close()
    await town.log.close()
  }
  expect(cut, 'kills between a promise and its keeping').toBeGreaterThan(0)
})
