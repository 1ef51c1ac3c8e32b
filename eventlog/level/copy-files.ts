// Copies the files of a log that is closed.
//
// Owns:      which files make up a log, and keeping others out while they are copied.
// Always:    the original is locked meanwhile, and not a byte of it changes.

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { LogError } from '../types.ts'
import { archivePath } from './archive.ts'
import {
  databasePath,
  exists,
  headPath,
  heldByThisProcess,
  heldWithoutLock,
  openDatabase,
} from './database.ts'

/** LevelDB writes a table once and never again, so both logs may have the one file. */
const TABLE = /\.(ldb|sst)$/

/**
 * Copies the log in `place` to `copy`, which must not exist. `linked`: tables are shared where the file system can.
 * @throws {LogError} LOG_LOCKED
 */
export function copyLocked(
  place: string,
  copy: string,
  { linked = false }: { readonly linked?: boolean } = {},
): Promise<void> {
  return withLocked(place, () => copyAll(place, copy, linked))
}

/**
 * Runs `use` while nobody can open the log in `place`, which must not be open here either.
 * @throws {LogError} LOG_LOCKED
 */
export async function withLocked<T>(place: string, use: () => Promise<T>): Promise<T> {
  const held = new LogError('LOG_LOCKED', `The log in ${place} is open; ask the process that holds it.`, {
    details: { dir: place },
  })
  if ((await heldByThisProcess(place)) || (await heldWithoutLock(databasePath(place)))) throw held
  const guard = await mkdtemp(join(tmpdir(), 'eventlog-guard-'))
  try {
    // Another database whose LOCK is the original's: LevelDB then holds the lock of both.
    await mkdir(databasePath(guard), { recursive: true })
    const lock = join(databasePath(place), 'LOCK')
    if (await exists(lock)) await symlink(lock, join(databasePath(guard), 'LOCK'))
    const holder = await openDatabase(guard, { create: true }).catch((error: unknown) => {
      if (error instanceof LogError && error.code === 'LOG_LOCKED') throw held
      // The lock cannot be taken, for example on a read-only copy: then nobody writes there either.
      return undefined
    })
    try {
      return await use()
    } finally {
      await holder?.close()
    }
  } finally {
    await rm(guard, { recursive: true, force: true })
  }
}

/**
 * Makes a lasting copy of the closed log in `place`: it is in `to` whole, or not at all.
 * @throws {LogError} LOG_EXISTS, LOG_LOCKED, LOG_UNAVAILABLE
 */
export async function backUp(place: string, to: string): Promise<void> {
  const target = resolve(to)
  const draft = `${target}.making-${randomBytes(4).toString('hex')}`
  try {
    if ((await readdir(target).catch(nobody)).length > 0) {
      throw new LogError('LOG_EXISTS', `There is something in ${target} already; choose another place.`, {
        details: { dir: target },
      })
    }
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await copyLocked(place, draft, { linked: true })
    await syncAll(draft)
    await rename(draft, target)
    await sync(dirname(target))
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {})
    if (error instanceof LogError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new LogError('LOG_UNAVAILABLE', `The log could not be copied to ${target}: ${reason}`, {
      cause: error,
      details: { dir: target },
    })
  }
}

function nobody(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

/** The files as they are; call it while they are locked. `linked`: a lasting copy, else one that only we shall open. */
export async function copyAll(place: string, copy: string, linked: boolean): Promise<void> {
  await mkdir(databasePath(copy), { recursive: true, mode: 0o700 })
  // A lock of its own: so nobody is looked for who might hold it without one.
  if (!linked) await writeFile(join(databasePath(copy), 'LOCK'), '')
  for (const name of await readdir(databasePath(place)).catch(() => [])) {
    // Closing a descriptor of LOCK would release the lock of this very process.
    if (name === 'LOCK') continue
    const [from, to] = [join(databasePath(place), name), join(databasePath(copy), name)]
    if (linked && TABLE.test(name) && (await isLinked(from, to))) continue
    await copyFile(from, to, constants.COPYFILE_FICLONE)
  }
  for (const name of await readdir(archivePath(place)).catch(() => [])) {
    await mkdir(archivePath(copy), { recursive: true, mode: 0o700 })
    const [from, to] = [join(archivePath(place), name), join(archivePath(copy), name)]
    if (linked && (await isLinked(from, to))) continue
    await copyFile(from, to, constants.COPYFILE_FICLONE)
  }
  if (await exists(headPath(place))) await copyFile(headPath(place), headPath(copy))
}

const isLinked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    () => false,
  )

async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await sync(join(entry.parentPath, entry.name))
  }
  await sync(folder)
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
