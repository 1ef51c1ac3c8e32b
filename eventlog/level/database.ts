// The LevelDB database under the log: how it is opened, and what its errors mean.
//
// Owns:      options of classic-level, translation of its errors, the meta rows.
// Always:    never creates over something: LevelDB's own default would replace a damaged log by an empty one.

import { access, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { LogError } from '../types.ts'
import { META_FORMAT, META_LOG_ID } from './keys.ts'
import { checkManifest, firstLogOf } from './manifest.ts'
import { decodeText, encodeText } from './values.ts'
import { operationsIn } from './write-ahead.ts'

export type Database = ClassicLevel<Buffer, Buffer>
export type DatabaseSnapshot = ReturnType<Database['snapshot']>

/**
 * Format of keys and values. Raised when an older build could not read what a newer one writes.
 * 2: sealed segments may hold packed values. 3: append ids have no rows of their own. A log of an older format becomes one
 * of this with its next commit.
 */
export const FORMAT = 3
const FORMAT_OLDEST = 1

const heldHere = new Set<string>()

/** What is read at once by a scan. LevelDB's default of 16 KB makes replays slow. */
export const SCAN_BYTES = 1024 * 1024

export function databasePath(dir: string): string {
  return join(dir, 'db')
}

export function headPath(dir: string): string {
  return join(dir, 'head')
}

/** @throws {LogError} LOG_MISSING, LOG_LOCKED, LOG_DAMAGED, LOG_UNAVAILABLE */
export async function openDatabase(dir: string, options: { readonly create: boolean }): Promise<Database> {
  const path = databasePath(dir)
  if (!options.create && !(await exists(path))) {
    if (await exists(headPath(dir))) throw damagedStore(dir, 'its database folder is gone')
    throw new LogError('LOG_MISSING', `There is no log in ${dir}; create one first.`, { details: { dir } })
  }
  if (!options.create) {
    if (await heldWithoutLock(path)) throw lockedLog(dir)
    const problem = await checkManifest(path)
    if (problem !== undefined) throw damagedStore(dir, problem)
  }
  // Kept until LevelDB has them: it may not be able to read its own log just now, and removes it all the same.
  const operations = options.create ? [] : await operationsIn(path, await firstLogOf(path))
  const db: Database = new ClassicLevel<Buffer, Buffer>(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: options.create,
    errorIfExists: options.create,
    // Opening reads at most this much of LevelDB's own log: larger buffers make starting slow.
    writeBufferSize: 4 * 1024 * 1024,
    // Most of a log is sealed, and compressed by us; and plain tables can be checked without LevelDB (table.ts).
    compression: false,
  })
  try {
    await db.open()
  } catch (error) {
    await db.close().catch(() => {})
    throw openError(dir, error)
  }
  if (operations.length > 0 && (await hasIgnored(path))) {
    try {
      await db.batch(operations, { sync: true })
    } catch (error) {
      await db.close().catch(() => {})
      throw openError(dir, error)
    }
  }
  heldHere.add(path)
  db.once('closed', () => heldHere.delete(path))
  return db
}

/** LevelDB goes on without a log that it cannot open, and only writes so. When that cannot be read either: it may have. */
const hasIgnored = (path: string): Promise<boolean> =>
  readFile(join(path, 'LOG'), 'utf8').then(
    (diary) => diary.includes('Ignoring error'),
    () => true,
  )

/**
 * True while this process holds the log in `dir`. LevelDB's lock belongs to the process: touching the LOCK file from
 * inside would release it, so this is asked first. Other threads are seen where /proc tells (Linux).
 */
export async function heldByThisProcess(dir: string): Promise<boolean> {
  const path = databasePath(dir)
  if (heldHere.has(path)) return true
  const lock = join(await realpath(path).catch(() => path), 'LOCK')
  for (const fd of await readdir('/proc/self/fd').catch(() => [])) {
    if ((await readlink(`/proc/self/fd/${fd}`).catch(() => '')) === lock) return true
  }
  return false
}

