import { expect, test } from 'vitest'
import { checkSequence } from './check.ts'
import type { Done } from './sequence.ts'

/** One alone: `SEED=17 npx vitest run test/queue`. */
const only = process.env.SEED === undefined ? null : Number(process.env.SEED)
const seeds = only === null ? Array.from({ length: 100 }, (_, n) => n + 1) : [only]
/** Each costs some 100 processes of git; `npm run mq-model` takes longer ones. */
const COMMANDS = { min: 2, max: 4 }
const TEN = 10

const met = new Map<string, number>()

for (let first = 0; first < seeds.length; first += TEN) {
  const some = seeds.slice(first, first + TEN)
  test(`[REFINERY-3] [REFINERY-6] [GIT-6] [P5] [P8] the target is what its receipts and the commits from outside make of it, each bead is in it once, what was pushed had passed, and no commit is lost: sequences ${some[0]} to ${some.at(-1)}`, async () => {
    for (const seed of some) {
      const result: Done | string = await checkSequence(seed, COMMANDS)
      if (typeof result === 'string') throw new Error(`SEED=${seed} npx vitest run test/queue: ${result}`)
      for (const [fact, count] of result.facts) met.set(fact, (met.get(fact) ?? 0) + count)
    }
  }, 180_000)
}

test.runIf(only === null)('those sequences meet whatever may happen to a request', () => {
  const all = [
    'BatchBegan',
    'MergeConflicted',
    'MergeFailed',
    'MergeLanded',
    'MergeRequeued',
    'MergeReverted',
    'TargetAdvanced',
  ]
  expect(all.filter((fact) => !met.has(fact))).toEqual([])
})
