// Costs: tokens and money, summed by everything that one asks for.
//
// Owns:      the sums. Money that nobody knows is counted as requests without a price, never as nothing.
// Does not:  know prices: a fact carries the money that its runtime or the price table knew.
// Always:    each usage is in one sum of each kind. Hours are kept for at least 400 days, sessions for the last 5,000;
//            what is older is answered from the log.

import { ownerKind, rigOf } from '../events/address.ts'
import type { Meter } from '../events/budget.ts'
import type { FactOf } from '../events/index.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export const COST_KINDS = ['session', 'agent', 'bead', 'role', 'model', 'rig', 'hour'] as const
export type CostKind = (typeof COST_KINDS)[number]

export type Tokens = { input: number; output: number; cacheRead: number; cacheWrite: number }

type Sum = Tokens & {
  /** Of the requests whose price is known. */
  usd: number
  requests: number
  unpriced: number
}

export type CostRow = {
  kind: CostKind
  /** Address, id, role, name, or the hour it began (ISO, UTC). */
  key: string
  rig: string | null
  sum: Sum
  firstAt: string
  lastAt: string
  /** Of a session. */
  agent?: Address
  bead?: string | null
}

export type CostRows = {
  readonly total: Sum
  readonly sums: Map<string, CostRow>
  /** Sessions whose transcript is read: what their agent reports besides is the same once more. */
  readonly transcribed: Set<Address>
  /** When old rows were looked for, and how many sessions have one: looking means going through all of them. */
  readonly thinned: { month: string; sessions: number }
}

export const createCosts = (): Projection<CostRows> =>
  projection({
    name: 'costs',
    version: 2,
    empty: (): CostRows => ({
      total: nothingUsed(),
      sums: new Map(),
      transcribed: new Set(),
      thinned: { month: '', sessions: 0 },
    }),
    handlers,
  })

/** A sum as it is shown: `costUsd` is null when no price of it is known, and the known part when some are. */
export type Cost = {
  readonly tokens: Tokens
  readonly costUsd: number | null
  readonly requests: number
  /** Requests of which nobody knows the price. */
  readonly unpriced: number
}
export type CostItem = Cost & {
  readonly key: string
  readonly rig?: string | null
  readonly agent?: Address
  readonly bead?: string | null
  readonly firstAt: string
  readonly lastAt: string
}

/** Dearest first, then the most tokens; hours in their order. */
export function costs(
  rows: CostRows,
  by: CostKind,
  { rig }: { readonly rig?: string | undefined } = {},
): { readonly items: CostItem[]; readonly total: Cost } {
  const found = new Map<string, CostRow>()
  const total = nothingUsed()
  for (const row of rows.sums.values()) {
    if (row.kind !== by || (rig !== undefined && row.rig !== rig)) continue
    addUsed(total, row.sum)
    const before = found.get(row.key)
    if (before === undefined) found.set(row.key, structuredClone(row))
    else join(before, row)
  }
  const items = [...found.values()].map(({ kind: _kind, sum, ...row }) => ({ ...row, ...shown(sum) }))
  items.sort(
    by === 'hour'
      ? (left, right) => (left.key < right.key ? -1 : 1)
      : (left, right) =>
          (right.costUsd ?? 0) - (left.costUsd ?? 0) ||
          allOf(right.tokens) - allOf(left.tokens) ||
          (left.key < right.key ? -1 : 1),
  )
  // Sessions and hours that are thinned out are still in the whole.
  return { items, total: shown(rig === undefined ? rows.total : (wholeOf(rows, rig) ?? total)) }
}

/** What a scope of a budget has used in all. */
export function meterOf(rows: CostRows, scope: 'town' | 'rig' | 'bead' | 'agent', id: string): Meter {
  const sum = scope === 'town' ? rows.total : (rows.sums.get(idOf(scope, id))?.sum ?? nothingUsed())
  return { usd: rounded(sum.usd), tokens: allOf(sum), unpriced: sum.unpriced }
}

/** What one session, agent or bead has used, or null when nothing is known. */
export function costOf(rows: CostRows, kind: 'session' | 'agent' | 'bead', key: string): Cost | null {
  const sum = rows.sums.get(idOf(kind, key))?.sum
  return sum === undefined ? null : shown(sum)
}

/** Whoever has a rig of its own has one row; roles, models and hours have one for each rig, hours for each model too. */
const idOf = (kind: CostKind, key: string, among = ''): string => `${kind} ${key} ${among}`

/** The facts that say what was used, for those who wait for more. */
export const SAYS_USAGE: ReadonlySet<string> = new Set(['TokensUsed', 'AgentReported'])

const SESSIONS_MAX = 5_000
const HOURS_FOR_MS = 400 * 24 * 3_600_000
/** So many more sessions come before the oldest of them go together. */
const SESSIONS_MORE = 500

