// Pieces: rows as they are kept, handed out undecoded.
//
// Owns:      the form of a piece, and giving out gapless pieces, also over a reopening.
// Does not:  take pieces apart (unpack.ts), nor know how rows are kept.
// Always:    the bytes of a piece are an ArrayBuffer of its own: it may be transferred to another thread.
//
// The bytes: for each row, last:6 size:4 and the row itself. The rows may reach beyond the bounds of the piece.

import type { ReadGate } from './read.ts'
import { missing } from './read.ts'
import { LogError, type Piece, type PieceOptions } from './types.ts'

const FRAME_BYTES = 10

/** A row that is still encoded, under the seq of its last entry. */
export type KeptRow = { readonly last: number; readonly value: Uint8Array }

export function pieceOf(first: number, last: number, rows: readonly KeptRow[]): Piece {
  let size = 0
  for (const { value } of rows) size += FRAME_BYTES + value.length
  // Never from the pool, whose memory others use too.
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { last: key, value } of rows) {
    at = bytes.writeUIntBE(key, at, 6)
    at = bytes.writeUInt32BE(value.length, at)
    bytes.set(value, at)
    at += value.length
  }
  return { first, last, bytes: new Uint8Array(bytes.buffer) }
}

/** The rows in a piece, without a copy. @throws {LogError} LOG_DAMAGED */
export function rowsIn({ first, bytes }: Piece): { readonly last: number; readonly value: Buffer }[] {
  const rows: { last: number; value: Buffer }[] = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < buffer.length; ) {
    const start = at + FRAME_BYTES
    const end = start <= buffer.length ? start + buffer.readUInt32BE(at + 6) : Number.POSITIVE_INFINITY
    if (end > buffer.length) {
      const message = `The piece that begins at entry ${first} is cut off.`
      throw new LogError('LOG_DAMAGED', message, {
        details: { problems: [{ seq: first, kind: 'undecodable', message }] },
      })
    }
    rows.push({ last: buffer.readUIntBE(at, 6), value: buffer.subarray(start, end) })
    at = end
  }
  return rows
}

export async function* readPieces(
  gate: ReadGate,
  options: PieceOptions,
  headSeq: number,
): AsyncGenerator<Piece> {
  let after = Math.max(0, options.after ?? 0)
  const to = Math.min(options.to ?? headSeq, headSeq)
  while (after < to) {
    await gate.open()
    const opening = gate.opening()
    try {
      for await (const piece of gate.engine.pieces({ after, to })) {
        if (piece.first !== after + 1) throw missing(after + 1)
        after = piece.last
        yield piece
      }
      if (after < to) throw missing(after + 1)
    } catch (error) {
      if (gate.opening() === opening) throw error
    }
  }
}
