// Every value in the database, as bytes; rows of entries have a file of their own (row.ts).
//
// Owns:      the checksum at the end of each value; what is known of segments; append ids; texts.
// Always:    the last 4 bytes are the CRC32 of the key and of everything before them, so a flipped bit is seen in
//            either, and a value never passes under another key.

import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SEQ_MAX } from './keys.ts'

export const CRC_BYTES = 4

/** A step of a batch. */
export type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

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
  value.writeUIntBE(timeOf(place.at), 12, 6)
  return sign(key, value)
}

export function decodeIdPlace(key: Buffer, value: Buffer): IdPlace | undefined {
  if (value.length !== 18 + CRC_BYTES || !signed(key, value)) return undefined
  return { first: value.readUIntBE(0, 6), last: value.readUIntBE(6, 6), at: value.readUIntBE(12, 6) }
}

/** The ids of one commit with the first seq of each, for forgetting them in order. */
export type IdBatch = { readonly at: number; readonly ids: readonly (readonly [id: string, first: number])[] }

/** What a sealed run's append ids hash to, and the latest of them: with it the whole run's leave the window. */
export type IdHashes = {
  readonly newestFirst: number
  readonly newestAt: number
  readonly hashes: readonly number[]
}

export function encodeIdHashes(key: Buffer, { newestFirst, newestAt, hashes }: IdHashes): Buffer {
  const value = Buffer.allocUnsafe(12 + hashes.length * 4 + CRC_BYTES)
  let at = value.writeUIntBE(newestFirst, 0, 6)
  at = value.writeUIntBE(timeOf(newestAt), at, 6)
  for (const hash of hashes) at = value.writeUInt32BE(hash, at)
  return sign(key, value)
}

export function decodeIdHashes(key: Buffer, value: Buffer): IdHashes | undefined {
  if (value.length < 12 + CRC_BYTES || value.length % 4 !== 0 || !signed(key, value)) return undefined
  const hashes: number[] = []
  for (let at = 12; at < value.length - CRC_BYTES; at += 4) hashes.push(value.readUInt32BE(at))
  return { newestFirst: value.readUIntBE(0, 6), newestAt: value.readUIntBE(6, 6), hashes }
}

/** The append ids of a sealed run, in the order of their commits. */
export type IdRun = readonly (readonly [id: string, place: IdPlace])[]

/** Column by column, each number as its distance from the one before: most are small, and alike. */
type IdColumns = {
  readonly ids: readonly string[]
  readonly firsts: readonly number[]
  readonly counts: readonly number[]
  readonly ats: readonly number[]
}

export function encodeIdRun(key: Buffer, run: IdRun): Buffer {
  const steps = (values: readonly number[]) => values.map((value, n) => value - (values[n - 1] ?? 0))
  const columns: IdColumns = {
    ids: run.map(([id]) => id),
    firsts: steps(run.map(([, { first }]) => first)),
    counts: run.map(([, { first, last }]) => last - first),
    ats: steps(run.map(([, { at }]) => timeOf(at))),
  }
  const packed = zstdCompressSync(JSON.stringify(columns))
  return sign(key, Buffer.concat([packed, Buffer.alloc(CRC_BYTES)]))
}

export function decodeIdRun(key: Buffer, value: Buffer): IdRun | undefined {
  if (!signed(key, value)) return undefined
  const packed = value.subarray(0, value.length - CRC_BYTES)
  const { ids, firsts, counts, ats } = JSON.parse(zstdDecompressSync(packed).toString('utf8')) as IdColumns
  let [first, at] = [0, 0]
  return ids.map((id, n) => {
    first += firsts[n] ?? 0
    at += ats[n] ?? 0
    return [id, { first, last: first + (counts[n] ?? 0), at }]
  })
}

const timeOf = (ms: number): number => Math.min(Math.max(0, Math.floor(ms)), SEQ_MAX)

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

export function sign(key: Buffer, value: Buffer): Buffer {
  const end = value.length - CRC_BYTES
  value.writeUInt32BE(crc32(value.subarray(0, end), crc32(key)), end)
  return value
}

export function signed(key: Buffer, value: Buffer): boolean {
  const end = value.length - CRC_BYTES
  return end >= 0 && crc32(value.subarray(0, end), crc32(key)) === value.readUInt32BE(end)
}
