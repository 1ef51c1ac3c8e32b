// Takes pieces apart, in any thread.
//
// Owns:      from the bytes of a piece to lines or entries.
// Does not:  read a log: whoever has the log open hands out the pieces (EventLog.pieces).
// Always:    pure; nothing is given out that was not compared with its checksum.

import { seqKey } from './level/keys.ts'
import { decodeRow, isDamaged } from './level/row.ts'
import { rowsIn } from './pieces.ts'
import { missing } from './read.ts'
import { type Entry, LogError, type Piece, type Stored } from './types.ts'

/** An entry with the place it has in the log; `entry` is what JSON.parse makes of its line. */
export type Unpacked = { readonly seq: number; readonly entry: Entry }

/** The lines of a piece, in order. @throws {LogError} LOG_DAMAGED */
export function unpackLines(piece: Piece): Stored[] {
  const found: Stored[] = []
  let wanted = piece.first
  for (const { last, value } of rowsIn(piece)) {
    const row = decodeRow(seqKey('r', last), last, value)
    if (isDamaged(row)) {
      const problems = [{ seq: row.seq, kind: 'checksum', message: row.message }]
      throw new LogError('LOG_DAMAGED', row.message, { details: { problems } })
    }
    if (row.first > wanted || last < wanted) throw missing(wanted)
    const to = Math.min(last, piece.last)
    for (; wanted <= to; wanted += 1) found.push({ seq: wanted, line: row.lines[wanted - row.first] ?? '' })
  }
  if (wanted !== piece.last + 1) throw missing(wanted)
  return found
}

/** The entries of a piece, in order. @throws {LogError} LOG_DAMAGED */
export function unpackEntries(piece: Piece): Unpacked[] {
  return unpackLines(piece).map(({ seq, line }) => ({ seq, entry: JSON.parse(line) as Entry }))
}
