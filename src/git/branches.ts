// Integration branches at the remote: made where the target stands, held against it, and taken away when it has all of them.
//
// Owns:      the two writes to a branch of the remote that is nobody's target yet, or any more.
// Does not:  land anything on it (landings.ts) or know what it is for.
//
//   GIT-63. A branch is made by compare-and-swap, and only where there is none; one that the target has all of is taken.
//   GIT-64. A branch is removed only from the commit that landed, when the target has that commit; it stays under
//           refs/gt/removed in both repositories.

import { rm } from 'node:fs/promises'
import { type Remote, type Repositories, RepositoryError } from '../ports/repositories.ts'
import { hold } from './checkpoints.ts'
import { type GitOutcome, git } from './git.ts'
import { besideTree, type Layout, onOwn } from './layout.ts'
import { checkName, checkObjectId, checkSource } from './names.ts'
import { isAncestor } from './parting.ts'
import { pushLeased } from './pushes.ts'
import { freshTarget, remoteHead, unreachable } from './remotes.ts'

type Create = Parameters<Repositories['createBranch']>[0]
type Look = Parameters<Repositories['lookAtBranch']>[0]
type Remove = Parameters<Repositories['removeBranch']>[0]

/** @throws RepositoryError BRANCH_EXISTS with other content; BRANCH_REFUSED by the remote; those of `freshTarget` */
export async function createBranch(
  layout: Layout,
  { remote, target, branch }: Create,
): Promise<{ head: string; base: string }> {
  check(remote, target, branch)
  if (branch === target) throw taken(branch, 'it is the target itself')
  const base = await freshTarget(layout, remote, target)
  const before = await headAt(remote, branch)
  if (before === null) {
    const pushed = await pushLeased(layout, remote, branch, { from: '', to: base })
    if (pushed.code === 0 && (await headAt(remote, branch)) === base) {
      await freshTarget(layout, remote, branch)
      return { head: base, base }
    }
    if (pushed.code !== 0 && !isAnswered(pushed)) throw unreachable(remote.url, pushed)
  }
  // Made by an earlier run of this, or by somebody else just now.
  const head = await freshTarget(layout, remote, branch).catch((error: unknown) => {
    if (error instanceof RepositoryError && error.code === 'TARGET_NOT_FOUND')
      throw new RepositoryError('BRANCH_REFUSED', `The remote does not take a branch ${branch}.`)
    throw error
  })
  if (!(await isAncestor(onOwn(layout), head, base)))
    throw taken(branch, `it has commits that ${target} does not have; it stands at ${head.slice(0, 12)}`)
  return { head, base: head }
}

/** @throws RepositoryError TARGET_NOT_FOUND when one of both is not there; REMOTE_UNREACHABLE */
export async function lookAtBranch(
  layout: Layout,
  { remote, target, branch }: Look,
): Promise<{ head: string; base: string; ahead: number; behind: number }> {
  check(remote, target, branch)
  const [base, head] = await Promise.all([
    freshTarget(layout, remote, target),
    freshTarget(layout, remote, branch),
  ])
  const counted = await git(['rev-list', '--left-right', '--count', `${base}...${head}`, '--'], onOwn(layout))
  const [behind = 0, ahead = 0] = counted.split('\t').map(Number)
  return { head, base, ahead, behind }
}

/** @throws RepositoryError NOT_PROVED, BRANCH_REFUSED: then nothing was removed; those of `freshTarget` */
export async function removeBranch(
  layout: Layout,
  { remote, target, branch, head, checkout }: Remove,
): Promise<{ removed: true }> {
  check(remote, target, branch)
  checkObjectId(head)
  if (branch === target) throw notProved(branch, 'it is the target itself')
  const base = await freshTarget(layout, remote, target)
  if (!(await isAncestor(onOwn(layout), head, base))) {
    throw notProved(branch, `${target} does not have ${head.slice(0, 12)}, so not all of its commits`)
  }
  await hold(layout, `refs/gt/removed/${branch}`, head)
  forget(layout, checkout)
  const now = await headAt(remote, branch)
  if (now === null) return { removed: true }
  if (now !== head) throw notProved(branch, `it moved to ${now.slice(0, 12)} after it had landed`)
  const pushed = await pushLeased(layout, remote, branch, { from: head, to: '' })
  if ((await headAt(remote, branch)) === null) return { removed: true }
  if (pushed.code !== 0 && !isAnswered(pushed)) throw unreachable(remote.url, pushed)
  throw new RepositoryError('BRANCH_REFUSED', `The remote does not let ${branch} be removed.`)
}

/** Where what is to land on an integration branch is tested: gates of several targets run side by side. */
export const branchTree = (layout: Layout, checkout: string): Layout =>
  besideTree(layout, `of-${checkName('bead', checkout)}`)

/** Its checkout goes with it; setup makes all of it again. */
function forget(layout: Layout, checkout: string): void {
  const { tree } = branchTree(layout, checkout)
  void rm(tree, { recursive: true, force: true }).catch(() => undefined)
}

function check(remote: Remote, target: string, branch: string): void {
  checkName('target', target)
  checkName('branch', branch)
  checkSource(remote.url)
}

/** Null: there is none. */
async function headAt(remote: Remote, branch: string): Promise<string | null> {
  try {
    return await remoteHead(remote, branch)
  } catch (error) {
    if (error instanceof RepositoryError && error.code === 'TARGET_NOT_FOUND') return null
    throw error
  }
}

/** The remote said something of the ref. */
const isAnswered = ({ stdout }: GitOutcome): boolean => /^!\t/m.test(stdout.toString())

const taken = (branch: string, why: string): RepositoryError =>
  new RepositoryError(
    'BRANCH_EXISTS',
    `There is a branch ${branch} already: ${why}. Choose another with --branch.`,
  )

const notProved = (branch: string, why: string): RepositoryError =>
  new RepositoryError('NOT_PROVED', `The branch ${branch} was not removed: ${why}.`)
