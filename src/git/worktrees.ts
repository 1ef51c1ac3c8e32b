// Worktrees of agents: making one, and finding one again.
//
// Owns:      the branch, the link to repo.git, the files of the first checkout, our index of them.
// Does not:  look at an agent's changes (worktree-state.ts) or remove anything (removal.ts).
//
//   GIT-4. Made in an order in which each step can be repeated, and complete when the index is in its place: before
//          that no agent has seen the worktree, so its files may be written again; after that never.

import { copyFile, lstat, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { copyIgnored } from './copies.ts'
import { asWorktreeFault } from './disk.ts'
import { git, gitOutcome } from './git.ts'
import { restoreIgnored } from './ignored.ts'
import { withIndex } from './index-files.ts'
import { type Layout, readingEnv, treeEnv, type Worktree, worktreeOf } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { readHead, refId } from './refs.ts'
import { freshTarget, trackingRef } from './remotes.ts'
import { isReady, writeWhole } from './rigs.ts'
import { runSetup } from './setups.ts'

type Input = Parameters<Repositories['addWorktree']>[0]

/** @throws RepositoryError SETUP_FAILED, DISK_FULL, DISK_READ_ONLY, GIT_FAILED when path or branch are taken; those of `freshTarget` */
export async function addWorktree(layout: Layout, input: Input): Promise<{ base: string; head: string }> {
  try {
    return await made(layout, input)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (error instanceof RepositoryError && code !== 'GIT_FAILED') throw error
    throw await asWorktreeFault(input.path, error)
  }
}

async function made(layout: Layout, input: Input): Promise<{ base: string; head: string }> {
  checkName('branch', input.branch)
  const { from } = input
  if (from !== undefined) for (const id of [from.head, from.files]) checkObjectId(id)
  const worktree = worktreeOf(layout, input.path)
  if (!(await isReady(layout)))
    throw new RepositoryError('GIT_FAILED', `The rig ${input.rig} has no clone yet; add the rig again.`)
  const [target, existing, complete] = await Promise.all([
    freshTarget(layout, input.remote, input.target),
    refId(layout.shared, `refs/heads/${input.branch}`),
    isComplete(worktree),
    refuseTaken(layout, worktree, input.branch),
  ])
  await setRefs(layout, {
    branch: input.branch,
    create: existing === null ? (from?.head ?? target) : null,
    target: input.target,
    head: target,
  })
  const start = existing ?? from?.head ?? target
  if (complete) await linkBack(worktree)
  else
    await checkout(layout, worktree, `ref: refs/heads/${input.branch}`, {
      commit: start,
      files: from?.files ?? start,
    })
  // What the agent had of them comes before what is copied in, which overwrites nothing.
  if (!complete && from?.name !== undefined)
    await restoreIgnored(layout, { name: from.name, commit: from.files }, worktree.path)
  await copyIgnored(layout, input.source, input.copy, worktree.path)
  await runSetup(worktree, input.setup, input.env)
  const head = complete ? ((await headOf(layout, worktree)) ?? start) : start
  return { base: head === target ? target : await forkPoint(layout, target, head), head }
}

async function isComplete(worktree: Worktree): Promise<boolean> {
  const [index, folder] = await Promise.all([isThere(join(worktree.admin, 'index')), isThere(worktree.path)])
  return index && folder
}

/** A branch is checked out in one place only, and a folder that is not ours is not written to. */
async function refuseTaken(layout: Layout, worktree: Worktree, branch: string): Promise<void> {
  const admins = await readdir(join(layout.shared, 'worktrees')).catch((): string[] => [])
  await Promise.all(
    admins.map(async (id) => {
      const head = await readHead(join(layout.shared, 'worktrees', id))
      if (id === worktree.id) {
        if (head?.branch != null && head.branch !== branch && (await isComplete(worktree))) {
          throw new RepositoryError(
            'GIT_FAILED',
            `${worktree.path} is the worktree of another branch, ${head.branch}.`,
            { branch: head.branch },
          )
        }
      } else if (head?.branch === branch && (await isThere(join(layout.root, ...id.split('+'))))) {
        throw new RepositoryError('GIT_FAILED', `The branch ${branch} is checked out in another worktree.`, {
          worktree: id,
        })
      }
    }),
  )
  if (admins.includes(worktree.id)) return
  const found = await readdir(worktree.path).catch(() => [])
  if (found.length > 0)
    throw new RepositoryError('GIT_FAILED', `${worktree.path} is not empty and is no worktree; move it away.`)
}

/** The branch, if it is new, and the target as agents see it. */
async function setRefs(
  layout: Layout,
  refs: {
    readonly branch: string
    readonly create: string | null
    readonly target: string
    readonly head: string
  },
): Promise<void> {
  const commands = refs.create === null ? [] : [`create refs/heads/${refs.branch}\0${refs.create}\0`]
  if ((await refId(layout.shared, trackingRef(refs.target))) !== refs.head) {
    commands.push(`update ${trackingRef(refs.target)}\0${refs.head}\0\0`)
  }
  if (commands.length === 0) return
  await git(['update-ref', '--stdin', '-z'], {
    cwd: '/',
    env: { GIT_DIR: layout.shared },
    input: commands.join(''),
  })
}

/**
 * `head`: what it has checked out, as git writes that down. `files`: the tree that is written; what it has beyond
 * `commit` is uncommitted then.
 */
export async function checkout(
  layout: Layout,
  worktree: Worktree,
  head: string,
  { commit, files }: { readonly commit: string; readonly files: string },
): Promise<void> {
  await Promise.all([mkdir(worktree.path, { recursive: true }), mkdir(worktree.admin, { recursive: true })])
  await Promise.all([
    writeWhole(join(worktree.admin, 'HEAD'), `${head}\n`),
    writeWhole(join(worktree.admin, 'commondir'), '../..\n'),
    linkBack(worktree),
  ])
  // A fresh name: what a killed one left in its index is not taken over.
  await withIndex(`${worktree.index}.new`, false, async (index) => {
    const at = { cwd: worktree.path, env: treeEnv(layout, worktree.path, index) }
    await git(['read-tree', '--reset', '-u', '--no-recurse-submodules', files], at)
    if (files !== commit) await git(['read-tree', '-m', '-i', commit], at)
    const theirs = join(worktree.admin, `index.gt${process.pid}`)
    await Promise.all([copyFile(index, theirs), copyFile(index, `${index}.ours`)])
    await rename(`${index}.ours`, worktree.index)
    await rename(theirs, join(worktree.admin, 'index'))
  })
}

async function linkBack(worktree: Worktree): Promise<void> {
  const link = `gitdir: ${worktree.admin}\n`
  const dotGit = join(worktree.path, '.git')
  if ((await readFile(dotGit, 'utf8').catch(() => '')) !== link) await writeWhole(dotGit, link)
  const back = join(worktree.admin, 'gitdir')
  if ((await readFile(back, 'utf8').catch(() => '')) !== `${dotGit}\n`) await writeWhole(back, `${dotGit}\n`)
}

/** Commit a worktree has checked out, or null when it has none. */
export async function headOf(layout: Layout, worktree: Worktree): Promise<string | null> {
  const head = await readHead(worktree.admin)
  if (head === null) return null
  return head.branch === null ? head.id : await refId(layout.shared, `refs/heads/${head.branch}`)
}

async function forkPoint(layout: Layout, target: string, head: string): Promise<string> {
  const outcome = await gitOutcome(['merge-base', target, head], { cwd: '/', env: readingEnv(layout) })
  return outcome.code === 0 ? outcome.stdout.toString().trim() : target
}

/** @throws RepositoryError WORKTREE_MISSING */
export async function requireWorktree(layout: Layout, path: string): Promise<Worktree> {
  const worktree = worktreeOf(layout, path)
  const found = await lstat(worktree.path).catch(() => null)
  if (found === null || !found.isDirectory() || !(await isThere(worktree.admin))) {
    throw new RepositoryError('WORKTREE_MISSING', `There is no worktree at ${worktree.path}.`)
  }
  return worktree
}

export async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
