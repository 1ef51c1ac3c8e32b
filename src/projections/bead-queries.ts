// Questions about beads. Pure reads: rows in, plain JSON out.

import type { BeadRow, BeadRows, BeadStatus } from './bead-rows.ts'

export type BeadFilter = {
  readonly status?: BeadStatus | readonly BeadStatus[] | undefined
  readonly rig?: string | undefined
  readonly assignee?: string | undefined
  readonly label?: string | undefined
  readonly type?: string | undefined
  readonly parent?: string | undefined
  /** Part of id or title, in any case. */
  readonly text?: string | undefined
  /** ISO time; beads changed at or after it. */
  readonly since?: string | undefined
  readonly limit?: number | undefined
}

/** By priority, then by age. */
export function beads(rows: BeadRows, filter: BeadFilter = {}): BeadRow[] {
  return select(rows, candidates(rows, filter), filter)
}

export const bead = (rows: BeadRows, id: string): BeadRow | null => rows.byId.get(id) ?? null

/** Could be slung now: open, not queued, and nothing it needs is open. */
export const readyBeads = (rows: BeadRows, filter: BeadFilter = {}): BeadRow[] =>
  select(rows, rows.ready, filter)

/** Not closed, and either needs something open or is blocked. */
export const blockedBeads = (rows: BeadRows, filter: BeadFilter = {}): BeadRow[] =>
  select(rows, rows.blocked, filter)

/** Beads that need this one. */
export const dependentsOf = (rows: BeadRows, id: string): BeadRow[] =>
  select(rows, rows.dependents.get(id) ?? [], {})

export type BeadCounts = {
  readonly total: number
  readonly open: number
  readonly hooked: number
  readonly in_progress: number
  readonly blocked: number
  readonly deferred: number
  readonly closed: number
  readonly ready: number
  readonly queued: number
}

export function beadCounts(rows: BeadRows, rig?: string): BeadCounts {
  const of = (ids: ReadonlySet<string> | undefined): number => {
    if (ids === undefined) return 0
    const mine = rig === undefined ? null : rows.byRig.get(rig)
    return mine === null ? ids.size : [...ids].filter((id) => mine?.has(id)).length
  }
  const open = rows.byStatus.get('open')
  return {
    total: rig === undefined ? rows.byId.size : (rows.byRig.get(rig)?.size ?? 0),
    open: of(open),
    hooked: of(rows.byStatus.get('hooked')),
    in_progress: of(rows.byStatus.get('in_progress')),
    blocked: of(rows.byStatus.get('blocked')),
    deferred: of(rows.byStatus.get('deferred')),
    closed: of(rows.byStatus.get('closed')),
    ready: of(rows.ready),
    queued: of(new Set([...(open ?? [])].filter((id) => rows.byId.get(id)?.stage === 'queued'))),
  }
}

/** The smallest set that an index offers. */
function candidates(rows: BeadRows, { status, rig }: BeadFilter): Iterable<string> {
  if (status !== undefined) {
    const statuses = typeof status === 'string' ? [status] : status
    return statuses.flatMap((one) => [...(rows.byStatus.get(one) ?? [])])
  }
  return rig === undefined ? rows.byId.keys() : (rows.byRig.get(rig) ?? [])
}

function select(rows: BeadRows, ids: Iterable<string>, filter: BeadFilter): BeadRow[] {
  const found: BeadRow[] = []
  for (const id of ids) {
    const row = rows.byId.get(id)
    if (row !== undefined && fits(row, filter)) found.push(row)
  }
  found.sort(byPriorityThenAge)
  return filter.limit === undefined ? found : found.slice(0, filter.limit)
}

function fits(
  row: BeadRow,
  { status, rig, assignee, label, type, parent, text, since }: BeadFilter,
): boolean {
  const words = text?.toLowerCase()
  return (
    (status === undefined ||
      (typeof status === 'string' ? row.status === status : status.includes(row.status))) &&
    (rig === undefined || row.rig === rig) &&
    (assignee === undefined || row.assignee === assignee) &&
    (label === undefined || row.labels.includes(label)) &&
    (type === undefined || row.type === type) &&
    (parent === undefined || row.parent === parent) &&
    (since === undefined || row.updatedAt >= since) &&
    (words === undefined || row.title.toLowerCase().includes(words) || row.id.toLowerCase().includes(words))
  )
}

function byPriorityThenAge(left: BeadRow, right: BeadRow): number {
  if (left.priority !== right.priority) return left.priority - right.priority
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? -1 : 1
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0
}
