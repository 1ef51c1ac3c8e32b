import { expect, test } from 'vitest'
import { createRandom } from '../sim/random.ts'
import { type Kill, landFour } from './crashes.ts'
import type { How } from './worker.ts'

const SEED = Number(process.env.SEED ?? 20261123)
const KILLS = 10
/** So many of each there are at least; `npm run mq-crashes` takes all of them. */
const [RECORDS, CALLS] = [100, 40]

function draw(): Kill[] {
  const random = createRandom(SEED)
  return Array.from({ length: KILLS }, (_, n) =>
    n % 2 === 0
      ? { at: 'git', n: random.between(1, CALLS), how: random.pick<How>(['before', 'amid', 'after']) }
      : { at: 'record', n: random.between(1, RECORDS), worker: random.chance(0.5) },
  )
}

test(`[REFINERY-9] [REFINERY-27] [GIT-24] [P5] [P8] a batch of four, with a conflict and a culprit, lands each once and nothing red, wherever daemon and worker are killed (SEED=${SEED})`, async () => {
  let crashes = 0
  for (const kill of draw()) {
    const landed = await landFour(kill).catch((cause: unknown) => {
      throw new Error(
        `SEED=${SEED} ${JSON.stringify(kill)}: ${cause instanceof Error ? cause.message : String(cause)}`,
      )
    })
    crashes += landed.crashes
  }
  expect(crashes).toBeGreaterThanOrEqual(KILLS - 2)
}, 300_000)
