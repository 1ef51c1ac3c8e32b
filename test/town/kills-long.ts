// The long form of kill.test.ts: `npm run kills [kills] [first seed]`, 500 kills when nothing is said.
//
// Each town takes 20 kills and is then held against its own log; the seed of a failing one repeats it alone:
// `SEED=<seed> npx vitest run test/town/kill.test.ts`.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const KILLS_PER_TOWN = 20

const [kills = '500', first = '1'] = process.argv.slice(2)
const towns = Math.ceil(Number(kills) / KILLS_PER_TOWN)
const root = join(import.meta.dirname, '../..')
const failed: number[] = []
for (let n = 0; n < towns; n += 1) {
  const seed = Number(first) + n
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/town/kill.test.ts', '-t', 'kills -9'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, SEED: String(seed) } },
  )
  if (status !== 0) failed.push(seed)
  console.log(
    `kills: ${(n + 1) * KILLS_PER_TOWN} of ${towns * KILLS_PER_TOWN}, failed seeds: ${failed.join(' ') || 'none'}`,
  )
}
process.exitCode = failed.length === 0 ? 0 : 1
