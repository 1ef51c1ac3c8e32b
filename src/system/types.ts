// What the system offers to the rooms around it, and what it needs from them.

import type { EventLog } from '../../eventlog/types.ts'
import type { MachineDef } from '../actors/machine.ts'
import type { Address, AnyMessage, Context, LogRecord, Refusal, StateValue } from '../events/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { SavedLedger } from './ledger.ts'

/** One or several messages decided together: all are accepted and written in one append, or none is. */
export type Turn = {
  /** Makes it idempotent; made by whoever sends it, beforehand. */
  readonly id: string
  readonly by: Address
  readonly messages: readonly { readonly to: Address; readonly message: AnyMessage }[]
}

export type TurnResult =
  | {
      readonly accepted: true
      readonly records: readonly LogRecord[]
      /** True when this id had been accepted before; `records` are those of then. */
      readonly repeated: boolean
    }
  | { readonly accepted: false; readonly to: Address; readonly refusal: Refusal }

/** The state of one owner. */
export type OwnerState = {
  readonly value: StateValue
  readonly context: Context
  readonly seq: number
  readonly machine: string
}

/** An effect that was asked for and has no answer yet. `again`: a crash may lie between. */
export type OpenEffect = {
  readonly id: string
  readonly kind: string
  readonly params: { readonly [key: string]: unknown }
  readonly actor: Address
  readonly again: boolean
  /** Aborted when the owner no longer waits for the answer, and at shutdown. */
  readonly signal: AbortSignal
}

/** Carries out one effect and answers with the message for its owner. Never throws for an expected failure. */
export type Perform = (effect: OpenEffect) => Promise<{ readonly message: AnyMessage; readonly by: Address }>

/** Hears what is open and when it must have been kept, for whoever looks whether it was. Never throws. */
export interface Watch {
  /** A timer that is armed, an effect under way that has a deadline, a tell. `ms`: until it is due; said again: from now. */
  waits(promise: { readonly id: string; readonly actor: Address; readonly what: string }, ms: number): void
  /** Settled, called off or left behind. */
  over(id: string): void
}

/** Durable states by address. */
export type SavedOwners = readonly (readonly [Address, OwnerState])[]

/** Everything the system knows after a record, as plain JSON: a cache that saves folding what lies before. */
export type SystemCheckpoint = {
  readonly seq: number
  readonly at: string
  readonly owners: SavedOwners
  readonly ledger: SavedLedger
}

/** The same as it is held: looked at before the next await, and changed by nobody. */
export type SystemState = Omit<SystemCheckpoint, 'owners'> & {
  readonly owners: ReadonlyMap<Address, OwnerState>
  /** Owners that may do something yet: all but such as have ended. */
  readonly living: Iterable<Address>
}

/** Where to go on from. A map of owners is taken over. `living`: by the name of their machine; absent: any may be. */
export type SystemStart = Omit<SystemCheckpoint, 'owners'> & {
  readonly owners: SavedOwners | Map<Address, OwnerState>
  readonly living?: Readonly<Record<string, readonly Address[]>>
}

