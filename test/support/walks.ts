// Every state of a machine, reached from its beginning by samples of messages.

import { describe as describeMachine } from '../../src/actors/chart.ts'
import { machineAt } from '../../src/actors/index.ts'
import { ownerKind } from '../../src/events/address.ts'
import type { StateValue } from '../../src/events/record.ts'
import { createDecider, type State } from '../../src/system/decide.ts'
import { decide, type Saying, stepsOf } from './decisions.ts'
import {
  AGENT,
  ALL_SAMPLES,
  BEAD,
  CREW,
  CREW_SESSION,
  configured,
  DOG,
  MERGE_REQUEST,
  PLAN,
  PULL,
  REVIEW,
  RIG,
  SANDBOX,
  SESSION,
  samplesOf,
} from './messages.ts'

/** One owner of each kind. */
export const OWNERS: readonly string[] = [
  'town',
  `rigs/${RIG}`,
  `beads/${BEAD}`,
  'mayor',
  'deacon',
  'deacon/boot',
  'deacon/dogs',
  DOG,
  'budgets',
  AGENT,
  SANDBOX,
  SESSION,
  CREW,
  CREW_SESSION,
  `plans/${PLAN}`,
  `${RIG}/witness`,
  `${RIG}/refinery`,
  `${RIG}/integration/sh-1`,
  `${RIG}/ahead`,
  MERGE_REQUEST,
  PULL,
  REVIEW,
  'nudges/n-1',
  'decisions/d-1',
]

export const kindOf = (address: string): string => ownerKind(address) ?? ''

/** `in_progress.working` of `{in_progress: 'working'}`. */
export const stateName = (value: StateValue): string =>
  typeof value === 'string'
    ? value
    : Object.entries(value)
        .map(([key, below]) => `${key}.${stateName(below)}`)
        .join('+')

/** Messages that mean something to the machine at an address, and its timers. */
export function sayingsFor(address: string): readonly Saying[] {
  const def = machineAt(address)
  if (def === null) return []
  const { messages } = describeMachine(def)
  return [...messages.flatMap(samplesOf), ...timersOf(address)]
}

export function timersOf(address: string): readonly Saying[] {
  const machine = machineAt(address)?.machine
  return (machine?.events ?? [])
    .filter((type: string) => type.startsWith('xstate.after.'))
    .map((type: string) => ({ type }))
}

/** Contexts that are kept for one state; more would only be more of the same. */
const PER_STATE = 8

/** States that can be reached, several contexts for each, and null: not yet spoken to. */
export function reachable(address: string): (State | null)[] {
  const def = machineAt(address)
  if (def === null) return []
  const decider = createDecider()
  const found: (State | null)[] = [null, ...toldIn(address)]
  const seen = new Map<string, Set<string>>()
  for (let n = 0; n < found.length; n += 1) {
    const state = found[n] ?? null
    if (state !== null && isFinal(address, state)) continue
    for (const said of sayingsFor(address)) {
      const decision = decide(def, address, state, said, n + 1, decider)
      if (decision.kind === 'refused') continue
      const contexts = seen.get(stateName(decision.state.value)) ?? new Set<string>()
      seen.set(stateName(decision.state.value), contexts)
      const context = JSON.stringify(decision.state.context)
      if (contexts.has(context) || contexts.size >= PER_STATE) continue
      contexts.add(context)
      found.push(decision.state)
    }
  }
  return found
}

/** States that lie too deep to be come upon, by the messages that lead there. */
function toldIn(address: string): State[] {
  const red = samplesOf('gates.ran').filter((said) => JSON.stringify(said).includes('"failed"'))
  const noCheckout = [...samplesOf('review.notReady'), ...samplesOf('review.removed')]
  const deep: { readonly [address: string]: readonly Saying[] } = {
    [REVIEW]: [...samplesOf('review.ask').slice(0, 1), ...noCheckout, ...noCheckout],
    [`${RIG}/refinery`]: [
      configured,
      ...samplesOf('MERGE_READY').slice(0, 1),
      ...samplesOf('merge.built'),
      ...red,
    ],
  }
  const steps = stepsOf(address)
  return (deep[address] ?? []).flatMap((said) => {
    const decision = steps.take(said)
    return decision.kind === 'accepted' ? [decision.state] : []
  })
}

export function isFinal(address: string, { value }: State): boolean {
  const def = machineAt(address)
  if (def === null) return false
  return describeMachine(def).states.some(({ name, final }) => final && name === stateName(value))
}

export const everySaying = (address: string): readonly Saying[] => [...ALL_SAMPLES, ...timersOf(address)]
