// The state at every prefix of a history is what the town held then (P1, P4). Another 95 histories: test/sim/town.test.ts.
//
// SEED=17 npx vitest run test/past/prefixes.test.ts repeats one; npm run past does many.

import { describe, expect, test } from 'vitest'
import { livedInCorpus, RECORDS_MIN } from '../support/past-histories.ts'

const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const seeds = only === null ? Array.from({ length: 105 }, (_, n) => n + 1) : [only]
const TEN = 10
/** Two seconds where nothing else runs. */
const TEN_SEEDS_MS = 120_000

describe('at every prefix of a history, owners, promises and each projection that its last record changed are those of the town then', () => {
  let anew = 0
  for (let first = 0; first < seeds.length; first += TEN) {
    const some = seeds.slice(first, first + TEN)
    test(
      `[P1] [P3] [P4] and the whole state at some, folded anew: seeds ${some[0]} to ${some.at(-1)}`,
      async () => {
        for (const seed of some) {
          const found = await livedInCorpus(seed)
          expect(found.differences, `SEED=${seed}`).toEqual([])
          expect(found).toMatchObject({ records: RECORDS_MIN, withOwners: RECORDS_MIN })
          expect(found.anew).toBeGreaterThan(0)
          anew += found.anew
        }
      },
      TEN_SEEDS_MS,
    )
  }

  test.runIf(only === null)('of which there were hundreds', () => expect(anew).toBeGreaterThan(250))
})
