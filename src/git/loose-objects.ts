// Loose objects of a repository, read and written as the files they are, without starting git.
//
// Does not:  read packs, follow alternates, check that what an object names is there.
// Always:    whatever is not plainly as expected gives null, and the caller asks git. An object gets the id that git
//            gives it, and what is read has the id by which it was asked for.

import { createHash } from 'node:crypto'
import { constants, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'

export type ObjectKind = 'commit' | 'tree' | 'blob'
export type LooseObject = { readonly kind: ObjectKind; readonly content: Buffer }

export const packed = promisify(deflate)
const unpacked = promisify(inflate)

/** A longer one is git's to read. */
export const OBJECT_BYTES_MAX = 64 * 1024
export const SHA1 = /^[0-9a-f]{40}$/

const fileOf = (repository: string, id: string): string =>
  join(repository, 'objects', id.slice(0, 2), id.slice(2))

/** Also of a repository that others write to. Null where it is not a small loose one. */
export async function readLoose(repository: string, id: string): Promise<LooseObject | null> {
  if (!SHA1.test(id)) return null
  try {
    const bytes = await fileBytes(fileOf(repository, id))
    if (bytes === null) return null
    const object = await unpacked(bytes, { maxOutputLength: OBJECT_BYTES_MAX })
    if (sha1(object) !== id) return null
    const end = object.indexOf(0)
    const [, kind] = /^(commit|tree|blob) \d+$/.exec(object.toString('latin1', 0, end)) ?? []
    return kind === undefined ? null : { kind: kind as ObjectKind, content: object.subarray(end + 1) }
  } catch {
    return null
  }
}

/** Nothing that is put in its place makes this wait. */
async function fileBytes(path: string): Promise<Buffer | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const found = await file.stat()
    return found.isFile() && found.size <= OBJECT_BYTES_MAX ? await file.readFile() : null
  } finally {
    await file.close()
  }
}

/** Its id; null where it could not be written. */
export async function writeLoose(repository: string, { kind, content }: LooseObject): Promise<string | null> {
  const object = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content])
  const id = sha1(object)
  const path = fileOf(repository, id)
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    if (await isLoose(repository, id)) return id
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

const isLoose = (repository: string, id: string): Promise<boolean> =>
  stat(fileOf(repository, id)).then(
    (found) => found.isFile(),
    () => false,
  )

export const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex')
