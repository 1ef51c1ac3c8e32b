// A rig of a fork that goes back to the real remote: what was begun in between must be able to land there.
//
// Owns:      finding branches that stand on commits which landed in the fork alone.
// Does not:  carry such commits over: whoever made the fork decides whether they are wanted.

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Remote, RepositoryError } from '../ports/repositories.ts'
import { gitOutcome } from './git.ts'
import { type Layout, readingEnv } from './layout.ts'
import { isAncestor } from './parting.ts'
import { readHead, refId } from './refs.ts'
import { shown } from './remotes.ts'

/** Branches that a refusal names. */
const NAMED_MAX = 5

/**
 * `head`: where the target stands in the remote that the rig is about to land in.
 * @throws RepositoryError REJOIN_WORK_OPEN
 */
export async function checkRejoining(
  layout: Layout,
  remote: Remote,
  target: string,
  head: string,
): Promise<void> {
  if (remote.url === layout.apart || !existsSync(layout.apart)) return
  const alone = await refId(layout.apart, `refs/heads/${target}`)
  if (alone === null || (await isAncestor({ cwd: '/', env: readingEnv(layout) }, alone, head))) return
  const open = await branchesOn(layout, alone, head)
  if (open.length === 0) return
  const others = open.length > NAMED_MAX ? ` and ${open.length - NAMED_MAX} more` : ''
  throw new RepositoryError(
    'REJOIN_WORK_OPEN',
    `${open.slice(0, NAMED_MAX).join(', ')}${others} stands on what has landed in this fork alone, which ${target} of ${shown(remote.url)} does not have.`,
    { branches: open },
  )
}

/** Branches with a worktree that share more with `alone` than is in `head`. */
async function branchesOn(layout: Layout, alone: string, head: string): Promise<string[]> {
  const worktrees = join(layout.shared, 'worktrees')
  const open: string[] = []
  for (const id of (await readdir(worktrees).catch((): string[] => [])).sort()) {
    const branch = (await readHead(join(worktrees, id)))?.branch ?? null
    const commit = branch === null ? null : await refId(layout.shared, `refs/heads/${branch}`)
    if (branch === null || commit === null) continue
    const met = await gitOutcome(['merge-base', alone, commit], { cwd: '/', env: readingEnv(layout) })
    const shares = met.stdout.toString().trim()
    const at = { cwd: '/', env: readingEnv(layout) }
    if (met.code === 0 && !(await isAncestor(at, shares, head))) open.push(branch)
  }
  return open
}
