// The commits by which a branch becomes part of its target, beside one commit for all of it.
//
// Owns:      replaying a branch commit by commit, and the commit that merges it.
// Does not:  know which of them is asked for, or read a remote.
//
//   GIT-45. The same input gives the same commits, and their tree is the one that merging gives.

import type { MergeMethod } from '../ports/forge.ts'
import type { Author } from '../ports/repositories.ts'
import { writeCommit } from './commit-files.ts'
import { git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn, ownEnv } from './layout.ts'

type Landing = {
  /** Commit that it will stand on. */
  readonly base: string
  readonly head: string
  /** What merging `head` into `base` gives. */
  readonly tree: string
  readonly message: string
  readonly author: Author
  readonly committer: Author
  /** ms since the epoch. */
  readonly date: number
}

export type LandingInput = Omit<Landing, 'tree'>

/** Longest branch that is replayed; a longer one lands as one commit. */
const REPLAYED_MAX = 200

/** The commit that would be the target's; what it stands on, down to `base`, comes with it. */
export async function landingCommit(layout: Layout, method: MergeMethod, landing: Landing): Promise<string> {
  const { base, head, message } = landing
  const row = method === 'rebase' ? await replayed(layout, landing) : null
  const parents = method === 'merge' ? [base, head] : [base]
  const { author, committer, date, tree } = landing
  return (
    row ??
    (await writeCommit(layout.own, { tree, parents, author, committer, date, message })) ??
    (await commitTree(layout, landing, parents, message, authorEnv(landing)))
  )
}

/**
 * Each commit of the branch on top of `base`, with its author and message and the trailers of `message`. Merges and
 * what the target has already are left out. Where the commits do not fit one by one although the whole does, null.
 */
async function replayed(layout: Layout, landing: Landing): Promise<string | null> {
  const { base, tree } = landing
  const steps = await replay(layout, landing)
  if (steps === null || steps.at(-1)?.tree !== tree) return null
  const trailers = landing.message.trimEnd().split('\n\n').at(-1) ?? ''
  let on = base
  for (const { one, tree: reached } of steps) {
    const [message, env] = await writtenBy(layout, landing, one)
    const text = `${message.trimEnd()}\n\n${trailers}`
    on = await commitTree(layout, { ...landing, tree: reached }, [on], text, env)
  }
  return on
}

/** Commits of the branch that change something, each with the tree that it leads to; null where one does not fit. */
async function replay(
  layout: Layout,
  landing: Landing,
): Promise<{ readonly one: string; readonly tree: string }[] | null> {
  const { base, head } = landing
  const at = onOwn(layout)
  const args = ['rev-list', '--reverse', '--topo-order', '--no-merges', `--max-count=${REPLAYED_MAX + 1}`]
  const commits = lines(await git([...args, `${base}..${head}`, '--'], at))
  if (commits.length === 0 || commits.length > REPLAYED_MAX) return null
  const steps: { one: string; tree: string }[] = []
  let reached = await git(['rev-parse', `${base}^{tree}`], at)
  for (const one of commits) {
    const tree = await picked(layout, landing, { on: reached, one })
    if (tree === null) return null
    if (tree !== reached) steps.push({ one, tree })
    reached = tree
  }
  return steps
}

/**
 * The tree that the commits of the branch lead to, one after the other, where all of them fit: also where the branch as
 * a whole does not. Null for a branch with merges: what was settled in them would be lost.
 */
export async function replayedTree(layout: Layout, landing: LandingInput): Promise<string | null> {
  const { base, head } = landing
  const merges = ['rev-list', '--merges', '--max-count=1', `${base}..${head}`, '--']
  if (lines(await git(merges, onOwn(layout))).length > 0) return null
  return (await replay(layout, { ...landing, tree: '' }))?.at(-1)?.tree ?? null
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Tree of `on` with what `one` changed; null when that does not fit. */
async function picked(
  layout: Layout,
  landing: Landing,
  { on, one }: { readonly on: string; readonly one: string },
): Promise<string | null> {
  const at = onOwn(layout)
  const parent = await gitOutcome(['rev-parse', '--verify', '-q', '--end-of-options', `${one}^1`], at)
  if (parent.code !== 0) return null
  // A commit with the files of `on` beside `one`: merging the two gives what `one` changed, with any git.
  const beside = await commitTree(
    layout,
    { ...landing, tree: on },
    [parent.stdout.toString().trim()],
    'beside',
    authorEnv(landing),
  )
  const args = ['merge-tree', '--write-tree', '-z', '--no-messages', beside, one]
  const outcome = await gitOutcome(args, at)
  if (outcome.code !== 0 && outcome.code !== 1) throw gitFailed(args, outcome)
  return outcome.code === 1 ? null : (outcome.stdout.toString().split('\0')[0] ?? null)
}

/** Message and author of a commit, as they are. */
async function writtenBy(
  layout: Layout,
  landing: Landing,
  one: string,
): Promise<[string, Record<string, string>]> {
  const at = onOwn(layout)
  const said = await git(
    ['show', '-s', '--no-show-signature', '--date=raw', '--format=%an%x00%ae%x00%ad%x00%B', one],
    at,
  )
  const [name = '', email = '', date = '', ...text] = said.split('\0')
  const known = authorEnv(landing)
  return [
    text.join(''),
    name.trim() === ''
      ? known
      : { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` },
  ]
}

function commitTree(
  layout: Layout,
  { tree, committer, date }: Landing,
  parents: readonly string[],
  message: string,
  author: Readonly<Record<string, string>>,
): Promise<string> {
  return git(['commit-tree', tree, ...parents.flatMap((one) => ['-p', one]), '-F', '-'], {
    cwd: '/',
    env: { ...ownEnv(layout), ...author, ...personEnv('COMMITTER', committer, date) },
    input: message.endsWith('\n') ? message : `${message}\n`,
  })
}

const authorEnv = ({ author, date }: Landing) => personEnv('AUTHOR', author, date)

const personEnv = (part: 'AUTHOR' | 'COMMITTER', person: Author, date: number): Record<string, string> => ({
  [`GIT_${part}_NAME`]: person.name,
  [`GIT_${part}_EMAIL`]: person.email,
  [`GIT_${part}_DATE`]: `@${Math.floor(date / 1000)} +0000`,
})
