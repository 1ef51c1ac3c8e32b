// The state of every owner as a replay makes it: contexts are changed in place.
//
// Owns:      the fold from records to states, for a reader that goes forward and never looks back.
// Does not:  decide, propose or roll back (owners.ts): there, a state of before is a state that somebody may go back to.
// Always:    the same states as owners.ts has; whoever keeps one across a fold must copy it first. What changes in place
//            leaves no garbage that has grown old, which made a long replay spend half its time on collecting it.

import type { Address, Json, LogRecord, StateValue } from '../events/record.ts'
import type { OwnerState, SavedOwners } from './types.ts'

export interface ReplayedOwners {
  get(address: Address): OwnerState | null
  all(): Iterable<readonly [Address, OwnerState]>
  fold(record: LogRecord): void
  /** Shares its contexts: what is saved is written down before the next fold. */
  save(): SavedOwners
  /** Takes the contexts over. */
  load(saved: SavedOwners): void
}

type Owner = { value: StateValue; context: { [key: string]: Json }; seq: number; machine: string }

export function createReplayedOwners(): ReplayedOwners {
  const owners = new Map<Address, Owner>()
  return {
    get: (address) => owners.get(address) ?? null,
    all: () => owners,
    fold({ refused, actor, to, seq, machine, change: { set, unset } }) {
      if (refused !== undefined) return
      const owner = owners.get(actor)
      if (owner === undefined) {
        owners.set(actor, { value: to, context: { ...set }, seq, machine })
        return
      }
      owner.value = to
      owner.seq = seq
      owner.machine = machine
      for (const key in set) owner.context[key] = set[key] as Json
      if (unset !== undefined) for (const key of unset) delete owner.context[key]
    },
    save: () => [...owners],
    load(saved) {
      for (const [address, { value, context, seq, machine }] of saved)
        owners.set(address, { value, context: { ...context }, seq, machine })
    },
  }
}