/**
 * True while a process holds the database in `path` by a LOCK file that somebody has removed: LevelDB would make another,
 * and two would write. Seen where /proc tells (Linux), of processes that we may look into.
 */
export async function heldWithoutLock(path: string): Promise<boolean> {
  if (await exists(join(path, 'LOCK'))) return false
  const lock = `${join(await realpath(path).catch(() => path), 'LOCK')} (deleted)`
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => []))
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) === lock) return true
  }
  return false
}

export function metaRows(logId: string): { type: 'put'; key: Buffer; value: Buffer }[] {
  return [formatRow(), { type: 'put', key: META_LOG_ID, value: encodeText(META_LOG_ID, logId) }]
}

export function formatRow(): { type: 'put'; key: Buffer; value: Buffer } {
  return { type: 'put', key: META_FORMAT, value: encodeText(META_FORMAT, String(FORMAT)) }
}

/** @throws {LogError} LOG_NEWER, LOG_DAMAGED, LOG_UNAVAILABLE */
export async function readMeta(
  db: Database,
  dir: string,
): Promise<{ readonly logId: string; readonly format: number }> {
  const [formatValue, idValue] = await db.getMany([META_FORMAT, META_LOG_ID]).catch((error: unknown) => {
    throwUnavailable(error)
    throw damagedStore(dir, 'its format and id cannot be read', error)
  })
  const format = formatValue && decodeText(META_FORMAT, formatValue)
  const logId = idValue && decodeText(META_LOG_ID, idValue)
  const found = Number(format)
  refuseNewer(dir, found)
  if (!(Number.isInteger(found) && found >= FORMAT_OLDEST))
    throw damagedStore(dir, 'its format cannot be read')
  if (logId === undefined || !/^[0-9a-f]{32}$/.test(logId)) throw damagedStore(dir, 'its id cannot be read')
  return { logId, format: found }
}

/** @throws {LogError} LOG_NEWER */
export function refuseNewer(dir: string, format: number): void {
  if (!(format > FORMAT)) return
  throw new LogError(
    'LOG_NEWER',
    `The log in ${dir} has format ${format}, and this version reads up to ${FORMAT}; use the newer version.`,
    { details: { dir, format, formatMax: FORMAT } },
  )
}

/** Damage of the store as a whole, which concerns no single entry: seq 0. */
function damagedStore(dir: string, reason: string, cause?: unknown): LogError {
  const message = `The log in ${dir} is damaged: ${reason}. Verify a copy of it to see which entries are concerned.`
  return new LogError('LOG_DAMAGED', message, {
    cause,
    details: { dir, problems: [{ seq: 0, kind: 'undecodable', message }] },
  })
}

/** An error of the disk is no damage: it may be gone the next time. @throws {LogError} LOG_UNAVAILABLE */
export function throwUnavailable(error: unknown): void {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'LEVEL_IO_ERROR') return
  throw new LogError('LOG_UNAVAILABLE', `The log cannot be read now: ${error.message}`, { cause: error })
}

/** What LevelDB says when it reads a damaged table, as what it means; any other error as it is. */
export function readError(error: unknown, seq: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'LEVEL_CORRUPTION') return error
  const message = `LevelDB cannot read on at entry ${seq} (${error.message}); verify a copy of the log.`
  return new LogError('LOG_DAMAGED', message, {
    cause: error,
    details: { problems: [{ seq, kind: 'undecodable', message }] },
  })
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

const lockedLog = (dir: string, cause?: unknown): LogError =>
  new LogError('LOG_LOCKED', `Another process, or this one, already holds the log in ${dir}; end it first.`, {
    cause,
    details: { dir },
  })

function openError(dir: string, error: unknown): LogError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const text = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'LEVEL_LOCKED') return lockedLog(dir, cause)
  // What LevelDB finds damaged it calls corrupt or not found.
  if (code === 'LEVEL_IO_ERROR' || /^IO error/.test(text)) {
    return new LogError('LOG_UNAVAILABLE', `The log in ${dir} cannot be opened now: ${text}`, {
      cause,
      details: { dir },
    })
  }
  return damagedStore(dir, `LevelDB refuses it (${text})`, cause)
}
