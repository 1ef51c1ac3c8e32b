// Takes pieces apart, in any thread.
//
// Owns:      from the bytes of a piece to lines or entries.
// Does not:  read a log: whoever has the log open hands out the pieces (EventLog.pieces).
// Always:    pure; nothing is given out that was not compared with its checksum.

import { seqKey } from './level/keys.ts'
import { decodeEntries, decodeEntry, decodeRow, isDamaged, type RowDamage } from './level/row.ts'
import { rowsIn } from './pieces.ts'
import { missing } from './read.ts'
import { type Entry, LogError, type Piece, type Stored } from './types.ts'

/** An entry with the place it has in the log; `entry` is what JSON.parse makes of its line. */
export type Unpacked = { readonly seq: number; readonly entry: Entry }

/** The lines of a piece, in order. @throws {LogError} LOG_DAMAGED */
export function unpackLines(piece: Piece): Stored[] {
  const found: Stored[] = []
  for (const { first, from, to, row } of partsOf(piece, decodeRow)) {
    for (let seq = from; seq <= to; seq += 1) found.push({ seq, line: row.lines[seq - first] ?? '' })
  }
  return found
}

/** The entries of a piece, in order. Quicker than parsing lines, which need not be made. @throws {LogError} LOG_DAMAGED */
export function unpackEntries(piece: Piece): Unpacked[] {
  const found: Unpacked[] = []
  for (const { first, from, to, row } of partsOf(piece, decodeEntries)) {
    for (let seq = from; seq <= to; seq += 1) found.push({ seq, entry: row.entries[seq - first] as Entry })
  }
  return found
}

/** One entry of a piece; quicker than all of them. @throws {LogError} LOG_DAMAGED, also when the piece does not have it */
export function unpackEntry(piece: Piece, seq: number): Entry {
  for (const { last, value } of rowsIn(piece)) {
    const found = last < seq ? null : decodeEntry(seqKey('r', last), last, value, seq)
    if (found === null) continue
    if (isDamaged(found)) throw damaged(found)
    return found.entry as Entry
  }
  throw missing(seq)
}

type Decode<T> = (key: Buffer, last: number, value: Buffer) => T | RowDamage
type Part<T> = { readonly first: number; readonly from: number; readonly to: number; readonly row: T }

/** The rows of a piece without a gap; `from` and `to` are what the piece wants of each. */
function* partsOf<T extends { readonly first: number }>(piece: Piece, decode: Decode<T>): Generator<Part<T>> {
  let wanted = piece.first
  for (const { last, value } of rowsIn(piece)) {
    const row = decode(seqKey('r', last), last, value)
    if (isDamaged(row)) throw damaged(row)
    if (row.first > wanted || last < wanted) throw missing(wanted)
    const to = Math.min(last, piece.last)
    yield { first: row.first, from: wanted, to, row }
    wanted = to + 1
  }
  if (wanted !== piece.last + 1) throw missing(wanted)
}

function damaged({ seq, message }: RowDamage): LogError {
  const problems = [{ seq, kind: 'checksum', message }]
  return new LogError('LOG_DAMAGED', message, { details: { problems } })
}
