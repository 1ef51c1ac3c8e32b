// Many histories, one after the other: npm run past -- [--histories 10000] [--seed 1]
//
// Of each: the state at every prefix is what the town held then. Of one in a hundred besides: as of a record is what a
// replay up to it gives, what bisect finds is a turn, and times find their records. Prints the first seed that fails, and the line that repeats it.

import { parseArgs } from 'node:util'
import { createRandom } from '../sim/random.ts'
import { linesOfHistory, lived, RECORDS_MIN } from '../support/past-histories.ts'
import { asOfIsReplay, bisectFinds, timesFindTheirRecord } from '../support/past-properties.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
})
const wanted = Number(values.histories)
const first = Number(values.seed)
const begun = performance.now()
const counts = { histories: 0, short: 0, positions: 0, anew: 0, asked: 0 }
/** With so many one after the other, each is held against other ways to its answer now and then. */
const ASKED_EVERY = 100

let seed = first
for (; ; seed += 1) {
  const wrong = [
    ...(await prefixes(seed)),
    ...(seed % ASKED_EVERY === first % ASKED_EVERY ? await asked(seed) : []),
  ]
  if (wrong.length > 0) {
    console.log(`npm run past -- --histories 1 --seed ${seed}\n  ${wrong.join('\n  ')}`)
    process.exitCode = 1
    break
  }
  if (counts.histories >= wanted) break
  if (seed % 500 === 0) console.log(told())
}
console.log(told())

async function prefixes(number: number): Promise<string[]> {
  const found = await lived(number)
  if (found.records < RECORDS_MIN) counts.short += 1
  else counts.histories += 1
  counts.positions += found.withOwners
  counts.anew += found.anew
  return found.violation === null ? [...found.differences] : [found.violation, ...found.differences]
}

async function asked(number: number): Promise<string[]> {
  counts.asked += 1
  const lines = await linesOfHistory(number)
  const random = createRandom(number)
  return [
    ...(await asOfIsReplay(lines, random, 8)),
    ...(await bisectFinds(lines, random)).differences,
    ...(await timesFindTheirRecord(lines, random, 60)),
  ]
}

function told(): string {
  const { histories, short, positions, anew, asked: questioned } = counts
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0)
  return `${histories} histories of at least ${RECORDS_MIN} records (seeds ${first} to ${seed}; ${short} shorter ones besides): ${positions} prefixes, ${anew} of them folded anew and whole; ${questioned} histories questioned; ${seconds} s`
}
