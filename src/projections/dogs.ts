// Dogs: what each of them does, and what they were asked to judge.
//
// Owns:      one row for each dog that ever had a chore.
// Does not:  count what judgements cost (town.ts and costs.ts do).

import type { FactOf } from '../events/index.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type DogRow = {
  address: Address
  /** Null while it is idle. */
  chore: { id: string; kind: 'clean' | 'judge' } | null
  since: string
  /** Why its last try failed; null when none did. */
  problem: { code: string; message: string } | null
  done: number
  failed: number
}

/** Newest last, the last 20. */
export type DogRows = {
  readonly byAddress: Map<Address, DogRow>
  readonly judgements: (Omit<FactOf<'JudgementGiven'>, 'type' | 'seen'> & { at: string; seq: number })[]
}

const JUDGEMENTS_MAX = 20

export const createDogs = (): Projection<DogRows> =>
  projection({
    name: 'dogs',
    version: 1,
    empty: (): DogRows => ({ byAddress: new Map(), judgements: [] }),
    handlers,
  })

const handlers: Handlers<DogRows> = {
  ChoreBegun: ({ byAddress }, { dog, chore: id, kind }, { at }) => {
    const { done = 0, failed = 0 } = byAddress.get(dog) ?? {}
    byAddress.set(dog, { address: dog, chore: { id, kind }, since: at, problem: null, done, failed })
    return true
  },
  ChoreDone: ({ byAddress }, { dog }, { at }) => {
    const row = byAddress.get(dog)
    if (row === undefined) return false
    Object.assign(row, { chore: null, since: at, problem: null, done: row.done + 1 })
    return true
  },
  ChoreFailed: ({ byAddress }, { dog, code, message, againMs }, { at }) => {
    const row = byAddress.get(dog)
    if (row === undefined) return false
    row.problem = { code, message }
    if (againMs === null) Object.assign(row, { chore: null, since: at, failed: row.failed + 1 })
    return true
  },
  JudgementGiven: ({ judgements }, { type: _type, seen: _seen, ...given }, { at, seq }) => {
    judgements.push({ ...structuredClone(given), at, seq })
    if (judgements.length > JUDGEMENTS_MAX) judgements.shift()
    return true
  },
}
