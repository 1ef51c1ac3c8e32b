// Checking LevelDB's own log (`db/NNNNNN.log`) before LevelDB opens the database.
//
// Owns:      telling damage from the torn end that a crash leaves there.
// Does not:  write, repair, or look into the tables (table.ts).
// Why:       LevelDB drops what it cannot read there, with the sound rest of the block, and rewrites its files: what
//            could have been rescued would be destroyed by opening.
// Assumes:   every batch is synced before the next is begun (engine.ts). So what begins after a bad record proves that
//            the bad one was whole once; nothing after it, and nothing in the head file, means that a crash tore it.
//
// A record (records.ts) is a batch: number:8 count:4 and the puts (1 key value) and deletions (0 key) with lengths in
// front; numbers count on.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogProblem } from '../types.ts'
import type { FoundHead } from './head-file.ts'
import { seqKey, seqOf } from './keys.ts'
import {
  BLOCK_BYTES,
  eachRecord,
  FIRST,
  FULL,
  HEADER_BYTES,
  LAST,
  pieceAt,
  recordsOf,
  skipRest,
} from './records.ts'
import { bytesOf, isMissing, unavailable } from './unavailable.ts'

const BATCH_HEADER_BYTES = 12
const PUT = 1
const COMMIT_IDS = 'x'.charCodeAt(0)

/** What one file holds up to its end, or up to where it breaks. */
export type WriteAhead = {
  /** Last entry of the last commit. */
  readonly seq: number | undefined
  /** LevelDB's number of the first batch, and the one that the next batch must have. */
  readonly begins: bigint | undefined
  readonly ends: bigint | undefined
  readonly broken: Broken | undefined
}

type Broken = {
  readonly offset: number
  readonly why: string
  /** A later batch begins behind it. */
  readonly followed: boolean
  /** What a commit of this entry would have left here is found. */
  readonly holds: (seq: number) => boolean
}

/**
 * The first damage in LevelDB's own log of the database in `folder`, or undefined. `head` must have been read before.
 * @throws {LogError} LOG_UNAVAILABLE
 */
export async function checkWriteAhead(folder: string, head: FoundHead): Promise<LogProblem | undefined> {
  const names = (await namesIn(folder)).filter((name) => /^\d+\.log$/.test(name))
  let torn: { readonly name: string; readonly broken: Broken; readonly ends: bigint | undefined } | undefined
  let seq: number | undefined
  for (const name of names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
    const file = await bytesOf(join(folder, name))
    if (!file) continue
    const found = readWriteAhead(file)
    // An opening that was killed leaves the torn file beside the next one, whose numbers then go on without a gap.
    const continued = torn && found.begins !== undefined && found.begins !== torn.ends
    if (torn && continued) return problemOf(torn.name, torn.broken, seq)
    seq = found.seq ?? seq
    if (found.broken?.followed) return problemOf(name, found.broken, seq)
    if (found.broken) torn = { name, broken: found.broken, ends: found.ends }
    else if (found.begins !== undefined) torn = undefined
  }
  if (head.state !== 'found') return undefined
  if (!torn) return seq !== undefined && head.seq > seq ? cutAt(seq, head.seq) : undefined
  // Commits in the tables are older than those here; so without one here only the bytes themselves can tell.
  const lost = seq === undefined ? torn.broken.holds(head.seq) : head.seq > seq
  return lost ? problemOf(torn.name, torn.broken, seq) : undefined
}

export function readWriteAhead(file: Buffer): WriteAhead {
  let seq: number | undefined
  let begins: bigint | undefined
  let ends: bigint | undefined
  const found = eachRecord(file, (record, from, end) => {
    const batch = readBatch(record)
    if (!batch) return { offset: from, why: 'a record is not a batch', behind: end }
    if (ends !== undefined && batch.number !== ends)
      return { offset: from, why: 'a batch is missing', behind: from }
    begins ??= batch.number
    ends = batch.number + BigInt(batch.count)
    seq = batch.seq ?? seq
    return undefined
  })
  if (!found) return { seq, begins, ends, broken: undefined }
  const { offset, why, behind } = found
  const holds = (last: number) => file.includes(idsPut(last), offset)
  return { seq, begins, ends, broken: { offset, why, followed: batchBegins(file, behind, ends), holds } }
}

export type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** What LevelDB would do again from its own log, from the file `first` on. @throws {LogError} LOG_UNAVAILABLE */
export async function operationsIn(folder: string, first: number): Promise<Operation[]> {
  const names = (await namesIn(folder)).filter((name) => /^\d+\.log$/.test(name))
  const operations: Operation[] = []
  for (const name of names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
    if (Number.parseInt(name, 10) < first) continue
    const file = await bytesOf(join(folder, name))
    for (const record of file ? recordsOf(file).records : []) {
      readBatch(
        record,
        (key, value) => operations.push({ type: 'put', key, value }),
        (key) => operations.push({ type: 'del', key }),
      )
    }
  }
  return operations
}

