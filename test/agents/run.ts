// Runs the suite with the real agent programs: `npm run test:agents [-- <arguments of vitest>]`.
//
//   1. The programs are fetched first, at their pinned versions; without them the suite is red.
//   2. GT_NO_AGENTS=1 runs none of it, and says how many files that leaves out.
//   3. Where the system lets us, nothing but the loopback can be reached while it runs.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fetchAgents } from '../../scripts/fetch-agents.ts'
import { fence } from './fence.ts'
import { withoutAgents } from './versions.ts'

const root = join(import.meta.dirname, '..', '..')
const files = readdirSync(import.meta.dirname, { recursive: true }).filter((file) =>
  String(file).endsWith('.test.ts'),
)

if (withoutAgents) {
  console.log(`NOT RUN: ${files.length} files of tests with the real agent programs, because GT_NO_AGENTS=1.`)
} else if (!fetchAgents()) {
  console.error('The real agent programs are not here. GT_NO_AGENTS=1 leaves their tests out, and says so.')
  process.exitCode = 1
} else {
  const vitest = [
    process.execPath,
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    join(import.meta.dirname, 'vitest.config.ts'),
    ...process.argv.slice(2),
  ]
  const [program = '', ...args] = [...fence(), ...vitest]
  process.exitCode = spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status ?? 1
}
