// Shows what was kept of a worktree, and makes a branch or a folder of it.
//
// Owns:      finding what is kept under a name, whichever of its refs an agent has deleted.
// Does not:  make worktrees (worktrees.ts), or delete anything.
//
//   GIT-27. What is brought back is byte for byte what was kept. No branch, folder or file that is there is touched.

import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { filesIn, NUMSTAT } from './changes.ts'
import { checkpointRef, firstReadable, KEEPER } from './checkpoints.ts'
import { deepestReal } from './copies.ts'
import { fields, git, gitFields, gitOutcome } from './git.ts'
import { restoreIgnored, showIgnored } from './ignored.ts'
import { withIndex } from './index-files.ts'
import { type Layout, readingEnv, treeEnv } from './layout.ts'
import { checkName, checkObjectId, invalid } from './names.ts'
import { isAncestor } from './parting.ts'
import { refId } from './refs.ts'
import { headBelow } from './removal.ts'

const FILES_MAX = 500
const CHECKPOINTS_MAX = 10

type Name = Pick<Parameters<Repositories['showKept']>[0], 'name' | 'branch' | 'commit' | 'reaped'>

/** @throws RepositoryError NOTHING_KEPT, NAME_INVALID */
export async function showKept(
  layout: Layout,
  input: Parameters<Repositories['showKept']>[0],
): ReturnType<Repositories['showKept']> {
  const commit = await keptCommit(layout, input)
  const at = { cwd: '/', env: readingEnv(layout) }
  if (input.against !== null) checkObjectId(input.against)
  const [head, against, checkpoints] = await Promise.all([
    headBelow(layout, commit),
    firstReadable(layout, [input.against]),
    checkpointsBelow(layout, commit),
  ])
  const files = filesIn(await gitFields([...NUMSTAT, against ?? head, commit], at))
  const ignored = await showIgnored(layout, { name: input.name, commit: input.commit ?? null })
  return { commit, head, files: files.slice(0, FILES_MAX), changed: files.length, checkpoints, ignored }
}

/** @throws RepositoryError NOTHING_KEPT, RESTORE_TARGET_TAKEN, NAME_INVALID */
export async function bringBack(
  layout: Layout,
  townDir: string,
  input: Parameters<Repositories['bringBack']>[0],
): ReturnType<Repositories['bringBack']> {
  const kept = await keptCommit(layout, input)
  const tracked = await gitOutcome(['ls-tree', '-r', '-z', '--name-only', kept], {
    cwd: '/',
    env: readingEnv(layout),
  })
  const files = fields(tracked.stdout.toString()).length
  const commit =
    input.to.kind === 'branch'
      ? await toBranch(layout, kept, input.to.name)
      : await toFolder(layout, townDir, kept, input.to.path)
  const at = { name: input.name, commit: input.commit ?? null }
  const ignored =
    input.to.kind === 'folder'
      ? await restoreIgnored(layout, at, input.to.path)
      : ((await showIgnored(layout, at))?.count ?? 0)
  return { commit, repository: layout.shared, files, ignored }
}

