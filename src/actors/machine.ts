// What every machine of ours is made of.
//
// Owns:      the actions a machine may name, how a decision is written, and the shape the system receives.
// Does not:  run anything: an action here is a name with plain params, collected by src/system/decide.ts.
// Always:    `{value, context}` is the whole state of a machine; context is flat plain JSON; each root answers '*'.

import { type AnyStateMachine, enqueueActions } from 'xstate'
import type { EffectKind, EffectParams, Fact, Message, MessageOf } from '../events/index.ts'
import type { Address, AnyFact, Context, Refusal, StateValue, Told } from '../events/record.ts'

/** A machine as the system hosts it. */
export type MachineDef = {
  /** In records as `name@version`. */
  readonly name: string
  /** Raised with any change of states, context shape or rules. */
  readonly version: number
  /**
   * The state of an owner that lives, from version `from` to this one. Without it the state stays, and keys that are
   * new have what a new owner begins with; so it is written when a state or a key was renamed, or means something else.
   * A final state keeps its name for ever: whoever has ended is not asked.
   */
  readonly migrate?: (state: MachineState, from: number) => MachineState
  readonly machine: AnyStateMachine
  /** A named role is hosted as a live XState actor; anything else is stepped at rest. */
  readonly live: boolean
}

/** All that there is of an owner. */
export type MachineState = { readonly value: StateValue; readonly context: Context }

/** What a machine of an owner is given when the owner is first spoken to. */
export type OwnerInput = { readonly address: Address }

/** A message of ours as a machine receives it. */
export type Event<T extends Message['type'] = Message['type']> = Told<MessageOf<T>>

/** A message for another owner, checked by type where it is written. */
export type Tell = { readonly to: Address; readonly message: Message }

/** Effects that reach the world, as against tells and timers. */
export type WorldEffect = Exclude<EffectKind, 'tell' | 'timer' | 'timer.cancel'>

/** Every world effect; what src/town carries out, and what a machine may name. */
export const WORLD_EFFECTS = [
  'rig.clone',
  'worktree.add',
  'worktree.remove',
  'worktree.checkpoint',
  'worktree.shelve',
  'worktree.restore',
  'worktree.verify',
  'session.start',
  'session.stop',
  'merge.build',
  'gates.run',
  'target.look',
  'target.push',
  'stack.ahead',
  'branch.create',
  'branch.look',
  'branch.remove',
  'pull.open',
  'pull.look',
  'pull.merge',
  'review.checkout',
  'review.remove',
  'nudge.write',
  'nudge.enter',
  'notice.send',
  'role.restart',
  'chore.clean',
  'chore.judge',
] as const satisfies readonly WorldEffect[]

/**
 * The actions all machines share. None does anything by itself: `refuse` ends a decision without a trace, `tell` is
 * one turn over the owners it names, the others are effects.
 */
export const ACTIONS: Readonly<Record<string, () => void>> = Object.fromEntries(
  ['refuse', 'tell', ...WORLD_EFFECTS].map((name) => [name, () => {}]),
)

/**
 * `options` of each machine. The longest decision takes three steps by itself (a result, idle, the next request); a
 * machine that goes round is a defect, and must not take the daemon with it.
 */
export const OPTIONS = { maxIterations: 20 } as const

/** Types for `setup()`: messages are narrowed where they are used, by `does` and `when`. */
export const typesOf = <C extends object>() => ({
  context: {} as C,
  events: {} as Told,
  emitted: {} as AnyFact,
  input: {} as OwnerInput,
})

/** What a decision may come to, in the order it is said. */
export interface Deciding<C> {
  set(changed: Partial<C>): void
  fact(fact: Fact): void
  /** One turn over all the owners named: they accept together or not at all. */
  tell(...messages: Tell[]): void
  effect<K extends WorldEffect>(kind: K, params: EffectParams<K>): void
  /** That message, to itself, after so much watched time. Call off an earlier one of that type first. */
  later(type: Message['type'], delayMs: number): void
  callOff(type: Message['type']): void
  refuse(code: string, message: string, details?: { readonly [key: string]: unknown }): void
}

/**
 * Writers of a machine's decisions over its context `C`: `does(type, decide)` for the actions of a transition,
 * `when(type, test)` for its guard. The type of message is named so that `event` has its fields.
 *
 * `does` is typed `never` because XState's action types carry the whole machine; `never` fits each of them, and
 * what matters (context, event, facts, effects) is checked by our own types here.
 */
export function writing<C extends object>() {
  return {
    does: <T extends Message['type']>(
      _type: T,
      decide: (context: Readonly<C>, event: Event<T>, to: Deciding<C>) => void,
    ): never =>
      enqueueActions(({ context, event, enqueue }) => {
        const put = enqueue as unknown as Enqueue
        decide(context as unknown as C, event as unknown as Event<T>, {
          set: (changed) => put.assign(changed as Context),
          fact: (fact) => put.emit(fact as AnyFact),
          tell: (...messages) => put({ type: 'tell', params: { messages } }),
          effect: (kind, params) => put({ type: kind, params }),
          later: (type, delay) => put.raise({ type }, { id: type, delay }),
          callOff: (type) => put.cancel(type),
          refuse: (code, message, details) =>
            put({
              type: 'refuse',
              params: details === undefined ? { code, message } : { code, message, details },
            }),
        })
      }) as never,
    when:
      <T extends Message['type']>(_type: T, test: (context: Readonly<C>, event: Event<T>) => boolean) =>
      ({ context, event }: { context: C; event: Told }): boolean =>
        test(context, event as unknown as Event<T>),
  }
}

type Enqueue = {
  (action: { type: string; params: unknown }): void
  assign(changed: Context): void
  emit(fact: AnyFact): void
  raise(event: { type: string }, options: { id: string; delay: number }): void
  cancel(id: string): void
}

/** Root answer of each machine: what no state expects is refused, and never dropped in silence. */
export const UNEXPECTED = {
  actions: {
    type: 'refuse',
    params: ({ event }: { event: Told }): Refusal => ({
      code: 'UNEXPECTED',
      message: `This is not the time for ${event.type}.`,
    }),
  },
} as const

export type { Address, Refusal }
