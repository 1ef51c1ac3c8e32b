// A rig of a fork: its own clones of what the parent's have, as of then, and worktrees in them.
//
// Owns:      <rig>/origin.git, the bare clone that stands for the remote of a rig that is apart; what a worktree is
//            restored from when not all that was known of it is there any more; what is left to do in such a worktree.
// Does not:  know which commits were known then (src/town/fork/known.ts); touch the parent, or any remote; run a setup
//            while the fork is made, for that is a program of the project, and reaches where it likes.
//
//   GIT-33. Of the parent's repositories only objects are taken: no ref, no configuration, no URL. Not a byte of them
//           changes, and nothing of the fork is lost when they are deleted.

import { constants, existsSync } from 'node:fs'
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RestoredFrom } from '../events/fork.ts'
import { type Remote, type Repositories, RepositoryError } from '../ports/repositories.ts'
import { checkpointRef, firstReadable, hold } from './checkpoints.ts'
import { copyIgnored } from './copies.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, layoutOf, onOwn, readingEnv, worktreeOf } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { headBelow } from './removal.ts'
import { cloneRig, isReady, writeWhole } from './rigs.ts'
import { runSetup } from './setups.ts'
import { addWorktree, requireWorktree } from './worktrees.ts'

/** A commit that the log knew then. */
export type KnownCommit = { readonly commit: string; readonly kind: 'checkpoint' | 'branch' }

export type WorktreeToRestore = {
  /** Absolute path in the fork. */
  readonly path: string
  readonly branch: string
  /** Under which it is checkpointed. */
  readonly name: string
  /** Newest first. */
  readonly known: readonly KnownCommit[]
}

export type RestoredWorktree = {
  readonly path: string
  readonly from: RestoredFrom
  readonly commit: string | null
  /** Empty when it is what was known last. */
  readonly why: string
}

export type RigToFork = {
  readonly rig: string
  /** Folder of the parent, and of the fork. */
  readonly parent: string
  readonly fork: string
  readonly target: string
  /** Where the target stood then. */
  readonly head: string
  readonly worktrees: readonly WorktreeToRestore[]
}

/** What stands for the remote of a rig that is apart. */
export const apartRemote = (townDir: string, rig: string): Remote => ({
  kind: 'origin',
  url: layoutOf(townDir, rig).apart,
})

/** @throws RepositoryError FORK_RIG_LOST: the commit at which the target stood is not there any more */
export async function forkRig(input: RigToFork): Promise<readonly RestoredWorktree[]> {
  const { rig, target, head } = input
  checkName('target', target)
  checkObjectId(head)
  const from = layoutOf(input.parent, rig)
  const to = layoutOf(input.fork, rig)
  const remote = apartRemote(input.fork, rig)
  if (!(await isReady(from))) throw lost(`The rig ${rig} has no clone in ${input.parent}.`)
  await mkdir(to.root, { recursive: true })
  await git(['init', '-q', '--bare', '--template=', '--', remote.url], { cwd: to.root })
  // With a ref the fetch of the first clone finds that it has all it needs.
  await takeObjects(join(from.own, 'objects'), [join(remote.url, 'objects'), join(to.own, 'objects')])
  const at = { cwd: '/', env: { GIT_DIR: remote.url } }
  if ((await gitOutcome(['cat-file', '-e', `${head}^{tree}`], at)).code !== 0)
    throw lost(
      `${target} of ${rig} stood at ${head.slice(0, 12)}, and ${input.parent} does not have that commit any more.`,
    )
  await git(['update-ref', `refs/heads/${target}`, head], at)
  await git(['symbolic-ref', 'HEAD', `refs/heads/${target}`], at)
  await cloneRig(to, remote, target)
  await takeObjects(join(from.shared, 'objects'), [join(to.shared, 'objects')])
  const restored: RestoredWorktree[] = []
  for (const worktree of input.worktrees) restored.push(await restore(to, remote, input, worktree))
  return restored
}

const lost = (message: string): RepositoryError => new RepositoryError('FORK_RIG_LOST', message)

