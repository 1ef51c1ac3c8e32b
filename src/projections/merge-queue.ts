// The merge queue: each request to land a bead's work, with its tries and the receipt of its landing.
//
// Owns:      one row per merge request, kept after it has landed: the receipt is its proof.
// Does not:  keep gate logs, but for the end of the last failing one.

import { lastPart, refineryOf, rigOf, saidBy } from '../events/address.ts'
import type { GateResultData } from '../events/define.ts'
import type { FactOf, LogRecord } from '../events/index.ts'
import type { LandedRequest, Resolved } from '../events/landing.ts'
import type { Address } from '../events/record.ts'
import type { Finding } from '../events/review.ts'
import { rowsWith, tally } from './row-map.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type MergeState =
  | 'queued'
  | 'building'
  | 'testing'
  | 'landing'
  | 'landed'
  | 'failed'
  | 'conflicted'
  | 'waiting'
  | 'rejected'
  | 'superseded'
  | 'reverted'

export type GateRow = Omit<GateResultData, 'logTail'>

export type Receipt = {
  commit: string
  tree: string
  base: string
  gates: GateRow[]
  patchProof: string
  patchId: string
  landedAt: string
  /** The commit above it that was tested, and its tree; absent when it was tested by itself. */
  tested?: { commit: string; tree: string }
  /** It had conflicted, and this settled it. */
  resolved?: Resolved
  /** Record that holds the whole receipt, gate logs included. */
  seq: number
}

export type MergeRow = {
  id: string
  address: Address
  bead: string
  rig: string
  branch: string
  target: string
  worker: Address
  sandbox: Address
  head: string
  state: MergeState
  stateSince: string
  /** Submissions of the bead so far, this one included. */
  attempts: number
  /** What is tested now, or was last. */
  commit: string | null
  tree: string | null
  base: string | null
  /** What settled its conflicts, when it was built last. */
  resolved: Resolved | null
  receipt: Receipt | null
  /** What it takes back; it has no branch then. */
  reverts: LandedRequest[]
  /** What took it back. */
  revertedBy: { mergeRequest: Address; commit: string; reason: string; at: string } | null
  /** Why it waits, was put back, failed or conflicts. */
  reason: { code: string; message: string } | null
  conflictFiles: string[]
  /** The gate that failed last, with the end of what it printed (2,048 characters at most). */
  failure: { gate: string; exitCode: number | null; logTail: string; seq: number } | null
  /** The last 10, over all its submissions. */
  reviews: ReviewRow[]
  requestedAt: string
  landedAt: string | null
  /** The last 50 changes of state. */
  history: { seq: number; at: string; state: MergeState; note: string | null }[]
}

/** What a reviewer found. `outcome`: `missed` when there was no verdict, null while it looks. */
export type ReviewRow = {
  gate: string
  outcome: 'passed' | 'failed' | 'missed' | null
  /** Null: a person decided. */
  session: Address | null
  by: Address | null
  /** What it was started as; null when nobody said. */
  preset: string | null
  model: string | null
  commit: string
  tree: string
  note: string
  findings: Finding[]
  at: string
}

export type MergeRows = Map<Address, MergeRow>

export const createMergeQueue = (): Projection<MergeRows> =>
  projection({ name: 'merge-queue', version: 4, empty: (): MergeRows => new Map(), handlers })

export type MergeFilter = {
  readonly rig?: string | undefined
  readonly state?: MergeState | readonly MergeState[] | undefined
  readonly bead?: string | undefined
  readonly worker?: Address | undefined
  /** ISO time; in its state since then or later. */
  readonly since?: string | undefined
  readonly limit?: number | undefined
}

/** States in which the Refinery has something to do with it. */
export const QUEUE_STATES: readonly MergeState[] = ['queued', 'building', 'testing', 'landing', 'waiting']

/** In order of arrival. */
export function mergeRequests(rows: MergeRows, filter: MergeFilter = {}): MergeRow[] {
  const states = filter.state === undefined ? null : [filter.state].flat()
  const found = [...(states === null ? rows.values() : rowsWith(rows, 'state', states))]
    .filter((row) => fits(row, filter))
    .sort(
      (left, right) => compare(left.requestedAt, right.requestedAt) || compare(left.address, right.address),
    )
  return filter.limit === undefined ? found : found.slice(0, filter.limit)
}

/** What stands in line now. */
export const mergeQueue = (rows: MergeRows, rig?: string): MergeRow[] =>
  mergeRequests(rows, { rig, state: QUEUE_STATES })

export const mergeRequestAt = (rows: MergeRows, address: Address): MergeRow | null =>
  rows.get(address) ?? null

