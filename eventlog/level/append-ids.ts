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
import type { IdWindow } from '../id-window.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { LogError } from '../types.ts'
import { type Database, type DatabaseSnapshot, readError } from './database.ts'
import { IdHashes } from './id-hashes.ts'
import { idKey, rangeOf, seqKey, seqOf } from './keys.ts'
import { forgetOlder, hasOlder, olderRows } from './older-ids.ts'
import {
  decodeIdBatch,
  decodeIdHashes,
  decodeIdPlace,
  decodeIdRun,
  encodeIdHashes,
  encodeIdRun,
  type IdPlace,
  type IdRun,
  type Operation,
} from './values.ts'

/** Runs whose ids are forgotten in one step, so that a step stays short. */
const FORGET_AT_ONCE = 2048

/** The ids of the commits that end in a run, as they are kept from its sealing on. */
export type PackedIds = {
  readonly operations: readonly Operation[]
  readonly ids: IdRun
  /** Nothing when there are no ids. */
  readonly run: RunOfIds | undefined
}

export type Forgotten = {
  readonly operations: readonly Operation[]
  /** The ids of all sealed runs up to this one are forgotten. */
  readonly upTo: number
}

/** The latest of the ids of a sealed run: with it the whole run's leave the window. */
type RunOfIds = { readonly last: number; readonly newestFirst: number; readonly newestAt: number }

/** The ids of a commit that ends at `last`. */
type CommitIds = { readonly last: number; readonly ids: IdRun }

export class AppendIds {
  readonly #db: Database
  /** Ids of commits that no sealed run has taken in, and where each of them is. */
  #commits: CommitIds[] = []
  readonly #tail = new Map<string, IdPlace>()
  /** Those of sealed runs, the earliest first. */
  #runs: RunOfIds[] = []
  readonly #packed = new IdHashes()
  /** There are rows that a build before format 3 has written. */
  readonly #older: boolean

  private constructor(db: Database, older: boolean) {
    this.#db = db
    this.#older = older
  }

  /** Reads what is known of the ids. @throws {LogError} LOG_DAMAGED: an id that is not known would be written again. */
  static async load(db: Database, snapshot: DatabaseSnapshot, sealedSeq: number): Promise<AppendIds> {
    const ids = new AppendIds(db, await hasOlder(db, snapshot, sealedSeq))
    for await (const [key, value] of db.iterator({ ...rangeOf('h'), snapshot })) {
      const run = decodeIdHashes(key, value)
      if (!run)
        throw damagedIds(
          `The hashes of append ids of the run that ends at entry ${seqOf(key) ?? 0} are damaged`,
        )
      ids.#addRun({ ...run, last: seqOf(key) ?? 0 }, run.hashes)
    }
    const range = { gt: seqKey('x', sealedSeq), lt: rangeOf('x').lt, snapshot }
    for await (const commit of commitsIn(db, range)) ids.#addCommit(commit)
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
    const places = ids.map(({ id, first, last }) => [id, { first, last, at }] as const)
    this.#addCommit({ last: ids.at(-1)?.last ?? 0, ids: places })
  }

  /** What replaces the ids of the commits that no sealed run has taken in and that end at or before `to`. Writes nothing. */
  async pack(to: number): Promise<PackedIds> {
    const packed = packedIds(
      this.#commits.filter(({ last }) => last <= to),
      to,
    )
    return this.#older ? withOlder(this.#db, packed) : packed
  }

