// Commits of the Refinery's repository, read and written without starting git.
//
// Owns:      loose commit objects of refinery/git, which no agent and no gate is given.
// Does not:  read packs, follow alternates, check that what a commit names is there.
// Always:    whatever is not plainly as expected gives null, and the caller asks git. The same commit gets the id that
//            git gives it.

import type { Author } from '../ports/repositories.ts'
import { readLoose, SHA1, writeLoose } from './loose-objects.ts'

type CommitFile = { readonly tree: string; readonly parents: readonly string[] }

type NewCommit = {
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Author
  readonly committer: Author
  /** ms since the epoch, of both. */
  readonly date: number
  readonly message: string
}

/** Tree and parents of a commit; null where it is not a small loose one. */
export async function readCommit(repository: string, id: string): Promise<CommitFile | null> {
  const found = await readLoose(repository, id)
  return found?.kind === 'commit' ? parsed(found.content) : null
}

/** Null where it is none. */
export function parsed(content: Buffer): CommitFile | null {
  const [head = '', ...lines] = content.toString('latin1').split('\n')
  const tree = /^tree ([0-9a-f]{40})$/.exec(head)?.[1]
  if (tree === undefined) return null
  const parents: string[] = []
  for (const line of lines) {
    const parent = /^parent ([0-9a-f]{40})$/.exec(line)?.[1]
    if (parent === undefined) break
    parents.push(parent)
  }
  return { tree, parents }
}

/** Writes a commit and gives its id; null where git would not write it byte for byte so. */
export async function writeCommit(repository: string, commit: NewCommit): Promise<string | null> {
  const { tree, parents, author, committer, message } = commit
  const isPlain =
    [tree, ...parents].every((id) => SHA1.test(id)) &&
    [author, committer].every(({ name, email }) => isPlainWord(name) && isPlainWord(email)) &&
    message.isWellFormed() &&
    !message.includes('\0') &&
    message.trim() !== ''
  if (!isPlain) return null
  const when = `${Math.floor(commit.date / 1000)} +0000`
  const text = [
    `tree ${tree}`,
    // As git does: the same parent twice is one.
    ...new Set(parents.map((parent) => `parent ${parent}`)),
    `author ${author.name} <${author.email}> ${when}`,
    `committer ${committer.name} <${committer.email}> ${when}`,
    '',
    message.endsWith('\n') ? message : `${message}\n`,
  ].join('\n')
  return await writeLoose(repository, { kind: 'commit', content: Buffer.from(text) })
}

/** git takes some characters away, and at the ends more of them. */
const isPlainWord = (text: string): boolean =>
  /^[\p{L}\p{N}](?:[\p{L}\p{N}@ _+./-]*[\p{L}\p{N}])?$/u.test(text) && text.isWellFormed()
