// The versions of rows, as files below `.gt/past`.
//
// Owns:      `rows` (blocks, one behind the other) and `keys` (for each run: where its blocks lie and which rows were touched).
// Does not:  find out what changed (indexer.ts).
// Always:    a cache. What is of another log or build, cut off or damaged is made anew, and nothing else changes. Only one
//            process writes, and only at the end of the files.
//
// `keys`: a line that says what it belongs to, then frames: bytes:4 crc:4 and, under that checksum, bytes of what follows:4
// JSON, then the hashes of the keys that were touched, sorted, 4 bytes each.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  type Block,
  type Changes,
  decodeBlock,
  encodeBlock,
  type Keyed,
  mergeBlocks,
  type RowSource,
  type Touched,
  type Version,
} from '../../past/rows.ts'

/** How many records are a run, and how many runs are put together. Small ones are for tests. */
export type RunSizes = { readonly records: number; readonly runs: number }
const SIZES: RunSizes = { records: 512, runs: 64 }

export type RowFiles = RowSource & {
  readonly runRecords: number
  /** Contexts of owners are kept once for so many. */
  readonly contextRecords: number
  /** Rows that are at the end of `to` not what they were at the end of `after`, and maybe others; both are ends of runs. */
  changedBetween(after: number, to: number): Touched
  /** Time of the first record of each run. */
  firstAts(): readonly string[]
  /** What was said of the last run when it was put in: who the log is, as of there. */
  readonly digest: string
  /** The next run: what changed in it, part by part. */
  add(run: {
    readonly at: string
    readonly digest: string
    readonly changes: ReadonlyMap<string, Changes>
  }): void
  /** The part of a group of runs that is still to be put together, or null when none is. Quick enough between questions. */
  mergeSome(): boolean
  /** Bytes of both files. */
  readonly bytes: number
  close(): void
}

/** What was read is not what was written. Whoever meets it begins anew. */
export class RowsDamaged extends Error {
  override readonly name = 'RowsDamaged'
}

type Where = readonly [offset: number, bytes: number, crc: number]
type Run = {
  readonly at: string
  readonly hashes: Uint32Array
  readonly blocks: Readonly<Record<string, Where>>
}
type Group = { readonly blocks: Readonly<Record<string, Where>>; readonly seen: Uint8Array }
type Meta =
  | { readonly run: number; readonly at: string; readonly digest: string; readonly blocks: Run['blocks'] }
  | { readonly group: number; readonly blocks: Run['blocks'] }

const FORMAT = 2
/** Stands for any key of a part. */
const ANY = '\n'
/** Written once, in the background. */
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 9 }
/** A block begins with this when it is not compressed: unpacking a small one takes longer than reading it. */
const PLAIN = '['.charCodeAt(0)
const PLAIN_MAX = 1_024
const SEEN_BITS = 1 << 20
/** Many owners change in every run, and few are asked for. */
const CONTEXTS_IN_GROUP = 4
const BLOCKS_KEPT = 512