/** The branch as it stood, with what was not committed as one commit on top. */
async function toBranch(layout: Layout, kept: string, name: string): Promise<string> {
  checkName('branch', name)
  const at = { cwd: '/', env: readingEnv(layout) }
  const head = await headBelow(layout, kept)
  const [tree, headTree] = await Promise.all(
    [kept, head].map((id) => git(['rev-parse', '--verify', '--end-of-options', `${id}^{tree}`], at)),
  )
  // Made again from the same checkpoint it is the same commit.
  const date = await git(['show', '-s', '--no-show-signature', '--format=%cI', kept], at)
  const env = { ...at.env, ...KEEPER, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  const commit =
    tree === headTree
      ? head
      : await git(['commit-tree', tree as string, '-p', head, '-m', 'What was not committed'], {
          cwd: '/',
          env,
        })
  const found = await refId(layout.shared, `refs/heads/${name}`)
  if (found === commit) return commit
  const created = await gitOutcome(['update-ref', '--stdin', '-z'], {
    cwd: '/',
    env: { GIT_DIR: layout.shared },
    input: `create refs/heads/${name}\0${commit}\0`,
  })
  if (found !== null || created.code !== 0)
    throw new RepositoryError(
      'RESTORE_TARGET_TAKEN',
      `There is a branch ${name} already, or one whose name begins like it; nothing was changed.`,
      { branch: name },
    )
  return commit
}

async function toFolder(layout: Layout, townDir: string, kept: string, path: string): Promise<string> {
  const folder = await freeFolder(townDir, path)
  await mkdir(folder, { recursive: true })
  await withIndex(join(layout.notes, 'brought-back'), false, async (index) => {
    // An index of an earlier use would tell git that files are there which are not.
    await rm(index, { force: true })
    const at = { cwd: folder, env: treeEnv(layout, folder, index) }
    await git(['read-tree', '--reset', '-u', '--no-recurse-submodules', kept], at)
  })
  return kept
}

/** An absolute path outside of the town, where nothing or an empty folder is. @throws RepositoryError */
async function freeFolder(townDir: string, path: string): Promise<string> {
  if (!isAbsolute(path) || /\p{Cc}/u.test(path))
    throw invalid(`${JSON.stringify(path.slice(0, 120))} is no absolute path of a folder.`)
  const full = resolve(path)
  const parent = await deepestReal(dirname(full))
  const town = await realpath(townDir)
  const below = relative(town, join(parent, basename(full)))
  if (below === '' || (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)))
    throw invalid(`${full} is inside the town; choose a folder outside of it.`)
  const found = await lstat(full).catch(() => null)
  if (found === null) return full
  if (!found.isDirectory() || (await readdir(full)).length > 0)
    throw new RepositoryError(
      'RESTORE_TARGET_TAKEN',
      `There is something at ${full} already; it was not touched.`,
      {
        folder: full,
      },
    )
  return full
}

/**
 * The fullest state there is: the checkpoint; where there is none, or where the branch went on from it, the branch.
 * @throws RepositoryError NOTHING_KEPT
 */
async function keptCommit(layout: Layout, { name, branch, commit, reaped = [] }: Name): Promise<string> {
  checkName('branch', branch)
  const ref = checkpointRef(name)
  const [ours, theirs, removed, removedTheirs, head] = await Promise.all([
    refId(layout.own, ref),
    refId(layout.shared, ref),
    refId(layout.own, `refs/gt/removed/${branch}`),
    refId(layout.shared, `refs/gt/removed/${branch}`),
    refId(layout.shared, `refs/heads/${branch}`),
  ])
  const checkpoint = await firstReadable(layout, [ours, theirs])
  const last = await firstReadable(layout, [removed, removedTheirs, head])
  if (commit != null) {
    checkObjectId(commit)
    const known = checkpoint === null ? [] : await checkpointsBelow(layout, checkpoint)
    if (commit === checkpoint || commit === last || known.some((one) => one.commit === commit)) return commit
    throw new RepositoryError('NOTHING_KEPT', `The commit ${commit.slice(0, 12)} is none of its checkpoints.`)
  }
  if (checkpoint === null) {
    for (const id of reaped) checkObjectId(id)
    const found = last ?? (await firstReadable(layout, reaped))
    if (found !== null) return found
    throw new RepositoryError('NOTHING_KEPT', `Nothing is kept of ${branch} any more.`)
  }
  if (last === null || last === checkpoint) return checkpoint
  const isOlder = await isAncestor({ cwd: '/', env: readingEnv(layout) }, checkpoint, last)
  return isOlder ? last : checkpoint
}

async function checkpointsBelow(layout: Layout, commit: string): Promise<{ commit: string; at: string }[]> {
  const args = [
    'log',
    '--no-show-signature',
    '--format=%H %cI',
    `--max-count=${CHECKPOINTS_MAX}`,
    `--committer=^${KEEPER.GIT_COMMITTER_NAME} <${KEEPER.GIT_COMMITTER_EMAIL}>`,
    commit,
    '--not',
    '--remotes',
  ]
  const text = await git(args, { cwd: '/', env: readingEnv(layout) })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', at = ''] = line.split(' ')
      return { commit: id, at }
    })
}
