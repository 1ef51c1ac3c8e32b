// Commits of the Refinery's repository, read and written as the files they are, without starting git.
//
// Owns:      loose commit objects of refinery/git, which no agent and no gate is given.
// Does not:  read packs, follow alternates, check that what a commit names is there.
// Always:    whatever is not plainly as expected gives null, and the caller asks git. The same commit gets the id that
//            git gives it.

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import type { Author } from '../ports/repositories.ts'

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

const packed = promisify(deflate)
const unpacked = promisify(inflate)

/** A longer one is git's to read. */
const BYTES_MAX = 64 * 1024
const SHA1 = /^[0-9a-f]{40}$/

const fileOf = (repository: string, id: string): string =>
  join(repository, 'objects', id.slice(0, 2), id.slice(2))

/** Tree and parents of a commit; null where it is not a small loose one. */
export async function readCommit(repository: string, id: string): Promise<CommitFile | null> {
  if (!SHA1.test(id)) return null
  try {
    const path = fileOf(repository, id)
    if ((await stat(path)).size > BYTES_MAX) return null
    const object = await unpacked(await readFile(path), { maxOutputLength: BYTES_MAX })
    if (sha1(object) !== id) return null
    const [head = '', ...lines] = object.toString('latin1').split('\n')
    const tree = /^commit \d+\0tree ([0-9a-f]{40})$/.exec(head)?.[1]
    if (tree === undefined) return null
    const parents: string[] = []
    for (const line of lines) {
      const parent = /^parent ([0-9a-f]{40})$/.exec(line)?.[1]
      if (parent === undefined) break
      parents.push(parent)
    }
    return { tree, parents }
  } catch {
    return null
  }
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
  const object = Buffer.concat([Buffer.from(`commit ${Buffer.byteLength(text)}\0`), Buffer.from(text)])
  const id = sha1(object)
  const path = fileOf(repository, id)
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    if (await isFile(path)) return id
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(temporary, await packed(object), { mode: 0o444, flag: 'wx' })
    await rename(temporary, path)
    return id
  } catch {
    // No room, no folder: git says what it is.
    await rm(temporary, { force: true }).catch(() => undefined)
    return null
  }
}

/** git takes some characters away, and at the ends more of them. */
const isPlainWord = (text: string): boolean =>
  /^[\p{L}\p{N}](?:[\p{L}\p{N}@ _+./-]*[\p{L}\p{N}])?$/u.test(text) && text.isWellFormed()

const sha1 = (object: Buffer): string => createHash('sha1').update(object).digest('hex')

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
