// Checking LevelDB's list of its files (`db/CURRENT`, `db/MANIFEST-NNNNNN`) before LevelDB opens the database.
//
// Owns:      saying which files belong to the database, and whether they are all there.
// Does not:  look into tables (table.ts) or into LevelDB's own log (write-ahead.ts).
// Why:       LevelDB takes a list that was cut for one that a crash tore: it goes on with what the list named before, and
//            removes the files of which it does not know any more.
// Assumes:   a file is removed only after the list says that it is not needed; so whoever follows a shorter list misses
//            a table or the log, or has lost nothing.
//
// The list: records like those of LevelDB's own log, each with changes: a number that says what follows, and its fields.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { recordsOf } from './records.ts'
import { bytesOf, unavailable } from './unavailable.ts'

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG = 9

/** A list may grow while another process holds the database; so often it is read anew. */
const LOOKS_MAX = 20

export type Manifest = {
  /** Sizes of the tables, by number. */
  readonly tables: ReadonlyMap<number, number>
  /** LevelDB's own log; 0 when there is none to go on with. */
  readonly log: number | undefined
}

/** Names of the tables that belong to the database in `folder`; undefined when its list of files cannot tell. */
export async function tablesOf(folder: string): Promise<ReadonlySet<string> | undefined> {
  const found = await listIn(folder)
  if (typeof found === 'string') return undefined
  try {
    const { records, broken } = recordsOf(found.bytes)
    const { tables, log } = readManifest(records)
    if (broken?.followed || log === undefined) return undefined
    return new Set([...tables.keys()].flatMap((number) => [`${padded(number)}.ldb`, `${padded(number)}.sst`]))
  } catch {
    return undefined
  }
}

/** The first file of LevelDB's own log that is still needed. @throws {LogError} LOG_UNAVAILABLE */
export async function firstLogOf(folder: string): Promise<number> {
  const found = await listIn(folder)
  return typeof found === 'string' ? 0 : (readManifest(recordsOf(found.bytes).records).log ?? 0)
}

/** Why the database in `folder` is not whole, as the end of a sentence, or undefined. @throws {LogError} LOG_UNAVAILABLE */
export async function checkManifest(folder: string): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const found = await listIn(folder)
    if (typeof found === 'string') return found
    const problem = await compare(folder, found.bytes)
    if (problem === undefined) return undefined
    const again = await listIn(folder)
    if (typeof again !== 'string' && again.bytes.equals(found.bytes)) return problem
    if (look === LOOKS_MAX) return undefined
  }
}

/** @throws {RangeError} a record holds something else */
function readManifest(records: readonly Buffer[]): Manifest {
  const tables = new Map<number, number>()
  let log: number | undefined
  for (const record of records) {
    const fields = new Fields(record)
    while (!fields.ended) {
      switch (fields.number()) {
        case COMPARATOR:
          fields.skip()
          break
        case LOG_NUMBER:
          log = fields.number()
          break
        case NEXT_FILE:
        case LAST_SEQUENCE:
        case PREVIOUS_LOG:
          fields.number()
          break
        case COMPACT_POINTER:
          fields.number()
          fields.skip()
          break
        case DELETED_FILE:
          fields.number()
          tables.delete(fields.number())
          break
        case NEW_FILE: {
          fields.number()
          const name = fields.number()
          tables.set(name, fields.number())
          fields.skip()
          fields.skip()
          break
        }
        default:
          throw new RangeError('a change is of an unknown kind')
      }
    }
  }
  return { tables, log }
}

async function listIn(folder: string): Promise<{ readonly bytes: Buffer } | string> {
  const current = await bytesOf(join(folder, 'CURRENT'))
  if (current === undefined) return 'db/CURRENT is missing, which names the list of its files'
  const name = /^(MANIFEST-\d+)\n$/.exec(current.toString('latin1'))?.[1]
  if (name === undefined) return 'db/CURRENT does not name the list of its files'
  const bytes = await bytesOf(join(folder, name))
  if (bytes === undefined) return `db/${name} is missing, the list of its files`
  return { bytes }
}

async function compare(folder: string, bytes: Buffer): Promise<string | undefined> {
  const { records, broken } = recordsOf(bytes)
  if (broken?.followed) return `the list of its files is damaged at byte ${broken.offset} (${broken.why})`
  let list: Manifest
  try {
    list = readManifest(records)
  } catch (error) {
    return `the list of its files cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
  if (list.log === undefined) return 'the list of its files is cut'
  const cut = broken ? `; the list of its files is cut at byte ${broken.offset}` : ''
  const names = new Set(
    await readdir(folder).catch((error: unknown) => {
      throw unavailable(folder, error)
    }),
  )
  if (list.log !== 0 && !names.has(`${padded(list.log)}.log`))
    return `LevelDB's own log db/${padded(list.log)}.log is missing${cut}`
  for (const [number, size] of list.tables) {
    const name = [`${padded(number)}.ldb`, `${padded(number)}.sst`].find((one) => names.has(one))
    if (name === undefined) return `the table db/${padded(number)}.ldb is missing${cut}`
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found?.size !== size)
      return `the table db/${name} has ${found?.size ?? 'no'} bytes instead of ${size}${cut}`
  }
  return undefined
}

const padded = (number: number): string => String(number).padStart(6, '0')

class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }

  number(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 63; factor *= 128) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) break
      this.#at += 1
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    throw new RangeError('a record ends within a change')
  }

  skip(): void {
    const size = this.number()
    this.#at += size
    if (this.#at > this.#bytes.length) throw new RangeError('a record ends within a change')
  }
}
