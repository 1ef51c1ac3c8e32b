// Fetches the agent programs that the suite is run with: `npm run agents`.
//
//   1. Into .agents/ only, one folder a version; a folder is there whole or not at all.
//   2. No script of theirs is run, and nothing is written into package.json.
//   3. Nothing is asked of the network when all are there.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  AGENTS_FOLDER,
  fetchedProgram,
  folderOf,
  PINNED,
  type PinnedAgent,
  withoutAgents,
} from './agent-versions.ts'

if (import.meta.main) process.exitCode = fetchAgents() ? 0 : 1

/** Whether all programs are there now. Says in one sentence each which are not, and why. */
export function fetchAgents(): boolean {
  if (withoutAgents) {
    console.error('GT_NO_AGENTS=1: no agent program is fetched.')
    return true
  }
  return PINNED.map((agent) => fetchedProgram(agent.name) !== null || fetch(agent)).every(Boolean)
}

function fetch(agent: PinnedAgent): boolean {
  const name = `${agent.name} ${agent.version}`
  if (agent.package === null) {
    console.error(`${name} is not made for ${process.platform} on ${process.arch}.`)
    return false
  }
  console.error(`Fetching ${name} into .agents/ …`)
  mkdirSync(AGENTS_FOLDER, { recursive: true })
  const folder = mkdtempSync(join(AGENTS_FOLDER, '.new-'))
  try {
    const npm = spawnSync(
      'npm',
      [
        'install',
        '--prefix',
        folder,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        agent.package,
      ],
      // Not this folder's package.json, nor its lock file, is meant.
      { cwd: folder, encoding: 'utf8' },
    )
    if (npm.status === 0) {
      rmSync(folderOf(agent), { recursive: true, force: true })
      renameSync(folder, folderOf(agent))
      if (fetchedProgram(agent.name) !== null) return true
    }
    const why = npm.error?.message ?? lastLine(npm.stderr) ?? `its package has no ${agent.program}`
    console.error(`${name} could not be fetched from the npm registry (${why}).`)
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const lastLine = (text: string): string | undefined =>
  text
    .split('\n')
    .filter((line) => /error/i.test(line))
    .at(0)
    ?.slice(0, 300)
