// Sealing: 512 entries become one row, smaller and quicker to read, that gives back every line (rule L10).
//
// Owns:      preparing the batch that replaces the unsealed rows of one run; forgetting old append ids on the way.
// Does not:  write it: that is the appender's turn.
// Always:    the rows to be deleted were checked, and the compressed text was unpacked and compared, before.

import { chainAfter } from '../chain.ts'
import type { Position } from '../engine.ts'
import type { IdWindow } from '../id-window.ts'
import { SEGMENT_ENTRIES } from '../seal-policy.ts'
import { LogError } from '../types.ts'
import type { Operation } from './append-ids.ts'
import { type Database, type DatabaseSnapshot, FORMAT, formatRow } from './database.ts'
import { idKey, rangeOf, seqKey, seqOf } from './keys.ts'
import { decodeRow, encodeRow, isDamaged } from './row.ts'
import type { RawRow } from './scan.ts'
import { packLines } from './segment.ts'
import { crcOfValue, decodeIdBatch, decodeIdHashes, decodeIdPlace, encodeSegmentInfo } from './values.ts'

/** Commits whose ids are looked at in one step, so that a step stays short. */
const FORGET_AT_ONCE = 2048

export type SealBatch = {
  readonly operations: Operation[]
  readonly end: Position
}

/** `rows` are those that hold the run after `from`. @throws {LogError} LOG_DAMAGED */
export async function prepareSegment(
  rows: AsyncIterable<RawRow>,
  from: Position,
  format: number,
): Promise<SealBatch> {
  const to = from.seq + SEGMENT_ENTRIES
  const operations: SealBatch['operations'] = []
  const lines: string[] = []
  let chain = from.chain
  for await (const { key, last, value } of rows) {
    const row = decodeRow(key, last, value)
    if (isDamaged(row)) throw damaged(row.seq, row.message)
    if (row.first !== from.seq + lines.length + 1) {
      throw damaged(from.seq + lines.length + 1, 'An entry is missing before it could be sealed.')
    }
    if (!row.before.equals(chain)) throw damaged(row.first, `The chain is broken at entry ${row.first}.`)
    const mine = row.lines.slice(0, to - row.first + 1)
    for (const line of mine) {
      chain = chainAfter(chain, line)
      lines.push(line)
    }
    const rest = row.lines.slice(mine.length)
    if (rest.length > 0) {
      // A commit across the end of the run: what lies behind stays as a row of its own, under the same key.
      const kept = { before: chain, after: row.after, lines: rest }
      operations.push({ type: 'put', key, value: encodeRow(key, kept, Buffer.from(rest.join('\n'))) })
    } else if (!chain.equals(row.after)) {
      throw damaged(row.first, `The chain does not fit the entries ${row.first} to ${last}.`)
    } else if (last !== to) operations.push({ type: 'del', key })
  }
  if (lines.length !== SEGMENT_ENTRIES)
    throw damaged(from.seq + lines.length + 1, 'The run to be sealed is not full.')

  const text = Buffer.from(lines.join('\n'))
  const packed = await packLines(lines, text)
  const key = seqKey('r', to)
  const value = encodeRow(key, { before: from.chain, after: chain, lines }, text, packed)
  const infoKey = seqKey('s', to)
  const info = { count: lines.length, bytes: text.length, after: chain, rowCrc: crcOfValue(value) }
  operations.push(
    { type: 'put', key, value },
    { type: 'put', key: infoKey, value: encodeSegmentInfo(infoKey, info) },
    // From now on a build that does not know this kind of row must not open the log.
    ...(format < FORMAT ? [formatRow()] : []),
  )
  return { operations, end: { seq: to, chain } }
}

export type Forgotten = {
  readonly operations: Operation[]
  /** The ids of all sealed runs up to this one are forgotten. */
  readonly upTo: number
}

/** Deletions of the ids that have left the window, oldest first. Those of the tail are not looked at. */
export async function forgetIds(
  db: Database,
  snapshot: DatabaseSnapshot,
  window: IdWindow,
  place: { readonly sealed: number; readonly head: number; readonly now: number },
): Promise<Forgotten> {
  const { sealed, head, now } = place
  const operations = await forgetOlder(db, snapshot, window, place)
  let upTo = 0
  const range = { gte: rangeOf('h').gte, lte: seqKey('h', sealed) }
  for await (const [key, value] of db.iterator({ ...range, limit: FORGET_AT_ONCE, snapshot })) {
    const known = decodeIdHashes(key, value)
    const last = seqOf(key) ?? 0
    if (!known || window.holds({ first: known.newestFirst, at: known.newestAt }, head, now)) break
    operations.push({ type: 'del', key }, { type: 'del', key: seqKey('p', last) })
    upTo = last
  }
  return { operations, upTo }
}

/** What builds before format 3 have written of sealed runs. */
async function forgetOlder(
  db: Database,
  snapshot: DatabaseSnapshot,
  window: IdWindow,
  { sealed, head, now }: { readonly sealed: number; readonly head: number; readonly now: number },
): Promise<Operation[]> {
  const deletions: Operation[] = []
  const range = { gte: rangeOf('x').gte, lte: seqKey('x', sealed) }
  for await (const [key, value] of db.iterator({ ...range, limit: FORGET_AT_ONCE, snapshot })) {
    const batch = decodeIdBatch(key, value)
    if (!batch || batch.ids.some(([, first]) => window.holds({ first, at: batch.at }, head, now))) break
    deletions.push({ type: 'del', key })
    for (const [id, first] of batch.ids) {
      const place = idKey(id)
      const kept = db.getSync(place)
      // The id may have been used again since, when it was already forgotten.
      if (kept && decodeIdPlace(place, kept)?.first === first) deletions.push({ type: 'del', key: place })
    }
  }
  return deletions
}

function damaged(seq: number, message: string): LogError {
  return new LogError('LOG_DAMAGED', message, { details: { problems: [{ seq, kind: 'chain', message }] } })
}
