// The state of every owner: as durable, and as decided but not yet durable.
//
// Owns:      both maps, and the way back from the second to the first.
// Does not:  decide or append.
// Always:    what `fold` does needs no machine: `to` and `change` of a record are the whole new state (P3).

import type { Address, LogRecord } from '../events/record.ts'
import { applyChange } from './decide.ts'
import type { OwnerState, SavedOwners } from './types.ts'

export interface Owners {
  /** As decided last. */
  get(address: Address): OwnerState | null
  all(): Iterable<readonly [Address, OwnerState]>
  /** Notes a decision whose record is being written. */
  propose(address: Address, state: OwnerState): void
  /** Takes back the proposal for an owner that did not exist before. */
  withdraw(address: Address): void
  /** The record is durable. */
  fold(record: LogRecord): void
  /** Durable states, for a checkpoint. */
  save(): SavedOwners
  load(saved: SavedOwners): void
  /** Forgets every proposal; names the owners that went back. */
  rollBack(): readonly Address[]
}

export function createOwners(): Owners {
  const durable = new Map<Address, OwnerState>()
  const proposed = new Map<Address, OwnerState>()
  return {
    get: (address) => proposed.get(address) ?? durable.get(address) ?? null,
    *all() {
      for (const [address, state] of durable) yield [address, proposed.get(address) ?? state] as const
      for (const [address, state] of proposed) if (!durable.has(address)) yield [address, state] as const
    },
    propose(address, state) {
      proposed.set(address, state)
    },
    withdraw(address) {
      proposed.delete(address)
    },
    fold(record) {
      if (record.refused !== undefined) return
      const ahead = proposed.get(record.actor)
      if (ahead?.seq === record.seq) {
        proposed.delete(record.actor)
        durable.set(record.actor, ahead)
        return
      }
      durable.set(record.actor, nextState(durable.get(record.actor) ?? null, record))
    },
    save: () => [...durable],
    load(saved) {
      for (const [address, state] of saved) durable.set(address, state)
    },
    rollBack() {
      const back = [...proposed.keys()]
      proposed.clear()
      return back
    },
  }
}

/** The state a record leads to, from the state before it. Needs no machine. */
export function nextState(before: OwnerState | null, record: LogRecord): OwnerState {
  return {
    value: record.to,
    context: applyChange(before?.context ?? {}, record.change),
    seq: record.seq,
    machine: record.machine,
  }
}
