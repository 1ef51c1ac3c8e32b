// A checkpoint as files: `manifest`, which says what it is of and where each part lies, and one file with all chunks.
//
// Owns:      the folder. Chunks are only ever put behind those that a manifest names; the next manifest takes the place of the
//            one before when it is whole.
// Does not:  know what a part means.
// Always:    a cache. Cut off or changed anywhere in what the manifest names, nothing of it is used.

import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Chunk } from './packed.ts'

/** `rows`: each row by itself; all others are one text. */
export type PartKind = 'rows' | 'set' | 'sets' | 'value'

export type StoredPart = {
  readonly name: string
  readonly kind: PartKind
  readonly chunks: readonly Chunk[]
}

export type Stored = {
  /** Log and build that it belongs to. */
  readonly of: string
  readonly seq: number
  readonly at: string
  /** SHA-256 of the line of that record. */
  readonly digest: string
  /** Revision of each projection. */
  readonly revisions: Readonly<Record<string, number>>
  readonly parts: readonly StoredPart[]
}

type Ref = readonly [offset: number, bytes: number, crc: number, rows: number, chars: number]

type Manifest = Omit<Stored, 'parts'> & {
  readonly format: number
  /** Name of the file with the chunks. */
  readonly data: string
  /** Where it ends; what lies behind was never finished. */
  readonly end: number
  readonly parts: readonly { readonly name: string; readonly kind: PartKind; readonly refs: readonly Ref[] }[]
}

const FORMAT = 1
const MANIFEST = 'manifest'
const DATA = 'rows-'
/** The file of the chunks is written anew when more than half of it, and this, is no longer used. Bytes. */
const WASTE_MIN = 1 << 20

/** Where a chunk lies that was read or written by us. */
const places = new WeakMap<Chunk, { readonly data: string; readonly ref: Ref }>()

/** Null when there is none, or when it is not whole. */
export function readStored(dir: string): Stored | null {
  const manifest = readManifest(dir)
  if (manifest === null) return null
  let file: Buffer
  try {
    file = readFileSync(join(dir, manifest.data))
  } catch {
    return null
  }
  const parts: StoredPart[] = []
  for (const { name, kind, refs } of manifest.parts) {
    const chunks: Chunk[] = []
    for (const ref of refs) {
      const [offset, length, crc, rows, chars] = ref
      const bytes = file.subarray(offset, offset + length)
      if (bytes.length !== length || crc32(bytes) !== crc) return null
      const chunk = { rows, chars, bytes }
      places.set(chunk, { data: manifest.data, ref })
      chunks.push(chunk)
    }
    parts.push({ name, kind, chunks })
  }
  const { of, seq, at, digest, revisions } = manifest
  return { of, seq, at, digest, revisions, parts }
}

/** Chunks that lie in the folder already are not written again. Answers the bytes that were written. */
export function writeStored(dir: string, stored: Stored): number {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const before = readManifest(dir)
  const all = stored.parts.flatMap(({ chunks }) => chunks)
  const isThere = (chunk: Chunk): boolean => before !== null && places.get(chunk)?.data === before.data
  const sum = (chunks: readonly Chunk[]): number =>
    chunks.reduce((bytes, chunk) => bytes + chunk.bytes.length, 0)
  const missing = all.filter((chunk) => !isThere(chunk))
  const goesOn =
    before !== null && missing.length < all.length && before.end + sum(missing) <= 2 * sum(all) + WASTE_MIN
  const data = goesOn ? before.data : `${DATA}${stored.seq}-${randomBytes(4).toString('hex')}`
  const begin = goesOn ? before.end : 0
  const added = goesOn ? missing : all
  const end = writeChunks(join(dir, data), data, added, begin)

  const manifest: Manifest = {
    ...stored,
    format: FORMAT,
    data,
    end,
    parts: stored.parts.map(({ name, kind, chunks }) => ({
      name,
      kind,
      refs: chunks.map((chunk) => placeIn(data, chunk)),
    })),
  }
  const text = JSON.stringify(manifest)
  const written = `${sha256(text)}\n${text}`
  writeFileSync(join(dir, `${MANIFEST}.new`), written, { mode: 0o600 })
  renameSync(join(dir, `${MANIFEST}.new`), join(dir, MANIFEST))
  for (const name of readdirSync(dir))
    if (name.startsWith(DATA) && name !== data) rmSync(join(dir, name), { force: true })
  return end - begin + written.length
}

function writeChunks(path: string, data: string, chunks: readonly Chunk[], begin: number): number {
  const file = openSync(path, begin === 0 ? 'w' : 'r+', 0o600)
  try {
    let at = begin
    for (const chunk of chunks) {
      const { bytes, rows, chars } = chunk
      writeSync(file, bytes, 0, bytes.length, at)
      places.set(chunk, { data, ref: [at, bytes.length, crc32(bytes), rows, chars] })
      at += bytes.length
    }
    return at
  } finally {
    closeSync(file)
  }
}

function placeIn(data: string, chunk: Chunk): Ref {
  const place = places.get(chunk)
  if (place?.data !== data) throw new Error('Broken invariant: a chunk of a checkpoint was not written')
  return place.ref
}

function readManifest(dir: string): Manifest | null {
  try {
    const written = readFileSync(join(dir, MANIFEST), 'utf8')
    const text = written.slice(written.indexOf('\n') + 1)
    if (written !== `${sha256(text)}\n${text}`) return null
    const manifest = JSON.parse(text) as Manifest
    return manifest.format === FORMAT ? manifest : null
  } catch {
    return null
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
