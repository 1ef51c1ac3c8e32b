// What is kept of work that has landed, and since when: the candidates of those who take away what is old.
//
// Does not:  prove anything: whether it has landed as it is told is asked of the repository.

import type { Address } from '../events/record.ts'
import type { Projections } from './index.ts'
import type { MergeRow } from './merge-queue.ts'

export type ReapableTrash = {
  readonly sandbox: Address
  readonly id: string
  readonly rig: string
  readonly branch: string
  /** What was handed in, and the commit that carries it. */
  readonly head: string
  readonly landed: string
  /** ms since the epoch. */
  readonly since: number
}

/** Worktrees that are gone with work that has landed, oldest first. What nobody handed in is none of them. */
export function landedTrash({
  trash,
  mergeQueue,
}: Pick<Projections, 'trash' | 'mergeQueue'>): ReapableTrash[] {
  const receipts = new Map<string, MergeRow>()
  for (const row of mergeQueue.rows.values())
    if (row.receipt !== null) receipts.set(`${row.sandbox} ${row.head}`, row)
  const found: ReapableTrash[] = []
  for (const row of trash.rows.bySandbox.values()) {
    const { sandbox, id, rig, branch, head, kind, landed, at, gone, stays } = row
    if (kind !== 'removed' || !landed || head === null || gone !== null) continue
    const receipt = receipts.get(`${sandbox} ${head}`)?.receipt
    if (receipt == null) continue
    const since = Math.max(Date.parse(at), stays === null ? 0 : Date.parse(stays.at))
    found.push({ sandbox, id, rig, branch, head, landed: receipt.commit, since })
  }
  return found.sort((left, right) => left.since - right.since || (left.id < right.id ? -1 : 1))
}
