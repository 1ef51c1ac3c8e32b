// Reading plans: what was proposed, as it can be proposed again, and what came of it.

import { z } from 'zod'
import { planOwner } from '../../events/address.ts'
import { type PlanRow, plan as planRow, plans } from '../../projections/plans.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { page, paging, read } from '../read.ts'
import { shown } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { Caller } from '../town.ts'

const list = read({
  path: '/v1/plans',
  summary: 'Plans, oldest first. `after` and `waitMs` wait for one that is proposed after that record.',
  query: z.strictObject({
    state: z.enum(['open', 'all']).default('all'),
    after: z.coerce.number().int().min(0).optional(),
    waitMs: z.coerce.number().int().min(0).max(600_000).default(0),
    ...paging,
  }),
  own: ({ role }) => role !== 'polecat',
  async run({ town, caller, view, query, signal }) {
    const { after = 0, state, waitMs } = query
    const found = () =>
      plans(view.projections.plans.rows, { open: state === 'open' ? true : undefined }).filter(
        (row) => row.seq > after && isOwn(caller, row),
      )
    if (found().length === 0 && waitMs > 0 && !view.past)
      await firstOf(town, { after: town.system.seq, timeoutMs: waitMs, signal }, () =>
        found().length > 0 ? true : null,
      )
    const { items, cursor } = page(found(), query, ({ id }) => id)
    return { items: items.map(planShape), cursor, seq: view.past ? view.seq : town.system.seq }
  },
})

const show = read({
  path: '/v1/plans/:id',
  summary: 'One plan with its beads, as it can be proposed again.',
  own: ({ role }) => role !== 'polecat',
  async run({ town, caller, view: { projections, seq }, params }) {
    const id = params.id.replace(/^d-/, 'p-')
    const row = planRow(projections.plans.rows, id)
    if (row === null || !isOwn(caller, row))
      throw new Fault('PLAN_NOT_FOUND', `There is no plan ${shown(params.id)}.`)
    const shape = planShape(row)
    return { ...shape, beads: await plannedIn(town, row), position: seq }
  },
})

export const planReads = [list, show]

/** A crew member sees its own. */
const isOwn = (caller: Caller, { agent }: PlanRow): boolean =>
  caller.kind === 'operator' || caller.agent === agent || caller.agent === 'mayor'

const planShape = (row: PlanRow) => ({ ...structuredClone(row), decision: row.id.replace(/^p-/, 'd-') })

type Planned = {
  key: string
  bead: string
  rig: string
  title: string
  description: string
  acceptance: string[]
  priority: number
  needs: string[]
  labels: string[]
  preset: string | null
}

/** Beads as they are written in a plan: what they need of each other by key. */
async function plannedIn(town: Parameters<typeof recordAt>[0], { id, seq }: PlanRow) {
  const record = await recordAt(town, seq)
  if (record === null || record.actor !== planOwner(id)) return []
  const beads = (record.message as unknown as { beads: readonly Planned[] }).beads
  const keys = new Map(beads.map(({ key, bead }) => [bead, key]))
  return beads.map(({ preset, ...one }) => ({
    ...one,
    needs: one.needs.map((need) => keys.get(need) ?? need),
    agent: preset,
  }))
}
