// One decision: state and message in; new state, facts and effects out.
//
// Owns:      the step of a machine with its actions collected instead of run, and what they turn into.
// Does not:  append, remember or carry out anything.
// Always:    a machine that refuses or throws leaves the state as it was; a throw is a refusal, MACHINE_FAULT.

import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import type { MachineDef } from '../actors/machine.ts'
import {
  type Address,
  type AnyEffect,
  type AnyFact,
  type Change,
  type Context,
  OWNER_RESUMED,
  type Refusal,
  type StateValue,
  type Told,
} from '../events/record.ts'

export type State = { readonly value: StateValue; readonly context: Context }

export type Decision =
  | {
      readonly kind: 'accepted'
      readonly state: State
      readonly change: Change
      readonly facts: readonly AnyFact[]
      readonly effects: readonly AnyEffect[]
      /** False when nothing at all came of it: no record is needed. */
      readonly matters: boolean
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

type Collected = { readonly type: string; readonly params?: unknown }

/** Steps machines. Live roles are XState actors kept here; owners at rest are stepped from their state. */
export interface Decider {
  /** `state` null: the owner is made by this message. */
  decide(def: MachineDef, address: Address, state: State | null, event: Told): Decision
  /** Puts a live actor back to a state (after a turn that was not taken, or an append that failed). */
  reset(address: Address): void
}

export function createDecider(): Decider {
  const resting = new Map<AnyStateMachine, Stepper>()
  const live = new Map<Address, LiveActor>()

  return {
    decide(def, address, state, event) {
      let step: (from: AnyMachineSnapshot | null) => {
        next: AnyMachineSnapshot
        collected: readonly Collected[]
      }
      if (def.live) {
        let actor = live.get(address)
        if (actor === undefined || actor.state !== state) {
          actor = createLiveActor(def.machine, address, state)
          live.set(address, actor)
        }
        step = () => actor.send(event)
      } else {
        let stepper = resting.get(def.machine)
        if (stepper === undefined) {
          stepper = createStepper(def.machine)
          resting.set(def.machine, stepper)
        }
        step = (from) => stepper.step(from ?? stepper.initial(address), event)
      }
      const before = state === null ? null : restore(def.machine, state)
      if (before !== null && before.status !== 'active') {
        return refused('OWNER_ENDED', `${address} has ended and takes no more messages.`)
      }
      if (event.type === OWNER_RESUMED) return resume(address, state, event)
      let outcome: ReturnType<typeof step>
      try {
        outcome = step(before)
      } catch (error) {
        live.delete(address)
        // Settled like any refusal, so that it is seen once and not met again at every start.
        const why = error instanceof Error ? error.message : String(error)
        return refused('MACHINE_FAULT', `${def.name}@${def.version} failed on ${event.type}: ${why}`)
      }
      const decision = read(state, outcome.next, outcome.collected, event)
      // Keys that were taken out stay in an actor's context as undefined, and would only become more.
      const clean = decision.kind === 'accepted' && decision.state.context === outcome.next.context
      if (decision.kind === 'accepted' && clean) live.get(address)?.settle(decision.state)
      // Its transition may have gone somewhere before it refused.
      else live.delete(address)
      return decision
    },
    reset(address) {
      live.delete(address)
    },
  }
}

/** Of each machine, what of a snapshot depends on its value alone. */
const restored = new WeakMap<AnyStateMachine, Map<string, AnyMachineSnapshot>>()

/** State as XState has it, from what the log has. No machine of ours has children or history: nothing in it is changed. */
export function restore(machine: AnyStateMachine, { value, context }: State): AnyMachineSnapshot {
  let byValue = restored.get(machine)
  if (byValue === undefined) {
    byValue = new Map()
    restored.set(machine, byValue)
  }
  const key = typeof value === 'string' ? value : JSON.stringify(value)
  let found = byValue.get(key)
  if (found === undefined) {
    found = machine.resolveState({ value: value as never, context: {} as never }) as AnyMachineSnapshot
    byValue.set(key, found)
  }
  return { ...found, context } as AnyMachineSnapshot
}

/** What an owner at `address` begins with. */
export function initialContext(machine: AnyStateMachine, address: Address): Context {
  return withoutUndefined(createStepper(machine).initial(address).context as Context)
}

type Stepper = {
  initial(address: Address): AnyMachineSnapshot
  step(from: AnyMachineSnapshot, event: Told): { next: AnyMachineSnapshot; collected: readonly Collected[] }
}

/** Uses the machine's own public `transition` with a scope that collects actions; see ARCHITECTURE.md. */
function createStepper(machine: AnyStateMachine): Stepper {
  let collected: Collected[] = []
  const self = createActor(machine, { input: { address: '' } as never })
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger() {},
    defer() {},
    stopChild() {},
    emit() {},
    actionExecutor: (action: Collected) => collected.push(action),
  } as never
  return {
    initial: (address) => machine.getInitialSnapshot(scope, { address } as never) as AnyMachineSnapshot,
    step(from, event) {
      collected = []
      const next = machine.transition(from, event as never, scope) as AnyMachineSnapshot
      return { next, collected }
    },
  }
}

type LiveActor = {
  /** The state of the log this actor stands at; null before its first record. */
  state: State | null
  settle(state: State): void
  send(event: Told): { next: AnyMachineSnapshot; collected: readonly Collected[] }
}

