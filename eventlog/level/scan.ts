// Scanning rows of the database, so that damage shows as damage and not as the end.
//
// Owns:      iterators, and what is done when LevelDB cannot read on.
// Always:    an iterator and a snapshot are closed however a scan ends.

import type { Range } from '../engine.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import type { Database, DatabaseSnapshot } from './database.ts'
import { readError, SCAN_BYTES, throwUnavailable } from './database.ts'
import { type Kind, rangeOf, SEQ_MAX, seqKey, seqOf } from './keys.ts'
import { decodeLine, decodeRow, isDamaged, type LinesOfRow, type RowDamage } from './row.ts'

const SEGMENTS_REMEMBERED = 8

/**
 * Decoded segments by key: sealed rows never change. Whoever wants one entry gets that one unpacked; a second one of the same
 * segment makes it worth while to unpack all.
 */
export class SegmentCache {
  readonly #rows = new Map<number, LinesOfRow | null>()

  /** `only`: the one entry of the row that is wanted. */
  decode({ key, last, value }: RawRow, only: number | null): LinesOfRow | RowDamage {
    const known = this.#rows.get(last)
    if (known) return known
    if (only !== null && known === undefined) {
      const row = decodeLine(key, last, value, only)
      if (!isDamaged(row)) this.#keep(last, null)
      return row
    }
    const row = decodeRow(key, last, value)
    if (!isDamaged(row) && row.sealed) this.#keep(last, row)
    return row
  }

  /** null: one of its entries was asked for. */
  #keep(last: number, row: LinesOfRow | null): void {
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined && this.#rows.size >= SEGMENTS_REMEMBERED) this.#rows.delete(oldest)
    this.#rows.set(last, row)
  }
}

export type RawRow = { readonly last: number; readonly key: Buffer; readonly value: Buffer }

/** Rows that lie beside the database, up to `end` (archive.ts). */
type Archived = {
  readonly end: { readonly seq: number }
  /** Checked. @throws {LogError} LOG_DAMAGED */
  rows(range: Range): AsyncIterable<RawRow>
  /** As they lie. */
  scan(range: Range): AsyncIterable<RawRow>
}

/**
 * Rows that hold entries from `after` + 1 to `to`, as they lie.
 * @throws {LogError} LOG_DAMAGED where LevelDB cannot read on
 */
export async function* scanRows(
  db: Database,
  snapshot: DatabaseSnapshot,
  range: { readonly after: number; readonly to: number; readonly reverse: boolean },
  archives?: Archived,
): AsyncGenerator<RawRow> {
  // Decided together with the snapshot: what is archived meanwhile is in it still.
  const archived = archives?.end.seq ?? 0
  const { after, to, reverse } = range
  const kept = { after: Math.max(after, archived), to, reverse }
  if (reverse && to > archived) yield* scanKept(db, snapshot, kept)
  if (archives && after < archived) yield* archives.rows({ after, to: Math.min(to, archived), reverse })
  if (!reverse && to > archived) yield* scanKept(db, snapshot, kept)
}

async function* scanKept(
  db: Database,
  snapshot: DatabaseSnapshot,
  range: { readonly after: number; readonly to: number; readonly reverse: boolean },
): AsyncGenerator<RawRow> {
  let wanted = range.reverse ? range.to : range.after + 1
  try {
    // Forward the end shows itself, and one question less is asked.
    const end = range.reverse ? await rowAt(db, snapshot, range.to) : undefined
    const bounds = { gt: seqKey('r', range.after), lte: seqKey('r', end ?? SEQ_MAX), reverse: range.reverse }
    const iterator = db.iterator({ ...bounds, snapshot, highWaterMarkBytes: SCAN_BYTES })
    // Most reads want a row or a few; whoever goes on gets more at once.
    let size = range.to - range.after > SEGMENT_ENTRIES ? 4 : 1
    try {
      for (;;) {
        const entries = await iterator.nextv(size)
        if (entries.length === 0) return
        for (const [key, value] of entries) {
          const last = seqOf(key) ?? 0
          wanted = range.reverse ? last : last + 1
          yield { last, key, value }
          if (!range.reverse && last >= range.to) return
        }
        size = Math.min(size * 4, 256)
      }
    } finally {
      await iterator.close()
    }
  } catch (error) {
    throw readError(error, wanted)
  }
}

