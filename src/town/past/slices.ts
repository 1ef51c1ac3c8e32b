// The live state, handed over in slices: the loop that serves the town is never held for longer than some ms.
//
// Owns:      how far the handing over has come.
// Always:    each slice is as of one record; only what is durable is in it, for what is decided and being written is
//            no part of any record yet.

import { performance } from 'node:perf_hooks'
import type { Address } from '../../events/record.ts'
import type { Slice } from '../../past/compare.ts'
import { type Part, partsOf, rowText } from '../../past/parts.ts'
import type { Projections } from '../../projections/index.ts'
import { RowMap } from '../../projections/row-map.ts'
import type { OwnerState, System } from '../../system/types.ts'

/** ms of work for one slice. */
const SLICE_MS = 3

export type LiveState = { next(): Slice | Promise<Slice> }

type Rows = Iterator<readonly [string, unknown]>

export function createSlices(live: {
  readonly system: Pick<System, 'state' | 'seq'>
  readonly projections: Projections
}): LiveState {
  let parts: readonly Part[] | undefined
  let durableSeq = 0
  let index = 0
  let rows: Rows | undefined

  return {
    next() {
      const until = performance.now() + SLICE_MS
      if (parts === undefined) {
        const { owners, ...system } = live.system.state()
        durableSeq = system.seq
        parts = partsOf({ system: { ...system, owners: asNow(owners) }, projections: live.projections })
      }
      const still = parts[index]?.still === true
      const found: Slice['parts'][number][] = []
      let part = parts[index]
      while (part !== undefined && part.still === still) {
        rows ??= part.rows()[Symbol.iterator]()
        const some = rowsUntil(part, rows, until)
        found.push(some)
        if (some.size === null) break
        rows = undefined
        index += 1
        part = parts[index]
      }
      return { seq: still ? durableSeq : live.system.seq, parts: found, over: index === parts.length }
    },
  }
}

/** States are never changed in place, so a copy shares them; those that are still packed stay so until they are met. */
const asNow = (owners: ReadonlyMap<Address, OwnerState>): ReadonlyMap<Address, OwnerState> =>
  owners instanceof RowMap ? owners.snapshot() : new Map(owners)

function rowsUntil(part: Part, rows: Rows, until: number): Slice['parts'][number] {
  const { name } = part
  const texts: string[] = []
  for (;;) {
    const next = rows.next()
    if (next.done === true) return { name, rows: texts, size: part.size }
    const [key, value] = next.value
    texts.push(key, rowText(name, value))
    if (performance.now() > until) return { name, rows: texts, size: null }
  }
}