function createLiveActor(machine: AnyStateMachine, address: Address, state: State | null): LiveActor {
  let collected: Collected[] = []
  let thrown: unknown
  const collect = (action: Collected) => collected.push(action)
  // The actor is given our logic, which is the machine with its actions collected and its exceptions held.
  const gated = Object.assign(Object.create(machine) as AnyStateMachine, {
    transition(snapshot: never, event: never, scope: object) {
      try {
        return machine.transition(snapshot, event, { ...scope, actionExecutor: collect } as never)
      } catch (error) {
        thrown = error
        return snapshot
      }
    },
    getInitialSnapshot(scope: object, input: never) {
      return machine.getInitialSnapshot({ ...scope, actionExecutor: collect } as never, input)
    },
  })
  const options =
    state === null ? { input: { address } } : { snapshot: restore(machine, state), input: { address } }
  const actor = createActor(gated, options as never).start()
  return {
    state,
    settle(next) {
      this.state = next
    },
    send(event) {
      collected = []
      thrown = undefined
      actor.send(event)
      if (thrown !== undefined) throw thrown
      return { next: actor.getSnapshot() as AnyMachineSnapshot, collected }
    },
  }
}

function read(
  before: State | null,
  next: AnyMachineSnapshot,
  collected: readonly Collected[],
  event: Told,
): Decision {
  const refuse = collected.find((action) => action.type === 'refuse')
  if (refuse !== undefined) return { kind: 'refused', refusal: refuse.params as Refusal }

  const facts: AnyFact[] = []
  const effects: AnyEffect[] = []
  for (const { type, params } of collected) {
    if (type === 'xstate.emit') facts.push((params as { event: AnyFact }).event)
    else if (type === 'xstate.raise') timer(params as RaiseParams, event, effects)
    else if (type === 'xstate.cancel') cancel((params as { sendId: string }).sendId, effects)
    else effects.push({ kind: type, params: params as AnyEffect['params'] })
  }
  const context = withoutUndefined(next.context as Context)
  const change = difference(before?.context ?? {}, context)
  const value = next.value as StateValue
  const moved = before === null || !sameValue(before.value, value)
  return {
    kind: 'accepted',
    state: { value, context },
    change,
    facts,
    effects,
    matters:
      moved ||
      facts.length > 0 ||
      effects.some((effect) => effect.kind !== 'timer.cancel') ||
      change.set !== undefined ||
      change.unset !== undefined,
  }
}

type RaiseParams = { event: { type: string }; id?: string; delay?: number }

/** A raise without a delay was taken inside the step already. */
function timer({ event, delay }: RaiseParams, told: Told, effects: AnyEffect[]): void {
  if (delay === undefined) return
  const dueAt = new Date(Date.parse(told.meta.at) + delay).toISOString()
  effects.push({ kind: 'timer', params: { event: event.type, delayMs: delay, dueAt } })
}

/** A timer set and cancelled within one step leaves nothing. */
function cancel(event: string, effects: AnyEffect[]): void {
  const own = effects.findIndex((effect) => effect.kind === 'timer' && effect.params.event === event)
  if (own >= 0) effects.splice(own, 1)
  else effects.push({ kind: 'timer.cancel', params: { event } })
}

/** Said by no machine: what a fork cancelled is asked for once more, of an owner that is still in the state that asked. */
function resume(address: Address, state: State | null, { meta, value, asked }: Told): Decision {
  if (state === null || !sameValue(state.value, value as StateValue))
    return refused('RESUME_LATE', `${address} has gone on meanwhile.`)
  const effects = (asked as readonly Asked[]).map((one): AnyEffect => {
    if (one.params !== undefined) return { kind: one.kind, params: one.params }
    const { event, delayMs = 0 } = one
    const dueAt = new Date(Date.parse(meta.at) + delayMs).toISOString()
    return { kind: 'timer', params: { event, delayMs, dueAt } }
  })
  return {
    kind: 'accepted',
    state: { value: state.value, context: state.context },
    change: {},
    facts: [],
    effects,
    matters: true,
  }
}

type Asked = {
  readonly kind: string
  readonly params?: AnyEffect['params']
  readonly event?: string
  readonly delayMs?: number
}

function withoutUndefined(context: Context): Context {
  const keys = Object.keys(context)
  if (!keys.some((key) => context[key] === undefined)) return context
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined))
}

/** Top-level keys whose value is another one (compared by reference, then as JSON). */
export function difference(before: Context, after: Context): Change {
  const set: { [key: string]: Context[string] } = {}
  const unset: string[] = []
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    if (old !== value && JSON.stringify(old) !== JSON.stringify(value)) set[key] = value
  }
  for (const key of Object.keys(before)) if (!(key in after)) unset.push(key)
  return {
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(unset.length > 0 ? { unset } : {}),
  }
}

/** Applies a change as plain JSON, without any machine (P3). */
export function applyChange(context: Context, change: Change): Context {
  if (change.set === undefined && change.unset === undefined) return context
  const next: { [key: string]: Context[string] } = { ...context, ...change.set }
  for (const key of change.unset ?? []) delete next[key]
  return next
}

export function sameValue(a: StateValue, b: StateValue): boolean {
  return (
    a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
  )
}

function refused(code: string, message: string): Decision {
  return { kind: 'refused', refusal: { code, message } }
}
