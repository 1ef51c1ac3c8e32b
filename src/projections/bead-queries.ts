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

export type BeadCounts = Record<BeadStatus | 'total' | 'ready' | 'queued', number>

export function beadCounts(rows: BeadRows, rig?: string): BeadCounts {
  const inStatus = (status: BeadStatus): number => rows.byStatus.get(status)?.size ?? 0
  return rig === undefined
    ? {
        total: rows.byId.size,
        open: inStatus('open'),
        hooked: inStatus('hooked'),
        in_progress: inStatus('in_progress'),
        blocked: inStatus('blocked'),
        deferred: inStatus('deferred'),
        closed: inStatus('closed'),
        ready: rows.ready.size,
        queued: rows.queued.size,
      }
    : countOneByOne(rows, rows.byRig.get(rig) ?? new Set())
}

function countOneByOne(rows: BeadRows, ids: ReadonlySet<string>): BeadCounts {
  const counts = {
    total: ids.size,
    open: 0,
    hooked: 0,
    in_progress: 0,
    blocked: 0,
    deferred: 0,
    closed: 0,
    ready: 0,
    queued: 0,
  }
  // By the indexes alone: rows of beads that closed long ago may still be packed.
  const statuses = [...rows.byStatus]
  for (const id of ids) {
    const status = statuses.find(([, some]) => some.has(id))?.[0]
    if (status !== undefined) counts[status] += 1
    if (rows.ready.has(id)) counts.ready += 1
    if (rows.queued.has(id)) counts.queued += 1
  }
  return counts
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
