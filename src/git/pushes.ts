// The one way a branch of a remote is written: by compare-and-swap, without any hook.
//
// Does not:  know what the outcome means.

import type { Remote } from '../ports/repositories.ts'
import { type GitOutcome, gitOutcome } from './git.ts'
import { type Layout, onOwn, ownEnv } from './layout.ts'
import { NETWORK_SILENT_MS_MAX } from './remotes.ts'

/** Who writes what only we read: names in reflogs, notes, and commits that are never pushed. */
export const REFINERY = {
  GIT_AUTHOR_NAME: 'Refinery',
  GIT_AUTHOR_EMAIL: 'refinery@localhost',
  GIT_COMMITTER_NAME: 'Refinery',
  GIT_COMMITTER_EMAIL: 'refinery@localhost',
}

/** Moves a branch that stands at `from`. Both are commits; empty: no branch. */
export async function pushLeased(
  layout: Layout,
  remote: Remote,
  branch: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<GitOutcome> {
  const ref = `refs/heads/${branch}`
  const args = [
    'push',
    '--porcelain',
    '--no-verify',
    '--no-follow-tags',
    `--force-with-lease=${ref}:${from}`,
    // No hook of a person's own repository runs.
    ...(remote.kind === 'local' ? [`--receive-pack=${PERSONS_RECEIVE_PACK}`] : []),
  ]
  return await gitOutcome([...args, '--', remote.url, `${to}:${ref}`], {
    ...onOwn(layout),
    env: { ...ownEnv(layout), ...REFINERY },
    access: 'remote',
    silentMsMax: NETWORK_SILENT_MS_MAX,
  })
}

/**
 * How git receives into a person's repository: git's own `updateInstead` moves a checked-out target together with its
 * tree when that is clean, and refuses otherwise; untracked files in the way refuse as well.
 */
const PERSONS_RECEIVE_PACK = `git ${[
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'receive.denyCurrentBranch=updateInstead',
  'receive.autogc=false',
  'gc.auto=0',
  'maintenance.auto=false',
]
  .map((setting) => `-c ${setting}`)
  .join(' ')} receive-pack`
