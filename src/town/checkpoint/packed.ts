// Rows as they lie in a checkpoint: chunks, each compressed by itself.
//
// Owns:      the form of a chunk; finding a row by its key without unpacking any other chunk.
// Does not:  read or write files, or check that bytes are whole (files.ts).
//
// A chunk: bytes of the table:4, a hash of each key:4, the table, the rows. The table is JSON: the keys, the length of the JSON
// of each row, and the marks: one field of each row, so that rows can be counted by it without being unpacked. Table and rows are
// compressed, each by itself.

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { PackedRows, RowPlace } from '../../projections/row-map.ts'

/** Characters of rows in one chunk, about: what is unpacked to get at one row. */
const CHUNK_CHARS = 48 * 1_024
/** Unpacked chunks at hand in each part. */
const AT_HAND = 16

export type RowText = readonly [key: string, text: string]

/** `chars`: of its rows. `bytes` belong to whoever reads them first; they are never changed. */
export type Chunk = { readonly rows: number; readonly chars: number; readonly bytes: Uint8Array }

function encodeChunk(rows: readonly RowText[], marked: string | null): Chunk {
  const said: SavedTable = {
    keys: rows.map(([key]) => key),
    lengths: rows.map(([, text]) => text.length),
    ...(marked === null
      ? {}
      : { marks: rows.map(([, text]) => (JSON.parse(text) as Record<string, unknown>)[marked]) }),
  }
  const table = zstdCompressSync(JSON.stringify(said))
  const packed = zstdCompressSync(rows.map(([, text]) => text).join(''))
  const head = Buffer.allocUnsafe(4 + rows.length * 4)
  let at = head.writeUInt32LE(table.length, 0)
  for (const [key] of rows) at = head.writeUInt32LE(hashOf(key), at)
  return { rows: rows.length, chars: charsOf(rows), bytes: Buffer.concat([head, table, packed]) }
}

type SavedTable = {
  readonly keys: readonly string[]
  readonly lengths: readonly number[]
  readonly marks?: readonly unknown[]
}

export const encodeText = (text: string): Uint8Array => zstdCompressSync(text)
export const decodeText = (bytes: Uint8Array): string => zstdDecompressSync(bytes).toString()

export class PackedPart implements PackedRows {
  readonly chunks: readonly Chunk[]
  readonly marked: string | null
  readonly size: number
  #index: Index | null = null
  /** Of each chunk that was looked into: keys, and where the text of each row begins and ends. */
  readonly #tables: (Table | undefined)[]
  readonly #texts = new Map<number, string>()

  constructor(chunks: readonly Chunk[], marked: string | null) {
    this.chunks = chunks
    this.marked = marked
    this.size = chunks.reduce((sum, { rows }) => sum + rows, 0)
    this.#tables = new Array(chunks.length)
  }

  get chunkCount(): number {
    return this.chunks.length
  }

  keys(chunk: number): readonly string[] {
    return this.#tableOf(chunk).keys
  }

  text(chunk: number, n: number): string {
    const { ends } = this.#tableOf(chunk)
    return this.#textOf(chunk).slice(n === 0 ? 0 : ends[n - 1], ends[n])
  }

  marks(chunk: number): readonly unknown[] {
    return this.#tableOf(chunk).marks
  }

  find(key: string): RowPlace | null {
    this.#index ??= indexOf(this.chunks, this.size)
    const { slots, hashes, starts } = this.#index
    const hash = hashOf(key)
    const mask = slots.length - 1
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const row = (slots[slot] as number) - 1
      if (hashes[row] !== hash) continue
      const chunk = chunkWith(starts, row)
      const n = row - (starts[chunk] as number)
      if (this.keys(chunk)[n] === key) return { chunk, n }
    }
    return null
  }

  rowsOf(chunk: number): RowText[] {
    return this.keys(chunk).map((key, n) => [key, this.text(chunk, n)])
  }

  #tableOf(chunk: number): Table {
    let table = this.#tables[chunk]
    if (table === undefined) {
      const { bytes, rows } = this.chunks[chunk] as Chunk
      const begin = 4 + rows * 4
      table = tableOf(JSON.parse(decodeText(bytes.subarray(begin, begin + tableBytes(bytes)))) as SavedTable)
      this.#tables[chunk] = table
    }
    return table
  }

  #textOf(chunk: number): string {
    let text = this.#texts.get(chunk)
    if (text === undefined) {
      const { bytes, rows } = this.chunks[chunk] as Chunk
      text = decodeText(bytes.subarray(4 + rows * 4 + tableBytes(bytes)))
      this.#texts.set(chunk, text)
      if (this.#texts.size > AT_HAND) this.#texts.delete(this.#texts.keys().next().value as number)
    }
    return text
  }
}

type Table = {
  readonly keys: readonly string[]
  readonly marks: readonly unknown[]
  readonly ends: Uint32Array
}

function tableOf({ keys, lengths, marks = [] }: SavedTable): Table {
  let end = 0
  return {
    keys,
    marks,
    ends: Uint32Array.from(lengths, (length) => {
      end += length
      return end
    }),
  }
}

const tableBytes = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)

/** Rows are counted through all chunks. A slot holds a row's number plus one, or 0. */
type Index = { readonly slots: Uint32Array; readonly hashes: Uint32Array; readonly starts: Uint32Array }

function indexOf(chunks: readonly Chunk[], size: number): Index {
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(size * 2 + 2)))
  const hashes = new Uint32Array(size)
  const starts = new Uint32Array(chunks.length)
  const mask = slots.length - 1
  let row = 0
  for (const [n, { bytes, rows }] of chunks.entries()) {
    starts[n] = row
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let each = 0; each < rows; each += 1) {
      const hash = view.getUint32(4 + each * 4, true)
      hashes[row] = hash
      row += 1
      let slot = hash & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = row
    }
  }
  return { slots, hashes, starts }
}

function chunkWith(starts: Uint32Array, row: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((starts[middle] as number) <= row) low = middle
    else high = middle - 1
  }
  return low
}

/** FNV-1a. Two keys may have one hash: a key is compared before it is believed. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let n = 0; n < key.length; n += 1) hash = Math.imul(hash ^ key.charCodeAt(n), 0x01000193)
  return hash >>> 0
}

const charsOf = (rows: readonly RowText[]): number =>
  rows.reduce((sum, [key, text]) => sum + key.length + text.length, 0)

/** Puts rows behind each other into chunks; chunks that stay as they are go in whole. */
export class ChunkList {
  readonly chunks: Chunk[] = []
  readonly #marked: string | null
  #pending: RowText[] = []
  #chars = 0

  constructor(marked: string | null) {
    this.#marked = marked
  }

  add(row: RowText): void {
    this.#pending.push(row)
    this.#chars += row[0].length + row[1].length
    if (this.#chars >= CHUNK_CHARS) this.#flush()
  }

  /** `rows`: those of the chunk, when it is so small that it does better together with those beside it. */
  take(chunk: Chunk, rows: () => readonly RowText[], grows: boolean): void {
    const joins = (grows || this.#chars > 0) && this.#chars + chunk.chars <= CHUNK_CHARS / 2
    if (joins) for (const row of rows()) this.add(row)
    else {
      this.#flush()
      this.chunks.push(chunk)
    }
  }

  end(): readonly Chunk[] {
    this.#flush()
    return this.chunks
  }

  #flush(): void {
    if (this.#pending.length > 0) this.chunks.push(encodeChunk(this.#pending, this.#marked))
    this.#pending = []
    this.#chars = 0
  }
}
