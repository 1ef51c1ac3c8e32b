// Bead rows and the indexes that follow from them.
//
// Owns:      the shape of a row; which beads are ready or held back; what a bead waits for.
// Does not:  read facts (beads.ts) or answer questions (bead-queries.ts).
//
//   Always:  after `change`, every index and `waitingFor` agree with the row.

import type { WaitingFor } from '../events/define.ts'
import type { Address } from '../events/record.ts'

export type BeadStatus = 'open' | 'hooked' | 'in_progress' | 'blocked' | 'deferred' | 'closed'
export type BeadStage = 'none' | 'queued' | 'working' | 'submitted' | 'testing' | 'landed'

/** Times are ISO, UTC, as recorded. */
export type BeadRow = {
  id: string
  title: string
  type: string
  status: BeadStatus
  stage: BeadStage
  stageSince: string
  waitingFor: WaitingFor | null
  /** 0 is most urgent. */
  priority: number
  rig: string
  /** Who works on it, or who landed it. */
  assignee: Address | null
  labels: string[]
  needs: string[]
  /** Needs that are not closed. */
  openNeeds: string[]
  parent: string | null
  createdAt: string
  createdBy: Address
  /** Who put it to work last. */
  orderedBy: Address | null
  updatedAt: string
  closedAt: string | null
  closeReason: string | null
  /** Why it is blocked or deferred. */
  reason: string | null
  commit: string | null
  /** Of its last submission. */
  mergeRequest: Address | null
  sandbox: Address | null
  session: Address | null
  attempt: number
  /** Record whose fact holds the description, or null when there is none. */
  descriptionSeq: number | null
  /** Record in which its worker said what shows that the work is good; absent when nobody did, of the last submission. */
  evidenceSeq?: number
  /** Records whose facts hold the comments. */
  commentSeqs: number[]
  /** What `waitingFor` is chosen from. */
  waits: Waits
}

export type Waits = {
  needSince: string | null
  place: WaitingFor | null
  recovery: WaitingFor | null
  merge: WaitingFor | null
  /** Its work was begun and rests. */
  rest: WaitingFor | null
  person: WaitingFor | null
}

export type BeadRows = {
  readonly byId: Map<string, BeadRow>
  readonly byRig: Map<string, Set<string>>
  readonly byStatus: Map<BeadStatus, Set<string>>
  /** Open, nothing it needs is open, not queued. */
  readonly ready: Set<string>
  readonly queued: Set<string>
  /** Not closed, and either needs something open or is blocked. */
  readonly blocked: Set<string>
  /** Need -> beads that need it. */
  readonly dependents: Map<string, Set<string>>
  /** Scopes whose budget is used up: `town`, `rig shop`, `bead sh-1`, `agent shop/polecats/nux`. */
  readonly spent: Set<string>
}

export const emptyBeadRows = (): BeadRows => ({
  byId: new Map(),
  byRig: new Map(),
  byStatus: new Map(),
  ready: new Set(),
  queued: new Set(),
  blocked: new Set(),
  dependents: new Map(),
  spent: new Set(),
})

export const DERIVED_PARTS: readonly (keyof BeadRows)[] = [
  'byRig',
  'byStatus',
  'ready',
  'queued',
  'blocked',
  'dependents',
]

export const noWaits = (): Waits => ({
  needSince: null,
  place: null,
  recovery: null,
  merge: null,
  rest: null,
  person: null,
})

/** Makes all indexes from the rows alone. */
export function rebuildIndexes(rows: BeadRows): void {
  for (const row of rows.byId.values()) index(rows, row)
}

export function insert(rows: BeadRows, row: BeadRow): void {
  const before = rows.byId.get(row.id)
  if (before !== undefined) unindex(rows, before)
  rows.byId.set(row.id, row)
  if (row.openNeeds.length > 0) row.waits.needSince = row.createdAt
  index(rows, row)
}

/** Changes one row and brings everything that follows from it up to date. False when there is no such bead. */
export function change(rows: BeadRows, id: string, at: string, edit: (row: BeadRow) => void): boolean {
  const row = rows.byId.get(id)
  if (row === undefined) return false
  const { status, stage } = row
  const firstNeed = row.openNeeds[0]
  edit(row)
  row.updatedAt = at
  if (row.stage !== stage) row.stageSince = at
  if (row.openNeeds[0] !== firstNeed) row.waits.needSince = row.openNeeds.length > 0 ? at : null
  if (row.status !== status) {
    rows.byStatus.get(status)?.delete(id)
    addTo(rows.byStatus, row.status, id)
  }
  settle(rows, row)
  return true
}

/** Replaces what a bead needs, keeping the index of dependents. */
export function setNeeds(rows: BeadRows, row: BeadRow, needs: readonly string[]): void {
  for (const need of row.needs) rows.dependents.get(need)?.delete(row.id)
  row.needs = [...needs]
  for (const need of row.needs) addTo(rows.dependents, need, row.id)
}

export const isClosed = (rows: BeadRows, id: string): boolean => rows.byId.get(id)?.status === 'closed'

function index(rows: BeadRows, row: BeadRow): void {
  addTo(rows.byRig, row.rig, row.id)
  addTo(rows.byStatus, row.status, row.id)
  for (const need of row.needs) addTo(rows.dependents, need, row.id)
  settle(rows, row)
}

function unindex(rows: BeadRows, row: BeadRow): void {
  rows.byRig.get(row.rig)?.delete(row.id)
  rows.byStatus.get(row.status)?.delete(row.id)
  for (const need of row.needs) rows.dependents.get(need)?.delete(row.id)
}

function settle(rows: BeadRows, row: BeadRow): void {
  const held = row.openNeeds.length > 0
  put(rows.ready, row.id, row.status === 'open' && row.stage === 'none' && !held)
  put(rows.queued, row.id, row.stage === 'queued')
  put(rows.blocked, row.id, row.status === 'blocked' || (row.status !== 'closed' && held))
  row.waitingFor = waitOf(row)
}

/** A person first: nothing else helps. Then needs, for work not yet begun. Then what holds the work up. */
function waitOf({ status, stage, openNeeds, waits }: BeadRow): WaitingFor | null {
  if (status === 'closed') return null
  if (waits.person !== null) return waits.person
  const [need] = openNeeds
  if (need !== undefined && waits.needSince !== null && (stage === 'none' || stage === 'queued'))
    return { kind: 'bead', id: need, since: waits.needSince }
  // What the queue said of a need that is met by now is out of date.
  const place = waits.place?.kind === 'bead' ? null : waits.place
  return waits.rest ?? waits.recovery ?? waits.merge ?? place
}

function put(set: Set<string>, id: string, member: boolean): void {
  if (member) set.add(id)
  else set.delete(id)
}

function addTo<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const set = index.get(key)
  if (set === undefined) index.set(key, new Set([id]))
  else set.add(id)
}