/** Key position of the row that holds `seq`. */
async function rowAt(db: Database, snapshot: DatabaseSnapshot, seq: number): Promise<number | undefined> {
  const keys = db.keys({ gte: seqKey('r', seq), lt: rangeOf('r').lt, limit: 1, snapshot })
  try {
    const key = await keys.next()
    return key === undefined ? undefined : seqOf(key)
  } finally {
    await keys.close()
  }
}

export type Scanned =
  | { readonly key: Buffer; readonly value: Buffer }
  /** `passed`: the damage was met, but what could be read goes on without an error. */
  | { readonly unreadable: unknown; readonly passed: boolean }

/** Everything of one kind that can be read at all, in order, from a key on. */
export type Scan = (kind: Kind, from?: Uint8Array) => AsyncIterable<Scanned>

export function scanOf(db: Database, snapshot: DatabaseSnapshot, archives?: Archived): Scan {
  return (kind, from) =>
    kind === 'r' && archives
      ? scanBoth(db, snapshot, archives, from && Buffer.from(from))
      : scanAll(db, snapshot, kind, from && Buffer.from(from))
}

/** Archived rows, and then those of the database. */
async function* scanBoth(
  db: Database,
  snapshot: DatabaseSnapshot,
  archives: Archived,
  from: Buffer | undefined,
): AsyncGenerator<Scanned> {
  const after = (from === undefined ? 1 : (seqOf(from) ?? 1)) - 1
  const archived = archives.end.seq
  if (after < archived) yield* archives.scan({ after, to: archived, reverse: false })
  yield* scanAll(db, snapshot, 'r', seqKey('r', Math.max(after, archived) + 1))
}

/**
 * Everything of one kind that can be read at all, in order. Where LevelDB stops with an error the scan first goes on
 * one by one up to the damage, and then behind it, which it finds from the other end.
 */
async function* scanAll(
  db: Database,
  snapshot: DatabaseSnapshot,
  kind: Kind,
  from: Buffer = rangeOf(kind).gte,
): AsyncGenerator<Scanned> {
  const { lt } = rangeOf(kind)
  let start: { gte: Buffer } | { gt: Buffer } = { gte: from }
  let met: { readonly error: unknown } | undefined
  for (const size of [128, 1]) {
    try {
      for await (const [key, value] of entriesOf(db, { ...start, lt, snapshot, fillCache: false }, size)) {
        start = { gt: key }
        yield { key, value }
      }
      // LevelDB passes over a damaged block in silence, and says so only at the end of the iterator that met it.
      if (met) yield { unreadable: met.error, passed: true }
      return
    } catch (error) {
      throwUnavailable(error)
      met = { error }
    }
  }
  yield { unreadable: met?.error, passed: false }
  yield* behindDamage(db, snapshot, 'gt' in start ? start.gt : from, lt)
}

async function* entriesOf(
  db: Database,
  options: { gt?: Buffer; gte?: Buffer; lt: Buffer; snapshot: DatabaseSnapshot; fillCache: boolean },
  size: number,
): AsyncGenerator<[Buffer, Buffer]> {
  const iterator = db.iterator<Buffer, Buffer>({ ...options, highWaterMarkBytes: SCAN_BYTES })
  try {
    for (;;) {
      const entries = await iterator.nextv(size)
      if (entries.length === 0) return
      yield* entries
    }
  } finally {
    await iterator.close()
  }
}

async function* behindDamage(
  db: Database,
  snapshot: DatabaseSnapshot,
  reached: Buffer,
  lt: Buffer,
): AsyncGenerator<Scanned> {
  const found: { key: Buffer; value: Buffer }[] = []
  const iterator = db.iterator({ gt: reached, lt, reverse: true, snapshot, fillCache: false })
  try {
    for (;;) {
      const entries = await iterator.nextv(64)
      if (entries.length === 0) break
      for (const [key, value] of entries) found.push({ key, value })
    }
  } catch {
    // The same damage, met from behind: what was found lies after it.
  } finally {
    await iterator.close()
  }
  yield* found.reverse()
}