/** All that a person may mean: by address, by `<rig>/<id>`, or by id, which every rig counts for itself. */
export function mergeRequestsNamed(rows: MergeRows, name: string): MergeRow[] {
  const exact = rows.get(name)
  return exact === undefined
    ? mergeRequests(rows).filter(({ id, rig }) => id === name || `${rig}/${id}` === name)
    : [exact]
}

export function mergeCounts(rows: MergeRows, rig?: string): Record<MergeState, number> {
  const counts = {
    queued: 0,
    building: 0,
    testing: 0,
    landing: 0,
    landed: 0,
    failed: 0,
    conflicted: 0,
    waiting: 0,
    rejected: 0,
    superseded: 0,
    reverted: 0,
  }
  if (rig === undefined) for (const [state, n] of tally(rows, 'state')) counts[state as MergeState] = n
  else for (const row of rows.values()) if (row.rig === rig) counts[row.state] += 1
  return counts
}

/** Codes with which one request waits by itself: that others go on says nothing of it. */
export const SET_ASIDE: ReadonlySet<string> = new Set([
  'TARGET_FROZEN',
  'APPROVAL_NEEDED',
  'REVIEW_NEEDED',
  'NEEDS_OPEN',
  'PULL_OPENING',
])
/** A pull request of it is open, or is to be. */
export const isAtForge = (code: string): boolean => /^(PULL|FORGE)_/.test(code)
/** Also what is told of it while it is aside. */
/** A reviewer looks at it, or has said nothing. */
export const isInReview = (code: string): boolean => code.startsWith('REVIEW_')
export const isAside = (code: string): boolean => SET_ASIDE.has(code) || isAtForge(code) || isInReview(code)

const LOG_TAIL_MAX = 2_048
const HISTORY_MAX = 50
const REVIEWS_MAX = 10

const handlers: Handlers<MergeRows> = {
  MergeRequested: (rows, fact, record) => {
    const before = rows.get(fact.mergeRequest)
    const row: MergeRow = {
      id: lastPart(fact.mergeRequest),
      address: fact.mergeRequest,
      bead: fact.bead,
      rig: rigOf(fact.mergeRequest) ?? fact.rig,
      branch: fact.branch,
      target: fact.target,
      worker: fact.agent,
      sandbox: fact.sandbox,
      head: fact.head,
      state: 'queued',
      stateSince: record.at,
      attempts: (before?.attempts ?? 0) + 1,
      commit: null,
      tree: null,
      base: null,
      resolved: null,
      receipt: null,
      reverts: structuredClone(fact.reverts ?? []),
      revertedBy: null,
      reason: null,
      conflictFiles: [],
      failure: before?.failure ?? null,
      reviews: before?.reviews ?? [],
      requestedAt: record.at,
      landedAt: null,
      history: before?.history ?? [],
    }
    rows.set(fact.mergeRequest, row)
    enter(row, 'queued', null, record)
    return true
  },
  MergeBuilding: (rows, { mergeRequest }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = null
      enter(row, 'building', null, record)
    }),
  MergeTesting: (rows, { mergeRequest, commit, tree, base, resolved = null }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.resolved = structuredClone(resolved)
      row.commit = commit
      row.tree = tree
      row.base = base
      row.reason = null
      enter(row, 'testing', null, record)
    }),
  MergeLanding: (rows, { mergeRequest }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = null
      enter(row, 'landing', null, record)
    }),
  MergeWaiting: (rows, { mergeRequest, code, message }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = { code, message }
      enter(row, 'waiting', code, record)
    }),
  LandingResumed: (rows, { rig }, record) => {
    const by = saidBy(record.actor, rig)
    const waiting = mergeRequests(rows, { rig, state: 'waiting' }).filter(
      ({ address, reason }) => !isAside(reason?.code ?? '') && refineryOf(address) === by,
    )
    for (const row of waiting) {
      const before = row.history.findLast(({ state }) => state !== 'waiting')
      row.reason = null
      // What was only held before its push goes on there; anything else begins again.
      enter(row, before?.state === 'landing' ? 'landing' : 'queued', null, record)
    }
    return waiting.length > 0
  },
  ReviewBegan: (rows, fact, { at }) =>
    reviewed(rows, fact, { session: fact.session, by: null, outcome: null, note: '', ...NOT_KNOWN }, at),
  ReviewGiven: (rows, fact, { at }) => {
    const { session, by, ok, note, findings, runtime, model } = fact
    const outcome = ok ? 'passed' : 'failed'
    return reviewed(rows, fact, { session, by, outcome, note, findings, runtime, model }, at)
  },
  ReviewMissed: (rows, fact, { at }) =>
    reviewed(
      rows,
      fact,
      { session: fact.session, by: null, outcome: 'missed', note: fact.message, ...NOT_KNOWN },
      at,
    ),
  MergeRequeued: (rows, { mergeRequest, reason }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = { code: 'REQUEUED', message: reason }
      enter(row, 'queued', reason, record)
    }),
  MergeRejected: (rows, { mergeRequest, reason }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = { code: 'REJECTED', message: reason === '' ? 'it was rejected' : `rejected: ${reason}` }
      enter(row, 'rejected', reason, record)
    }),
  MergeSuperseded: (rows, { mergeRequest, by }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = { code: 'SUPERSEDED', message: `${lastPart(by)} stands in its place` }
      enter(row, 'superseded', lastPart(by), record)
    }),
  MergeReverted: (rows, { mergeRequest, by, as, reason }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.revertedBy = { mergeRequest: by, commit: as, reason, at: record.at }
      const why = reason === '' ? '' : `: ${reason}`
      row.reason = { code: 'REVERTED', message: `taken back by ${lastPart(by)}${why}` }
      enter(row, 'reverted', reason, record)
    }),
  MergeConflicted: (rows, { mergeRequest, files }, record) =>
    edit(rows, mergeRequest, (row) => {
      row.reason = { code: 'CONFLICT', message: `conflicts with ${row.target} in ${files.join(', ')}` }
      row.conflictFiles = [...files]
      enter(row, 'conflicted', files.join(', '), record)
    }),
  MergeFailed: (rows, { mergeRequest, gate, message, results }, record) =>
    edit(rows, mergeRequest, (row) => {
      const failed = results.findLast(({ name, outcome }) => name === gate && outcome !== 'passed')
      row.reason = { code: 'GATE_FAILED', message }
      row.failure = {
        gate,
        exitCode: failed?.exitCode ?? null,
        logTail: failed?.logTail.slice(-LOG_TAIL_MAX) ?? '',
        seq: record.seq,
      }
      enter(row, 'failed', gate, record)
    }),
  MergeLanded: (rows, { mergeRequest, attempts, receipt }, record) =>
    edit(rows, mergeRequest, (row) => {
      const { commit, tree, base, gates, patchProof, patchId, landedAt, tested, resolved } = receipt
      row.attempts = attempts
      row.commit = commit
      row.tree = tree
      row.base = base
      row.reason = null
      row.landedAt = landedAt
      const short = gates.map(withoutLog)
      const proof = {
        patchProof,
        patchId,
        landedAt,
        ...(tested && { tested: { ...tested } }),
        ...(resolved && { resolved: structuredClone(resolved) }),
      }
      row.receipt = { commit, tree, base, gates: short, ...proof, seq: record.seq }
      enter(row, 'landed', null, record)
    }),
}