  /** A run was sealed, and its ids are where `pack` said. */
  packed({ ids, run }: PackedIds): void {
    if (!run) return
    for (const [id] of ids) {
      const place = this.#tail.get(id)
      // The id may have been used again since, when it was already forgotten.
      if (place && place.last <= run.last) this.#tail.delete(id)
    }
    this.#commits = this.#commits.filter(({ last }) => last > run.last)
    this.#addRun(
      run,
      ids.map(([id]) => hashOf(id)),
    )
  }

  /** Deletions of the ids of runs up to `sealed` that have left the window, oldest first. Writes nothing. */
  async forget(window: IdWindow, sealed: number, head: number, now: number): Promise<Forgotten> {
    const operations: Operation[] = []
    if (this.#older) operations.push(...(await forgetOlder(this.#db, window, { sealed, head, now })))
    let upTo = 0
    for (const { last, newestFirst, newestAt } of this.#runs.slice(0, FORGET_AT_ONCE)) {
      if (last > sealed || window.holds({ first: newestFirst, at: newestAt }, head, now)) break
      operations.push({ type: 'del', key: seqKey('h', last) }, { type: 'del', key: seqKey('p', last) })
      upTo = last
    }
    return { operations, upTo }
  }

  /** They were written. */
  forgotten({ upTo }: Forgotten): void {
    this.#packed.forgotten(upTo)
    this.#runs = this.#runs.filter(({ last }) => last > upTo)
  }

  #addCommit(commit: CommitIds): void {
    this.#commits.push(commit)
    for (const [id, place] of commit.ids) this.#tail.set(id, place)
  }

  #addRun({ last, newestFirst, newestAt }: RunOfIds, hashes: readonly number[]): void {
    this.#runs.push({ last, newestFirst, newestAt })
    for (const hash of hashes) this.#packed.add(hash, last)
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

/** Packs what lies before `sealed` as it was kept before: of a log that was written anew, all of whose full runs are sealed. */
export async function packAllIds(db: Database, sealed: number): Promise<void> {
  const snapshot = db.snapshot()
  try {
    for (let last = SEGMENT_ENTRIES; last <= sealed; last += SEGMENT_ENTRIES) {
      const range = { gt: seqKey('x', last - SEGMENT_ENTRIES), lte: seqKey('x', last), snapshot }
      const commits: CommitIds[] = []
      for await (const commit of commitsIn(db, range)) commits.push(commit)
      const { operations } = await withOlder(db, packedIds(commits, last))
      if (operations.length === 0) continue
      const known = (await db.get(seqKey('p', last), { snapshot })) !== undefined
      await db.batch(operations.filter(({ type }) => !known || type === 'del'))
    }
  } finally {
    await snapshot.close()
  }
}

/** @throws {LogError} LOG_DAMAGED */
async function* commitsIn(
  db: Database,
  range: { gt: Buffer; lt?: Buffer; lte?: Buffer; snapshot: DatabaseSnapshot },
): AsyncGenerator<CommitIds> {
  for await (const [key, value] of db.iterator<Buffer, Buffer>(range)) {
    const batch = decodeIdBatch(key, value)
    const last = seqOf(key) ?? 0
    if (!batch) throw damagedIds(`The list of append ids at entry ${last} is damaged`)
    yield { last, ids: [...placesOf(last, batch)] }
  }
}

function packedIds(commits: readonly CommitIds[], to: number): PackedIds {
  const operations: Operation[] = commits.map(({ last }) => ({ type: 'del', key: seqKey('x', last) }))
  const all = commits.flatMap(({ ids }) => ids)
  if (all.length === 0) return { operations, ids: [], run: undefined }
  const [hashesKey, placesKey] = [seqKey('h', to), seqKey('p', to)]
  const run = {
    last: to,
    newestFirst: Math.max(...all.map(([, { first }]) => first)),
    newestAt: Math.max(...all.map(([, { at }]) => at)),
  }
  const hashes = all.map(([id]) => hashOf(id))
  operations.push(
    { type: 'put', key: hashesKey, value: encodeIdHashes(hashesKey, { ...run, hashes }) },
    { type: 'put', key: placesKey, value: encodeIdRun(placesKey, all) },
  )
  return { operations, ids: all, run }
}

/** With the deletion of the rows of an older build that say the same. */
async function withOlder(db: Database, packed: PackedIds): Promise<PackedIds> {
  return { ...packed, operations: [...packed.operations, ...(await olderRows(db, packed.ids))] }
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

function damagedIds(what: string): LogError {
  const message = `${what}; verify the log.`
  return new LogError('LOG_DAMAGED', message, {
    details: { problems: [{ seq: 0, kind: 'checksum', message }] },
  })
}
