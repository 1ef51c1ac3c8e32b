// Integration branches: which epic has one, where it stands, and how it goes with its landing.
//
// Owns:      one row per branch, kept after it has landed: what came by it has its receipts there.

import { epicOf, integrationOwner, lastPart } from '../events/address.ts'
import type { Address, LogRecord } from '../events/record.ts'

import { type MergeRows, mergeQueue } from './merge-queue.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type IntegrationRow = {
  address: Address
  rig: string
  epic: string
  branch: string
  /** `landing`: somebody asked for it. */
  state: 'open' | 'landing' | 'landed'
  /** Where it began. */
  base: string
  head: string
  createdAt: string
  createdBy: Address
  /** Why it did not land when it was asked to last. */
  reason: { code: string; message: string; files: string[]; rework: string | null } | null
  /** A person lets nothing land on it. */
  frozen: { by: Address; since: string; reason: string } | null
  /** Red by itself. */
  red: { gate: string; commit: string; first: string; since: string; message: string } | null
  /** Why its queue stands still. */
  waiting: { code: string; message: string; mergeRequest: string; bead: string; since: string } | null
  order: 'score' | 'fifo'
  /** Commit of the target that has all of it, and the last of its own. */
  landed: { commit: string; head: string; at: string } | null
  /** It is gone from the remote, or why it was kept; null as long as nobody knows. */
  removed: { ok: boolean; message: string } | null
}

export type IntegrationRows = Map<Address, IntegrationRow>

export const createIntegrations = (): Projection<IntegrationRows> =>
  projection({ name: 'integrations', version: 1, empty: (): IntegrationRows => new Map(), handlers })

/** By age. */
export const integrations = (rows: IntegrationRows, rig?: string): IntegrationRow[] =>
  [...rows.values()]
    .filter((row) => rig === undefined || row.rig === rig)
    .sort((left, right) => (left.createdAt < right.createdAt ? -1 : left.createdAt > right.createdAt ? 1 : 0))

export const integration = (rows: IntegrationRows, rig: string, epic: string): IntegrationRow | null =>
  rows.get(integrationOwner(rig, epic)) ?? null

/** The epic whose Refinery has to do with a target: null is the rig's own, also for a branch that has landed. */
export const epicOfTarget = (rows: IntegrationRows, rig: string, target: string): string | null =>
  integrations(rows, rig).find(({ branch, state }) => branch === target && state !== 'landed')?.epic ?? null

/** Requests that stand in line for a branch. */
export const inLineFor = (rows: MergeRows, { rig, branch }: Pick<IntegrationRow, 'rig' | 'branch'>) =>
  mergeQueue(rows, rig).filter((row) => row.target === branch)

const handlers: Handlers<IntegrationRows> = {
  IntegrationCreated: (rows, { rig, epic, branch, base, head }, { at, by, actor }) => {
    rows.set(actor, {
      address: actor,
      rig,
      epic,
      branch,
      state: 'open',
      base,
      head,
      createdAt: at,
      createdBy: by,
      reason: null,
      frozen: null,
      red: null,
      waiting: null,
      order: 'fifo',
      landed: null,
      removed: null,
    })
    return true
  },
  IntegrationLandingAsked: (rows, { rig, epic }) =>
    edit(rows, integrationOwner(rig, epic), (row) => {
      row.state = 'landing'
      row.reason = null
    }),
  IntegrationNotLanded: (rows, { rig, epic, code, message, files, rework }) =>
    edit(rows, integrationOwner(rig, epic), (row) => {
      row.state = 'open'
      row.reason = { code, message, files: [...files], rework }
    }),
  IntegrationLanded: (rows, { rig, epic, commit, head }, { at }) =>
    edit(rows, integrationOwner(rig, epic), (row) => {
      row.state = 'landed'
      row.head = head
      row.landed = { commit, head, at }
    }),
  IntegrationBranchRemoved: (rows, { rig, epic }) =>
    edit(rows, integrationOwner(rig, epic), (row) => {
      row.removed = { ok: true, message: '' }
    }),
  IntegrationBranchKept: (rows, { rig, epic, message }) =>
    edit(rows, integrationOwner(rig, epic), (row) => {
      row.removed = { ok: false, message }
    }),
  RefineryConfigured: (rows, { order = 'fifo' }, record) =>
    ofIts(rows, record, (row) => {
      row.order = order
    }),
  TargetAdvanced: (rows, { to }, record) =>
    ofIts(rows, record, (row) => {
      row.head = to
      row.waiting = null
    }),
  TargetFrozen: (rows, { reason }, record) =>
    ofIts(rows, record, (row) => {
      row.frozen = { by: record.by, since: record.at, reason }
    }),
  TargetThawed: (rows, _, record) =>
    ofIts(rows, record, (row) => {
      row.frozen = null
    }),
  TargetRed: (rows, { gate, commit, first, message }, record) =>
    ofIts(rows, record, (row) => {
      row.red = { gate, commit, first, since: row.red?.since ?? record.at, message }
      row.head = commit
    }),
  TargetMended: (rows, { commit }, record) =>
    ofIts(rows, record, (row) => {
      row.red = null
      if (commit !== null) row.head = commit
    }),
  LandingWaits: (rows, { mergeRequest, bead, code, message }, record) =>
    ofIts(rows, record, (row) => {
      const since = row.waiting?.code === code ? row.waiting.since : record.at
      row.waiting = { code, message, mergeRequest: lastPart(mergeRequest), bead, since }
    }),
  LandingResumed: (rows, _, record) =>
    ofIts(rows, record, (row) => {
      row.waiting = null
    }),
}

function edit(rows: IntegrationRows, address: Address, change: (row: IntegrationRow) => void): boolean {
  const row = rows.get(address)
  if (row === undefined) return false
  change(row)
  return true
}

/** Of a rig, what its integration branches are told is none of its own. */
export const ofOwnTargets = <Rows>(handlers: Handlers<Rows>): Handlers<Rows> =>
  Object.fromEntries(
    Object.entries(handlers as Record<string, Fold<Rows>>).map(([fact, fold]) => [
      fact,
      ((rows, said, record) =>
        epicOf(record.actor) === null && fold(rows, said, record)) satisfies Fold<Rows>,
    ]),
  ) as Handlers<Rows>
type Fold<Rows> = (rows: Rows, fact: never, record: LogRecord) => boolean

/** Said by the Refinery of a branch. */
function ofIts(
  rows: IntegrationRows,
  { actor }: { readonly actor: Address },
  change: (row: IntegrationRow) => void,
): boolean {
  const epic = epicOf(actor)
  return epic !== null && edit(rows, integrationOwner(actor.split('/')[0] ?? '', epic), change)
}
