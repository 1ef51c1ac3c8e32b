// The LevelDB engine.
//
// Owns:      one open database and its head file.
// Does not:  decide positions or the order of writes (appender.ts).
// Always:    a commit is one batch written with sync: true; an append id is in the same batch as its entries.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CHAIN_START } from '../chain.ts'
import type { ArchiveStep, Commit, Engine, Opened, Position, Range, SealStep } from '../engine.ts'
import type { ErasedEntries } from '../erased.ts'
import type { IdWindow } from '../id-window.ts'
import { pieceOf } from '../pieces.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { type Appended, LogError, type LogProblem, type LogStats, type Piece, type Stored } from '../types.ts'
import { AppendIds } from './append-ids.ts'
import { Archives, archiveOperations } from './archive.ts'
import { sealAside, verifyAside } from './aside.ts'
import { checkHead, checkRows, checkSegments } from './check.ts'
import { backUp } from './copy-files.ts'
import {
  type Database,
  type DatabaseSnapshot,
  databasePath,
  FORMAT,
  formatRow,
  headPath,
  heldByThisProcess,
  openDatabase,
  readMeta,
} from './database.ts'
import { HeadFile, readHeadFile } from './head-file.ts'
import { seqKey } from './keys.ts'
import { bytesOfText, isDamaged, sizeOfCommit, writeCommit } from './row.ts'
import { type RawRow, SegmentCache, scanOf, scanRows } from './scan.ts'
import { restOf } from './seal.ts'
import { Tail } from './tail.ts'
import { encodeIdBatch } from './values.ts'
import { checkWriteAhead } from './write-ahead.ts'

/** A piece ends with the row that makes it this large: little to copy at a time, and few messages between threads. */
const PIECE_BYTES = 256 * 1024

/** So much is sealed before the room of what it replaced is given back: some megabytes. */
const GIVE_BACK_ENTRIES = 8 * SEGMENT_ENTRIES

export type LevelEngineOptions = {
  readonly dir: string
  readonly now: () => number
  readonly window: IdWindow
  /** The head file could not be written. */
  readonly onHeadError: (error: unknown) => void
}

type Open = {
  readonly db: Database
  readonly headFile: HeadFile
  readonly logId: string
  readonly ids: AppendIds
  readonly archives: Archives
  readonly segments: SegmentCache
  readonly tail: Tail
}

export class LevelEngine implements Engine {
  readonly #options: LevelEngineOptions
  #open: Open | undefined
  #sealed: Position = { seq: 0, chain: CHAIN_START }
  #format = FORMAT
  #bytes = 0
  /** Up to here the room of what was replaced by sealing was given back. */
  #givenBack = 0

  constructor(options: LevelEngineOptions) {
    this.#options = options
  }

  async open(): Promise<Opened> {
    const { dir, onHeadError } = this.#options
    await refuseDamagedWriteAhead(dir)
    const db = await openDatabase(dir, { create: false })
    try {
      const { logId, format } = await readMeta(db, dir)
      const found = await readHeadFile(headPath(dir))
      const problems: LogProblem[] = []
      const { archives, segments, rows, tail } = await withSnapshot(db, async (snapshot) => {
        const scan = scanOf(db, snapshot)
        const segments = await checkSegments(scan, problems)
        const archives = Archives.of(dir, segments.archives)
        problems.push(...(await archives.missing()))
        const known = found.state === 'found' ? found : undefined
        const tail = new Tail(segments.end.seq)
        const onRow = (key: Buffer, value: Buffer) => value.copy(tail.room(key, value.length))
        const rows = await checkRows(scan, segments.end, problems, { segments, known, onRow })
        return { archives, segments, rows, tail }
      })
      checkHead(rows.end.seq, logId, found, problems)
      if (problems.length > 0) throw damaged(dir, problems)
      const ids = await withSnapshot(db, (snapshot) => AppendIds.load(db, snapshot, segments.end.seq))
      const headFile = await HeadFile.open(headPath(dir), logId, found, onHeadError)
      // It may be older than the log: the process was killed before it could follow.
      if (found.state === 'found' && found.seq !== rows.end.seq) headFile.follow(rows.end)
      this.#open = { db, headFile, logId, ids, archives, segments: new SegmentCache(), tail }
      this.#format = format
      this.#sealed = segments.end
      this.#givenBack = segments.end.seq
      this.#bytes = segments.bytes + rows.bytes
      return { logId, head: rows.end }
    } catch (error) {
      await db.close()
      throw error
    }
  }