export type SystemOptions = {
  /** Folding begins after it, and its owners are of this build. Whoever hands it over answers for its being of this log. */
  readonly from?: SystemStart
  readonly log: EventLog
  /** The machine that lives at an address, or null when none can. */
  readonly machines: (address: Address) => MachineDef | null
  readonly clock: Clock
  /** Absent: effects stay open (a command while the daemon is down). */
  readonly perform?: Perform
  /** Timers stand still until it resolves: before, nobody who should do something in that time could say so. */
  readonly timersFrom?: Promise<void>
  /**
   * Awaited once after the fold and before anything is written. `migrates`: how many owners get a record that brings
   * them to this build's version of their machine. Throws: nothing is written, and the opening fails with it.
   */
  readonly beforeFirstRecord?: (opening: { readonly seq: number; readonly migrates: number }) => Promise<void>
  /**
   * Decided and written before any promise is kept, from what is folded and, where it was needed, brought along. Refused:
   * nothing is written, and the opening fails with FIRST_REFUSED.
   */
  readonly first?: (folded: SystemCheckpoint) => Turn
  readonly watch?: Watch
  /** How a tell is brought to its owners: at once, when this is absent. */
  readonly deliver?: (tell: { readonly id: string; readonly actor: Address }, bring: () => void) => void
  /** Awaited before an effect begins and its deadline runs; null when nothing keeps it. It never rejects. */
  readonly hold?: (effect: Pick<OpenEffect, 'kind' | 'actor' | 'signal'>) => Promise<void> | null
  /** Called for each durable record, in order, before effects start and answers go out. */
  readonly onRecord: (record: LogRecord) => void
  /** The same for a whole log that is folded at the opening, some hundreds of records at a time. Absent: `onRecord` is shown each. */
  readonly onOpening?: (records: readonly LogRecord[]) => void
  /** Something that must never happen happened, or the log is poisoned. */
  readonly onTrouble?: (trouble: Error) => void
}

export interface System {
  /**
   * Decides a turn. Resolves when its records are durable and folded.
   * `settled`: also waits until everything told because of it has been decided (effects are not waited for).
   *
   * Rejects with SystemError: TURN_UNKNOWN (a failed append; repeat with the same id), TOWN_BUSY, TOWN_CLOSING.
   */
  take(turn: Turn, options?: { readonly settled?: boolean }): Promise<TurnResult>
  /** State of an owner as decided last (durable or about to be), or null when there is none. */
  owner(address: Address): OwnerState | null
  /** The same of all; for what is durable alone see `checkpoint`. Takes long when there are many: mostly `living` will do. */
  owners(): Iterable<readonly [Address, OwnerState]>
  /** The same of those of one machine that may do something yet, and of some that have ended. */
  living(machine: string): Iterable<readonly [Address, OwnerState]>
  /** Effects asked for and not answered. */
  openEffects(): readonly OpenEffect[]
  /** Timers that run, with their due times. */
  openTimers(): readonly {
    readonly id: string
    readonly actor: Address
    readonly event: string
    readonly dueAt: string
  }[]
  /** Last durable and folded record. */
  readonly seq: number
  /** ms from the last record to the opening, by the wall clock: what TownStarted says as `downMs`. */
  readonly openedAfterMs: number
  /** What is known after record `seq`. Plain JSON; write it down before the next await. */
  checkpoint(): SystemCheckpoint
  state(): SystemState
  /**
   * Waits until everything that was told because of one record from outside has been decided (effects are not waited
   * for). `correlation`: of any record that goes back to it.
   */
  settled(correlation: number): Promise<void>
  /** Waits until nothing is being decided or written. */
  idle(): Promise<void>
  /**
   * Builds an owner again from its durable state, and keeps those of its promises anew that are open and late: a timer
   * fires, a tell is decided, an effect under way has failed as by its deadline. None is settled twice.
   */
  restart(
    address: Address,
    promises: readonly string[],
  ): { readonly again: readonly string[]; readonly over: readonly string[] }
  /** Stops taking turns, lets the current commit end, calls off timers and effects. The log stays open. */
  close(): Promise<void>
  /** Lets go of the log for as long as `between` runs (the host is started then), then goes on. */
  pause(between: () => Promise<void>): Promise<void>
}

export type SystemErrorCode =
  | 'TURN_UNKNOWN'
  | 'TOWN_BUSY'
  | 'TOWN_CLOSING'
  /** An owner was decided last by a later version of its machine. */
  | 'TOWN_NEWER'
  /** An owner of an earlier version is in a state that this build does not know. */
  | 'NOT_MIGRATED'
  /** What should be written before anything else was refused by an owner. */
  | 'FIRST_REFUSED'

export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly code: SystemErrorCode
  constructor(code: SystemErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
