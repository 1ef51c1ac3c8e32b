// Every value in the database, as bytes.
//
// Owns:      encoding and decoding; the checksum at the end of each value.
// Does not:  check the chain.
// Always:    the last 4 bytes are the CRC32 of the key and of everything before them, so a flipped bit is seen in
//            either, and a value never passes under another key.
//
// A row of entries: kind:1 count:4 bytes:4 before:32 after:32 [crc:4 for each line, if there are several] lines crc:4
// `bytes` counts the lines joined by newlines; a segment keeps them compressed. The checksums of the lines are read
// only when the row's own is wrong: they tell which entry is damaged.

import { crc32, zstdDecompressSync } from 'node:zlib'
import { SEQ_MAX } from './keys.ts'

const COMMIT = 1
const SEGMENT = 2
const HEADER_BYTES = 73
const CRC_BYTES = 4

export type Row = {
  readonly sealed: boolean
  readonly first: number
  readonly last: number
  readonly before: Buffer
  readonly after: Buffer
  readonly lines: readonly string[]
  /** Bytes of the lines joined by newlines. */
  readonly bytes: number
}

export type RowDamage = { readonly damaged: true; readonly seq: number; readonly message: string }

/** `text` is the lines joined by newlines; for a segment `packed` is that, compressed. */
export function encodeRow(
  key: Buffer,
  row: { readonly before: Buffer; readonly after: Buffer; readonly lines: readonly string[] },
  text: Buffer,
  packed?: Buffer,
): Buffer {
  const { lines } = row
  const body = packed ?? text
  const crcsBytes = lines.length > 1 ? lines.length * 4 : 0
  const value = Buffer.allocUnsafe(HEADER_BYTES + crcsBytes + body.length + CRC_BYTES)
  value.writeUInt8(packed ? SEGMENT : COMMIT, 0)
  value.writeUInt32BE(lines.length, 1)
  value.writeUInt32BE(text.length, 5)
  row.before.copy(value, 9)
  row.after.copy(value, 41)
  if (crcsBytes > 0) {
    let at = HEADER_BYTES
    for (const line of lines) at = value.writeUInt32BE(crc32(line), at)
  }
  body.copy(value, HEADER_BYTES + crcsBytes)
  return sign(key, value)
}

export function decodeRow(key: Buffer, last: number, value: Buffer): Row | RowDamage {
  if (!signed(key, value)) return locate(last, value)
  const kind = value.readUInt8(0)
  const count = value.readUInt32BE(1)
  if ((kind !== COMMIT && kind !== SEGMENT) || count === 0 || count > last) {
    return { damaged: true, seq: last, message: `The row that ends at entry ${last} is of an unknown kind.` }
  }
  const bytes = value.readUInt32BE(5)
  return {
    sealed: kind === SEGMENT,
    first: last - count + 1,
    last,
    before: value.subarray(9, 41),
    after: value.subarray(41, 73),
    lines: linesOf(value, kind, count),
    bytes,
  }
}

export function isDamaged(row: Row | RowDamage): row is RowDamage {
  return 'damaged' in row
}

/** What opening must know of a sealed segment. */
export type SegmentInfo = {
  readonly count: number
  readonly bytes: number
  readonly after: Buffer
  readonly rowCrc: number
}

export function encodeSegmentInfo(key: Buffer, info: SegmentInfo): Buffer {
  const value = Buffer.allocUnsafe(44 + CRC_BYTES)
  value.writeUInt32BE(info.count, 0)
  value.writeUInt32BE(info.bytes, 4)
  value.writeUInt32BE(info.rowCrc, 8)
  info.after.copy(value, 12)
  return sign(key, value)
}

export function decodeSegmentInfo(key: Buffer, value: Buffer): SegmentInfo | undefined {
  if (value.length !== 44 + CRC_BYTES || !signed(key, value)) return undefined
  return {
    count: value.readUInt32BE(0),
    bytes: value.readUInt32BE(4),
    rowCrc: value.readUInt32BE(8),
    after: value.subarray(12, 44),
  }
}

