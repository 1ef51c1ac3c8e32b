// A recap: what happened between two moments, as one answer.

import type { WaitingFor } from '../../events/define.ts'
import type { Address } from '../../events/record.ts'
import type { Cost, CostItem } from '../../projections/costs.ts'
import type { HourKind } from './hours.ts'

/** A position of the log, and the time that it stands for (ISO). */
export type Moment = { readonly seq: number; readonly at: string }

export type Span = {
  /** What came after it. */
  readonly from: Moment
  readonly to: Moment
  /** Until when a daemon is known to have been there: at or before `to`. */
  readonly watchedUntil: string
}

/** `more`: the command that shows more, in every item. */
export type Landed = {
  readonly bead: string
  readonly title: string
  readonly rig: string | null
  readonly agent: Address
  readonly commit: string
  /** Null where nobody counted them. */
  readonly lines: { readonly added: number; readonly removed: number } | null
  readonly at: string
  readonly seq: number
  /** It was opened again since. */
  readonly reopened: boolean
  readonly costUsd: number | null
  readonly more: string
}

export type NotLanded = {
  readonly bead: string
  readonly title: string
  readonly rig: string
  readonly agent: Address | null
  readonly status: string
  readonly stage: string
  readonly waitingFor: WaitingFor | null
  /** What it waits for, as `gt why` calls it; `working` when for nothing. */
  readonly kind: string
  /** The one reason, in plain words. */
  readonly reason: string
  readonly since: string
  /** Open beads that cannot go on before this one, also through others. */
  readonly blocks: number
  readonly more: string
}

export type ClosedOtherwise = {
  readonly bead: string
  readonly title: string
  readonly reason: string
  readonly at: string
  readonly more: string
}

export type Red = {
  readonly kind: 'gate' | 'target' | 'rig'
  readonly rig: string
  /** Name of the gate, or the code that the queue gave. */
  readonly what: string
  readonly message: string
  readonly beads: readonly string[]
  /** Null: before the time that is looked at. */
  readonly since: string | null
  /** Null: it still is. */
  readonly until: string | null
  readonly more: string
}

export type AgentTrouble = {
  readonly agent: Address
  readonly bead: string | null
  /** How often a new session went on where one had ended. */
  readonly restarts: number
  /** It stands still at the end. */
  readonly stuck: boolean
  /** The last cause. */
  readonly cause: string
  readonly at: string
  readonly more: string
}

export type LookFirst = {
  readonly what: 'stands' | 'dear' | 'red'
  readonly about: string
  readonly text: string
  readonly more: string
}

export type Recap = {
  readonly span: {
    readonly from: Moment
    readonly to: Moment
    /** ms in which a daemon was there to see time pass. */
    readonly awakeMs: number
    readonly lengthMs: number
  }
  readonly first: readonly LookFirst[]
  readonly landed: readonly Landed[]
  readonly notLanded: readonly NotLanded[]
  readonly closed: readonly ClosedOtherwise[]
  readonly red: readonly Red[]
  readonly agents: readonly AgentTrouble[]
  readonly costs: {
    readonly items: readonly (CostItem & { readonly title: string | null })[]
    readonly more: number
    readonly total: Cost
  }
  /** ms of watched time, of each bead on its way. */
  readonly hours: Readonly<Record<HourKind, number>>
}
