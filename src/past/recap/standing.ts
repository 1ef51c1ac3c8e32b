// Beads that were handed over and have not landed: why, since when, and what stands still behind them.

import type { BeadRow, BeadRows } from '../../projections/beads.ts'
import type { Seen, Wait } from '../why/wait.ts'
import { waitOf } from '../why/waits.ts'

/** On its way: somebody handed it over, and it is neither over nor taken back. */
export const isUnderWay = ({ status, stage }: BeadRow): boolean =>
  stage === 'queued' || status === 'hooked' || status === 'in_progress' || status === 'blocked'

export type Reason = { readonly kind: string; readonly reason: string; readonly since: string }

/** The one reason, in the words of `gt why`. `said`: the last word on a bead that was taken back. */
export function reasonOf(seen: Seen, row: BeadRow, said: string | undefined): Reason {
  if (row.status === 'open' && row.stage === 'none')
    return { kind: 'unslung', reason: said ?? 'taken back', since: row.updatedAt }
  const wait = waitOf(seen, row)
  if (wait !== null) return { kind: wait.kind, reason: told(wait), since: wait.since }
  const { assignee, stageSince } = row
  const reason = assignee === null ? 'somebody works on it' : `${lastName(assignee)} works on it`
  return { kind: 'working', reason, since: stageSince }
}

function told({ what, why, next }: Wait): string {
  if (next !== null) return `waits for ${what}, which ${told(next)}`
  return `waits for ${what}${why === null || why === '' ? '' : `: ${why}`}`
}

const lastName = (address: string): string => address.slice(address.lastIndexOf('/') + 1)

/** What goes on by itself when its time comes. */
const GOES_ON: ReadonlySet<string> = new Set(['working', 'place', 'queue', 'gates', 'unslung', 'blocked'])

/** What was put off stands still as it was meant to, unless something waits for it. */
export const standsStill = ({ kind, blocks }: { readonly kind: string; readonly blocks: number }): boolean =>
  !GOES_ON.has(kind) && (kind !== 'deferred' || blocks > 0)

/** Beads that are not closed and cannot go on before this one, also through others. */
export function blockedBehind(rows: BeadRows, bead: string): number {
  const seen = new Set<string>([bead])
  const next = [bead]
  for (let one = next.pop(); one !== undefined; one = next.pop())
    for (const id of rows.dependents.get(one) ?? []) {
      if (seen.has(id) || rows.byId.get(id)?.status === 'closed') continue
      seen.add(id)
      next.push(id)
    }
  return seen.size - 1
}
