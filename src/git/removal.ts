// Takes a worktree and its branch away, once there is proof that nothing in it is lost.
//
//   GIT-5. Nothing is removed before it is proved that `landed` is in the target and carries the patch of `head`; what
//          lies beyond `head` is put under a checkpoint ref first; the branch's commits stay under refs/gt/removed.

import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { checkpointRef, hold, keep } from './checkpoints.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, ownEnv, worktreeOf } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { importCommit } from './objects.ts'
import { provePatch } from './proofs.ts'
import { refId } from './refs.ts'
import { trackingRef } from './remotes.ts'
import { dirtyPaths } from './worktree-state.ts'
import { headOf, isThere } from './worktrees.ts'

type Input = Parameters<Repositories['removeWorktree']>[0]

/** @throws RepositoryError NOT_PROVED: then nothing was removed */
export async function removeWorktree(
  layout: Layout,
  input: Input,
): Promise<{ removed: true; checkpoint: string | null }> {
  checkName('branch', input.branch)
  checkName('target', input.target)
  checkObjectId(input.head)
  checkObjectId(input.landed)
  const ref = checkpointRef(input.name)
  const worktree = worktreeOf(layout, input.path)
  await Promise.all([requireLanded(layout, input), provePatchOf(layout, input)])
  const checkpoint = await keepBeyond(layout, input, ref)
  const branchHead = await refId(layout.shared, `refs/heads/${input.branch}`)
  // Out of the agents' sight at once; the deletion itself may take seconds (node_modules) and is not waited for.
  const out = join(layout.trash, `${worktree.id}+${Date.now()}`)
  await mkdir(layout.trash, { recursive: true })
  if (await isThere(worktree.path)) await rename(worktree.path, out)
  await Promise.all([
    rm(worktree.admin, { recursive: true, force: true }),
    rm(dirname(worktree.index), { recursive: true, force: true }),
    branchHead === null ? null : releaseBranch(layout, input.branch, branchHead),
  ])
  void rm(out, { recursive: true, force: true }).catch(() => undefined)
  return { removed: true, checkpoint }
}

async function requireLanded(layout: Layout, input: Input): Promise<void> {
  const target = await refId(layout.own, trackingRef(input.target))
  const args = ['merge-base', '--is-ancestor', input.landed, target ?? trackingRef(input.target)]
  const outcome = await gitOutcome(args, { cwd: '/', env: ownEnv(layout) })
  if (outcome.code === 0) return
  throw new RepositoryError(
    'NOT_PROVED',
    `The commit ${input.landed.slice(0, 12)} is not in ${input.target}; nothing was removed.`,
    {
      landed: input.landed,
      target,
    },
  )
}

async function provePatchOf(layout: Layout, input: Input): Promise<void> {
  await importCommit(layout, input.head).catch(() => {
    throw new RepositoryError(
      'NOT_PROVED',
      `The commit ${input.head.slice(0, 12)} cannot be read; nothing was removed.`,
    )
  })
  const base = await gitOutcome(['rev-parse', '--verify', '--end-of-options', `${input.landed}^1`], {
    cwd: '/',
    env: ownEnv(layout),
  })
  if (base.code !== 0)
    throw new RepositoryError(
      'NOT_PROVED',
      `The commit ${input.landed.slice(0, 12)} cannot be read; nothing was removed.`,
    )
  await provePatch(layout, { base: base.stdout.toString().trim(), commit: input.landed, head: input.head })
}

/** A checkpoint of everything that is not in `head`, or null when that is nothing. */
async function keepBeyond(layout: Layout, input: Input, ref: string): Promise<string | null> {
  const worktree = worktreeOf(layout, input.path)
  const [checkedOut, branchHead, present] = await Promise.all([
    headOf(layout, worktree),
    refId(layout.shared, `refs/heads/${input.branch}`),
    isThere(worktree.path),
  ])
  const at = checkedOut ?? branchHead
  if (at === null || !present) {
    const beyond = branchHead !== null && branchHead !== input.head
    if (beyond) {
      await importCommit(layout, branchHead)
      await hold(layout, ref, branchHead)
    }
    return (await refId(layout.own, ref)) === null ? null : ref
  }
  const others = [branchHead, input.head].filter((id) => id !== null && id !== at) as string[]
  const dirty = await dirtyPaths(layout, worktree, at)
  if (dirty.length === 0 && others.length === 0) return (await refId(layout.own, ref)) === null ? null : ref
  await keep(layout, worktree, { ref, head: at, others })
  return ref
}

/** Deletes the branch if it is still where it was looked at, and keeps its commits findable for an undo. */
async function releaseBranch(layout: Layout, branch: string, head: string): Promise<void> {
  const commands = [`update refs/gt/removed/${branch}\0${head}\0\0`, `delete refs/heads/${branch}\0${head}\0`]
  await git(['update-ref', '--stdin', '-z'], {
    cwd: '/',
    env: { GIT_DIR: layout.shared },
    input: commands.join(''),
  })
}
