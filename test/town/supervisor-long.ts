// The long form of supervisor.test.ts, stop.test.ts and event-quota.test.ts: `npm run supervisor [crashes] [first seed]`.
//
// 500 crashes of the daemon with up to 30 agents, as many trees of stubborn processes ended, 20 starts that crash for each
// 25 crashes, and a million events of one agent. The seed of what fails repeats it alone.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const CRASHES_PER_TOWN = 25

const [crashes = '500', first = '1'] = process.argv.slice(2)
const root = join(import.meta.dirname, '../..')
const failed: string[] = []

function run(file: string, name: string, env: Record<string, string>): void {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', file, '-t', name],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } },
  )
  if (status === 0) return
  const said = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  failed.push(`${said.join(' ')} npx vitest run ${file}`)
}

const towns = Math.ceil(Number(crashes) / CRASHES_PER_TOWN)
for (let n = 0; n < towns; n += 1) {
  const env = {
    SEED: String(Number(first) + n),
    AGENTS: '30',
    CRASHES: String(CRASHES_PER_TOWN),
    STARTS: '20',
  }
  run('test/town/supervisor.test.ts', 'killed', env)
  console.log(`supervisor: ${(n + 1) * CRASHES_PER_TOWN} of ${towns * CRASHES_PER_TOWN} crashes`)
}
run('test/pty/stop.test.ts', 'leaves nothing of a tree', { TREES: crashes })
run('test/api/event-quota.test.ts', 'posts', { EVENTS: '1000000' })
console.log(failed.length === 0 ? 'supervisor: nothing failed' : `supervisor: failed:\n${failed.join('\n')}`)
process.exitCode = failed.length === 0 ? 0 : 1