const handlers: Handlers<CostRows> = {
  TokensUsed: (rows, fact, { at }) => {
    const { session, agent, bead, rig, role, model, costUsd, requests } = fact
    const { input, output, cacheRead, cacheWrite } = fact
    // A copy that was asked says nothing about where the session's own usage comes from.
    if (role !== 'seance') rows.transcribed.add(session)
    const unpriced = costUsd === null ? requests : 0
    const sum = { input, output, cacheRead, cacheWrite, usd: costUsd ?? 0, requests, unpriced }
    return count(rows, { session, agent, bead, rig, role, model }, sum, at)
  },
  RuntimeSessionKnown: (rows, { session, transcript }) => {
    if (transcript === null || rows.transcribed.has(session)) return false
    rows.transcribed.add(session)
    return true
  },
  // The agents of the user's own have no transcript: their word counts.
  AgentReported: (rows, { session, agent, bead, report }, { at }) => {
    if (report.type !== 'usage' || rows.transcribed.has(session)) return false
    const sum = reported(report.data)
    if (sum === null) return false
    const { model, ...used } = sum
    return count(rows, { session, agent, bead, rig: rigOf(agent), role: roleOf(agent), model }, used, at)
  },
  SessionEnded: (rows, { session }) => rows.transcribed.delete(session),
}

type Whose = Pick<FactOf<'TokensUsed'>, 'session' | 'agent' | 'bead' | 'rig' | 'role' | 'model'>

function count(rows: CostRows, whose: Whose, sum: Sum, at: string): boolean {
  const { session, agent, bead, rig, role, model } = whose
  addUsed(rows.total, sum)
  const put = (kind: CostKind, key: string, among = '', own: Partial<CostRow> = {}) => {
    const id = idOf(kind, key, among)
    const row = rows.sums.get(id)
    if (row === undefined) {
      rows.sums.set(id, { kind, key, rig, sum: { ...sum }, firstAt: at, lastAt: at, ...own })
      if (kind === 'session') rows.thinned.sessions += 1
      return
    }
    addUsed(row.sum, sum)
    row.lastAt = at
  }
  put('session', session, '', { agent, bead })
  put('agent', agent)
  if (bead !== null) put('bead', bead)
  put('role', role, rig ?? '')
  put('model', model, rig ?? '')
  if (rig !== null) put('rig', rig)
  put('hour', `${at.slice(0, 13)}:00:00.000Z`, `${rig ?? ''} ${model}`)
  const { month, sessions } = rows.thinned
  if (month !== at.slice(0, 7) || sessions >= SESSIONS_MAX + SESSIONS_MORE) thin(rows, at)
  return true
}

/** Drops hours that are too old, and the sessions that were heard of longest ago. */
function thin({ sums, thinned }: CostRows, at: string): void {
  const oldest = new Date(Date.parse(at) - HOURS_FOR_MS).toISOString()
  const sessions: [string, CostRow][] = []
  for (const [id, row] of sums) {
    if (row.kind === 'hour' && row.key < oldest) sums.delete(id)
    if (row.kind === 'session') sessions.push([id, row])
  }
  sessions.sort(([, left], [, right]) => (left.lastAt < right.lastAt ? -1 : 1))
  for (const [id] of sessions.slice(0, Math.max(0, sessions.length - SESSIONS_MAX))) sums.delete(id)
  thinned.month = at.slice(0, 7)
  thinned.sessions = Math.min(sessions.length, SESSIONS_MAX)
}

function reported(data: unknown): (Sum & { model: string }) | null {
  const said = data as Readonly<Record<string, unknown>> | null
  if (typeof said?.model !== 'string') return null
  const number = (name: string) => (typeof said[name] === 'number' ? said[name] : 0)
  const usd = typeof said.costUsd === 'number' ? said.costUsd : null
  return {
    model: said.model,
    input: number('inputTokens'),
    output: number('outputTokens'),
    cacheRead: number('cacheReadTokens'),
    cacheWrite: number('cacheWriteTokens'),
    usd: usd ?? 0,
    requests: 1,
    unpriced: usd === null ? 1 : 0,
  }
}

const roleOf = (agent: Address): string => ownerKind(agent) ?? agent

export const nothingUsed = (): Sum => ({
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  usd: 0,
  requests: 0,
  unpriced: 0,
})

export function addUsed(to: Sum, sum: Sum): void {
  to.input += sum.input
  to.output += sum.output
  to.cacheRead += sum.cacheRead
  to.cacheWrite += sum.cacheWrite
  to.usd += sum.usd
  to.requests += sum.requests
  to.unpriced += sum.unpriced
}

function join(to: CostRow, row: CostRow): void {
  addUsed(to.sum, row.sum)
  if (to.rig !== row.rig) to.rig = null
  if (row.firstAt < to.firstAt) to.firstAt = row.firstAt
  if (row.lastAt > to.lastAt) to.lastAt = row.lastAt
}

function wholeOf({ sums }: CostRows, rig: string): Sum | undefined {
  return sums.get(idOf('rig', rig))?.sum
}

/** A sum as it is shown. */
export const shown = ({ usd, requests, unpriced, input, output, cacheRead, cacheWrite }: Sum): Cost => ({
  tokens: { input, output, cacheRead, cacheWrite },
  // No usage at all cost nothing; usage whose every request is without a price cost nobody knows what.
  costUsd: requests > 0 && unpriced >= requests ? null : rounded(usd),
  requests,
  unpriced,
})

const allOf = ({ input, output, cacheRead, cacheWrite }: Tokens): number =>
  input + output + cacheRead + cacheWrite

const rounded = (usd: number): number => Math.round(usd * 1e6) / 1e6
