// Where append ids were written (rule L5), without a row for each.
//
// Owns:      what is known of the ids: those of the unsealed tail in memory, of the others a hash each; packing a run's.
// Does not:  decide how long an id is remembered (id-window.ts).
// Always:    an answer comes from what is written: a hash only says where to look.
//
// Ids are as many as commits, and each is asked for once, when it is not there. So a look-up must be quick at finding nothing,
// and may take a moment when it finds something.

import { crc32 } from 'node:zlib'
import type { WrittenId } from '../engine.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { LogError } from '../types.ts'
import { type Database, type DatabaseSnapshot, readError } from './database.ts'
import { idKey, rangeOf, seqKey, seqOf } from './keys.ts'
import {
  decodeIdBatch,
  decodeIdHashes,
  decodeIdPlace,
  decodeIdRun,
  encodeIdHashes,
  encodeIdRun,
  type IdPlace,
  type IdRun,
} from './values.ts'

export type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** The ids of the commits that end in a run, as they are kept from its sealing on. */
export type PackedIds = {
  readonly last: number
  readonly operations: readonly Operation[]
  readonly ids: readonly string[]
}

export class AppendIds {
  readonly #db: Database
  /** Ids of commits that no sealed run has taken in. */
  readonly #tail = new Map<string, IdPlace>()
  readonly #packed = new HashTable()
  /** There are rows that a build before format 3 has written. */
  readonly #older: boolean

  private constructor(db: Database, older: boolean) {
    this.#db = db
    this.#older = older
  }

  /** Reads what is known of the ids. @throws {LogError} LOG_DAMAGED: an id that is not known would be written again. */
  static async load(db: Database, snapshot: DatabaseSnapshot, sealedSeq: number): Promise<AppendIds> {
    const [older] = await db.keys({ ...rangeOf('i'), limit: 1, snapshot }).all()
    const ids = new AppendIds(db, older !== undefined)
    for await (const [key, value] of db.iterator({ ...rangeOf('h'), snapshot })) {
      const run = decodeIdHashes(key, value)
      if (!run)
        throw damagedIds(
          `The hashes of append ids of the run that ends at entry ${seqOf(key) ?? 0} are damaged`,
        )
      for (const hash of run.hashes) ids.#packed.add(hash, seqOf(key) ?? 0)
    }
    const range = { gt: seqKey('x', sealedSeq), lt: rangeOf('x').lt, snapshot }
    for await (const [key, value] of db.iterator(range)) {
      const batch = decodeIdBatch(key, value)
      if (!batch) throw damagedList(key)
      for (const [id, place] of placesOf(seqOf(key) ?? 0, batch)) ids.#tail.set(id, place)
    }
    return ids
  }

  /** The latest place of an id that `holds` says is remembered. Synchronous: it decides a position. @throws {LogError} */
  find(id: string, holds: (place: IdPlace) => boolean): IdPlace | undefined {
    const place = this.#tail.get(id)
    if (place) return holds(place) ? place : undefined
    for (const last of this.#packed.find(hashOf(id))) {
      const found = this.#inRun(id, last)
      if (found && holds(found)) return found
    }
    if (!this.#older) return undefined
    const found = this.#olderRow(id)
    return found && holds(found) ? found : undefined
  }

  written(ids: readonly WrittenId[], at: number): void {
    for (const { id, first, last } of ids) this.#tail.set(id, { first, last, at })
  }

  /** A run was sealed, and its ids are where `packIds` said. */
  packed({ last, ids }: PackedIds): void {
    for (const id of ids) {
      this.#packed.add(hashOf(id), last)
      const place = this.#tail.get(id)
      // The id may have been used again since, when it was already forgotten.
      if (place && place.last <= last) this.#tail.delete(id)
    }
  }

  /** The ids of all runs up to this one were forgotten. */
  forgotten(upTo: number): void {
    this.#packed.forgotten(upTo)
  }

  #inRun(id: string, last: number): IdPlace | undefined {
    const key = seqKey('p', last)
    const value = this.#get(key)
    // It was forgotten with its run.
    if (!value) return undefined
    const run = decodeIdRun(key, value)
    if (!run) throw damagedIds(`The append ids of the run that ends at entry ${last} are damaged`)
    return run.findLast(([name]) => name === id)?.[1]
  }

  #olderRow(id: string): IdPlace | undefined {
    const key = idKey(id)
    const value = this.#get(key)
    if (!value) return undefined
    const place = decodeIdPlace(key, value)
    if (!place) throw damagedIds(`The append id "${id}" is damaged`)
    return place
  }

  #get(key: Buffer): Buffer | undefined {
    try {
      return this.#db.getSync(key)
    } catch (error) {
      throw readError(error, 0)
    }
  }
}

/** What replaces the ids of the commits that end after `from` and up to `to`. Writes nothing. */
export async function packIds(
  db: Database,
  snapshot: DatabaseSnapshot,
  from: number,
  to: number,
): Promise<PackedIds> {
  const operations: Operation[] = []
  const run: (readonly [id: string, place: IdPlace])[] = []
  for await (const [key, value] of db.iterator({ gt: seqKey('x', from), lte: seqKey('x', to), snapshot })) {
    const batch = decodeIdBatch(key, value)
    if (!batch) throw damagedList(key)
    run.push(...placesOf(seqOf(key) ?? 0, batch))
    operations.push({ type: 'del', key })
  }
  const ids = run.map(([id]) => id)
  operations.push(...(await olderRows(db, snapshot, run)))
  if (run.length > 0) operations.push(...rowsOf(to, run))
  return { last: to, operations, ids }
}