async function restore(
  layout: Layout,
  remote: Remote,
  { rig, target }: RigToFork,
  { path, branch, name, known }: WorktreeToRestore,
): Promise<RestoredWorktree> {
  const commit = await firstReadable(
    layout,
    known.map((one) => one.commit),
  )
  const found = known.find((one) => one.commit === commit)
  const make = { rig, remote, target, path, branch, source: null, copy: [], setup: null, env: {} }
  const [newest] = known
  await writeWhole(worktreeOf(layout, path).unfinished, '')
  const gone = newest === undefined ? 'Nothing was known of it then.' : `T${shown(newest).slice(1)} is gone.`
  if (commit === null || found === undefined) {
    await addWorktree(layout, make)
    return { path, from: 'nothing', commit: null, why: `${gone} It begins where ${target} stood.` }
  }
  const head = found.kind === 'checkpoint' ? await headBelow(layout, commit) : commit
  await addWorktree(layout, { ...make, from: { head, files: commit } })
  if (found.kind === 'checkpoint') await hold(layout, checkpointRef(name), commit)
  const why = found === newest ? '' : `${gone} It is as ${shown(found)} has it.`
  return { path, from: found.kind, commit, why }
}

/** Whether `finishWorktree` has something to do in the worktree at `path`. */
export const isUnfinished = (townDir: string, rig: string, path: string): boolean =>
  existsSync(worktreeOf(layoutOf(townDir, rig), path).unfinished)

/** @throws RepositoryError SETUP_FAILED, WORKTREE_MISSING, NAME_INVALID */
export async function finishWorktree(
  layout: Layout,
  { path, source, copy, setup, env }: Parameters<Repositories['finishWorktree']>[0],
): Promise<{ finished: true }> {
  const worktree = await requireWorktree(layout, path)
  if (!existsSync(worktree.unfinished)) return { finished: true }
  await copyIgnored(layout, source, copy, worktree.path)
  await runSetup(worktree, setup, env)
  await rm(worktree.unfinished, { force: true })
  return { finished: true }
}

const shown = ({ kind, commit }: KnownCommit): string =>
  `the ${kind === 'branch' ? 'branch at' : 'checkpoint'} ${commit.slice(0, 12)}`

/** Bytes that the files of a commit take when they are checked out; 0 when it cannot be read. */
export async function bytesOfFiles(
  townDir: string,
  rig: string,
  commits: readonly string[],
): Promise<number> {
  const layout = layoutOf(townDir, rig)
  const commit = await firstReadable(layout, commits).catch(() => null)
  if (commit === null) return 0
  const outcome = await gitOutcome(['ls-tree', '-r', '-l', commit], { cwd: '/', env: readingEnv(layout) })
  let bytes = 0
  for (const line of outcome.stdout.toString().split('\n'))
    bytes += Number(/^\S+ blob \S+ +(\d+)/.exec(line)?.[1] ?? 0)
  return bytes
}

/** Bytes of a rig's objects: what they take where they cannot be shared. */
export async function bytesOfObjects(townDir: string, rig: string): Promise<number> {
  const layout = layoutOf(townDir, rig)
  const counted = await gitOutcome(['count-objects', '-v'], onOwn(layout)).catch(() => null)
  const kib = (name: string) =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(counted?.stdout.toString() ?? '')?.[1] ?? 0)
  return (kib('size') + kib('size-pack')) * 1024
}

/** What git never changes once it is there: objects, one by one or in packs. An index comes after the pack that it is of. */
const OBJECT_FILE = /^([0-9a-f]{38}|[0-9a-f]{62}|pack-[0-9a-f]+\.(pack|idx|rev))$/

/** Objects are never written twice, so that both may have the one file. */
async function takeObjects(from: string, to: readonly string[]): Promise<void> {
  const folders = (await readdir(from)).filter((name) => /^([0-9a-f]{2}|pack)$/.test(name))
  for (const folder of folders) {
    const names = (await readdir(join(from, folder))).filter((name) => OBJECT_FILE.test(name))
    // A pack whose index is not written yet is not there yet.
    const isWhole = (name: string) => folder !== 'pack' || names.includes(name.replace(/\.\w+$/, '.idx'))
    for (const place of to) {
      await mkdir(join(place, folder), { recursive: true })
      for (const name of names)
        if (isWhole(name)) await take(join(from, folder, name), join(place, folder, name))
    }
  }
}

async function take(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    // Loose objects may be put into a pack by somebody meanwhile.
    if (code === 'ENOENT' && !(await stat(from).catch(() => null))) return
    await copyFile(from, to, constants.COPYFILE_FICLONE)
  }
}
