// Decisions: what agents ask of a person, and what became of it. The open ones, and the last ones that are settled.
//
//   Always:  `expiresAt` has the time in it that nobody watched, for that is added to a decision's time.

import type { DecisionContext, DecisionKind } from '../events/decision.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type DecisionRow = {
  id: string
  /** Counted from 1 as they are opened; a person may say `12`. */
  n: number
  kind: DecisionKind
  session: Address
  agent: Address
  rig: string | null
  bead: string | null
  question: string
  choices: string[]
  context: DecisionContext
  otherwise: string
  waitMs: number
  since: string
  /** null: when somebody says something, and not before. */
  expiresAt: string | null
  state: 'open' | 'answered' | 'expired' | 'withdrawn'
  /** How it was settled; null while it is open, and when it was withdrawn. */
  answer: { choice: string; always: boolean; note: string; by: Address } | null
  settledAt: string | null
  /** Why it was withdrawn. */
  reason: string | null
  /** By which ways the person was told, and what went wrong. Null while nobody knows. */
  notice: { ways: string[]; problem: string | null } | null
}

export type DecisionRows = { readonly byId: Map<string, DecisionRow>; readonly count: { n: number } }

/** Settled ones that are kept; the log has all. */
const SETTLED_KEPT = 200

export const createDecisions = (): Projection<DecisionRows> =>
  projection({
    name: 'decisions',
    version: 2,
    empty: (): DecisionRows => ({ byId: new Map(), count: { n: 0 } }),
    handlers,
  })

export type DecisionFilter = {
  readonly open?: boolean | undefined
  readonly agent?: Address | undefined
  readonly rig?: string | undefined
  readonly bead?: string | undefined
}

/** Oldest first. */
export const decisions = ({ byId }: DecisionRows, filter: DecisionFilter = {}): DecisionRow[] =>
  [...byId.values()].filter(
    ({ state, agent, rig, bead }) =>
      (filter.open === undefined || (state === 'open') === filter.open) &&
      (filter.agent === undefined || agent === filter.agent) &&
      (filter.rig === undefined || rig === filter.rig) &&
      (filter.bead === undefined || bead === filter.bead),
  )

export const decision = ({ byId }: DecisionRows, id: string): DecisionRow | null => byId.get(id) ?? null

const handlers: Handlers<DecisionRows> = {
  DecisionOpened: (rows, fact, { at }) => {
    const {
      decision: id,
      kind,
      session,
      agent,
      rig,
      bead,
      question,
      choices,
      context,
      otherwise,
      waitMs,
    } = fact
    rows.count.n += 1
    rows.byId.set(id, {
      id,
      n: rows.count.n,
      kind,
      session,
      agent,
      rig,
      bead,
      question,
      choices: [...choices],
      context: { ...context, files: [...context.files] },
      otherwise,
      waitMs,
      since: at,
      expiresAt: waitMs === 0 ? null : later(at, waitMs),
      state: 'open',
      answer: null,
      settledAt: null,
      reason: null,
      notice: null,
    })
    return true
  },
  DecisionAnswered: (rows, { decision: id, choice, always, note }, { at, by }) =>
    settle(rows, id, at, (row) => {
      row.state = 'answered'
      row.answer = { choice, always, note, by }
    }),
  DecisionExpired: (rows, { decision: id, choice }, { at, by }) =>
    settle(rows, id, at, (row) => {
      row.state = 'expired'
      row.answer = { choice, always: false, note: '', by }
    }),
  DecisionWithdrawn: (rows, { decision: id, reason }, { at }) =>
    settle(rows, id, at, (row) => {
      row.state = 'withdrawn'
      row.reason = reason
    }),
  OperatorNotified: (rows, { decision: id, ways, failed }) =>
    edit(rows, id, (row) => {
      row.notice = { ways: [...ways], problem: failed.length === 0 ? null : failed.join('; ') }
    }),
  OperatorNotNotified: (rows, { decision: id, message }) =>
    edit(rows, id, (row) => {
      row.notice = { ways: [], problem: message }
    }),
  TownStarted: (rows, { downMs }) => move(rows, downMs),
  TownWoke: (rows, { sleptMs }) => move(rows, sleptMs),
}

/** Time in which nobody was there counts towards no deadline. */
function move(rows: DecisionRows, ms: number): boolean {
  let moved = false
  for (const row of decisions(rows, { open: true })) {
    if (row.expiresAt === null) continue
    row.expiresAt = later(row.expiresAt, ms)
    moved = ms > 0
  }
  return moved
}

const later = (iso: string, ms: number): string => new Date(Date.parse(iso) + ms).toISOString()

function edit({ byId }: DecisionRows, id: string, change: (row: DecisionRow) => void): boolean {
  const row = byId.get(id)
  if (row === undefined) return false
  change(row)
  return true
}

function settle(rows: DecisionRows, id: string, at: string, change: (row: DecisionRow) => void): boolean {
  const settled = edit(rows, id, (row) => {
    change(row)
    row.settledAt = at
  })
  const old = decisions(rows, { open: false })
  for (const row of old.slice(0, Math.max(0, old.length - SETTLED_KEPT))) rows.byId.delete(row.id)
  return settled
}
