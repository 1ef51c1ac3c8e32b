// Reading nudges and their receipts.

import { z } from 'zod'
import type { NudgeRow, NudgeState } from '../../projections/nudges.ts'
import { isSettled, nudges } from '../../projections/nudges.ts'
import { findNudge } from '../commands/nudge.ts'
import { firstOf } from '../follow.ts'
import { nudgeText } from '../nudging.ts'
import { page, paging, read, several } from '../read.ts'
import { findAgent } from '../resolve.ts'

const shape = ({ textSeq: _, ...row }: NudgeRow) => structuredClone(row)

const list = read({
  path: '/v1/nudges',
  summary:
    'Messages typed for agents, oldest first, with how far each has come; those that are over while recent.',
  query: z.strictObject({
    /** Sent to or by. */
    agent: z.string().optional(),
    state: several.optional(),
    ...paging,
  }),
  own: (own, _params, { agent }) => agent === own.agent,
  run({ view: { projections, seq }, query }) {
    const agent = query.agent === undefined ? undefined : findAgent(projections, query.agent)
    const state = query.state as readonly NudgeState[] | undefined
    // Newest pages first; within a page oldest first.
    const found = nudges(projections.nudges.rows, { agent, state }).toReversed()
    const { items, cursor } = page(found, query, ({ id }) => id)
    return { items: items.toReversed().map(shape), cursor, seq }
  },
})

const show = read({
  path: '/v1/nudges/:id',
  summary: 'One nudge with its text and its receipt; `until=settled` waits for the receipt.',
  query: z.strictObject({
    /** Settled: taken, failed or withdrawn. */
    until: z.enum(['settled']).optional(),
    /** How long `until` may hold the answer back, ms. */
    waitMs: z.coerce.number().int().min(0).max(60_000).default(25_000),
  }),
  // Whether it is its own is seen from the row.
  own: () => true,
  async run({ town, caller, view, params, query, signal }) {
    const row = findNudge(town, caller, params.id, view.projections.nudges.rows)
    if (query.until !== undefined && !view.past && !isSettled(row)) {
      const { id } = row
      await firstOf(town, { after: view.seq, timeoutMs: query.waitMs, signal }, ({ facts }) =>
        facts.some((fact) => fact.nudge === id) && isSettled(findNudge(town, caller, id)) ? true : null,
      )
    }
    return {
      ...shape(row),
      text: await nudgeText(town, row.id),
      settled: isSettled(row),
      seq: view.past ? view.seq : town.system.seq,
    }
  },
})

export const nudgeReads = [list, show]
