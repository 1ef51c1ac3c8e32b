// Owners of an earlier version of their machine: their state in the shape of this one.
//
// Owns:      which owners are behind or ahead of this build, and the record that brings one along.
// Does not:  append (writer.ts); know what a machine changed (its `migrate` does).
// Always:    a change never crosses a version: the record before it and the record after it are of one version.

import type { MachineDef, MachineState } from '../actors/machine.ts'
import { TOWN } from '../events/address.ts'
import { type Address, type LogRecord, OWNER_MIGRATED, RECORD_VERSION } from '../events/record.ts'
import { difference, initialContext, restore } from './decide.ts'
import type { Position } from './turns.ts'
import { type OwnerState, SystemError } from './types.ts'

type Machines = (address: Address) => MachineDef | null
type Behind = { readonly address: Address; readonly def: MachineDef; readonly state: OwnerState }

/**
 * Owners that live and were decided last by an earlier version of their machine.
 * @throws {SystemError} TOWN_NEWER when one was decided by a later version
 */
export function ownersBehind(
  owners: Iterable<readonly [Address, OwnerState]>,
  machines: Machines,
): readonly Behind[] {
  const behind: Behind[] = []
  for (const [address, state] of owners) {
    const def = machines(address)
    if (def === null || state.machine === machineName(def)) continue
    if (hasEnded(def, state)) continue
    const version = versionOf(state.machine)
    if (version > def.version) {
      throw new SystemError(
        'TOWN_NEWER',
        `${address} was written by ${state.machine}; this gt has ${machineName(def)}.`,
      )
    }
    behind.push({ address, def, state })
  }
  return behind
}

/** The records that bring owners to this build's versions, from `position` on. */
export function migrationRecords(behind: readonly Behind[], { seq, at }: Position): readonly LogRecord[] {
  return behind.map(({ address, def, state }, n) => {
    const next = migrated(def, address, state)
    return {
      seq: seq + n,
      v: RECORD_VERSION,
      at,
      actor: address,
      machine: machineName(def),
      message: { type: OWNER_MIGRATED, machine: state.machine },
      from: state.value,
      to: next.value,
      change: difference(state.context, next.context),
      facts: [],
      effects: [],
      by: TOWN,
      cause: null,
      correlation: seq + n,
    }
  })
}

/**
 * A state of an earlier version in the shape of this one.
 * @throws {SystemError} NOT_MIGRATED when the machine has no such state
 */
export function migrated(def: MachineDef, address: Address, state: OwnerState): MachineState {
  const { value, context } = state
  const now = def.migrate?.({ value, context }, versionOf(state.machine)) ?? { value, context }
  const next = { value: now.value, context: { ...initialContext(def.machine, address), ...now.context } }
  try {
    restore(def.machine, next)
    return next
  } catch (error) {
    const where = JSON.stringify(next.value)
    throw new SystemError(
      'NOT_MIGRATED',
      `${machineName(def)} has no state ${where}, in which ${address} is.`,
      error,
    )
  }
}

const machineName = ({ name, version }: MachineDef): string => `${name}@${version}`
const versionOf = (machine: string): number => Number(machine.slice(machine.lastIndexOf('@') + 1))

/** A state that the machine does not have any more is not a final one: those keep their names. */
function hasEnded({ machine }: MachineDef, state: OwnerState): boolean {
  try {
    return restore(machine, state).status !== 'active'
  } catch {
    return false
  }
}
