// What stands behind an amount: sessions and why each began, turns, compactions, and the cache that was read again.
//
// Owns:      which record's usage belongs to which session, turn and compaction.
// Does not:  add up otherwise than the costs do: each record goes through that fold, and what it adds is what is told.
// Always:    sessions and what was asked of copies of them make up the whole. A turn has what was read from the transcript
//            between its beginning and the next one; unknown money stays unknown.

import type { AttemptReason } from '../../events/define.ts'
import type { Address, AnyFact, LogRecord } from '../../events/record.ts'
import {
  addUsed,
  type Cost,
  type CostRows,
  createCosts,
  nothingUsed,
  shown,
} from '../../projections/costs.ts'

export type Scope = { readonly kind: 'bead' | 'agent' | 'session'; readonly id: string }

type Sum = Parameters<typeof shown>[0]

export type SpendingTurn = {
  readonly session: Address
  /** Counted from 1 in its session. */
  readonly n: number
  readonly seq: number
  readonly at: string
  readonly cost: Cost
}
export type SpendingCompaction = {
  readonly session: Address
  readonly seq: number
  readonly at: string
  /** What was used next: the shortened conversation is read anew. Null when nothing was. */
  readonly after: Cost | null
}
export type SpendingSession = {
  readonly session: Address
  readonly agent: Address
  readonly bead: string | null
  readonly attempt: number
  /** Null when nobody said why it began: a person opened it. */
  readonly reason: AttemptReason | null
  /** It went on with the conversation of the session before. */
  readonly resumed: boolean
  readonly openedAt: string | null
  readonly endedAt: string | null
  readonly turns: number
  readonly compactions: number
  readonly cost: Cost
  /** Of that, what copies of it used that were asked about its work; null when none was. */
  readonly seances: Cost | null
}
export type Spending = {
  readonly cost: Cost
  /** Largest first, like the others. */
  readonly sessions: readonly SpendingSession[]
  readonly turns: readonly SpendingTurn[]
  readonly compactions: readonly SpendingCompaction[]
  /** Tokens that were read from the cache, by model. */
  readonly cacheReads: ReadonlyMap<string, number>
}

/** `spent()`: what all records that were taken stand for. Records come in their order. */
export function createSpending(scope: Scope): { take(record: LogRecord): void; spent(): Spending } {
  const costs = createCosts()
  const sessions = new Map<Address, Open>()
  const cacheReads = new Map<string, number>()
  const of = (fact: AnyFact): Open => {
    const session = String(fact.session)
    const found = sessions.get(session)
    if (found !== undefined) return found
    const { agent, bead } = fact
    const made = opened(session, String(agent ?? ''), typeof bead === 'string' ? bead : null)
    sessions.set(session, made)
    return made
  }
  return {
    take(record) {
      const facts = record.facts.filter((fact) => isOf(scope, fact))
      for (const fact of facts) {
        const before = { ...costs.rows.total }
        costs.apply({ ...record, facts: [fact] })
        const used = difference(before, costs.rows)
        if (used !== null) {
          spend(of(fact), fact, used)
          const model = String(fact.model ?? 'unknown')
          cacheReads.set(model, (cacheReads.get(model) ?? 0) + used.cacheRead)
        }
        NOTED[fact.type]?.(of(fact), record)
      }
    },
    spent() {
      const all = [...sessions.values()].filter(({ openedAt, sum }) => openedAt !== null || sum.requests > 0)
      return {
        cost: shown(costs.rows.total),
        sessions: all.map(sessionOf).sort(largest),
        turns: all.flatMap(turnsOf).sort(largest),
        compactions: all
          .flatMap(compactionsOf)
          .sort((left, right) => largest({ cost: left.after ?? NOTHING }, { cost: right.after ?? NOTHING })),
        cacheReads,
      }
    },
  }
}

/** The line of a record that may concern what is asked for. */
export const mayBeSpending = ({ id }: Scope): ((line: string) => boolean) => {
  const quoted = JSON.stringify(id)
  return (line) => line.includes(quoted)
}

