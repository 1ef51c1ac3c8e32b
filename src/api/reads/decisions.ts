// Reading decisions: what agents ask of a person, and what became of it.

import { z } from 'zod'
import { ruleOf, ruleText } from '../../events/permission-rules.ts'
import { type DecisionRow, decisions } from '../../projections/decisions.ts'
import { whenSettled } from '../asking.ts'
import { Fault } from '../fault.ts'
import { page, paging, read } from '../read.ts'
import { findAgent, findDecision, findRig } from '../resolve.ts'

const list = read({
  path: '/v1/decisions',
  summary: 'What agents ask of a person, oldest first: what is open, or all of the last ones.',
  query: z.strictObject({
    state: z.enum(['open', 'all']).default('open'),
    rig: z.string().optional(),
    agent: z.string().optional(),
    bead: z.string().optional(),
    ...paging,
  }),
  run({ view: { projections, seq }, query }) {
    const { state, rig, agent, bead } = query
    const found = decisions(projections.decisions.rows, {
      open: state === 'open' ? true : undefined,
      rig: rig === undefined ? undefined : findRig(projections, rig).name,
      agent: agent === undefined ? undefined : findAgent(projections, agent),
      bead,
    })
    const { items, cursor } = page(found, query, ({ id }) => id)
    return { items: items.map(decisionShape), cursor, seq }
  },
})

const show = read({
  path: '/v1/decisions/:id',
  summary: 'One decision; `until=settled` waits for what becomes of it.',
  query: z.strictObject({
    until: z.enum(['settled']).optional(),
    waitMs: z.coerce.number().int().min(0).max(600_000).default(0),
  }),
  own: () => true,
  async run({ town, caller, view: { projections, seq, past }, params, query, signal }) {
    const row = findDecision(projections, params.id)
    if (caller.kind === 'session' && row.session !== caller.session)
      throw new Fault('FORBIDDEN', 'An agent reads the decisions of its own session only.')
    if (query.until === undefined || past || row.state !== 'open')
      return { ...decisionShape(row), position: seq }
    await whenSettled(town, row.id, signal, query.waitMs)
    return { ...decisionShape(findDecision(town.projections, row.id)), position: town.system.seq }
  },
})

export const decisionReads = [list, show]

/** `always`: what an answer for always would make a rule of; null when it is for this once. */
function decisionShape(row: DecisionRow) {
  const { tool, command, files } = row.context
  const rule =
    row.kind === 'permission' && row.rig !== null
      ? ruleOf({ tool: tool ?? '', command, files }, 'allow')
      : null
  return { ...structuredClone(row), always: rule === null ? null : ruleText(rule) }
}
