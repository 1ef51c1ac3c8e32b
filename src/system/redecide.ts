// Deciding again: every recorded message through today's machines, against what was recorded (P3).
//
// Owns:      the comparison of one record with what the machines of now make of its message.
// Does not:  need to be right for the log to be readable: it is a check, never a source of state.

import type { MachineDef } from '../actors/machine.ts'
import { type Address, ERASED, type LogRecord, OWNER_MIGRATED } from '../events/record.ts'
import { createDecider, difference } from './decide.ts'
import { migrated } from './migrate.ts'
import { createOwners } from './owners.ts'

export type Divergence = {
  readonly seq: number
  readonly actor: Address
  readonly field: string
  readonly recorded: unknown
  readonly computed: unknown
}

export type Redecided = {
  /** By the machine version that decided then: a fault. */
  readonly divergences: readonly Divergence[]
  /** By another version than then: no fault, a decision that changed. */
  readonly changedDecisions: readonly Divergence[]
}

export interface Redecider {
  /** Takes the records of a log in order, each once. */
  check(record: LogRecord): Redecided
}

export function createRedecider(machines: (address: Address) => MachineDef | null): Redecider {
  const owners = createOwners()
  const decider = createDecider()
  /** From the first erased record on, owners may know less than they did. */
  let erased = false
  return {
    check(record) {
      // What it was decided on is gone.
      const isErased = record.erased !== undefined
      if (isErased) erased = true
      const found = record.refused === undefined && !isErased ? compare(record) : []
      owners.fold(record)
      const def = machines(record.actor)
      const same = def !== null && `${def.name}@${def.version}` === record.machine
      return same
        ? { divergences: found, changedDecisions: [] }
        : { divergences: [], changedDecisions: found }
    },
  }

  function compare(record: LogRecord): Divergence[] {
    const { seq, actor, at, by, message } = record
    const differs = (field: string, recorded: unknown, computed: unknown): Divergence[] =>
      same(recorded, computed) || (erased && sameButForErased(recorded, computed))
        ? []
        : [{ seq, actor, field, recorded, computed }]
    const def = machines(actor)
    if (def === null) return differs('machine', record.machine, null)
    decider.reset(actor)
    const before = owners.get(actor)
    if (message.type === OWNER_MIGRATED && before !== null) {
      // A later version may come from further back, or not from there at all.
      if (`${def.name}@${def.version}` !== record.machine) return []
      const next = migrated(def, actor, before)
      return [
        ...differs('to', record.to, next.value),
        ...differs('change', record.change, difference(before.context, next.context)),
      ]
    }
    const decision = decider.decide(def, actor, before, { ...message, meta: { at, by, seq } })
    if (decision.kind === 'refused') return differs('refused', null, decision.refusal)
    return [
      ...differs('to', record.to, decision.state.value),
      ...differs('change', record.change, decision.change),
      ...differs('facts', record.facts, decision.facts),
      ...differs('effects', record.effects, decision.effects),
    ]
  }
}

/** As JSON, with the keys of objects in any order. */
function same(a: unknown, b: unknown): boolean {
  // Mostly the order is the same, too, and sorting costs more than all else.
  return JSON.stringify(a) === JSON.stringify(b) || stable(a) === stable(b)
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

/** Equal where neither side was erased: a text in which something was erased is equal to any text. */
function sameButForErased(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string')
    return a === b || a.includes(ERASED) || b.includes(ERASED)
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) =>
    sameButForErased((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}