  async write(commit: Commit): Promise<void> {
    const { db, headFile, ids, tail } = this.#opened()
    const at = this.#options.now()
    const bytes = bytesOfText(commit.lines)
    const key = seqKey('r', commit.last)
    const value = tail.room(key, sizeOfCommit(commit.lines.length, bytes))
    writeCommit(value, key, commit)
    const idsKey = seqKey('x', commit.last)
    const batch = { at, ids: commit.ids.map(({ id, first }) => [id, first] as const) }
    const operations = [
      { type: 'put' as const, key, value },
      { type: 'put' as const, key: idsKey, value: encodeIdBatch(idsKey, batch) },
      // From now on a build that looks for the ids elsewhere must not open the log.
      ...(this.#format < FORMAT ? [formatRow()] : []),
    ]
    await db.batch(operations, { sync: true })
    this.#format = FORMAT
    ids.written(commit.ids, at)
    this.#bytes += bytes + 1
    headFile.follow({ seq: commit.last, chain: commit.after })
  }

  findId(id: string, head: number): Appended | undefined {
    const now = this.#options.now()
    const { window } = this.#options
    const place = this.#opened().ids.find(id, (written) => window.holds(written, head, now))
    if (!place) return undefined
    return { first: place.first, last: place.last, repeated: true }
  }

  async *read(range: Range): AsyncGenerator<readonly Stored[]> {
    const { db, segments, archives } = this.#opened()
    const snapshot = db.snapshot()
    try {
      const only = range.to === range.after + 1 ? range.to : null
      for await (const raw of scanRows(db, snapshot, range, archives)) {
        const row = segments.decode(raw, only)
        if (isDamaged(row)) {
          const problems = [{ seq: row.seq, kind: 'checksum', message: row.message }]
          throw new LogError('LOG_DAMAGED', row.message, { details: { problems } })
        }
        const batch: Stored[] = []
        const from = Math.max(range.after + 1, row.first)
        const to = Math.min(range.to, row.last)
        for (let seq = from; seq <= to; seq += 1) batch.push({ seq, line: row.lines[seq - row.first] ?? '' })
        yield range.reverse ? batch.reverse() : batch
      }
    } finally {
      await snapshot.close()
    }
  }

  async *pieces({ after, to }: Omit<Range, 'reverse'>): AsyncGenerator<Piece> {
    const { db, archives } = this.#opened()
    const snapshot = db.snapshot()
    try {
      let first = after + 1
      let rows: RawRow[] = []
      let bytes = 0
      for await (const row of scanRows(db, snapshot, { after, to, reverse: false }, archives)) {
        rows.push(row)
        bytes += row.value.length
        if (bytes < PIECE_BYTES && row.last - first + 1 < SEGMENT_ENTRIES && row.last < to) continue
        yield pieceOf(first, Math.min(row.last, to), rows)
        first = row.last + 1
        rows = []
        bytes = 0
      }
      const last = rows.at(-1)?.last
      if (last !== undefined) yield pieceOf(first, Math.min(last, to), rows)
    } finally {
      await snapshot.close()
    }
  }

  async nextSeal(head: number, signal?: AbortSignal): Promise<SealStep | undefined> {
    const from = this.#sealed
    if (from.seq + SEGMENT_ENTRIES > head) return undefined
    const { db, ids, tail } = this.#opened()
    const { window, now } = this.#options
    const to = from.seq + SEGMENT_ENTRIES
    const kept = tail.rows(from.seq, to)
    const prepare = (rows: () => AsyncIterable<RawRow> | Iterable<RawRow>) =>
      sealAside(rows, from, this.#format, signal)
    const range = { after: from.seq, to, reverse: false }
    const sealed = await (kept
      ? prepare(kept)
      : withSnapshot(db, (snapshot) => prepare(() => scanRows(db, snapshot, range))))
    if (!sealed) return undefined
    const packed = await ids.pack(to)
    const forgotten = await ids.forget(window, from.seq, head, now())
    const operations = [...sealed.operations, ...packed.operations, ...forgotten.operations]
    return {
      apply: async () => {
        await db.batch(operations, { sync: true })
        this.#sealed = sealed.end
        this.#format = FORMAT
        ids.packed(packed)
        ids.forgotten(forgotten)
        tail.sealed(to, restOf(sealed))
        this.#giveBack()
      },
    }
  }

  async nextArchive(to: number): Promise<ArchiveStep | undefined> {
    const { db, archives } = this.#opened()
    const { seq: after } = archives.end
    const end = Math.min(to, this.#sealed.seq)
    const upTo = end - (end % SEGMENT_ENTRIES)
    if (upTo <= after) return undefined
    const file = await withSnapshot(db, (snapshot) =>
      archives.write(scanRows(db, snapshot, { after, to: upTo, reverse: false })),
    )
    if (!file) return undefined
    return {
      entries: file.last - file.first + 1,
      apply: async () => {
        // First, since a read may begin while the batch is on its way: the file has all that the database loses.
        archives.add(file)
        const format = this.#format < FORMAT ? [formatRow()] : []
        await db.batch([...archiveOperations(file), ...format], { sync: true })
        this.#format = FORMAT
      },
    }
  }

  // LevelDB keeps what was replaced until its tables are merged by chance, and that may be more than all that is sealed.
  #giveBack(): void {
    const { db } = this.#opened()
    const [from, to] = [this.#givenBack, this.#sealed.seq]
    if (to - from < GIVE_BACK_ENTRIES) return
    this.#givenBack = to
    for (const kind of ['r', 'x'] as const) {
      // It is for room only: whatever is wrong shows elsewhere.
      void db.compactRange(seqKey(kind, from), seqKey(kind, to)).catch(() => {})
    }
  }

  async verify(
    from: Position,
    head: Position,
    onProgress: (seq: number) => void,
    erased: ErasedEntries,
    signal?: AbortSignal,
  ): Promise<readonly LogProblem[]> {
    const { db, logId, archives } = this.#opened()
    const found = await readHeadFile(headPath(this.#options.dir))
    const known = found.state === 'found' ? found : undefined
    const checked = await withSnapshot(db, (snapshot) =>
      verifyAside(scanOf(db, snapshot, archives), { from, known, onProgress, signal }),
    )
    const problems = [...checked.problems]
    checkHead(checked.end, logId, found, problems, head.seq)
    erased.add(checked.erased)
    return problems
  }

  async stats(head: number): Promise<LogStats> {
    const sealed = this.#sealed.seq
    const segments = sealed / SEGMENT_ENTRIES
    const { archives } = this.#opened()
    return {
      records: head,
      sealed,
      segments,
      archived: archives.end.seq,
      archives: archives.count,
      bytesOfLines: this.#bytes,
      bytesOnDisk: await this.#size(),
    }
  }

  async compact(): Promise<number> {
    const { db } = this.#opened()
    await db.compactRange(Buffer.from([0]), Buffer.from([255]))
    return this.#size()
  }

  async #size(): Promise<number> {
    let bytes = this.#opened().archives.bytesOnDisk
    const folder = databasePath(this.#options.dir)
    for (const name of await readdir(folder)) {
      // LevelDB may just have removed it.
      const found = await stat(join(folder, name)).catch(() => undefined)
      bytes += found?.size ?? 0
    }
    return bytes
  }

  copyTo(place: string): Promise<void> {
    return backUp(this.#options.dir, place)
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (!open) return
    try {
      await open.headFile.close()
    } finally {
      await open.db.close()
    }
  }

  #opened(): Open {
    if (!this.#open) throw new LogError('LOG_CLOSED', 'The log is closed.')
    return this.#open
  }
}

export async function withSnapshot<T>(
  db: Database,
  use: (snapshot: DatabaseSnapshot) => Promise<T>,
): Promise<T> {
  const snapshot = db.snapshot()
  try {
    return await use(snapshot)
  } finally {
    await snapshot.close()
  }
}

/** @throws {LogError} LOG_DAMAGED, LOG_UNAVAILABLE */
async function refuseDamagedWriteAhead(dir: string): Promise<void> {
  // The head file first: what it names must then be in the database, also while another process writes.
  const head = await readHeadFile(headPath(dir))
  const problem = await checkWriteAhead(databasePath(dir), head)
  // That the log is held already says more, and LevelDB will say so.
  if (problem && !(await heldByThisProcess(dir))) throw damaged(dir, [problem])
}

function damaged(dir: string, problems: readonly LogProblem[]): LogError {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new LogError('LOG_DAMAGED', `The log in ${dir} is damaged: ${first?.message ?? ''}${more}`, {
    details: { dir, problems },
  })
}
