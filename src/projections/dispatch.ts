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
  /** null when nothing but its turn is missing. */
  waitingFor: WaitingFor | null
}

export type DispatchRows = Map<string, DispatchRow>

export const createDispatch = (): Projection<DispatchRows> =>
  projection({ name: 'dispatch', version: 1, empty: (): DispatchRows => new Map(), handlers })

export type DispatchFilter = { readonly rig?: string | undefined; readonly group?: string | undefined }

/** By priority, then by who came first. */
export const dispatchQueue = (rows: DispatchRows, filter: DispatchFilter = {}): DispatchRow[] =>
  [...rows.values()]
    .filter(
      ({ rig, group }) =>
        (filter.rig === undefined || rig === filter.rig) &&
        (filter.group === undefined || group === filter.group),
    )
    .sort(
      (left, right) =>
        left.priority - right.priority || left.seq - right.seq || (left.bead < right.bead ? -1 : 1),
    )

export const queuedBead = (rows: DispatchRows, bead: string): DispatchRow | null => rows.get(bead) ?? null

const handlers: Handlers<DispatchRows> = {
  DispatchQueued: (rows, { bead, rig, group, preset }, { at, seq, message }) => {
    const { priority } = message
    rows.set(bead, {
      bead,
      rig,
      priority: typeof priority === 'number' ? priority : ORDINARY,
      group,
      preset,
      queuedAt: at,
      seq,
      waitingFor: null,
    })
    return true
  },
  DispatchWaiting: (rows, { bead, waitingFor }) => {
    const row = rows.get(bead)
    if (row === undefined) return false
    row.waitingFor = { ...waitingFor }
    return true
  },
  DispatchStarted: (rows, { bead }) => rows.delete(bead),
  DispatchWithdrawn: (rows, { bead }) => rows.delete(bead),
}

/** The priority of a bead that nobody gave one. */
const ORDINARY = 2
