// Keeps everything of a worktree, uncommitted files too, as a commit that a ref holds.
//
// Owns:      refs/gt/checkpoints/<name>, in both repositories: the agents' for reading, ours because agents can delete
//            theirs.
// Does not:  keep what git ignores (dependencies, build output); decide when.

import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { fields, git, gitFields, gitOutcome } from './git.ts'
import { withIndex } from './index-files.ts'
import { type Layout, onOwn, readingEnv, treeEnv, type Worktree, worktreeOf } from './layout.ts'
import { checkName, checkObjectId, invalid } from './names.ts'
import { importCommit } from './objects.ts'
import { isAncestor } from './parting.ts'
import { refId } from './refs.ts'
import { headOf } from './worktrees.ts'

export type Kept = {
  readonly ref: string
  readonly commit: string
  /** Files that are not in the commit that is checked out. */
  readonly files: number
  /** Files that differ from `base`; null when no base was given, or it cannot be read. */
  readonly changed: number | null
  /** False when it holds what the last one held. */
  readonly isNew: boolean
}

/** @throws RepositoryError WORKTREE_MISSING, BRANCH_MISSING, NAME_INVALID */
export async function checkpoint(
  layout: Layout,
  input: Parameters<Repositories['checkpoint']>[0],
): Promise<Kept> {
  checkName('branch', input.branch)
  const base = input.base ?? null
  if (base !== null) checkObjectId(base)
  const ref = checkpointRef(input.name)
  const worktree = worktreeOf(layout, input.path)
  // What git keeps of it in the agents' repository may be gone: its files are what matters.
  const found = await lstat(worktree.path).catch(() => null)
  if (found === null || !found.isDirectory())
    throw new RepositoryError('WORKTREE_MISSING', `There is no worktree at ${worktree.path}.`)
  const [checkedOut, branchHead, before] = await Promise.all([
    headOf(layout, worktree),
    refId(layout.shared, `refs/heads/${input.branch}`),
    refId(layout.own, ref),
  ])
  const readable = await firstReadable(layout, [checkedOut, branchHead, before, base])
  if (readable === null)
    throw new RepositoryError(
      'BRANCH_MISSING',
      `The branch ${input.branch} is gone and nothing is checked out.`,
    )
  const others =
    branchHead === null || branchHead === readable || (await firstReadable(layout, [branchHead])) === null
      ? []
      : [branchHead]
  const { commit, files } = await keep(layout, worktree, { ref, head: readable, others })
  const changed = base === null ? null : await countChanged(layout, base, commit)
  return { ref, commit, files, changed, isNew: commit !== before }
}

/** The first of these commits whose files can be listed: an agent can delete objects, too. */
export async function firstReadable(
  layout: Layout,
  commits: readonly (string | null)[],
): Promise<string | null> {
  for (const commit of commits) {
    if (commit === null) continue
    const at = { cwd: '/', env: readingEnv(layout) }
    if ((await gitOutcome(['cat-file', '-e', `${commit}^{tree}`], at)).code === 0) return commit
  }
  return null
}

async function countChanged(layout: Layout, base: string, commit: string): Promise<number | null> {
  const args = ['diff-tree', '-r', '--name-only', '--no-renames', '--no-ext-diff', '-z', base, commit]
  const outcome = await gitOutcome(args, { cwd: '/', env: readingEnv(layout) })
  return outcome.code === 0 ? fields(outcome.stdout.toString()).length : null
}

export function checkpointRef(name: string): string {
  const problem = /^[A-Za-z0-9]/.test(name) ? null : 'must begin with a letter or digit'
  checkName('branch', name)
  if (problem !== null) throw invalid(`The checkpoint name ${JSON.stringify(name.slice(0, 60))} ${problem}.`)
  return `refs/gt/checkpoints/${name}`
}

/**
 * Puts the worktree's files on top of `head`, with `others` and an earlier checkpoint of that name as further parents,
 * and gives the commit: `head` itself when nothing is beyond it.
 */
