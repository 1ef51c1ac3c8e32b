// Replay and bisect over histories that the real actors made, against the plain way to the same answer.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordOf } from '../../../src/events/upcasters.ts'
import { partsOf, rowText } from '../../../src/past/parts.ts'
import { createRebuild } from '../../../src/past/rebuild.ts'
import { applyAll, createProjections, type Projections } from '../../../src/projections/index.ts'
import { bisectIn } from '../../../src/town/past/bisect-in.ts'
import { replay } from '../../../src/town/past/replay.ts'
import { createStates } from '../../../src/town/past/states.ts'
import { createRandom } from '../../sim/random.ts'
import { logOf } from '../../support/past-properties.ts'
import { folder, linesOf } from './histories.ts'

const RECORDS = 1_200
const QUIET = () => {}

describe.each([3, 4])('a history of seed %i', (seed) => {
  test('[PAST-10] [P4] bisect finds a turn; for what turns once, the record that looking at every one finds', async () => {
    const lines = await linesOf(seed, RECORDS)
    const log = await logOf(lines)
    const town = { log, dir: folder(), name: 'test', townId: 't1' }
    const random = createRandom(seed)
    const ids = beadsIn(lines, () => true)
    const left = beadsIn(lines, (status) => status !== 'open')
    const some = (of: readonly string[]) => of[Math.floor(random.next() * of.length)] ?? ''
    const count = 1 + Math.floor(random.next() * (ids.length - 1))
    const one = some(ids)
    const two = some(left)
    const asked: [when: string, isSo: (projections: Projections) => boolean, once: boolean][] = [
      [`$count(beads) >= ${count}`, ({ beads }) => beads.rows.byId.size >= count, true],
      [`$exists(beads[id="${one}"])`, ({ beads }) => beads.rows.byId.has(one), true],
      [
        `beads[id="${two}"].status != "open"`,
        ({ beads }) => differs(beads.rows.byId.get(two)?.status),
        false,
      ],
      ['$count(hooks) > 0', ({ hooks }) => hooks.rows.size > 0, false],
    ]
    for (const [when, isSo, once] of asked) {
      const answers = answersOf(lines, isSo)
      const to = answers.lastIndexOf(true)
      expect(to, when).toBeGreaterThan(0)
      const found = await bisectIn(town, { when, from: 0, to, first: false }, QUIET)
      expect([answers[found.seq - 1], answers[found.seq]], when).toEqual([false, true])
      expect(found.probes).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(to)))
      const linear = answers.indexOf(true)
      if (once) expect(found.seq, when).toBe(linear)
      const first = await bisectIn(town, { when, from: 0, to, first: true }, QUIET)
      expect(first.seq, when).toBe(linear)
    }
  }, 120_000)

  test('[P1] [P4] a replay up to a record gives the rows that a question as of that record sees', async () => {
    const lines = await linesOf(seed, RECORDS)
    const log = await logOf(lines)
    const states = createStates(log, { dir: join(folder(), 'past'), writes: true })
    await states.catchUp()
    const random = createRandom(seed)
    for (let n = 0; n < 6; n += 1) {
      const to = 1 + Math.floor(random.next() * RECORDS)
      const rebuild = createRebuild(null)
      rebuild.fold(lines.slice(0, to).map(recordOf))
      const system = rebuild.checkpoint()
      const rebuilt = rowsOf(partsOf({ system, projections: rebuild.projections }))
      const asOf = await states.withProjections(to, async (projections) =>
        rowsOf(partsOf({ system, projections })),
      )
      expect(asOf, `record ${to}`).toEqual(rebuilt)
      const report = await replay(log, { to, verify: true, into: null, checkpoint: null }, null, QUIET)
      expect(report).toMatchObject({
        to,
        records: to,
        verified: true,
        liveDigest: null,
        cachesReplaced: false,
      })
    }
    states.close()
  }, 120_000)
})

const differs = (status: string | undefined): boolean => status !== undefined && status !== 'open'

/** Whether it is so after each record; the first is before the first record. */
function answersOf(lines: readonly string[], isSo: (projections: Projections) => boolean): boolean[] {
  const projections = createProjections()
  return [
    isSo(projections),
    ...lines.map((line) => {
      applyAll(projections, recordOf(line))
      return isSo(projections)
    }),
  ]
}

/** Beads that end like this. */
function beadsIn(lines: readonly string[], wanted: (status: string) => boolean): string[] {
  const projections = createProjections()
  for (const line of lines) applyAll(projections, recordOf(line))
  return [...projections.beads.rows.byId.values()].flatMap(({ id, status }) => (wanted(status) ? [id] : []))
}

const rowsOf = (parts: ReturnType<typeof partsOf>): string[] =>
  parts.flatMap((part) =>
    [...part.rows()].map(([key, value]) => `${part.name} ${key} ${rowText(part.name, value)}`),
  )