/** Opens what is there. `of`: log and build. `writes`: may be made, and what does not fit is cut off. */
export function openRowFiles(
  dir: string,
  of: string,
  { writes, sizes = SIZES }: { readonly writes: boolean; readonly sizes?: RunSizes | undefined },
): RowFiles {
  const { records: runRecords, runs: groupRuns } = sizes
  const runOf = (seq: number): number => Math.floor((seq - 1) / runRecords)
  const lastOf = (run: number): number => (run + 1) * runRecords
  const files = { rows: join(dir, 'rows'), keys: join(dir, 'keys') }
  if (writes) mkdirSync(dir, { recursive: true, mode: 0o700 })
  const head = Buffer.from(`${JSON.stringify({ format: FORMAT, sizes, of })}\n`)
  const found = readKeys(files.keys, head)
  const runs: Run[] = []
  const groups: Group[] = []
  let digest = ''
  let end = 0
  let keysEnd = head.length
  if (found === null && writes) {
    rmSync(files.rows, { force: true })
    rmSync(files.keys, { force: true })
  }
  const rowsFile = open(files.rows, writes)
  const keysFile = writes ? open(files.keys, true) : null
  const size = rowsFile === null ? 0 : sizeOf(rowsFile)
  for (const { meta, hashes, bytes } of found ?? []) {
    const reaches = Math.max(0, ...Object.values(meta.blocks).map(([offset, length]) => offset + length))
    if (reaches > size) break
    if ('run' in meta) {
      if (meta.run !== runs.length) break
      runs.push({ at: meta.at, hashes, blocks: meta.blocks })
      digest = meta.digest
    } else {
      if (meta.group !== groups.length || (meta.group + 1) * groupRuns > runs.length) break
      groups.push({ blocks: meta.blocks, seen: seenIn(runsOf(meta.group)) })
    }
    end = Math.max(end, reaches)
    keysEnd += bytes
  }
  if (writes && rowsFile !== null && keysFile !== null) {
    if (found === null) writeSync(keysFile, head, 0, head.length, 0)
    ftruncateSync(keysFile, keysEnd)
    ftruncateSync(rowsFile, end)
  }
  const blocks = new Map<string, Block>()
  let merging: { readonly parts: string[]; readonly done: Record<string, Where> } | null = null

  function runsOf(group: number): Run[] {
    return runs.slice(group * groupRuns, (group + 1) * groupRuns)
  }
  const blockAt = ([offset, bytes, crc]: Where, kept: boolean): Block => {
    const key = String(offset)
    const known = blocks.get(key)
    if (known !== undefined) {
      blocks.delete(key)
      blocks.set(key, known)
      return known
    }
    const packed = Buffer.allocUnsafe(bytes)
    const read = rowsFile === null ? 0 : readSync(rowsFile, packed, 0, bytes, offset)
    if (read !== bytes || crc32(packed) !== crc) throw new RowsDamaged(`The rows at ${offset} are damaged.`)
    const block = decodeBlock((packed[0] === PLAIN ? packed : zstdDecompressSync(packed)).toString())
    if (!kept) return block
    blocks.set(key, block)
    if (blocks.size > BLOCKS_KEPT) blocks.delete(blocks.keys().next().value as string)
    return block
  }
  const write = (changed: readonly Keyed[]): Where => {
    if (rowsFile === null) throw new Error('Broken invariant: rows are written by their owner')
    const text = Buffer.from(encodeBlock(changed))
    const packed = text.length <= PLAIN_MAX ? text : zstdCompressSync(text, { params: LEVEL })
    writeSync(rowsFile, packed, 0, packed.length, end)
    const where: Where = [end, packed.length, crc32(packed)]
    end += packed.length
    return where
  }
  const say = (meta: Meta, hashes: Uint32Array): void => {
    if (keysFile === null) throw new Error('Broken invariant: rows are written by their owner')
    const frame = frameOf(meta, hashes)
    writeSync(keysFile, frame, 0, frame.length, keysEnd)
    keysEnd += frame.length
  }
  const inRun = (run: number, part: string, key: string, hash: number): Version | null => {
    const { hashes, blocks: own } = runs[run] as Run
    const where = own[part]
    return where !== undefined && has(hashes, hash) ? blockAt(where, true).find(key) : null
  }

  return {
    runRecords,
    contextRecords: runRecords * Math.max(1, Math.floor(groupRuns / CONTEXTS_IN_GROUP)),
    get seq() {
      return runs.length === 0 ? 0 : lastOf(runs.length - 1)
    },
    get digest() {
      return digest
    },
    get bytes() {
      return end + keysEnd
    },
    firstAts: () => runs.map(({ at }) => at),
    find(part, key, seq) {
      const hash = hashOf(part, key)
      for (let run = Math.min(runOf(seq), runs.length - 1); run >= 0; run -= 1) {
        while (run >= 0 && run % groupRuns === groupRuns - 1) {
          const group = groups[Math.floor(run / groupRuns)]
          if (group === undefined || wasSeen(group.seen, hash)) break
          run -= groupRuns
        }
        const version = run < 0 ? null : inRun(run, part, key, hash)
        if (version !== null) return version
      }
      return null
    },
    all(part, seq) {
      const rows = new Map<string, Version>()
      const take = (block: Block): void => {
        for (const [key, version] of block.entries()) if (!rows.has(key)) rows.set(key, version)
      }
      for (let run = Math.min(runOf(seq), runs.length - 1); run >= 0; ) {
        const group = run % groupRuns === groupRuns - 1 ? groups[Math.floor(run / groupRuns)] : undefined
        const whole = group !== undefined
        const where = (group ?? (runs[run] as Run)).blocks[part]
        if (where !== undefined) take(blockAt(where, false))
        run -= whole ? groupRuns : 1
      }
      return [...rows]
        .filter(([, { json }]) => json !== null)
        .sort(([, left], [, right]) => left.born - right.born)
    },
    changedBetween(after, to) {
      const keys = new Map<string, Set<string>>()
      for (let run = runOf(after + 1); run <= runOf(to); ) {
        const group = run % groupRuns === 0 ? groups[run / groupRuns] : undefined
        const whole = group !== undefined && run + groupRuns - 1 <= runOf(to)
        const { blocks: own } = whole ? group : (runs[run] as Run)
        for (const [part, where] of Object.entries(own)) {
          const known = keys.get(part) ?? new Set()
          for (const key of blockAt(where, false).keys()) known.add(key)
          keys.set(part, known)
        }
        run += whole ? groupRuns : 1
      }
      return keys
    },
    changes(part, key, after, to) {
      const [first, last] = [runOf(after + 1), runOf(to)]
      if (last >= runs.length) return true
      const hash = hashOf(part, key ?? ANY)
      return runs.slice(first, last + 1).some(({ hashes }) => has(hashes, hash))
    },
    add({ at, digest: said, changes }) {
      const where: Record<string, Where> = {}
      const hashes: number[] = []
      for (const [part, { rows, touched }] of changes) {
        if (rows.length > 0) where[part] = write(rows)
        hashes.push(hashOf(part, ANY))
        for (const key of touched) hashes.push(hashOf(part, key))
      }
      const sorted = Uint32Array.from(hashes).sort()
      say({ run: runs.length, at, digest: said, blocks: where }, sorted)
      runs.push({ at, hashes: sorted, blocks: where })
      digest = said
    },
    mergeSome() {
      const group = groups.length
      if ((group + 1) * groupRuns > runs.length) return false
      const own = runsOf(group)
      merging ??= { parts: [...new Set(own.flatMap((run) => Object.keys(run.blocks)))], done: {} }
      const part = merging.parts.pop()
      if (part !== undefined) {
        const found = own.map((run) => run.blocks[part]).filter((where) => where !== undefined)
        merging.done[part] = write(mergeBlocks(found.map((where) => blockAt(where, false))))
        return true
      }
      say({ group, blocks: merging.done }, new Uint32Array())
      groups.push({ blocks: merging.done, seen: seenIn(own) })
      merging = null
      return true
    },
    close() {
      if (rowsFile !== null) closeSync(rowsFile)
      if (keysFile !== null) closeSync(keysFile)
    },
  }
}