/** Whatever was put and can still be read, also behind damage: for rescuing what has a checksum of its own. */
export function* putsOf(file: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  let pieces: Buffer[] = []
  for (let at = 0; at + HEADER_BYTES <= file.length; ) {
    at = skipRest(at)
    const piece = pieceAt(file, at)
    if (typeof piece === 'string') {
      pieces = []
      at += 1
      continue
    }
    const starts = piece.type === FULL || piece.type === FIRST
    if (starts) pieces = []
    if (starts || pieces.length > 0) pieces.push(file.subarray(at + HEADER_BYTES, piece.end))
    at = piece.end
    if ((piece.type !== FULL && piece.type !== LAST) || pieces.length === 0) continue
    const puts: { key: Buffer; value: Buffer }[] = []
    if (readBatch(Buffer.concat(pieces), (key, value) => puts.push({ key, value }))) yield* puts
    pieces = []
  }
}

/** True if a batch that belongs after `ends` begins at or after `from`, wherever: the lengths may be what is wrong. */
function batchBegins(file: Buffer, from: number, ends: bigint | undefined): boolean {
  for (let at = from; at + HEADER_BYTES <= file.length; at += 1) {
    const type = file[at + 6]
    if (type !== FULL && type !== FIRST) continue
    const piece = pieceAt(file, at)
    if (typeof piece === 'string') continue
    const start = at + HEADER_BYTES
    // Too short for its number: the first piece, at the end of a block.
    if (piece.end - start < BATCH_HEADER_BYTES) {
      if (type === FIRST && piece.end % BLOCK_BYTES === 0) return true
      continue
    }
    // A lower number is an older batch: what a disk held there before, and a power cut left visible.
    if (ends === undefined || file.readBigUInt64LE(start) >= ends) return true
  }
  return false
}

type Batch = { readonly number: bigint; readonly count: number; readonly seq: number | undefined }

/** `seq` is the last entry of the commit that it writes, if any: the ids of a commit are put only then. */
function readBatch(
  batch: Buffer,
  onPut?: (key: Buffer, value: Buffer) => void,
  onDelete?: (key: Buffer) => void,
): Batch | undefined {
  if (batch.length < BATCH_HEADER_BYTES) return undefined
  let at = BATCH_HEADER_BYTES
  const size = (): number => {
    let value = 0
    let byte = 128
    for (let factor = 1; byte >= 128 && factor < 2 ** 35; factor *= 128) {
      byte = batch[at] ?? 0
      at += 1
      value += (byte & 127) * factor
    }
    return value
  }
  let seq: number | undefined
  let count = 0
  for (; at < batch.length; count += 1) {
    const put = batch[at] === PUT
    at += 1
    const keySize = size()
    const key = batch.subarray(at, at + keySize)
    if (put && key[0] === COMMIT_IDS) seq = seqOf(key) ?? seq
    at += keySize
    // Not `at += size()`: that takes `at` as it is before size() moves it.
    const valueSize = put ? size() : 0
    if (put) onPut?.(key, batch.subarray(at, at + valueSize))
    else onDelete?.(key)
    at += valueSize
  }
  if (at !== batch.length || count !== batch.readUInt32LE(8)) return undefined
  return { number: batch.readBigUInt64LE(0), count, seq }
}

function idsPut(seq: number): Buffer {
  const key = seqKey('x', seq)
  return Buffer.concat([Buffer.from([PUT, key.length]), key])
}

function problemOf(name: string, { offset, why }: Broken, seq: number | undefined): LogProblem {
  const after =
    seq === undefined
      ? 'before the first entry in it'
      : `after entry ${seq}: the first concerned is ${seq + 1}`
  const message =
    `LevelDB's own log db/${name} is damaged at byte ${offset} (${why}), ${after}. ` +
    'Nothing was opened or changed; copy the folder before anything else is tried.'
  return { seq: seq === undefined ? 0 : seq + 1, kind: 'checksum', message }
}

function cutAt(seq: number, headSeq: number): LogProblem {
  const message =
    `LevelDB's own log ends with entry ${seq}, and the head file has seen ${headSeq}: the first concerned is ${seq + 1}. ` +
    'Nothing was opened or changed; copy the folder before anything else is tried.'
  return { seq: seq + 1, kind: 'head', message }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw unavailable(folder, error)
  }
}
