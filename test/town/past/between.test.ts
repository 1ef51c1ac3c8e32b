// What changed between two moments, by what is kept: no row and no owner is missed, and little is read for it.

import { beforeAll, expect, test } from 'vitest'
import type { EventLog, PieceOptions } from '../../../eventlog/index.ts'
import { answerPast, type PastTown } from '../../../src/api/past.ts'
import type { LogRecord } from '../../../src/events/record.ts'
import { recordOf } from '../../../src/events/upcasters.ts'
import { type RowTexts, rowTexts } from '../../../src/past/diff.ts'
import { applyAll, createProjections } from '../../../src/projections/index.ts'
import { createStates, type States } from '../../../src/town/past/states.ts'
import { append, logOf } from '../../support/past-properties.ts'
import { folder, linesOf } from './histories.ts'

const RECORDS = 600
const sizes = { records: 32, runs: 8 }
/** Within one run, over the ends of runs, of groups, and up to what is not kept yet. */
const MOMENTS: readonly (readonly [from: number, to: number])[] = [
  [0, 1],
  [33, 60],
  [70, 140],
  [31, 513],
  [590, RECORDS],
]

let lines: string[]
let records: LogRecord[]
let log: EventLog
beforeAll(async () => {
  lines = await linesOf(11, RECORDS)
  records = lines.map(recordOf)
  log = await logOf(lines)
})

function rowsAt(seq: number): RowTexts {
  const projections = createProjections()
  for (const record of records.slice(0, seq)) applyAll(projections, record)
  return rowTexts(projections, {})
}

/** As a replay has them. */
function contextsAt(seq: number): Map<string, object> {
  const contexts = new Map<string, object>()
  for (const { actor, change, refused } of records.slice(0, seq)) {
    if (refused !== undefined) continue
    const unset = Object.fromEntries((change.unset ?? []).map((key) => [key, undefined]))
    contexts.set(actor, { ...contexts.get(actor), ...change.set, ...unset })
  }
  return contexts
}

const townOf = (states: States, of: EventLog): PastTown => ({
  dir: '/town',
  name: 'farm',
  townId: 't1',
  log: of,
  clock: { now: () => Date.parse(records.at(-1)?.at ?? ''), after: () => () => {} },
  priceOf: () => null,
  withProjections: states.withProjections,
  between: states,
})

async function diffOf(states: States, [from, to]: (typeof MOMENTS)[number], of = log): Promise<string> {
  const query = { from: String(from), at: String(to) }
  const ask = {
    path: '/v1/diff',
    caller: { kind: 'operator', actor: 'overseer' },
    params: {},
    query,
  } as const
  return answerPast(townOf(states, of), ask, new AbortController().signal)
}

test('[PAST-14] [P4] every row that differs between two moments is among those that are looked at', async () => {
  const states = createStates(log, { dir: folder(), writes: true, sizes })
  await states.catchUp()
  for (const [from, to] of MOMENTS) {
    const [before, after] = [rowsAt(from), rowsAt(to)]
    const touched = await states.touched(from, to)
    expect(touched).not.toBeNull()
    const some = await states.withProjections(to, async (all) => rowTexts(all, {}, touched))
    const then = await states.withProjections(from, async (all) => rowTexts(all, {}, touched))
    for (const [part, rows] of after)
      for (const key of new Set([...rows.keys(), ...(before.get(part)?.keys() ?? [])])) {
        const [was, is] = [before.get(part)?.get(key), rows.get(key)]
        if (was === is) continue
        expect(some.get(part)?.get(key), `${part} ${key} at ${to}`).toBe(is)
        expect(then.get(part)?.get(key), `${part} ${key} at ${from}`).toBe(was)
      }
  }
  states.close()
})

test('[PAST-14] [P1] contexts of owners as of a record are those of a replay, kept or not', async () => {
  const kept = createStates(log, { dir: folder(), writes: true, sizes })
  await kept.catchUp()
  for (const states of [kept, createStates(log)])
    for (const seq of [32, 33, 513, RECORDS]) {
      const right = contextsAt(seq)
      const found = await states.contextsAt(seq, new Set(records.map(({ actor }) => actor)))
      expect(Object.fromEntries(found), `as of ${seq}`).toEqual(Object.fromEntries(right))
    }
  kept.close()
})

test('[PAST-14] contexts are kept on from where a thread before has ended, between two times that they are kept', async () => {
  const dir = folder()
  const growing = await logOf(lines.slice(0, 100))
  const everybody = new Set(records.map(({ actor }) => actor))
  for (const next of [170, 300, RECORDS]) {
    const states = createStates(growing, { dir, writes: true, sizes })
    await states.catchUp()
    const seq = growing.head.seq
    expect(Object.fromEntries(await states.contextsAt(seq, everybody))).toEqual(
      Object.fromEntries(contextsAt(seq)),
    )
    states.close()
    await append(growing, lines.slice(seq, next))
  }
})

test('[PAST-14] [PAST-5] a diff says the same in the same order, kept or not', async () => {
  const kept = createStates(log, { dir: folder(), writes: true, sizes })
  await kept.catchUp()
  for (const moments of MOMENTS) {
    const [one, other] = [await diffOf(kept, moments), await diffOf(createStates(log), moments)]
    expect(JSON.parse(one), moments.join()).toEqual(JSON.parse(other))
    expect(Object.keys(JSON.parse(one).rows)).toEqual(Object.keys(JSON.parse(other).rows))
  }
  kept.close()
})

test('[PAST-14] a diff reads what lies between its moments, and no more than two runs besides', async () => {
  let read = 0
  const counted = new Proxy(log, {
    get(all, name) {
      if (name === 'read') throw new Error('A diff made lines of the log.')
      const found: unknown = Reflect.get(all, name)
      if (name !== 'pieces') return typeof found === 'function' ? found.bind(all) : found
      return async function* (range: PieceOptions) {
        for await (const piece of all.pieces(range)) {
          read += piece.last - piece.first + 1
          yield piece
        }
      }
    },
  })
  const states = createStates(counted, { dir: folder(), writes: true, sizes })
  await states.catchUp()
  read = 0
  await diffOf(states, [510, 530], counted)
  expect(read).toBeGreaterThan(0)
  // The run of each moment, for what it touched and for its rows, and two for owners.
  expect(read).toBeLessThan(20 + 6 * sizes.records)
  states.close()
})
