// Checking a table file of LevelDB without LevelDB.
//
// Owns:      the checksum of every block of a table, and which entries lie in a damaged one.
// Does not:  check the log's own rules: a sound table is read through LevelDB for that.
// Why:       LevelDB does not compare the checksums that it keeps, and ends the process (a failed assertion) when the
//            structure of a block is damaged. So tables are looked at before it opens a copy that may be damaged.
// Assumes:   tables are written without compression, as database.ts asks for.
//
// A table: blocks, each followed by type:1 crc:4; at the end a footer of 48 bytes with the places of the index of
// filters and of the index of blocks. A key in it is ours plus 8 bytes of LevelDB's.

import type { LogProblem } from '../types.ts'
import { maskedCrc32c } from './crc32c.ts'
import { seqOf } from './keys.ts'
import { decodeRow, isDamaged } from './row.ts'

const FOOTER_BYTES = 48
const TRAILER_BYTES = 5
const KEY_SUFFIX_BYTES = 8
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
const ROW = 'r'.charCodeAt(0)

type Place = { readonly offset: number; readonly size: number }
type Item = { readonly key: Buffer; readonly value: Buffer }

/** Problems of one table file; empty when every block fits its checksum. */
export function checkTable(name: string, file: Buffer): LogProblem[] {
  const whole = (what: string): LogProblem[] => [
    {
      seq: 0,
      kind: 'checksum',
      message: `The ${what} of the table ${name} is damaged: LevelDB cannot use the table.`,
    },
  ]
  const footer = file.subarray(Math.max(0, file.length - FOOTER_BYTES))
  if (footer.length < FOOTER_BYTES || !footer.subarray(40).equals(MAGIC)) return whole('end')
  const reader = new Reader(footer.subarray(0, 40))
  const filters = reader.place()
  const index = reader.place()
  if (!filters || !index || !sound(file, filters) || !sound(file, index)) return whole('index')

  const problems: LogProblem[] = []
  for (const { value } of itemsOf(blockAt(file, filters)).items) {
    const place = new Reader(value).place()
    if (!place || !sound(file, place)) {
      problems.push({ seq: 0, kind: 'checksum', message: `The filter of the table ${name} is damaged.` })
    }
  }
  let before = 0
  for (const { key, value } of itemsOf(blockAt(file, index)).items) {
    const place = new Reader(value).place()
    const upTo = lastSeqBelow(key)
    if (!place || place.offset + place.size + TRAILER_BYTES > file.length) return whole('index')
    if (!sound(file, place)) problems.push(damageIn(name, blockAt(file, place), before, upTo))
    before = upTo ?? before
  }
  return problems
}

/** How many items of a block LevelDB writes between two keys that are whole. */
const RESTART_ITEMS = 16

/**
 * Whatever looks like an item of a table, also in blocks that differ from their checksums: for rescuing what has a
 * checksum of its own. Keys are ours, without what LevelDB appends.
 */
export function* itemsOfTable(file: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  const footer = new Reader(file.subarray(Math.max(0, file.length - FOOTER_BYTES)))
  footer.place()
  const index = footer.place()
  const blocks = index && sound(file, index) ? blocksOf(file, index) : blocksInOrder(file)
  for (const block of blocks) {
    for (const { key, value } of itemsOf(block).items) {
      yield { key: key.subarray(0, key.length - KEY_SUFFIX_BYTES), value }
    }
  }
}

function* blocksOf(file: Buffer, index: Place): Generator<Buffer> {
  for (const { value } of itemsOf(blockAt(file, index)).items) {
    const place = new Reader(value).place()
    if (place && place.offset + place.size <= file.length) yield blockAt(file, place)
  }
}

/** Without an index: items end where the places of the whole keys begin, of which there is one for 16 items. */
function* blocksInOrder(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; ) {
    const { items, end } = itemsUpTo(file.subarray(at))
    const size = end + 4 * (Math.ceil(items.length / RESTART_ITEMS) + 1)
    if (items.length === 0 || at + size > file.length) return
    yield file.subarray(at, at + size)
    at += size + TRAILER_BYTES
  }
}