/** The checksum that ends a value. */
export function crcOfValue(value: Buffer): number {
  return value.length < CRC_BYTES ? 0 : value.readUInt32BE(value.length - CRC_BYTES)
}

export type IdPlace = { readonly first: number; readonly last: number; readonly at: number }

export function encodeIdPlace(key: Buffer, place: IdPlace): Buffer {
  const value = Buffer.allocUnsafe(18 + CRC_BYTES)
  value.writeUIntBE(place.first, 0, 6)
  value.writeUIntBE(place.last, 6, 6)
  value.writeUIntBE(Math.min(Math.max(0, Math.floor(place.at)), SEQ_MAX), 12, 6)
  return sign(key, value)
}

export function decodeIdPlace(key: Buffer, value: Buffer): IdPlace | undefined {
  if (value.length !== 18 + CRC_BYTES || !signed(key, value)) return undefined
  return { first: value.readUIntBE(0, 6), last: value.readUIntBE(6, 6), at: value.readUIntBE(12, 6) }
}

/** The ids of one commit with the first seq of each, for forgetting them in order. */
export type IdBatch = { readonly at: number; readonly ids: readonly (readonly [id: string, first: number])[] }

export function encodeText(key: Buffer, text: string): Buffer {
  const body = Buffer.from(text)
  const value = Buffer.allocUnsafe(body.length + CRC_BYTES)
  body.copy(value)
  return sign(key, value)
}

export function decodeText(key: Buffer, value: Buffer): string | undefined {
  return signed(key, value) ? value.toString('utf8', 0, value.length - CRC_BYTES) : undefined
}

export function encodeIdBatch(key: Buffer, batch: IdBatch): Buffer {
  return encodeText(key, JSON.stringify(batch))
}

export function decodeIdBatch(key: Buffer, value: Buffer): IdBatch | undefined {
  const text = decodeText(key, value)
  return text === undefined ? undefined : (JSON.parse(text) as IdBatch)
}

function sign(key: Buffer, value: Buffer): Buffer {
  const end = value.length - CRC_BYTES
  value.writeUInt32BE(crc32(value.subarray(0, end), crc32(key)), end)
  return value
}

function signed(key: Buffer, value: Buffer): boolean {
  const end = value.length - CRC_BYTES
  return end >= 0 && crc32(value.subarray(0, end), crc32(key)) === value.readUInt32BE(end)
}

function linesOf(value: Buffer, kind: number, count: number): string[] {
  const start = HEADER_BYTES + (count > 1 ? count * 4 : 0)
  const body = value.subarray(start, value.length - CRC_BYTES)
  const text = kind === SEGMENT ? zstdDecompressSync(body) : body
  return text.toString('utf8').split('\n')
}

// The row's checksum is wrong: which entry is it? The lines have checksums of their own.
function locate(last: number, value: Buffer): RowDamage {
  const vague = (count: number): RowDamage => {
    const first = Math.max(1, last - count + 1)
    const what = count === 1 ? `Entry ${last} differs` : `The entries ${first} to ${last} differ`
    return { damaged: true, seq: first, message: `${what} from their checksum.` }
  }
  if (value.length < HEADER_BYTES + CRC_BYTES) return vague(1)
  const kind = value.readUInt8(0)
  const count = value.readUInt32BE(1)
  if (count <= 1 || count > last || HEADER_BYTES + count * 4 + CRC_BYTES > value.length) return vague(1)
  let lines: string[]
  try {
    lines = linesOf(value, kind, count)
  } catch {
    return vague(count)
  }
  const wrong = lines.findIndex((line, index) => {
    const at = HEADER_BYTES + index * 4
    return at + 4 > value.length || crc32(line) !== value.readUInt32BE(at)
  })
  if (wrong < 0 || wrong >= count) return vague(count)
  const seq = last - count + 1 + wrong
  return { damaged: true, seq, message: `Entry ${seq} differs from its checksum.` }
}
