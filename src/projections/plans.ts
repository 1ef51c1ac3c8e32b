// Plans: what was proposed to a person, and what came of it. The beads as proposed stay in the log.

import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type PlanState = 'proposed' | 'filed' | 'slung' | 'notFiled' | 'refused' | 'replaced'

export type PlanRow = {
  id: string
  /** Who wrote it, and is told what came of it. */
  agent: Address
  /** Who proposed it. */
  by: Address
  title: string
  /** Ids that its beads have, or would have had. */
  beads: string[]
  state: PlanState
  /** Why it was not taken, or the plan that stands in its place. */
  reason: string
  proposedAt: string
  settledAt: string | null
  /** The record that has its beads as they were proposed. */
  seq: number
}

export type PlanRows = Map<string, PlanRow>

export const createPlans = (): Projection<PlanRows> =>
  projection({ name: 'plans', version: 1, empty: (): PlanRows => new Map(), handlers })

/** Oldest first. */
export const plans = (rows: PlanRows, filter: { readonly open?: boolean | undefined } = {}): PlanRow[] =>
  [...rows.values()].filter(
    ({ state }) => filter.open === undefined || (state === 'proposed') === filter.open,
  )

export const plan = (rows: PlanRows, id: string): PlanRow | null => rows.get(id) ?? null

const handlers: Handlers<PlanRows> = {
  PlanProposed: (rows, { plan: id, agent, title, beads }, { at, by, seq }) => {
    rows.set(id, {
      id,
      agent,
      by,
      title,
      beads: [...beads],
      state: 'proposed',
      reason: '',
      proposedAt: at,
      settledAt: null,
      seq,
    })
    return true
  },
  PlanFiled: (rows, { plan, slung }, { at }) => settle(rows, plan, slung ? 'slung' : 'filed', '', at),
  PlanNotFiled: (rows, { plan, message }, { at }) => settle(rows, plan, 'notFiled', message, at),
  PlanRefused: (rows, { plan, reason }, { at }) => settle(rows, plan, 'refused', reason, at),
  PlanReplaced: (rows, { plan, by }, { at }) => settle(rows, plan, 'replaced', by, at),
}

function settle(rows: PlanRows, id: string, state: PlanState, reason: string, at: string): boolean {
  const row = rows.get(id)
  if (row === undefined) return false
  row.state = state
  row.reason = reason
  row.settledAt = at
  return true
}
