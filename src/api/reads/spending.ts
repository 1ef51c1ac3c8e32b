// Reading what stands behind an amount.

import { beadOwner, ownerKind, sessionRole } from '../../events/address.ts'
import { recordOf } from '../../events/upcasters.ts'
import { createSpending, mayBeSpending, type Scope } from '../../past/why/spending.ts'
import type { Projections } from '../../projections/index.ts'
import { Fault } from '../fault.ts'
import { read } from '../read.ts'
import { shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { subjectOf } from './history.ts'

/** Of each kind so many are told; there may be thousands of turns. */
const TOLD_MAX = 100

const spending = read({
  path: '/v1/why/:id/cost',
  summary:
    'What stands behind the cost of a bead, agent or session: sessions, turns and compactions, largest first.',
  past: true,
  async run({ town, view, params }) {
    const scope = scopeOf(view.projections, params.id)
    const fold = createSpending(scope)
    const may = mayBeSpending(scope)
    for await (const { line } of town.log.read({ to: view.seq })) if (may(line)) fold.take(recordOf(line))
    const { cost, sessions, turns, compactions, cacheReads } = fold.spent()
    return {
      ...scope,
      cost,
      restarts: sessions.filter(({ reason }) => reason !== null && reason !== 'first').length,
      cacheReads: priced(town, cacheReads),
      sessions,
      turns: turns.slice(0, TOLD_MAX),
      compactions: compactions.slice(0, TOLD_MAX),
      seq: view.seq,
    }
  },
})

export const spendingReads = [spending]

function scopeOf(projections: Projections, name: string): Scope {
  const { owner, about } = subjectOf(projections, name)
  const request = projections.mergeQueue.rows.get(owner)
  if (request !== undefined) return { kind: 'bead', id: request.bead }
  if (owner === beadOwner(about) && projections.beads.rows.byId.has(about)) return { kind: 'bead', id: about }
  if (ownerKind(owner) === 'session') {
    if (projections.sessions.rows.bySession.has(owner)) return { kind: 'session', id: owner }
    throw new Fault('SESSION_NOT_FOUND', `There is no session ${shown(name)}.`, { session: name })
  }
  if (sessionRole(owner) !== null && projections.agents.rows.byAddress.has(owner))
    return { kind: 'agent', id: owner }
  throw new Fault(
    'INPUT_INVALID',
    `Costs are those of a bead, an agent or a session; ${shown(name)} is none.`,
  )
}

/** By the prices of today: what was recorded does not part the money by kinds of tokens. */
function priced(
  town: Pick<TownHandle, 'priceOf'>,
  cacheReads: ReadonlyMap<string, number>,
): { tokens: number; costUsd: number | null } {
  let tokens = 0
  let costUsd: number | null = 0
  for (const [model, cacheRead] of cacheReads) {
    tokens += cacheRead
    if (cacheRead === 0) continue
    const usd = town.priceOf({
      model,
      input: 0,
      output: 0,
      cacheRead,
      cacheWrite: 0,
      costUsd: null,
      requests: 1,
    })
    costUsd = usd === null || costUsd === null ? null : costUsd + usd
  }
  return { tokens, costUsd: costUsd === null ? null : Math.round(costUsd * 1e6) / 1e6 }
}
