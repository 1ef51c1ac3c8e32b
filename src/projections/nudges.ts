// Nudges: messages typed for agents, with how far each has come. Those that are over are kept while they are recent.
//
// Does not:  keep texts: `textSeq` names the record that holds it.

import type { NudgeMode } from '../events/nudge.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type NudgeState =
  /** Waits for its turn. */
  | 'queued'
  | 'writing'
  /** Its turn has come, and the composer is not free; `reason` says why. */
  | 'held'
  | 'written'
  /** Typed, and nobody has said yet that it was taken. */
  | 'unconfirmed'
  | 'accepted'
  | 'ended'
  | 'failed'
  | 'withdrawn'

export type NudgeRow = {
  id: string
  to: Address
  session: Address
  from: Address
  mode: NudgeMode
  state: NudgeState
  /** Since when. */
  since: string
  /** Why it waits, or how its turn ended. */
  reason: string | null
  /** The first characters of its text. */
  summary: string
  characters: number
  queuedAt: string
  writtenAt: string | null
  acceptedAt: string | null
  endedAt: string | null
  /** Who said that it was taken: hook, transcript or call. */
  via: string | null
  /** Times that Enter was pressed. */
  enters: number
  failure: { code: string; message: string } | null
  textSeq: number
}

export type NudgeRows = Map<string, NudgeRow>

/** Those that are over, and are kept. */
const KEPT = 500
const SUMMARY_MAX = 120

export const createNudges = (): Projection<NudgeRows> =>
  projection({ name: 'nudges', version: 1, empty: (): NudgeRows => new Map(), handlers })

export type NudgeFilter = {
  /** Sent to or by. */
  readonly agent?: Address | undefined
  readonly session?: Address | undefined
  readonly state?: readonly NudgeState[] | undefined
}

const OVER: ReadonlySet<NudgeState> = new Set(['ended', 'failed', 'withdrawn'])

/** Oldest first. */
export const nudges = (rows: NudgeRows, { agent, session, state }: NudgeFilter = {}): NudgeRow[] =>
  [...rows.values()].filter(
    (row) =>
      (agent === undefined || row.to === agent || row.from === agent) &&
      (session === undefined || row.session === session) &&
      (state === undefined || state.includes(row.state)),
  )

export const nudge = (rows: NudgeRows, id: string): NudgeRow | null => rows.get(id) ?? null

/** Whether nothing more will be said of its receipt. */
export const isSettled = ({ state }: NudgeRow): boolean => state === 'accepted' || OVER.has(state)

const handlers: Handlers<NudgeRows> = {
  NudgeQueued: (rows, { nudge, to, session, text, mode }, { at, by, seq }) => {
    rows.set(nudge, {
      id: nudge,
      to,
      session,
      from: by,
      mode,
      state: 'queued',
      since: at,
      reason: null,
      summary: text.slice(0, SUMMARY_MAX).replace(/[\uD800-\uDBFF]$/, ''),
      characters: text.length,
      queuedAt: at,
      writtenAt: null,
      acceptedAt: null,
      endedAt: null,
      via: null,
      enters: 0,
      failure: null,
      textSeq: seq,
    })
    return true
  },
  NudgeWriting: (rows, { nudge }, { at }) => edit(rows, nudge, (row) => enter(row, 'writing', at)),
  NudgeHeld: (rows, { nudge, reason }, { at }) =>
    edit(rows, nudge, (row) => {
      // Behind an Enter it says why nobody has taken it yet.
      if (row.state !== 'written') enter(row, 'held', at)
      row.reason = reason
    }),
  NudgeWritten: (rows, { nudge, enters }, { at }) =>
    edit(rows, nudge, (row) => {
      enter(row, 'written', at)
      row.writtenAt ??= at
      row.enters = enters
    }),
  NudgeUnconfirmed: (rows, { nudge, code, message }, { at }) =>
    edit(rows, nudge, (row) => {
      enter(row, 'unconfirmed', at)
      row.failure = { code, message }
    }),
  NudgeAccepted: (rows, { nudge, via }, { at }) =>
    edit(rows, nudge, (row) => {
      enter(row, 'accepted', at)
      row.acceptedAt = at
      row.via = via
      row.failure = null
    }),
  NudgeTurnEnded: (rows, { nudge, how }, { at }) =>
    end(rows, nudge, at, (row) => {
      enter(row, 'ended', at)
      row.reason = how
    }),
  NudgeFailed: (rows, { nudge, code, message }, { at }) =>
    end(rows, nudge, at, (row) => {
      enter(row, 'failed', at)
      row.failure = { code, message }
    }),
  NudgeWithdrawn: (rows, { nudge }, { at }) => end(rows, nudge, at, (row) => enter(row, 'withdrawn', at)),
}

function enter(row: NudgeRow, state: NudgeState, at: string): void {
  row.state = state
  row.since = at
  row.reason = null
}

function edit(rows: NudgeRows, id: string, change: (row: NudgeRow) => void): boolean {
  const row = rows.get(id)
  if (row === undefined) return false
  change(row)
  return true
}

/** The oldest of those that are over goes first. */
function end(rows: NudgeRows, id: string, at: string, change: (row: NudgeRow) => void): boolean {
  const row = rows.get(id)
  if (row === undefined) return false
  change(row)
  row.endedAt = at
  let over = 0
  let oldest: string | null = null
  for (const [each, { state }] of rows) {
    if (!OVER.has(state)) continue
    over += 1
    oldest ??= each
  }
  if (over > KEPT && oldest !== null) rows.delete(oldest)
  return true
}
