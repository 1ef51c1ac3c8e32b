// Decisions in their own words: given messages, when a message, then facts, tells, effects or a refusal.

import { expect } from 'vitest'
import { machineAt } from '../../src/actors/index.ts'
import type { MachineDef } from '../../src/actors/machine.ts'
import type { Address, AnyMessage, StateValue } from '../../src/events/record.ts'
import { createDecider, type Decision, type State } from '../../src/system/decide.ts'
import { timeOf } from './records.ts'

/** A message as an owner is told it; what it leaves out of `meta` is made up, one second after the last. */
export type Saying = AnyMessage & { readonly meta?: { readonly at?: string; readonly by?: Address } }

/** What a decision came to. Lists are compared one by one; each entry needs to match only in what it names. */
export type Outcome = {
  readonly facts?: readonly object[]
  /** Messages for other owners; those of one turn follow each other. */
  readonly tells?: readonly (readonly [to: Address, message: object])[]
  /** Effects on the world, and timers that are set; those that are called off follow from the state. */
  readonly effects?: readonly (readonly [kind: string, params?: object])[]
  /** Its code. Nothing else happened then. */
  readonly refused?: string
  readonly state?: StateValue
  readonly context?: object
}

/** `decisions(address)` begins with the owner at that address, not yet spoken to. */
export function decisions(address: Address) {
  const steps = stepsOf(address)
  return {
    /** What went before; each of it was accepted. */
    given(...messages: readonly Saying[]) {
      for (const each of messages) {
        const decision = steps.take(each)
        if (decision.kind === 'refused') {
          throw new Error(
            `Given ${each.type} was refused: ${decision.refusal.code} ${decision.refusal.message}`,
          )
        }
      }
      return this
    },
    when: (last: Saying) => ({
      gives(expected: Outcome): void {
        const decision = steps.take(last)
        expect(outcomeOf(decision, steps.state, expected)).toMatchObject(expected)
      },
    }),
  }
}

/** An owner alone: its state, and one step after the other. */
export function stepsOf(address: Address, start: State | null = null) {
  const def = machineAt(address)
  if (def === null) throw new Error(`Nothing can live at ${address}.`)
  const decider = createDecider()
  let state = start
  let seq = 0
  return {
    def,
    get state() {
      return state
    },
    /** Of the message taken last. */
    get seq() {
      return seq
    },
    take(said: Saying): Decision {
      seq += 1
      const decision = decide(def, address, state, said, seq, decider)
      if (decision.kind === 'accepted') state = decision.state
      return decision
    },
  }
}

export function decide(
  def: MachineDef,
  address: Address,
  state: State | null,
  { meta, ...said }: Saying,
  seq: number,
  decider = createDecider(),
): Decision {
  const told = { ...said, type: said.type, meta: { at: timeOf(seq), by: 'overseer', seq, ...meta } }
  const decision = decider.decide(def, address, state, told)
  if (decision.kind === 'refused' && decision.refusal.code === 'MACHINE_FAULT') {
    throw new Error(decision.refusal.message)
  }
  return decision
}

/** The time of a named delay is over: `after('cooldown', 'sandbox.cooling')`. */
export const after = (delay: string, state: string): Saying => ({ type: `xstate.after.${delay}.${state}` })

function outcomeOf(
  decision: Decision,
  state: State | null,
  expected: Outcome,
): Required<Outcome> | { refused: string } {
  if (decision.kind === 'refused') {
    return { refused: decision.refusal.code, ...(state === null ? {} : { state: state.value }) }
  }
  const told = decision.effects.filter(({ kind }) => kind === 'tell')
  return {
    facts: decision.facts,
    tells: told.flatMap(({ params }) =>
      (params.messages as { to: Address; message: object }[]).map(
        ({ to, message }) => [to, message] as const,
      ),
    ),
    effects: decision.effects
      .filter(({ kind }) => kind !== 'tell' && kind !== 'timer.cancel')
      .map(
        ({ kind, params }, n) =>
          (expected.effects?.[n]?.length === 1 ? [kind] : [kind, params]) as [string, object],
      ),
    refused: '',
    state: decision.state.value,
    context: decision.state.context,
  }
}
