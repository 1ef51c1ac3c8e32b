// A row of entries, a commit or a sealed run, as bytes.
//
// Owns:      encoding and decoding of rows; naming the entry that is damaged.
// Does not:  check the chain.
// Always:    what is decoded was compared with its checksum before.
//
// A row: kind:1 count:4 bytes:4 before:32 after:32 [crc:4 for each line, if there are several] lines crc:4
// `bytes` counts the lines joined by newlines; a segment keeps them compressed. The checksums of the lines are read
// only when the row's own is wrong: they tell which entry is damaged.

import { crc32, zstdDecompressSync } from 'node:zlib'
import { CRC_BYTES, sign, signed } from './values.ts'

const COMMIT = 1
const SEGMENT = 2
const HEADER_BYTES = 73

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