export async function keep(
  layout: Layout,
  worktree: Worktree,
  what: { readonly ref: string; readonly head: string; readonly others: readonly string[] },
): Promise<{ readonly commit: string; readonly files: number }> {
  const { ref, head } = what
  const [{ tree, files }, earlier] = await Promise.all([
    treeOfFiles(layout, worktree, head),
    refId(layout.own, ref),
  ])
  // git writes no object again that the agents' repository has: until the import at the end, ours is incomplete.
  const at = { cwd: '/', env: { ...readingEnv(layout), ...KEEPER } }
  const headTree = await git(['rev-parse', `${head}^{tree}`], at)
  if (earlier !== null && earlier !== head) {
    const [earlierTree, ...parents] = (
      await git(['show', '-s', '--no-show-signature', '--format=%T%n%P', earlier], at)
    ).split(/\s+/)
    if (
      earlierTree === tree &&
      parents.includes(head) &&
      what.others.every((other) => parents.includes(other))
    ) {
      await hold(layout, ref, earlier)
      return { commit: earlier, files }
    }
  }
  const parents = [...new Set([head, ...what.others, ...(earlier === null ? [] : [earlier])])]
  const commit =
    tree === headTree && parents.length === 1
      ? head
      : await git(
          ['commit-tree', tree, ...parents.flatMap((id) => ['-p', id]), '-m', `Checkpoint of ${worktree.id}`],
          at,
        )
  // The earlier one is ours with all that it holds; without it each checkpoint would copy those before it.
  await importCommit(layout, commit, earlier === null || earlier === commit ? [] : [earlier])
  await hold(layout, ref, commit)
  return { commit, files }
}

/**
 * Puts commits of a worktree whose files are gone on top of what its checkpoint holds, and gives what holds all of it;
 * null when that is nothing. The files are those of the last checkpoint, where the commits do not go on from it.
 */
export async function keepCommits(
  layout: Layout,
  ref: string,
  commits: readonly string[],
): Promise<string | null> {
  const at = { cwd: '/', env: { ...readingEnv(layout), ...KEEPER } }
  const earlier = await refId(layout.own, ref)
  const beyond: string[] = []
  for (const commit of new Set(commits))
    if (earlier === null || !(await isAncestor(at, commit, earlier))) beyond.push(commit)
  const [first] = beyond
  if (first === undefined) return earlier
  const goesOn = earlier === null || (await isAncestor(at, earlier, first))
  const parents = goesOn ? beyond : [...beyond, earlier]
  const files = goesOn ? first : earlier
  const args = ['commit-tree', `${files}^{tree}`, ...parents.flatMap((id) => ['-p', id])]
  const commit = parents.length === 1 ? first : await git([...args, '-m', 'Checkpoint of commits'], at)
  await importCommit(layout, commit, earlier === null ? [] : [earlier])
  await hold(layout, ref, commit)
  return commit
}

export async function hold(layout: Layout, ref: string, commit: string): Promise<void> {
  const command = `update ${ref}\0${commit}\0\0`
  // Ours first: what the agents' repository names must exist in ours, whose objects it borrows.
  await git(['update-ref', '--stdin', '-z'], { ...onOwn(layout), input: command })
  await git(['update-ref', '--stdin', '-z'], { cwd: '/', env: { GIT_DIR: layout.shared }, input: command })
}

/** Nobody's work: the checkpoint is made by the town. */
export const KEEPER = {
  GIT_AUTHOR_NAME: 'gt',
  GIT_AUTHOR_EMAIL: 'gt@localhost',
  GIT_COMMITTER_NAME: 'gt',
  GIT_COMMITTER_EMAIL: 'gt@localhost',
}

async function treeOfFiles(
  layout: Layout,
  worktree: Worktree,
  head: string,
): Promise<{ readonly tree: string; readonly files: number }> {
  return await withIndex(worktree.index, false, async (index) => {
    const at = { cwd: worktree.path, env: treeEnv(layout, worktree.path, index) }
    await git(['read-tree', '-m', '-i', head], at)
    const untracked = await gitFields(['ls-files', '-z', '-o', '--exclude-standard'], at)
    // `folder/` is a repository inside the worktree: git would keep its name alone. Its files are kept as files.
    const nested = untracked.filter((path) => path.endsWith('/'))
    const inner = (await Promise.all(nested.map((folder) => filesBelow(worktree.path, folder)))).flat()
    const plain = untracked.filter((path) => !path.endsWith('/'))
    const changed = await gitFields(['ls-files', '-z', '-m', '-d', '--deduplicate'], at)
    const paths = [...changed, ...plain, ...inner]
    if (paths.length > 0) {
      const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin']
      await git(args, { ...at, input: `${paths.join('\0')}\0` })
    }
    const tree = await git(['write-tree'], {
      ...at,
      env: { ...at.env, ...readingEnv(layout), GIT_INDEX_FILE: index },
    })
    return { tree, files: new Set(paths).size }
  })
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(join(root, folder))) {
    if (name === '.git') continue
    const path = `${folder}${name}`
    const entry = await lstat(join(root, path))
    if (entry.isDirectory()) found.push(...(await filesBelow(root, `${path}/`)))
    else if (entry.isFile() || entry.isSymbolicLink()) found.push(path)
  }
  return found
}