function open(file: string, writes: boolean): number | null {
  try {
    return openSync(file, writes ? 'r+' : 'r')
  } catch {
    return writes ? openSync(file, 'w+', 0o600) : null
  }
}

function sizeOf(file: number): number {
  return fstatSync(file).size
}

type Frame = { readonly meta: Meta; readonly hashes: Uint32Array; readonly bytes: number }

/** The frames that are whole; null when the file is not there, or of another log or build. */
function readKeys(file: string, head: Buffer): Frame[] | null {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return null
  }
  if (!bytes.subarray(0, head.length).equals(head)) return null
  const frames: Frame[] = []
  for (let at = head.length; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    const body = bytes.subarray(at + 8, at + 8 + length)
    if (length < 4 || body.length !== length || crc32(body) !== bytes.readUInt32LE(at + 4)) break
    const jsonEnd = 4 + body.readUInt32LE(0)
    const hashes = new Uint32Array((length - jsonEnd) / 4)
    for (let n = 0; n < hashes.length; n += 1) hashes[n] = body.readUInt32LE(jsonEnd + n * 4)
    frames.push({ meta: JSON.parse(body.toString('utf8', 4, jsonEnd)) as Meta, hashes, bytes: 8 + length })
    at += 8 + length
  }
  return frames
}

function frameOf(meta: Meta, hashes: Uint32Array): Buffer {
  const json = Buffer.from(JSON.stringify(meta))
  const frame = Buffer.allocUnsafe(12 + json.length + hashes.length * 4)
  frame.writeUInt32LE(frame.length - 8, 0)
  frame.writeUInt32LE(json.length, 8)
  json.copy(frame, 12)
  let at = 12 + json.length
  for (const hash of hashes) at = frame.writeUInt32LE(hash, at)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
  return frame
}

/** FNV-1a. Two keys may have one hash: a block is looked into before it is believed. */
function hashOf(part: string, key: string): number {
  let hash = 0x811c9dc5
  for (let n = 0; n < part.length; n += 1) hash = Math.imul(hash ^ part.charCodeAt(n), 0x01000193)
  hash = Math.imul(hash ^ 10, 0x01000193)
  for (let n = 0; n < key.length; n += 1) hash = Math.imul(hash ^ key.charCodeAt(n), 0x01000193)
  return hash >>> 0
}

function has(sorted: Uint32Array, hash: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < hash) low = middle + 1
    else high = middle
  }
  return sorted[low] === hash
}

/** Which hashes are in any of some runs; now and then one more seems to be. */
function seenIn(runs: readonly Run[]): Uint8Array {
  const seen = new Uint8Array(SEEN_BITS / 8)
  for (const { hashes } of runs)
    for (const hash of hashes)
      for (const bit of bitsOf(hash)) seen[bit >>> 3] = (seen[bit >>> 3] ?? 0) | (1 << (bit & 7))
  return seen
}

const wasSeen = (seen: Uint8Array, hash: number): boolean =>
  bitsOf(hash).every((bit) => ((seen[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0)

const bitsOf = (hash: number): readonly [number, number] => [
  hash & (SEEN_BITS - 1),
  Math.imul(hash, 0x9e3779b1) >>> 12,
]
