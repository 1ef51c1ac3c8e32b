// Properties of the past over random histories by the real actors: towns of the simulation, with faults, and of the corpus.
//
// SEED=17 npx vitest run test/past/properties.test.ts repeats one; npm run past does many.

import { beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../sim/random.ts'
import { linesOfHistory, RECORDS_MIN } from '../support/past-histories.ts'
import { asOfIsReplay, bisectFinds, timesFindTheirRecord } from '../support/past-properties.ts'

const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const seeds = only === null ? Array.from({ length: 8 }, (_, n) => n + 1) : [only]
const ALL_MS = 120_000

describe('in random histories', () => {
  const histories = new Map<number, string[]>()
  beforeAll(async () => {
    for (const seed of seeds) {
      const lines = await linesOfHistory(seed)
      if (lines.length >= RECORDS_MIN) histories.set(seed, lines)
    }
    expect(histories.size).toBeGreaterThan(seeds.length / 2)
  }, ALL_MS)

  test(
    '[PAST-4] [P4] every row as of a record is what a replay up to that record gives, by each way that leads there',
    async () => {
      for (const [seed, lines] of histories)
        expect(await asOfIsReplay(lines, createRandom(seed), 6), `SEED=${seed}`).toEqual([])
    },
    ALL_MS,
  )

  test(
    '[PAST-10] [P4] bisect finds a turn, and the only one where there is one; one pass finds the first',
    async () => {
      let turning = 0
      let once = 0
      for (const [seed, lines] of histories) {
        const found = await bisectFinds(lines, createRandom(seed))
        expect(found.differences, `SEED=${seed}`).toEqual([])
        turning += found.turning
        once += found.once
      }
      if (only !== null) return
      expect(turning).toBeGreaterThan(20)
      expect(once).toBeGreaterThan(5)
      expect(turning).toBeGreaterThan(once)
    },
    ALL_MS,
  )

  test(
    '[P4] a time between two records, or of several at once, is the last of those before, also where a clock went backwards',
    async () => {
      for (const [seed, lines] of histories)
        expect(await timesFindTheirRecord(lines, createRandom(seed), 60), `SEED=${seed}`).toEqual([])
    },
    ALL_MS,
  )
})
