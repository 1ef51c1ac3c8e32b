// Reading what was used: tokens and money, and the budgets they count against.

import { z } from 'zod'
import { type BudgetScope, type Meter, spentOf } from '../../events/budget.ts'
import { recordOf } from '../../events/upcasters.ts'
import { budgets as budgetsOf } from '../../projections/budgets.ts'
import { COST_KINDS, type CostRows, costs, createCosts, meterOf } from '../../projections/costs.ts'
import { dayBegan, dayEnds } from '../day.ts'
import { lastBefore, seqSince } from '../moment.ts'
import { read } from '../read.ts'
import { findRig } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'

const used = read({
  path: '/v1/costs',
  summary: 'Tokens and money by session, agent, bead, role, model, rig or hour; unknown money is null.',
  query: z.strictObject({
    by: z.enum(COST_KINDS).default('agent'),
    rig: z.string().optional(),
    since: z.string().max(60).optional(),
    /** As many as this, the dearest, or the last hours. */
    top: z.coerce.number().int().min(1).max(10_000).default(1_000),
  }),
  async run({ town, view, query }) {
    const { by, top, since } = query
    const rig = query.rig === undefined ? undefined : findRig(view.projections, query.rig).name
    const rows =
      since === undefined
        ? view.projections.costs.rows
        : await costsAfter(town, await seqSince(town.log, since, town.clock.now()), view.seq)
    const { items, total } = costs(rows, by, { rig })
    const shown = by === 'hour' ? items.slice(-top) : items.slice(0, top)
    return structuredClone({ by, items: shown, total, more: items.length - shown.length, seq: view.seq })
  },
})

const budgets = read({
  path: '/v1/budgets',
  summary: 'Budgets: cap, what was used of it, when it ends, and whether it is used up.',
  async run({ town, view }) {
    const then = view.past ? await recordAt(town, view.seq) : null
    const now = then === null ? town.clock.now() : Date.parse(then.at)
    const { projections } = view
    const items = budgetsOf(projections.budgets.rows).map((budget) => {
      const { scope, id, usd, tokens, per, until, reachedAt } = budget
      // A day that nobody used anything in has not been told to anybody yet.
      const over = until !== null && Date.parse(until) <= now
      // The budgets are told by a record of its own, which comes after the one that says what was used.
      const base = over ? budget.total : budget.base
      const spent = spentOf({ base, total: meterOf(projections.costs.rows, scope, id) })
      return { scope, id, usd, tokens, per, until: over ? dayEnds(now) : until, spent, reachedAt }
    })
    return { items, seq: view.seq }
  },
})

export const costReads = [used, budgets]

/** What records `after` to `to` say was used. */
async function costsAfter(town: TownHandle, after: number, to: number): Promise<CostRows> {
  const projection = createCosts()
  // Whose transcript is read was said before.
  for (const session of town.projections.costs.rows.transcribed) projection.rows.transcribed.add(session)
  for await (const { line } of town.log.read({ after, to })) projection.apply(recordOf(line))
  return projection.rows
}

/** What a scope has used in all and in the period that goes now, as of the newest record. */
export async function usedBy(
  town: TownHandle,
  scope: BudgetScope,
  id: string,
  per: 'day' | 'total',
): Promise<{ total: Meter; spent: Meter; record: number; until: string | null }> {
  const record = town.system.seq
  const total = meterOf(town.projections.costs.rows, scope, id)
  if (per === 'total') return { total, spent: total, record, until: null }
  const now = town.clock.now()
  const after = await lastBefore(town.log, dayBegan(now))
  const spent = meterOf(await costsAfter(town, after, record), scope, id)
  return { total, spent, record, until: dayEnds(now) }
}
