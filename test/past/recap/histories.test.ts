// Recaps of histories that nobody wrote by hand: towns in which much goes wrong, cut wherever chance says.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerPast, type PastTown } from '../../../src/api/past.ts'
import type { LogRecord } from '../../../src/events/record.ts'
import { recordOf } from '../../../src/events/upcasters.ts'
import { HOUR_KINDS } from '../../../src/past/recap/hours.ts'
import { createStates } from '../../../src/town/past/states.ts'
import { createRandom } from '../../sim/random.ts'
import { simulate } from '../../sim/world.ts'
import { logOf } from '../../support/past-properties.ts'
import type { Waits } from './night.ts'

const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const count = Number(process.env.RECAP_SEEDS ?? 4)
const seeds = only === null ? Array.from({ length: count }, (_, n) => n + 1) : [only]
const CUTS = 3

async function townOf(lines: readonly string[]) {
  const records = lines.map((line) => recordOf(line))
  const log = await logOf(lines)
  const now = Date.parse(records.at(-1)?.at ?? '')
  const past: PastTown = {
    dir: '/town',
    name: 'farm',
    townId: 't1',
    log,
    clock: { now: () => now, after: () => () => {} },
    priceOf: () => null,
    ...createStates(log),
  }
  const recap = async (since: number, at: number): Promise<Waits> => {
    const query = { since: String(since), at: String(at) }
    const ask = {
      path: '/v1/recap',
      caller: { kind: 'operator', actor: 'overseer' },
      params: {},
      query,
    } as const
    return JSON.parse(await answerPast(past, ask, new AbortController().signal))
  }
  return { records, recap }
}

/** Beads that were given to be done: by an agent, or at once by the Refinery (what takes a landing back). */
const queuedIn = (records: readonly LogRecord[]): Set<string> =>
  new Set(
    records.flatMap(({ facts, message }) =>
      facts
        .filter(
          ({ type }) => type === 'BeadQueued' || (type === 'BeadSubmitted' && message.type === 'bead.handIn'),
        )
        .map(({ bead }) => String(bead)),
    ),
  )

/** Every bead it speaks of, once for each place where it stands. */
const placesIn = ({ landed, notLanded, closed }: Waits): string[] => [
  ...new Set(landed.filter(({ reopened }) => !reopened).map(({ bead }) => bead)),
  ...notLanded.map(({ bead }) => bead),
  ...closed.map(({ bead }) => bead),
]

const landings = ({ landed }: Waits) => landed.map(({ bead, commit }) => `${bead} ${commit}`)

test.each(seeds)(
  '[RECAP-1] [RECAP-2] [RECAP-3] a town of chance adds up, wherever it is cut: seed %i',
  async (seed) => {
    const { lines } = await simulate({ seed, keep: true })
    const { records, recap } = await townOf(lines)
    const end = lines.length
    const whole = await recap(0, end)
    expect(placesIn(whole).sort(), `SEED=${seed}`).toEqual([...queuedIn(records)].sort())
    const random = createRandom(seed).fork('cuts')
    for (let cuts = 0; cuts < CUTS; cuts += 1) {
      const cut = random.between(1, end)
      const [before, after] = [await recap(0, cut), await recap(cut, end)]
      const told = `SEED=${seed}, cut at ${cut}`
      for (const half of [before, after])
        expect(new Set(placesIn(half)).size, told).toBe(placesIn(half).length)
      expect(placesIn(before).sort(), told).toEqual([...queuedIn(records.slice(0, cut))].sort())
      const inAfter = new Set(placesIn(after))
      expect(
        [...queuedIn(records.slice(cut))].filter((bead) => !inAfter.has(bead)),
        told,
      ).toEqual([])
      expect([...landings(before), ...landings(after)], told).toEqual(landings(whole))
      for (const kind of HOUR_KINDS)
        expect(before.hours[kind] + after.hours[kind], `${kind} ${told}`).toBe(whole.hours[kind])
      expect(before.span.awakeMs + after.span.awakeMs, told).toBe(whole.span.awakeMs)
      expect(whole.span.awakeMs).toBeLessThanOrEqual(whole.span.lengthMs)
    }
  },
)

test('a log of an earlier version is told as well: of its landings nobody counted the lines', async () => {
  const file = new URL('../../data/golden/first-slice.ndjson', import.meta.url)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const { landed, notLanded } = await (await townOf(lines)).recap(0, lines.length)
  expect(landed.map(({ bead, lines: counted }) => [bead, counted])).toEqual([
    ['sh-1', null],
    ['sh-2', null],
    ['sh-3', null],
    ['sh-4', null],
  ])
  expect(notLanded).toEqual([])
})
