// Archives: sealed runs from the first on, in files beside the database (rules L17 and L18).
//
// Owns:      the files, their names and their form; reading rows out of them; preparing the next one.
// Does not:  decide what is archived, nor write the database: that is the appender's turn.
// Always:    a file is written once, and is on the disk under its name before the batch that takes its rows out of the
//            database; that batch holds the row that says it is there. So each entry is read from one place, and a file
//            of which the database does not know is left over from an interruption.
//
// <dir>/archive/<first>-<last>.rows: for each row last:6 size:4 and the row as it lay in the database (row.ts), with the
// checksum that it had there. In the database one row a file (`a` last:6): a JSON text with what is read before the file is.

import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CHAIN_START } from '../chain.ts'
import type { Position } from '../engine.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { LogError, type LogProblem } from '../types.ts'
import { SCAN_BYTES } from './database.ts'
import { syncFolder } from './folder.ts'
import { seqKey, seqOf } from './keys.ts'
import { decodeRow, headerOf, isDamaged } from './row.ts'
import type { RawRow, Scan } from './scan.ts'
import { decodeText, encodeText, type Operation } from './values.ts'

/** Runs in a file: some MB, so that one that is lost is not much, and a year has some hundred. */
const RUNS_MAX = 128
const FRAME_BYTES = 10

export function archivePath(dir: string): string {
  return join(dir, 'archive')
}

/** One file. `sizes`: of its rows, each of which holds a run. */
export type ArchiveFile = {
  readonly first: number
  readonly last: number
  readonly before: Buffer
  readonly after: Buffer
  /** Bytes of its lines, each with its newline. */
  readonly bytesOfLines: number
  readonly sizes: readonly number[]
}

type Range = { readonly after: number; readonly to: number; readonly reverse: boolean }

const nameOf = ({ first, last }: Pick<ArchiveFile, 'first' | 'last'>): string =>
  `${String(first).padStart(12, '0')}-${String(last).padStart(12, '0')}.rows`
const NAME = /^\d{12,}-\d{12,}\.rows$/

const fileBytes = ({ sizes }: ArchiveFile): number => sizes.reduce((sum, size) => sum + FRAME_BYTES + size, 0)

/** The archive files of one opened log, from the first entry on. */
export class Archives {
  readonly #dir: string
  #files: readonly ArchiveFile[]

  private constructor(dir: string, files: readonly ArchiveFile[]) {
    this.#dir = dir
    this.#files = files
  }

  /** Which files there should be. What is wrong with that is told by `archivesIn`, and reading finds it again. */
  static async load(scan: Scan, dir: string): Promise<Archives> {
    return new Archives(dir, await archivesIn(scan, []))
  }

  static of(dir: string, files: readonly ArchiveFile[]): Archives {
    return new Archives(dir, files)
  }

