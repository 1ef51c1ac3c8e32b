// The state of every owner: as durable, and as decided but not yet durable.
//
// Owns:      both maps, and the way back from the second to the first.
// Does not:  decide or append.
// Always:    what `fold` does needs no machine: `to` and `change` of a record are the whole new state (P3).

import type { Address, LogRecord } from '../events/record.ts'
import { RowMap } from '../projections/row-map.ts'
import { applyChange } from './decide.ts'
import type { OwnerState, SavedOwners, SystemStart } from './types.ts'

export interface Owners {
  /** As decided last. */
  get(address: Address): OwnerState | null
  all(): Iterable<readonly [Address, OwnerState]>
  /** Those of one machine that may do something yet, and some that have ended. */
  living(machine: string): Iterable<readonly [Address, OwnerState]>
  /** Of every machine; durable ones alone. */
  allLiving(): Iterable<Address>
  /** Those that were decided since something was loaded; all, when nothing was. */
  recent(): Iterable<readonly [Address, OwnerState]>
  /** Notes a decision whose record is being written. */
  propose(address: Address, state: OwnerState): void
  /** Takes back the proposal for an owner that did not exist before. */
  withdraw(address: Address): void
  /** The record is durable. */
  fold(record: LogRecord): void
  /** Durable states, for a checkpoint. */
  save(): SavedOwners
  /** The same where they are held. */
  readonly durable: ReadonlyMap<Address, OwnerState>
  load(saved: Pick<SystemStart, 'owners' | 'living'>): void
  /** Forgets every proposal; names the owners that went back. */
  rollBack(): readonly Address[]
}

export function createOwners(): Owners {
  let durable = new Map<Address, OwnerState>()
  const proposed = new Map<Address, OwnerState>()
  /** By machine: who was living when it was loaded, and who was decided since. Null: nobody said who was. */
  let living: Map<string, Set<Address>> | null = null
  const decided = new Set<Address>()
  const decide = (among: Map<string, Set<Address>>, record: LogRecord): void => {
    decided.add(record.actor)
    const machine = machineName(record)
    const some = among.get(machine)
    if (some === undefined) among.set(machine, new Set([record.actor]))
    else some.add(record.actor)
  }
  const get = (address: Address): OwnerState | null => proposed.get(address) ?? durable.get(address) ?? null
  const all = (): Iterable<readonly [Address, OwnerState]> =>
    durable instanceof RowMap ? (durable as RowMap<OwnerState>).passing() : durable
  return {
    get,
    *all() {
      for (const [address, state] of all()) yield [address, proposed.get(address) ?? state] as const
      for (const [address, state] of proposed) if (!durable.has(address)) yield [address, state] as const
    },
    *living(machine) {
      const of = living === null ? durable.keys() : (living.get(machine) ?? [])
      for (const address of new Set([...of, ...proposed.keys()])) {
        const state = get(address)
        if (state !== null && machineName(state) === machine) yield [address, state] as const
      }
    },
    allLiving: () => (living === null ? durable.keys() : [...living.values()].flatMap((some) => [...some])),
    *recent() {
      for (const address of living === null ? durable.keys() : decided)
        yield [address, get(address) as OwnerState] as const
    },
    propose(address, state) {
      proposed.set(address, state)
    },
    withdraw(address) {
      proposed.delete(address)
    },
    fold(record) {
      if (record.refused !== undefined) return
      if (living !== null) decide(living, record)
      const ahead = proposed.get(record.actor)
      if (ahead?.seq === record.seq) {
        proposed.delete(record.actor)
        durable.set(record.actor, ahead)
        return
      }
      durable.set(record.actor, nextState(durable.get(record.actor) ?? null, record))
    },
    save: () => [...all()],
    get durable() {
      return durable
    },
    load(saved) {
      durable = saved.owners instanceof Map ? saved.owners : new Map(saved.owners)
      living =
        saved.living === undefined
          ? null
          : new Map(Object.entries(saved.living).map(([machine, some]) => [machine, new Set(some)]))
    },
    rollBack() {
      const back = [...proposed.keys()]
      proposed.clear()
      return back
    },
  }
}

/** `session` of `session@3`. */
export const machineName = ({ machine }: { readonly machine: string }): string =>
  machine.slice(0, machine.lastIndexOf('@'))

/** The state a record leads to, from the state before it. Needs no machine. */
export function nextState(before: OwnerState | null, record: LogRecord): OwnerState {
  return {
    value: record.to,
    context: applyChange(before?.context ?? {}, record.change),
    seq: record.seq,
    machine: record.machine,
  }
}
