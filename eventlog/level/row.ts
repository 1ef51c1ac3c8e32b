// A row of entries, a commit or a sealed run, as bytes.
//
// Owns:      encoding and decoding of rows; naming the entry that is damaged.
// Does not:  check the chain.
// Always:    what is decoded was compared with its checksum before.
//
// A row: kind:1 count:4 bytes:4 before:32 after:32 [crc:4 for each line, if there are several] body crc:4
// `bytes` counts the lines joined by newlines. The body is that text in a commit, and in a segment the same compressed, or
// packed (segment.ts). The checksums of the lines are read only when the row's own is wrong: they tell which entry is
// damaged.

import { crc32 } from 'node:zlib'
import { type Packed, unpackText, unpackValue, unpackValues } from './segment.ts'
import { CRC_BYTES, sign, signed } from './values.ts'

const COMMIT = 1
const SEGMENT_OF_TEXT = 2
/** From format 2 on. */
const SEGMENT_OF_VALUES = 3
const HEADER_BYTES = 73
const NEWLINE = 10

/** What is known of a row without its body. */
export type RowHeader = {
  readonly sealed: boolean
  readonly first: number
  readonly last: number
  readonly before: Buffer
  readonly after: Buffer
  /** Bytes of the lines joined by newlines. */
  readonly bytes: number
}

export type Row = RowHeader & { readonly lines: readonly string[] }

export type LinesOfRow = Pick<Row, 'first' | 'last' | 'lines'>

/** What JSON.parse makes of the lines. */
export type RowOfEntries = {
  readonly first: number
  readonly last: number
  readonly entries: readonly unknown[]
}

export type RowDamage = { readonly damaged: true; readonly seq: number; readonly message: string }

type RowToKeep = { readonly before: Buffer; readonly after: Buffer; readonly lines: readonly string[] }

/** `text` is the lines joined by newlines; for a segment `packed` is what is kept instead. */
export function encodeRow(key: Buffer, row: RowToKeep, text: Buffer, packed?: Packed): Buffer {
  const body = packed?.bytes ?? text
  const value = Buffer.allocUnsafe(bodyAt(row.lines.length) + body.length + CRC_BYTES)
  body.copy(value, writeHeader(value, kindOf(packed), row, text.length))
  return sign(key, value)
}

/** Bytes of lines joined by newlines. */
export function bytesOfText(lines: readonly string[]): number {
  let bytes = lines.length - 1
  for (const line of lines) bytes += Buffer.byteLength(line)
  return bytes
}

/** Bytes of the row of a commit; `bytes`: of its lines joined by newlines. */
export const sizeOfCommit = (count: number, bytes: number): number => bodyAt(count) + bytes + CRC_BYTES

/** The same as encodeRow(), written into room of that size: without a copy of the lines in between. */
export function writeCommit(value: Buffer, key: Buffer, row: RowToKeep): void {
  const from = bodyAt(row.lines.length)
  writeHeader(value, COMMIT, row, value.length - from - CRC_BYTES)
  let at = from
  for (const line of row.lines) {
    if (at > from) at = value.writeUInt8(NEWLINE, at)
    at += value.write(line, at, 'utf8')
  }
  sign(key, value)
}

/** Everything before the body; answers where that begins. */
function writeHeader(value: Buffer, kind: number, row: RowToKeep, bytes: number): number {
  const { lines, before, after } = row
  value.writeUInt8(kind, 0)
  value.writeUInt32BE(lines.length, 1)
  value.writeUInt32BE(bytes, 5)
  before.copy(value, 9)
  after.copy(value, 41)
  let at = HEADER_BYTES
  if (lines.length > 1) for (const line of lines) at = value.writeUInt32BE(crc32(line), at)
  return at
}

export function decodeRow(key: Buffer, last: number, value: Buffer): Row | RowDamage {
  const header = headerOf(key, last, value)
  return 'damaged' in header ? header : { ...header, lines: linesOf(value) }
}

/** The same without making lines of what is packed. */
export function decodeEntries(key: Buffer, last: number, value: Buffer): RowOfEntries | RowDamage {
  const header = headerOf(key, last, value)
  if ('damaged' in header) return header
  const entries =
    value.readUInt8(0) === SEGMENT_OF_VALUES
      ? unpackValues(bodyOf(value), value.readUInt32BE(1))
      : linesOf(value).map((line) => JSON.parse(line) as unknown)
  return { first: header.first, last, entries }
}

/** Only one entry of it, which takes less time than all; all of them when that one is not among them. */
export function decodeLine(key: Buffer, last: number, value: Buffer, seq: number): LinesOfRow | RowDamage {
  const header = headerOf(key, last, value)
  if ('damaged' in header) return header
  if (seq < header.first || seq > last) return { ...header, lines: linesOf(value) }
  const place = seq - header.first
  const line =
    value.readUInt8(0) === SEGMENT_OF_VALUES
      ? JSON.stringify(unpackValue(bodyOf(value), place))
      : (linesOf(value)[place] ?? '')
  return { first: seq, last: seq, lines: [line] }
}

/** One entry, likewise; null when the row does not have it. */
export function decodeEntry(
  key: Buffer,
  last: number,
  value: Buffer,
  seq: number,
): { readonly entry: unknown } | RowDamage | null {
  const header = headerOf(key, last, value)
  if ('damaged' in header) return header
  if (seq < header.first || seq > last) return null
  const place = seq - header.first
  if (value.readUInt8(0) === SEGMENT_OF_VALUES) return { entry: unpackValue(bodyOf(value), place) }
  return { entry: JSON.parse(linesOf(value)[place] ?? '') as unknown }
}

/** The checksum is compared. */
export function headerOf(key: Buffer, last: number, value: Buffer): RowHeader | RowDamage {
  if (!signed(key, value)) return locate(last, value)
  const kind = value.readUInt8(0)
  const count = value.readUInt32BE(1)
  if (kind < COMMIT || kind > SEGMENT_OF_VALUES || count === 0 || count > last) {
    return { damaged: true, seq: last, message: `The row that ends at entry ${last} is of an unknown kind.` }
  }
  return {
    sealed: kind !== COMMIT,
    first: last - count + 1,
    last,
    before: value.subarray(9, 41),
    after: value.subarray(41, 73),
    bytes: value.readUInt32BE(5),
  }
}

export function isDamaged(row: object): row is RowDamage {
  return 'damaged' in row
}

function kindOf(packed: Packed | undefined): number {
  if (!packed) return COMMIT
  return packed.as === 'values' ? SEGMENT_OF_VALUES : SEGMENT_OF_TEXT
}

function bodyOf(value: Buffer): Buffer {
  return value.subarray(bodyAt(value.readUInt32BE(1)), value.length - CRC_BYTES)
}

/** Behind the checksums of the lines. */
const bodyAt = (count: number): number => HEADER_BYTES + (count > 1 ? count * 4 : 0)

function linesOf(value: Buffer): string[] {
  const kind = value.readUInt8(0)
  const body = bodyOf(value)
  if (kind === SEGMENT_OF_VALUES) {
    return unpackValues(body, value.readUInt32BE(1)).map((entry) => JSON.stringify(entry))
  }
  const text = kind === SEGMENT_OF_TEXT ? unpackText(body, value.readUInt32BE(5)) : body
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
  const count = value.readUInt32BE(1)
  if (count <= 1 || count > last || HEADER_BYTES + count * 4 + CRC_BYTES > value.length) return vague(1)
  let lines: string[]
  try {
    lines = linesOf(value)
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
