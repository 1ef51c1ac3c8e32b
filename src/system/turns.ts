// A turn's decision: messages to one or several owners become records, all of them or none.
//
// Owns:      the order of decisions within a turn and the fields of a record.
// Does not:  append (writer.ts) or know what a machine says (decide.ts).

import type { MachineDef } from '../actors/machine.ts'
import { TOWN } from '../events/address.ts'
import type { Address, AnyMessage, LogRecord, Refusal } from '../events/record.ts'
import { RECORD_VERSION } from '../events/record.ts'
import type { Decider } from './decide.ts'
import type { Owners } from './owners.ts'

export type Position = {
  /** Seq of the first record this turn would write. */
  readonly seq: number
  readonly at: string
}

export type Origin = {
  readonly by: Address
  readonly cause: number | null
  readonly correlation: number | null
  /** Id of the promise this turn answers. */
  readonly settles: string | null
}

export type Decided =
  | { readonly kind: 'records'; readonly records: readonly LogRecord[] }
  | { readonly kind: 'refused'; readonly to: Address; readonly refusal: Refusal }

export function decideTurn(input: {
  readonly messages: readonly { readonly to: Address; readonly message: AnyMessage }[]
  readonly position: Position
  readonly origin: Origin
  readonly machines: (address: Address) => MachineDef | null
  readonly owners: Owners
  readonly decider: Decider
}): Decided {
  const { position, origin, owners, decider } = input
  const records: LogRecord[] = []
  // Proposals of this turn are undone one by one if a later owner refuses.
  const undo: (() => void)[] = []
  const refuse = (to: Address, refusal: Refusal): Decided => {
    for (const step of undo.reverse()) step()
    return { kind: 'refused', to, refusal }
  }

  for (const { to, message } of input.messages) {
    const def = input.machines(to)
    if (def === null) return refuse(to, { code: 'NO_SUCH_OWNER', message: `Nothing lives at ${to}.` })
    const before = owners.get(to)
    const seq = position.seq + records.length
    const told = { ...message, meta: { at: position.at, by: origin.by, seq } }
    const decision = decider.decide(def, to, before, told)
    if (decision.kind === 'refused') return refuse(to, decision.refusal)
    if (!decision.matters && !(origin.settles !== null && records.length === 0)) continue

    const machine = `${def.name}@${def.version}`
    records.push({
      seq,
      v: RECORD_VERSION,
      at: position.at,
      actor: to,
      machine,
      message,
      from: before?.value ?? null,
      to: decision.state.value,
      change: decision.change,
      facts: decision.facts,
      effects: decision.effects,
      by: origin.by,
      cause: origin.cause,
      correlation: origin.correlation ?? position.seq,
      ...(origin.settles !== null && records.length === 0 ? { settles: origin.settles } : {}),
    })
    // The decider knows a live actor by the very state object it was left with.
    owners.propose(to, Object.assign(decision.state, { seq, machine }))
    undo.push(() => {
      if (before === null) owners.withdraw(to)
      else owners.propose(to, before)
      decider.reset(to)
    })
  }
  return { kind: 'records', records }
}

/** The record that settles a promise nobody accepted. Changes nothing. */
export function refusalRecord(input: {
  readonly to: Address
  readonly message: AnyMessage
  readonly refusal: Refusal
  readonly position: Position
  readonly origin: Origin & { readonly settles: string }
  readonly owners: Owners
}): LogRecord {
  const { position, origin } = input
  const state = input.owners.get(input.to)
  const actor = state === null ? TOWN : input.to
  const value = (state ?? input.owners.get(TOWN))?.value ?? 'absent'
  return {
    seq: position.seq,
    v: RECORD_VERSION,
    at: position.at,
    actor,
    machine: (state ?? input.owners.get(TOWN))?.machine ?? 'town@0',
    message: input.message,
    from: value,
    to: value,
    change: {},
    facts: [],
    effects: [],
    by: origin.by,
    cause: origin.cause,
    correlation: origin.correlation ?? position.seq,
    settles: origin.settles,
    refused: state === null ? { ...input.refusal, details: { to: input.to } } : input.refusal,
  }
}

/** What an owner makes of the news that a turn it asked for was refused. Nothing, unless its machine listens. */
export function heardRefusal(input: {
  /** The record that settles it. */
  readonly record: LogRecord
  readonly refused: { readonly to: Address; readonly refusal: Refusal }
  readonly messages: readonly { readonly to: Address; readonly message: AnyMessage }[]
  readonly machines: (address: Address) => MachineDef | null
  readonly owners: Owners
  readonly decider: Decider
}): readonly LogRecord[] {
  const { record, refused, messages, ...parts } = input
  const { code, message } = refused.refusal
  const news = { type: 'tell.refused', to: refused.to, code, message, messages }
  const decided = decideTurn({
    ...parts,
    messages: [{ to: record.by, message: news }],
    position: { seq: record.seq + 1, at: record.at },
    origin: { by: refused.to, cause: record.seq, correlation: record.correlation, settles: null },
  })
  return decided.kind === 'records' ? decided.records : []
}
