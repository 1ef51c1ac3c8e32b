// The record: one transition of one owner, as it is kept in the log.
//
// Owns:      the shape of a record and the ids made from it.
// Does not:  say which messages, facts and effects exist (the families beside this file do).
// Always:    `to` and `change` are the whole new state; a reader needs no machine (P3).

/** Version of this shape. Raised only when a reader of the old shape would misread the new one. */
export const RECORD_VERSION = 1

/** Address of an owner: `mayor`, `beads/sh-4f2`, `shop/polecats/nux/sessions/2.1`. */
export type Address = string

/** XState's value of a state: `working`, or `{ hooked: 'preparing' }`. */
export type StateValue = string | { readonly [key: string]: StateValue }

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What an owner keeps besides its state: flat, plain JSON, compared by top-level key. */
export type Context = { readonly [key: string]: Json }

/** Top-level keys that changed. Applied as plain JSON, without any machine. */
export type Change = { readonly set?: Context; readonly unset?: readonly string[] }

/** `type` and plain fields. Types of roles are SHOUTED, others are dotted. */
export type AnyMessage = { readonly type: string; readonly [key: string]: unknown }

/** Past tense, PascalCase. */
export type AnyFact = { readonly type: string; readonly [key: string]: unknown }

/** What a record asks of the world, of other owners, or of time. Its id is `<seq>.<n>`, n counted from 0. */
export type AnyEffect = { readonly kind: string; readonly params: { readonly [key: string]: unknown } }

export type Refusal = {
  readonly code: string
  /** One sentence. */
  readonly message: string
  readonly details?: { readonly [key: string]: unknown }
}

export type LogRecord = {
  readonly seq: number
  readonly v: number
  /** ISO time, UTC, ms. Never decreases along the log. */
  readonly at: string
  readonly actor: Address
  /** Name and version of the machine that decided: `bead@1`. */
  readonly machine: string
  readonly message: AnyMessage
  /** null when this record makes the owner. */
  readonly from: StateValue | null
  readonly to: StateValue
  readonly change: Change
  readonly facts: readonly AnyFact[]
  readonly effects: readonly AnyEffect[]
  /** Who caused it: `overseer`, an agent's address, an owner's address, `host`, `worker`, `clock`. */
  readonly by: Address
  /** Seq of the record that led here, or null when it came from outside. */
  readonly cause: number | null
  /** Seq of the record from outside that everything of this correlation goes back to. */
  readonly correlation: number
  /** Id of the effect, timer or tell that this record answers. */
  readonly settles?: string
  /** Present when some of its texts were erased: the digest of the line that was first written. */
  readonly erased?: string
  /** Present when the message was refused: nothing changed, but the promise is settled. */
  readonly refused?: Refusal
}

/**
 * Message of a record that a build with a higher version of a machine writes for each owner that lives, before
 * anything else: `to` and `change` lead to its state in the new shape. It settles and leaves behind no promise.
 */
export const OWNER_MIGRATED = 'owner.migrated'

/**
 * Message of the first record of a fork. Every effect and every timer that is open before it is settled by it, as
 * cancelled: what they were asked for is the business of the town that the fork was made of.
 */
export const TOWN_FORKED = 'town.forked'

/** An owner of a fork asks once more for what was cancelled; its state stays what it is. */
export const OWNER_RESUMED = 'owner.resume'

/** What stands in the place of an erased text. */
export const ERASED = '[erased]'

/** Id of the n-th effect of a record: `17.0`. */
export const effectId = (seq: number, n: number): string => `${seq}.${n}`

export function parseEffectId(id: string): { seq: number; n: number } {
  const [seq, n] = id.split('.').map(Number)
  return { seq: seq ?? 0, n: n ?? 0 }
}

/** What a machine learns besides the message itself. Recorded fields only, so that a decision can be repeated. */
export type Meta = { readonly at: string; readonly by: Address; readonly seq: number }

/** A message as a machine receives it. */
export type Told<M extends AnyMessage = AnyMessage> = M & { readonly meta: Meta }