const NOT_KNOWN = { runtime: null, model: null }

function reviewed(
  rows: MergeRows,
  { mergeRequest, gate, preset, commit, tree }: FactOf<'ReviewBegan' | 'ReviewGiven' | 'ReviewMissed'>,
  found: Pick<ReviewRow, 'session' | 'by' | 'outcome' | 'note' | 'model'> & {
    readonly findings?: readonly Finding[]
    readonly runtime: string | null
  },
  at: string,
): boolean {
  return edit(rows, mergeRequest, (row) => {
    const { findings = [], runtime, ...what } = found
    const others = row.reviews.filter(({ session }) => session === null || session !== found.session)
    const now = {
      gate,
      preset: runtime ?? preset,
      commit,
      tree,
      ...what,
      findings: findings.map((one) => ({ ...one })),
      at,
    }
    row.reviews = [...others, now].slice(-REVIEWS_MAX)
  })
}

function withoutLog({ logTail: _logTail, ...gate }: GateResultData): GateRow {
  return structuredClone(gate)
}

function edit(rows: MergeRows, address: Address, change: (row: MergeRow) => void): boolean {
  const row = rows.get(address)
  if (row === undefined) return false
  change(row)
  return true
}

function enter(row: MergeRow, state: MergeState, note: string | null, { seq, at }: LogRecord): void {
  if (row.state !== state) row.stateSince = at
  row.state = state
  row.history.push({ seq, at, state, note: note === null ? null : note.slice(0, 200) })
  if (row.history.length > HISTORY_MAX) row.history.shift()
}

function fits(row: MergeRow, { rig, state, bead, worker, since }: MergeFilter): boolean {
  return (
    (rig === undefined || row.rig === rig) &&
    (state === undefined || (typeof state === 'string' ? row.state === state : state.includes(row.state))) &&
    (bead === undefined || row.bead === bead) &&
    (worker === undefined || row.worker === worker) &&
    (since === undefined || row.stateSince >= since)
  )
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