// The rows have checksums of their own, which tell the entry, as long as the structure of the block holds.
function damageIn(name: string, block: Buffer, before: number, upTo: number | undefined): LogProblem {
  const { items, whole } = itemsOf(block)
  let sane = before
  for (const { key, value } of items) {
    const own = key.subarray(0, key.length - KEY_SUFFIX_BYTES)
    const kept = key[key.length - KEY_SUFFIX_BYTES] === 1
    if (own[0] !== ROW || !kept) continue
    const last = seqOf(own)
    if (last === undefined || last <= sane || (upTo !== undefined && last > upTo)) {
      return {
        seq: sane + 1,
        kind: 'checksum',
        message: `The entries after ${sane} are damaged in the table ${name}.`,
      }
    }
    const row = rowOf(own, last, value)
    if (row) return { seq: row.seq, kind: 'checksum', message: row.message }
    sane = last
  }
  const rows = sane > before || upTo !== undefined
  if (rows && !whole) {
    return {
      seq: sane + 1,
      kind: 'checksum',
      message: `The entries after ${sane} are damaged in the table ${name}.`,
    }
  }
  const message = `A block of the table ${name} is damaged, but no entry in it was found wrong.`
  return { seq: 0, kind: 'checksum', message }
}

function rowOf(
  key: Buffer,
  last: number,
  value: Buffer,
): { readonly seq: number; readonly message: string } | undefined {
  try {
    const row = decodeRow(key, last, value)
    return isDamaged(row) ? row : undefined
  } catch {
    return { seq: last, message: `The row that ends at entry ${last} cannot be unpacked.` }
  }
}

function sound(file: Buffer, { offset, size }: Place): boolean {
  const end = offset + size
  if (end + TRAILER_BYTES > file.length) return false
  return maskedCrc32c(file, offset, end + 1) === file.readUInt32LE(end + 1)
}

function blockAt(file: Buffer, { offset, size }: Place): Buffer {
  return file.subarray(offset, offset + size)
}

/** The items of a block as far as they make sense; `whole` if they fill it. */
function itemsOf(block: Buffer): { readonly items: readonly Item[]; readonly whole: boolean } {
  if (block.length < 4) return { items: [], whole: false }
  const ends = block.length - 4 - block.readUInt32LE(block.length - 4) * 4
  const { items, end } = itemsUpTo(block.subarray(0, Math.max(0, ends)))
  return { items, whole: ends >= 0 && end === ends }
}

function itemsUpTo(bytes: Buffer): { readonly items: readonly Item[]; readonly end: number } {
  const items: Item[] = []
  const reader = new Reader(bytes)
  let end = 0
  let key: Buffer = Buffer.alloc(0)
  while (reader.at < reader.bytes.length) {
    const shared = reader.varint()
    const own = reader.varint()
    const size = reader.varint()
    if (shared === undefined || own === undefined || size === undefined || shared > key.length) break
    const rest = reader.take(own)
    const value = reader.take(size)
    if (!rest || !value || shared + own < KEY_SUFFIX_BYTES) break
    key = Buffer.concat([key.subarray(0, shared), rest])
    items.push({ key, value })
    end = reader.at
  }
  return { items, end }
}

/** Greatest seq of a row at or before a key of the index, which LevelDB may have shortened; undefined for no row. */
function lastSeqBelow(indexKey: Buffer): number | undefined {
  const own = indexKey.subarray(0, indexKey.length - KEY_SUFFIX_BYTES)
  if (own[0] !== ROW || own.length > 7) return undefined
  const padded = Buffer.alloc(7)
  own.copy(padded)
  return seqOf(padded)
}

/** Reads LevelDB's numbers, and stops at the end. */
class Reader {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  varint(): number | undefined {
    let value = 0
    for (let factor = 1; factor < 2 ** 50; factor *= 128) {
      const byte = this.bytes[this.at]
      if (byte === undefined) return undefined
      this.at += 1
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return undefined
  }

  place(): Place | undefined {
    const offset = this.varint()
    const size = this.varint()
    return offset === undefined || size === undefined ? undefined : { offset, size }
  }

  take(count: number): Buffer | undefined {
    if (this.at + count > this.bytes.length) return undefined
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }
}