  /** Looks whether the files are there, in their length. */
  async missing(): Promise<LogProblem[]> {
    const problems: LogProblem[] = []
    for (const file of this.#files) {
      const found = await stat(this.#pathOf(file)).catch(() => undefined)
      if (found?.size !== fileBytes(file)) problems.push(lostIn(file))
    }
    return problems
  }

  /** Where the archived entries end. */
  get end(): Position {
    const last = this.#files.at(-1)
    return last ? { seq: last.last, chain: last.after } : { seq: 0, chain: CHAIN_START }
  }

  get count(): number {
    return this.#files.length
  }

  get bytesOfLines(): number {
    return this.#files.reduce((sum, file) => sum + file.bytesOfLines, 0)
  }

  get bytesOnDisk(): number {
    return this.#files.reduce((sum, file) => sum + fileBytes(file), 0)
  }

  /** Rows that hold entries from `after` + 1 to `to`, as they lie. @throws {LogError} LOG_DAMAGED */
  async *rows(range: Range): AsyncGenerator<RawRow> {
    for await (const row of this.scan(range)) {
      const header = headerOf(row.key, row.last, row.value)
      if (isDamaged(header)) throw this.#damaged(row)
      yield row
    }
  }

  /** The same, unchecked and going on behind what is lost, which is a row of no bytes. */
  async *scan({ after, to, reverse }: Range): AsyncGenerator<RawRow> {
    const files = this.#files.filter((file) => file.last > after && file.first <= to)
    for (const file of reverse ? files.reverse() : files) yield* this.#rowsOf(file, after, to, reverse)
  }

  /** From now on the rows of this file are read from it. */
  add(file: ArchiveFile): void {
    this.#files = [...this.#files, file]
  }

  /**
   * Writes the next file: of the sealed runs of `rows`, which follow the archived ones. Undefined when there is no run.
   * @throws {LogError} LOG_DAMAGED; an error of the file system, after which nothing has changed
   */
  async write(rows: AsyncIterable<RawRow>): Promise<ArchiveFile | undefined> {
    const folder = archivePath(this.#dir)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await this.#removeLeftOver()
    const from = this.end
    const draft = join(folder, `${from.seq + 1}.making`)
    const made = await writeRows(draft, from, rows)
    if (made === undefined) {
      await rm(draft, { force: true })
      return undefined
    }
    await rename(draft, this.#pathOf(made))
    await syncFolder(folder)
    await syncFolder(this.#dir)
    return made
  }

  async #removeLeftOver(): Promise<void> {
    const known = new Set(this.#files.map(nameOf))
    for (const name of await readdir(archivePath(this.#dir)))
      if (name.endsWith('.making') || (NAME.test(name) && !known.has(name)))
        await rm(join(archivePath(this.#dir), name), { force: true })
  }

  async *#rowsOf(file: ArchiveFile, after: number, to: number, reverse: boolean): AsyncGenerator<RawRow> {
    const places = placesIn(file).filter(({ first, last }) => last > after && first <= to)
    const nothing = (last: number): RawRow => ({ last, key: seqKey('r', last), value: Buffer.alloc(0) })
    // Whatever the reason, the rows cannot be had.
    const handle = await open(this.#pathOf(file), 'r').catch(() => undefined)
    if (handle === undefined) {
      yield nothing(Math.max(...places.map(({ last }) => last)))
      return
    }
    try {
      for (const group of groupsOf(reverse ? places.reverse() : places)) {
        const from = Math.min(...group.map(({ offset }) => offset))
        const bytes = Buffer.allocUnsafe(group.reduce((sum, { size }) => sum + FRAME_BYTES + size, 0))
        const read = await handle.read(bytes, 0, bytes.length, from).catch(() => ({ bytesRead: 0 }))
        for (const { last, offset, size } of group) {
          const start = offset - from + FRAME_BYTES
          yield start + size <= read.bytesRead && isFrame(bytes.subarray(start - FRAME_BYTES), last, size)
            ? { last, key: seqKey('r', last), value: bytes.subarray(start, start + size) }
            : nothing(last)
        }
      }
    } finally {
      await handle.close()
    }
  }

  #damaged({ last, key, value }: RawRow): LogError {
    const file = this.#files.find((one) => one.last >= last) as ArchiveFile
    const damage = decodeRow(key, last, value)
    const problem = lostIn(file, value.length > 0 && isDamaged(damage) ? damage.seq : undefined)
    return new LogError('LOG_DAMAGED', problem.message, { details: { problems: [problem] } })
  }

  #pathOf(file: ArchiveFile): string {
    return join(archivePath(this.#dir), nameOf(file))
  }
}

/** What the batch does that makes a file part of the log, once it is on the disk. */
export function archiveOperations(file: ArchiveFile): Operation[] {
  const key = seqKey('a', file.last)
  const operations: Operation[] = [{ type: 'put', key, value: encodeFile(key, file) }]
  for (const { last } of placesIn(file))
    for (const kind of ['r', 's'] as const) operations.push({ type: 'del', key: seqKey(kind, last) })
  return operations
}

function isFrame(bytes: Buffer, last: number, size: number): boolean {
  return bytes.readUIntBE(0, 6) === last && bytes.readUInt32BE(6) === size
}

/** Rows of any file that lies there, for repairing; what cannot be a row ends it. */
export function* framesOf(bytes: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  for (let at = 0; at + FRAME_BYTES <= bytes.length; ) {
    const start = at + FRAME_BYTES
    const end = start + bytes.readUInt32BE(at + 6)
    if (end > bytes.length) return
    yield { key: seqKey('r', bytes.readUIntBE(at, 6)), value: bytes.subarray(start, end) }
    at = end
  }
}

/** What the database knows of the files, as far as they follow each other from the first entry on. */
export async function archivesIn(scan: Scan, problems: LogProblem[]): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = []
  for await (const scanned of scan('a')) {
    const end = files.at(-1)
    const file = 'unreadable' in scanned ? undefined : decodeFile(scanned.key, scanned.value)
    if (file && file.first === (end?.last ?? 0) + 1 && file.before.equals(end?.after ?? CHAIN_START)) {
      files.push(file)
      continue
    }
    const seq = (end?.last ?? 0) + 1
    const message = `What is known of the archive with the entries from ${seq} on is damaged.`
    problems.push({ seq, kind: 'checksum', message })
    break
  }
  return files
}

/** `seq`: the damaged entry; none when the file, or its end, is not there. */
export function lostIn(file: ArchiveFile, seq?: number): LogProblem {
  const how = seq === undefined ? 'is missing or cut off' : `is damaged at entry ${seq}`
  const message = `The archive of the entries ${file.first} to ${file.last} ${how}: put archive/${nameOf(file)} back from a backup.`
  return { seq: seq ?? file.first, kind: seq === undefined ? 'gap' : 'checksum', message }
}

async function writeRows(
  path: string,
  from: Position,
  rows: AsyncIterable<RawRow>,
): Promise<ArchiveFile | undefined> {
  const handle = await open(path, 'w', 0o600)
  try {
    const sizes: number[] = []
    let { seq, chain } = from
    let bytesOfLines = 0
    for await (const { last, key, value } of rows) {
      const row = headerOf(key, last, value)
      const fits = !isDamaged(row) && row.sealed && row.first === seq + 1 && row.before.equals(chain)
      if (!fits) throw unfit(isDamaged(row) ? row.seq : seq + 1)
      const frame = Buffer.allocUnsafe(FRAME_BYTES)
      frame.writeUIntBE(last, 0, 6)
      frame.writeUInt32BE(value.length, 6)
      await handle.writeFile(Buffer.concat([frame, value]))
      sizes.push(value.length)
      bytesOfLines += row.bytes + 1
      ;[seq, chain] = [last, Buffer.from(row.after)]
      if (sizes.length === RUNS_MAX) break
    }
    await handle.sync()
    if (sizes.length === 0) return undefined
    return { first: from.seq + 1, last: seq, before: from.chain, after: chain, bytesOfLines, sizes }
  } finally {
    await handle.close()
  }
}

function unfit(seq: number): LogError {
  const message = `Entry ${seq} is not what was sealed; verify the log before anything is archived.`
  return new LogError('LOG_DAMAGED', message, { details: { problems: [{ seq, kind: 'checksum', message }] } })
}

type RowPlace = {
  readonly first: number
  readonly last: number
  readonly offset: number
  readonly size: number
}

function placesIn({ first, sizes }: ArchiveFile): RowPlace[] {
  let offset = 0
  return sizes.map((size, n) => {
    const at = first + n * SEGMENT_ENTRIES
    const place = { first: at, last: at + SEGMENT_ENTRIES - 1, offset, size }
    offset += FRAME_BYTES + size
    return place
  })
}

/** Neighbours that are read at once: few first, since most reads want a few. */
function* groupsOf(places: readonly RowPlace[]): Generator<readonly RowPlace[]> {
  let group: RowPlace[] = []
  let bytes = 0
  let enough = SCAN_BYTES / 64
  for (const place of places) {
    group.push(place)
    bytes += place.size
    if (bytes < enough) continue
    yield group
    group = []
    bytes = 0
    enough = Math.min(enough * 4, SCAN_BYTES)
  }
  if (group.length > 0) yield group
}

type FileText = {
  readonly first: number
  readonly before: string
  readonly after: string
  readonly bytesOfLines: number
  readonly sizes: readonly number[]
}

function encodeFile(key: Buffer, file: ArchiveFile): Buffer {
  const { first, before, after, bytesOfLines, sizes } = file
  const text: FileText = {
    first,
    before: before.toString('hex'),
    after: after.toString('hex'),
    bytesOfLines,
    sizes,
  }
  return encodeText(key, JSON.stringify(text))
}

function decodeFile(key: Buffer, value: Buffer): ArchiveFile | undefined {
  const text = decodeText(key, value)
  const last = seqOf(key)
  if (text === undefined || last === undefined) return undefined
  const { before, after, ...rest } = JSON.parse(text) as FileText
  return { ...rest, last, before: Buffer.from(before, 'hex'), after: Buffer.from(after, 'hex') }
}
