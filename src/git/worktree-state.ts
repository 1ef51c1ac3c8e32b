// What is in a worktree, read as bytes.
//
// The worktree's own git is never asked: the repository is refinery/git, the index is ours. Files whose size, times
// and inode are as we last saw them are taken as unchanged; the others are hashed, without any filter.

import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Repositories, RepositoryError, type WorktreeState } from '../ports/repositories.ts'
import { fields, git, gitFields, gitOutcome } from './git.ts'
import { unkeptIn } from './ignored.ts'
import { withIndex } from './index-files.ts'
import { type Layout, readingEnv, treeEnv, type Worktree } from './layout.ts'
import { checkName } from './names.ts'
import { importCommit } from './objects.ts'
import { readHead, refId } from './refs.ts'
import { trackingRef } from './remotes.ts'
import { requireWorktree } from './worktrees.ts'

const DIRTY_MAX = 20

/** @throws RepositoryError WORKTREE_MISSING, BRANCH_MISSING, TARGET_NOT_FOUND */
export async function inspectWorktree(
  layout: Layout,
  input: Parameters<Repositories['inspectWorktree']>[0],
): Promise<WorktreeState> {
  checkName('branch', input.branch)
  checkName('target', input.target)
  const worktree = await requireWorktree(layout, input.path)
  const [checkedOut, branchHead, target] = await Promise.all([
    readHead(worktree.admin),
    refId(layout.shared, `refs/heads/${input.branch}`),
    refId(layout.own, trackingRef(input.target)),
  ])
  if (branchHead === null)
    throw new RepositoryError('BRANCH_MISSING', `The branch ${input.branch} is gone.`, {
      branch: input.branch,
    })
  if (target === null) throw new RepositoryError('TARGET_NOT_FOUND', `The rig has no branch ${input.target}.`)
  const detached =
    checkedOut?.branch == null
      ? checkedOut?.id
      : await refId(layout.shared, `refs/heads/${checkedOut.branch}`)
  const head = detached ?? branchHead
  const [dirty, commits] = await Promise.all([
    dirtyPaths(layout, worktree, head),
    head === target
      ? 0
      : git(['rev-list', '--count', head, `^${target}`], { cwd: '/', env: readingEnv(layout) }).then(Number),
  ])
  // The next question about a clean worktree is its merge: its commits are on their way by then.
  if (dirty.length === 0 && commits > 0) importCommit(layout, head, [target]).catch(() => undefined)
  const found = {
    head,
    branch: checkedOut?.branch ?? null,
    dirty: dirty.slice(0, DIRTY_MAX),
    commits,
    target,
  }
  return input.unkept === true ? { ...found, unkept: await unkeptIn(layout, worktree) } : found
}

/** Paths that differ from `head`: changed, deleted, staged or untracked, without what is ignored. */
export async function dirtyPaths(layout: Layout, worktree: Worktree, head: string): Promise<string[]> {
  const [changed, staged] = await Promise.all([
    withIndex(worktree.index, true, async (index) => {
      const at = { cwd: worktree.path, env: treeEnv(layout, worktree.path, index) }
      await git(['read-tree', '-m', '-i', head], at)
      return await gitFields(['ls-files', '-z', '-m', '-d', '-o', '--exclude-standard', '--deduplicate'], at)
    }),
    stagedPaths(layout, worktree, head),
  ])
  return [...new Set([...changed, ...staged])].sort()
}

/** What the agent's index has beyond `head`; an index that git cannot read counts as having nothing. */
async function stagedPaths(layout: Layout, worktree: Worktree, head: string): Promise<string[]> {
  const copy = `${worktree.index}-theirs.${process.pid}.${++copies}`
  try {
    await copyFile(join(worktree.admin, 'index'), copy)
    const args = [
      'diff-index',
      '--cached',
      '--name-only',
      '--no-ext-diff',
      '--no-renames',
      '--ignore-submodules=none',
      '-z',
      head,
    ]
    const outcome = await gitOutcome(args, { cwd: worktree.path, env: treeEnv(layout, worktree.path, copy) })
    return outcome.code === 0 ? fields(outcome.stdout.toString()) : []
  } catch {
    return []
  } finally {
    await rm(copy, { force: true })
  }
}

let copies = 0
