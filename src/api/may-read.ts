// What the token of a session may read.
//
// Owns:      which reads are open to whom: a polecat's own bead, hook, mail and rig; a crew member's whole rig; the
//            Mayor's whole town, but for what is the person's alone.
// Always:    a list without a rig is asked for the rig of whoever asks.

import { mergeRequestOfReview, rigOf } from '../events/address.ts'
import { type SessionCaller, type Workplace, workplaceOf } from './callers.ts'
import { Fault } from './fault.ts'
import type { ReadRoute } from './read.ts'
import { findAgent, findBead, findMergeRequest } from './resolve.ts'
import type { TownHandle } from './town.ts'

type Values = Readonly<Record<string, unknown>>

/** The query as it is answered. @throws {Fault} ASSIGNMENT_OVER, FORBIDDEN. */
export function mayRead(
  town: TownHandle,
  caller: SessionCaller,
  route: ReadRoute,
  { params, query }: { readonly params: Readonly<Record<string, string>>; readonly query: Values },
): Values {
  const own = workplaceOf(town, caller)
  if (route.own?.(own, params, query) === true) return query
  if (own.role === 'reviewer' && isReviewed(town, caller, route.path, params)) return query
  if (own.role === 'mayor' && OF_THE_TOWN.has(route.path)) return query
  if (own.role === 'crew') {
    if (LISTS.has(route.path) && (query.rig === undefined || query.rig === own.rig))
      return { ...query, rig: own.rig }
    if (isOfRig(town, route.path, params, own)) return query
  }
  throw new Fault('FORBIDDEN', REFUSALS[own.role])
}

const REFUSALS = {
  polecat: 'An agent reads its own bead, hook, mail and rig only.',
  crew: 'A crew member reads its own rig only.',
  mayor: 'This is for the person alone.',
  reviewer: 'A reviewer reads the bead and the merge request that it reviews only.',
} as const

/** Lists that can be asked for one rig. */
const LISTS: ReadonlySet<string> = new Set([
  '/v1/beads',
  '/v1/agents',
  '/v1/hooks',
  '/v1/cvs',
  '/v1/costs',
  '/v1/gates',
  '/v1/feed',
  '/v1/merge-queue',
])

/** Settings, records and screens hold more than a coordinator needs. */
const OF_THE_TOWN: ReadonlySet<string> = new Set([
  ...LISTS,
  '/v1/status',
  '/v1/beads/:id',
  '/v1/dispatch',
  '/v1/dispatch/:id',
  '/v1/why/:id',
  '/v1/why/:id/cost',
  '/v1/agents/:address',
  '/v1/hooks/:agent',
  '/v1/cvs/:agent',
  '/v1/budgets',
  '/v1/mail',
  '/v1/rigs',
  '/v1/rigs/:name',
  '/v1/merge-queue/:id',
  '/v1/decisions',
  '/v1/escalations',
  '/v1/escalations/:id',
])

/** The merge request that it looks at. */
const isReviewed = (
  { projections }: TownHandle,
  { agent }: SessionCaller,
  path: string,
  { id = '' }: Readonly<Record<string, string>>,
): boolean =>
  (path === '/v1/merge-queue/:id' || path === '/v1/merge-queue/:id/packet') &&
  findMergeRequest(projections, id).address === mergeRequestOfReview(agent)

function isOfRig(
  { projections }: TownHandle,
  path: string,
  { id = '', address, agent }: Readonly<Record<string, string>>,
  { rig }: Workplace,
): boolean {
  switch (path) {
    case '/v1/beads/:id':
    case '/v1/why/:id':
      return findBead(projections, id).rig === rig
    case '/v1/agents/:address':
    case '/v1/hooks/:agent':
    case '/v1/cvs/:agent':
      return rigOf(findAgent(projections, address ?? agent ?? '')) === rig
    case '/v1/merge-queue/:id':
      return findMergeRequest(projections, id).rig === rig
    default:
      return false
  }
}
