// Append ids as builds before format 3 kept them: a row for each id, and one for each commit, also of sealed runs.
//
// Owns:      whether there are such rows, and which of them go when their run is sealed or their window is over.
// Does not:  write any: what is written now is in append-ids.ts.

import type { IdWindow } from '../id-window.ts'
import type { Database, DatabaseSnapshot } from './database.ts'
import { idKey, rangeOf, seqKey } from './keys.ts'
import { decodeIdBatch, decodeIdPlace, type IdRun, type Operation } from './values.ts'

/** Commits whose ids are looked at in one step, so that a step stays short. */
const FORGET_AT_ONCE = 2048

/** No later build adds any. */
export async function hasOlder(db: Database, snapshot: DatabaseSnapshot, sealed: number): Promise<boolean> {
  const ofSealed = { gte: rangeOf('x').gte, lte: seqKey('x', sealed) }
  for (const range of [rangeOf('i'), ofSealed]) {
    const [any] = await db.keys({ ...range, limit: 1, snapshot }).all()
    if (any !== undefined) return true
  }
  return false
}

/** Deletions of the rows that say the same as this run. */
export async function olderRows(db: Database, run: IdRun): Promise<Operation[]> {
  const [any] = await db.keys({ ...rangeOf('i'), limit: 1 }).all()
  if (any === undefined) return []
  const keys = run.map(([id]) => idKey(id))
  const values = await db.getMany(keys)
  return keys.flatMap((key, n) => {
    const value = values[n]
    return value && decodeIdPlace(key, value)?.first === run[n]?.[1].first ? [{ type: 'del', key }] : []
  })
}

/** Deletions of what has left the window. */
export async function forgetOlder(
  db: Database,
  window: IdWindow,
  { sealed, head, now }: { readonly sealed: number; readonly head: number; readonly now: number },
): Promise<Operation[]> {
  const deletions: Operation[] = []
  const range = { gte: rangeOf('x').gte, lte: seqKey('x', sealed) }
  for await (const [key, value] of db.iterator({ ...range, limit: FORGET_AT_ONCE })) {
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