type Turn = { readonly seq: number; readonly at: string; readonly sum: Sum }
type Compaction = { readonly seq: number; readonly at: string; after: Sum | null }
type Open = {
  readonly session: Address
  readonly agent: Address
  readonly bead: string | null
  attempt: number
  reason: AttemptReason | null
  resumed: boolean
  openedAt: string | null
  endedAt: string | null
  readonly sum: Sum
  seances: Sum | null
  readonly turns: Turn[]
  readonly compactions: Compaction[]
}

const opened = (session: Address, agent: Address, bead: string | null): Open => ({
  session,
  agent,
  bead,
  attempt: 0,
  reason: null,
  resumed: false,
  openedAt: null,
  endedAt: null,
  sum: nothingUsed(),
  seances: null,
  turns: [],
  compactions: [],
})

/** What a fact says of its session besides what it used. */
const NOTED: { readonly [fact: string]: (open: Open, record: LogRecord) => void } = {
  SessionOpened: (open, { at, message, actor }) => {
    open.openedAt = at
    open.attempt = typeof message.attempt === 'number' ? message.attempt : 0
    // A person opens those of crew members and of the Mayor.
    open.reason = actor.includes('/polecats/') ? (message.reason as AttemptReason) : null
    open.resumed = typeof message.resume === 'string'
  },
  SessionEnded: (open, { at }) => {
    open.endedAt = at
  },
  SessionFailed: (open, { at }) => {
    open.endedAt = at
  },
  TurnStarted: (open, { seq, at }) => {
    open.turns.push({ seq, at, sum: nothingUsed() })
  },
  ContextCompacted: (open, { seq, at }) => {
    open.compactions.push({ seq, at, after: null })
  },
}

function spend(open: Open, fact: AnyFact, used: Sum): void {
  addUsed(open.sum, used)
  if (fact.role === 'seance') {
    open.seances ??= nothingUsed()
    return addUsed(open.seances, used)
  }
  const turn = open.turns.at(-1)
  if (turn !== undefined) addUsed(turn.sum, used)
  const compaction = open.compactions.at(-1)
  if (compaction !== undefined) compaction.after ??= used
}

function isOf({ kind, id }: Scope, { session, agent, bead }: AnyFact): boolean {
  if (typeof session !== 'string') return false
  return (kind === 'bead' ? bead : kind === 'agent' ? agent : session) === id
}

function difference(before: Sum, { total }: CostRows): Sum | null {
  if (total.requests === before.requests) return null
  const sum = nothingUsed()
  for (const name of Object.keys(sum) as (keyof Sum)[]) sum[name] = total[name] - before[name]
  return sum
}

const sessionOf = ({ sum, seances, turns, compactions, ...open }: Open): SpendingSession => ({
  ...open,
  turns: turns.length,
  compactions: compactions.length,
  cost: shown(sum),
  seances: seances === null ? null : shown(seances),
})

const turnsOf = ({ session, turns }: Open): SpendingTurn[] =>
  turns
    .map(({ seq, at, sum }, n) => ({ session, n: n + 1, seq, at, cost: shown(sum) }))
    .filter(({ cost }) => cost.requests > 0)

const compactionsOf = ({ session, compactions }: Open): SpendingCompaction[] =>
  compactions.map(({ seq, at, after }) => ({ session, seq, at, after: after === null ? null : shown(after) }))

const NOTHING: Cost = shown(nothingUsed())

/** By money, then by tokens: of unknown money the tokens are all there is to go by. */
function largest(left: { readonly cost: Cost }, right: { readonly cost: Cost }): number {
  const tokens = ({ tokens: { input, output, cacheRead, cacheWrite } }: Cost) =>
    input + output + cacheRead + cacheWrite
  return (right.cost.costUsd ?? 0) - (left.cost.costUsd ?? 0) || tokens(right.cost) - tokens(left.cost)
}