/** Packs what lies before `sealed` as it was kept before: of a log that was written anew, all of whose full runs are sealed. */
export async function packAllIds(db: Database, sealed: number): Promise<void> {
  const snapshot = db.snapshot()
  try {
    for (let last = SEGMENT_ENTRIES; last <= sealed; last += SEGMENT_ENTRIES) {
      const { operations } = await packIds(db, snapshot, last - SEGMENT_ENTRIES, last)
      if (operations.length === 0) continue
      const known = (await db.get(seqKey('p', last), { snapshot })) !== undefined
      await db.batch(operations.filter(({ type }) => !known || type === 'del'))
    }
  } finally {
    await snapshot.close()
  }
}

/** The rows of an older build that say the same. */
async function olderRows(db: Database, snapshot: DatabaseSnapshot, run: IdRun): Promise<Operation[]> {
  const [any] = await db.keys({ ...rangeOf('i'), limit: 1, snapshot }).all()
  if (any === undefined) return []
  const keys = run.map(([id]) => idKey(id))
  const values = await db.getMany(keys, { snapshot })
  return keys.flatMap((key, n) => {
    const value = values[n]
    return value && decodeIdPlace(key, value)?.first === run[n]?.[1].first ? [{ type: 'del', key }] : []
  })
}

function rowsOf(to: number, run: IdRun): Operation[] {
  const [hashesKey, placesKey] = [seqKey('h', to), seqKey('p', to)]
  const known = {
    newestFirst: Math.max(...run.map(([, { first }]) => first)),
    newestAt: Math.max(...run.map(([, { at }]) => at)),
    hashes: run.map(([id]) => hashOf(id)),
  }
  return [
    { type: 'put', key: hashesKey, value: encodeIdHashes(hashesKey, known) },
    { type: 'put', key: placesKey, value: encodeIdRun(placesKey, run) },
  ]
}

/** A batch says where each of its appends began; it ended where the next one began. */
function* placesOf(
  last: number,
  { at, ids }: { readonly at: number; readonly ids: readonly (readonly [id: string, first: number])[] },
): Generator<readonly [id: string, place: IdPlace]> {
  for (const [n, [id, first]] of ids.entries())
    yield [id, { first, last: (ids[n + 1]?.[1] ?? last + 1) - 1, at }]
}

export const hashOf = (id: string): number => crc32(id)

const damagedList = (key: Buffer): LogError =>
  damagedIds(`The list of append ids at entry ${seqOf(key) ?? 0} is damaged`)

function damagedIds(what: string): LogError {
  const message = `${what}; verify the log.`
  return new LogError('LOG_DAMAGED', message, {
    details: { problems: [{ seq: 0, kind: 'checksum', message }] },
  })
}

const ROOM = 1 << 10

const runOf = (last: number): number => Math.ceil(last / SEGMENT_ENTRIES)
/** A checksum of short texts that are alike fills the low bits badly. */
const placeOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 7

/** Runs by the hash of an id: two numbers each, in arrays that are at most half full. */
class HashTable {
  #hashes = new Uint32Array(ROOM)
  /** 2^32 runs of 512 are more than there are positions. 0: free. */
  #runs = new Uint32Array(ROOM)
  #count = 0
  #forgotten = 0

  add(hash: number, last: number): void {
    if ((this.#count + 1) * 2 > this.#hashes.length) this.#makeRoom()
    this.#put(hash, runOf(last))
  }

  /** Latest first. */
  find(hash: number): number[] {
    const mask = this.#hashes.length - 1
    const found: number[] = []
    for (let at = placeOf(hash) & mask; this.#runs[at] !== 0; at = (at + 1) & mask)
      if (this.#hashes[at] === hash) found.push((this.#runs[at] as number) * SEGMENT_ENTRIES)
    return found.sort((a, b) => b - a)
  }

  forgotten(upTo: number): void {
    this.#forgotten = Math.max(this.#forgotten, runOf(upTo))
  }

  #put(hash: number, run: number): void {
    const mask = this.#hashes.length - 1
    let at = placeOf(hash) & mask
    while (this.#runs[at] !== 0) at = (at + 1) & mask
    this.#hashes[at] = hash
    this.#runs[at] = run
    this.#count += 1
  }

  #makeRoom(): void {
    const [hashes, runs] = [this.#hashes, this.#runs]
    const kept = runs.reduce((sum, run) => sum + (run > this.#forgotten ? 1 : 0), 0)
    let room = ROOM
    while (room < kept * 4) room *= 2
    this.#hashes = new Uint32Array(room)
    this.#runs = new Uint32Array(room)
    this.#count = 0
    for (const [at, run] of runs.entries()) if (run > this.#forgotten) this.#put(hashes[at] as number, run)
  }
}
