// Records in the files that LevelDB appends to: its own log, and the list of its files.
//
// The file: blocks of 32 KB. A record lies in one piece, or in several when it crosses blocks; a piece is
// crc:4 length:2 type:1 and the bytes; fewer than 7 bytes at the end of a block stay unused.

import { maskedCrc32c } from './crc32c.ts'

export const BLOCK_BYTES = 32 * 1024
export const HEADER_BYTES = 7
export const FULL = 1
export const FIRST = 2
export const LAST = 4

export type Records = {
  /** As many as can be read from the beginning. */
  readonly records: readonly Buffer[]
  readonly broken:
    | {
        readonly offset: number
        readonly why: string
        /** A sound piece lies behind it. */
        readonly followed: boolean
      }
    | undefined
}

/** The records of a file that may be damaged or torn. */
export function recordsOf(file: Buffer): Records {
  const records: Buffer[] = []
  const found = eachRecord(file, (record) => {
    records.push(record)
    return undefined
  })
  if (!found) return { records, broken: undefined }
  const { offset, why, behind } = found
  return { records, broken: { offset, why, followed: pieceFollows(file, behind) } }
}

/** Where the records of a file break; whatever is sound from `behind` on was written after the broken one. */
export type Break = { readonly offset: number; readonly why: string; readonly behind: number }

/** Gives `take` one record after the other, with its place, until the file ends, breaks, or `take` says that it does. */
export function eachRecord(
  file: Buffer,
  take: (record: Buffer, from: number, end: number) => Break | undefined,
): Break | undefined {
  let pieces: Buffer[] = []
  let begun = 0
  let at = 0
  for (;;) {
    at = skipRest(at)
    if (at >= file.length) break
    const piece = pieceAt(file, at)
    if (typeof piece === 'string')
      return { offset: pieces.length > 0 ? begun : at, why: piece, behind: at + 1 }
    const starts = piece.type === FULL || piece.type === FIRST
    if (starts && pieces.length > 0) return { offset: begun, why: 'a record has no end', behind: at }
    if (!starts && pieces.length === 0)
      return { offset: at, why: 'a record has no beginning', behind: at + 1 }
    if (starts) begun = at
    pieces.push(file.subarray(at + HEADER_BYTES, piece.end))
    at = piece.end
    if (piece.type !== FULL && piece.type !== LAST) continue
    const stopped = take(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), begun, at)
    if (stopped) return stopped
    pieces = []
  }
  if (pieces.length === 0) return undefined
  return { offset: begun, why: 'the file ends within a record', behind: file.length }
}

/** The next place where a piece may begin. */
export const skipRest = (at: number): number =>
  BLOCK_BYTES - (at % BLOCK_BYTES) < HEADER_BYTES ? at + BLOCK_BYTES - (at % BLOCK_BYTES) : at

/** What is wrong with the piece at `at`, or where it ends. */
export function pieceAt(file: Buffer, at: number): { readonly type: number; readonly end: number } | string {
  const blockEnd = at - (at % BLOCK_BYTES) + BLOCK_BYTES
  if (at + HEADER_BYTES > file.length) return 'the file ends within a record'
  const end = at + HEADER_BYTES + file.readUInt16LE(at + 4)
  const type = file[at + 6] ?? 0
  if (end > blockEnd) return 'the length of a record does not fit'
  if (end > file.length) return 'the file ends within a record'
  if (type < FULL || type > LAST) return 'a record is of an unknown kind'
  if (maskedCrc32c(file, at + 6, end) !== file.readUInt32LE(at)) return 'a record differs from its checksum'
  return { type, end }
}

function pieceFollows(file: Buffer, from: number): boolean {
  for (let at = from; at + HEADER_BYTES < file.length; at += 1) {
    const piece = pieceAt(file, at)
    if (typeof piece !== 'string' && piece.end > at + HEADER_BYTES) return true
  }
  return false
}
