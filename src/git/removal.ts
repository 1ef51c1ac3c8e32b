// Takes a worktree and its branch away, once there is proof that nothing in it is lost.
//
//   GIT-5. Nothing is removed before it is proved that `landed` is in the target and carries the patch of `head`; what
//          lies beyond `head` is put under a checkpoint ref first; the branch's commits stay under refs/gt/removed.
//   GIT-58. What git ignores is kept beside git (ignored.ts) before anything goes.
//   GIT-26. Without that proof all of it is put under a checkpoint ref first, and can be made again from there.

import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import {
  checkpoint,
  checkpointRef,
  firstReadable,
  hold,
  KEEPER,
  type Kept,
  keep,
  keepCommits,
} from './checkpoints.ts'
import { git } from './git.ts'
import { keepIgnored } from './ignored.ts'
import { type Layout, onOwn, readingEnv, type Worktree, worktreeOf } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { importCommit } from './objects.ts'
import { isAncestor } from './parting.ts'
import { baseOf, provePatch } from './proofs.ts'
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
  if (await isThere(worktree.path)) {
    const commit = (await refId(layout.own, ref)) ?? input.head
    await keepIgnored(layout, worktree, { name: input.name, commit })
  }
  await takeAway(layout, worktree, input.branch)
  return { removed: true, checkpoint }
}

/** @throws RepositoryError WORKTREE_MISSING when nothing of it is left, not even a checkpoint */
export async function shelveWorktree(
  layout: Layout,
  input: Parameters<Repositories['shelveWorktree']>[0],
): Promise<Kept & { readonly head: string }> {
  const worktree = worktreeOf(layout, input.path)
  checkName('branch', input.branch)
  const ref = checkpointRef(input.name)
  const removed = `refs/gt/removed/${input.branch}`
  if (await isThere(worktree.path)) {
    const kept = await checkpoint(layout, input)
    const branchHead = await refId(layout.shared, `refs/heads/${input.branch}`)
    const head = (await firstReadable(layout, [branchHead])) ?? (await headBelow(layout, kept.commit))
    await importCommit(layout, head)
    await hold(layout, removed, head)
    await keepIgnored(layout, worktree, { name: input.name, commit: kept.commit })
    await takeAway(layout, worktree, input.branch)
    return { ...kept, head }
  }
  // It went in an earlier run of this, or somebody deleted it: then its commits are left.
  const heads = await Promise.all([
    firstReadable(layout, [await refId(layout.shared, `refs/heads/${input.branch}`)]),
    firstReadable(layout, [await headOf(layout, worktree)]),
  ])
  const commit = await keepCommits(
    layout,
    ref,
    heads.filter((id) => id !== null),
  )
  await takeAway(layout, worktree, input.branch)
  const head = await refId(layout.own, removed)
  if (commit === null)
    throw new RepositoryError('WORKTREE_MISSING', `There is no worktree at ${worktree.path}.`)
  return {
    ref,
    commit,
    files: 0,
    changed: null,
    isNew: false,
    head: head ?? (await headBelow(layout, commit)),
  }
}

/** What was checked out when a checkpoint was made: its first parent, or itself where nothing was beyond it. */
export async function headBelow(layout: Layout, commit: string): Promise<string> {
  const args = ['show', '-s', '--no-show-signature', '--format=%ce%n%P', commit]
  const [by, parents = ''] = (await git(args, { cwd: '/', env: readingEnv(layout) })).split('\n')
  return by === KEEPER.GIT_COMMITTER_EMAIL ? (parents.split(' ')[0] ?? commit) : commit
}

/** Worktree and branch go; the branch's commits stay under refs/gt/removed. Safe to repeat. */
async function takeAway(layout: Layout, worktree: Worktree, branch: string): Promise<void> {
  const branchHead = await refId(layout.shared, `refs/heads/${branch}`)
  await Promise.all([
    discard(layout, worktree),
    branchHead === null ? null : releaseBranch(layout, branch, branchHead),
  ])
}

/** The worktree goes with all that is in it. Safe to repeat. */
export async function discard(layout: Layout, worktree: Worktree): Promise<void> {
  // Out of the agents' sight at once; the deletion itself may take seconds (node_modules) and is not waited for.
  const out = join(layout.trash, `${worktree.id}+${Date.now()}`)
  await mkdir(layout.trash, { recursive: true })
  if (await isThere(worktree.path)) await rename(worktree.path, out)
  await Promise.all([
    rm(worktree.admin, { recursive: true, force: true }),
    rm(dirname(worktree.index), { recursive: true, force: true }),
  ])
  void rm(out, { recursive: true, force: true }).catch(() => undefined)
}

/** @throws RepositoryError NOT_PROVED: it is not in the target as that was seen last */
export async function requireLanded(layout: Layout, input: Pick<Input, 'landed' | 'target'>): Promise<void> {
  const target = await refId(layout.own, trackingRef(input.target))
  if (await isAncestor(onOwn(layout), input.landed, target ?? trackingRef(input.target))) return
  throw new RepositoryError(
    'NOT_PROVED',
    `The commit ${input.landed.slice(0, 12)} is not in ${input.target}; nothing was removed.`,
    {
      landed: input.landed,
      target,
    },
  )
}

/** @throws RepositoryError NOT_PROVED: what landed does not carry the patch of `head` */
export async function provePatchOf(layout: Layout, input: Pick<Input, 'landed' | 'head'>): Promise<void> {
  await importCommit(layout, input.head).catch(() => {
    throw new RepositoryError(
      'NOT_PROVED',
      `The commit ${input.head.slice(0, 12)} cannot be read; nothing was removed.`,
    )
  })
  const base = await baseOf(layout, input.landed)
  await provePatch(layout, { base, commit: input.landed, head: input.head })
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
    const beyond = [branchHead, at].filter((id) => id !== null && id !== input.head) as string[]
    return (await keepCommits(layout, ref, beyond)) === null ? null : ref
  }
  const others = [branchHead, input.head].filter((id) => id !== null && id !== at) as string[]
  const dirty = await dirtyPaths(layout, worktree, at)
  if (dirty.length === 0 && others.length === 0) return (await refId(layout.own, ref)) === null ? null : ref
  await keep(layout, worktree, { ref, head: at, others })
  return ref
}

/** Deletes the branch if it is still where it was looked at, and keeps its commits findable for an undo. */
async function releaseBranch(layout: Layout, branch: string, head: string): Promise<void> {
  // In ours too, because agents can delete theirs; a head that cannot be read is named in theirs alone.
  const isOurs = await importCommit(layout, head).then(
    () => true,
    () => false,
  )
  if (isOurs) await hold(layout, `refs/gt/removed/${branch}`, head)
  const commands = [`update refs/gt/removed/${branch}\0${head}\0\0`, `delete refs/heads/${branch}\0${head}\0`]
  await git(['update-ref', '--stdin', '-z'], {
    cwd: '/',
    env: { GIT_DIR: layout.shared },
    input: commands.join(''),
  })
}
