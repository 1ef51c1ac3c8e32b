// The dispatch queue: beads that were slung and have no place yet, in the order in which they will get one.

import type { WaitingFor } from '../events/define.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type DispatchRow = {
  bead: string
  rig: string
  /** 0 is most urgent; as it was when it was slung. */
  priority: number
  /** Same for all beads of one call. */
  group: string
  preset: string | null
  queuedAt: string
  seq: number
  /** A need first, then a place; null when nothing but its turn is missing. */
  waitingFor: WaitingFor | null
  /** What the Mayor said it waits for. */
  place: WaitingFor | null
}

export type DispatchRows = {
  readonly queue: Map<string, DispatchRow>
  /** Bead that was slung -> the first need that is open. */
  readonly needs: Map<string, WaitingFor>
}

export const createDispatch = (): Projection<DispatchRows> =>
  projection({
    name: 'dispatch',
    version: 1,
    empty: (): DispatchRows => ({ queue: new Map(), needs: new Map() }),
    handlers,
  })

export type DispatchFilter = { readonly rig?: string | undefined; readonly group?: string | undefined }

/** By priority, then by who came first. */
export const dispatchQueue = (rows: DispatchRows, filter: DispatchFilter = {}): DispatchRow[] =>
  [...rows.queue.values()]
    .filter(
      ({ rig, group }) =>
        (filter.rig === undefined || rig === filter.rig) &&
        (filter.group === undefined || group === filter.group),
    )
    .sort(
      (left, right) =>
        left.priority - right.priority || left.seq - right.seq || (left.bead < right.bead ? -1 : 1),
    )

export const queuedBead = (rows: DispatchRows, bead: string): DispatchRow | null =>
  rows.queue.get(bead) ?? null

const handlers: Handlers<DispatchRows> = {
  // The bead's and the Mayor's records of one turn may come in either order.
  BeadQueued: (rows, { bead, waitingFor }) => {
    if (waitingFor !== null) rows.needs.set(bead, { ...waitingFor })
    return settle(rows, bead) || waitingFor !== null
  },
  DispatchQueued: (rows, { bead, rig, group, preset }, { at, seq, message }) => {
    const { priority } = message
    rows.queue.set(bead, {
      bead,
      rig,
      priority: typeof priority === 'number' ? priority : ORDINARY,
      group,
      preset,
      queuedAt: at,
      seq,
      waitingFor: null,
      place: null,
    })
    settle(rows, bead)
    return true
  },
  BeadNeedsChanged: (rows, { bead, open }, { at }) => {
    if (!rows.queue.has(bead)) return false
    const [need] = open
    const before = rows.needs.get(bead)
    if (need === undefined) rows.needs.delete(bead)
    else if (before?.id !== need) rows.needs.set(bead, { kind: 'bead', id: need, since: at })
    return settle(rows, bead)
  },
  DispatchWaiting: (rows, { bead, waitingFor }) => {
    const row = rows.queue.get(bead)
    if (row === undefined) return false
    row.place = { ...waitingFor }
    return settle(rows, bead)
  },
  DispatchStarted: (rows, { bead }) => leave(rows, bead),
  DispatchWithdrawn: (rows, { bead }) => leave(rows, bead),
}

/** The priority of a bead that nobody gave one. */
const ORDINARY = 2

function settle(rows: DispatchRows, bead: string): boolean {
  const row = rows.queue.get(bead)
  if (row === undefined) return false
  row.waitingFor = rows.needs.get(bead) ?? row.place
  return true
}

function leave(rows: DispatchRows, bead: string): boolean {
  rows.needs.delete(bead)
  return rows.queue.delete(bead)
}
