// Reading what happened to one thing: a bead, a rig, an agent, a merge request, or any other owner.

import { z } from 'zod'
import {
  BUDGETS,
  beadOwner,
  DEACON,
  decisionOwner,
  MAYOR,
  nudgeOwner,
  type OwnerKind,
  ownerKind,
  planOwner,
  rigOwner,
  TOWN,
} from '../../events/address.ts'
import { recordOf } from '../../events/upcasters.ts'
import { isOwn, isStep, mayBeOf, type Step, type Subject, speaksOf, stepOf } from '../../past/history.ts'
import type { Projections } from '../../projections/index.ts'
import { mergeRequestsNamed } from '../../projections/merge-queue.ts'
import { Fault } from '../fault.ts'
import { lastBefore } from '../moment.ts'
import { flag, read } from '../read.ts'
import { findAgent, findBead, shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'
import { sinceIso } from './beads.ts'

const query = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
  /** Its own changes alone, without the records of others that speak of it. */
  steps: flag.default(false),
  /** The last so many instead of the first. */
  last: z.coerce.number().int().min(1).max(5_000).optional(),
  since: z.string().max(60).optional(),
})
type Query = z.output<typeof query>

const history = read({
  path: '/v1/history/:id',
  summary: 'All records of a bead, rig, agent, merge request or any other owner, and those that speak of it.',
  past: true,
  query,
  run: ({ town, view, params, query }) =>
    historyOf(town, view, subjectOf(view.projections, params.id), params.id, query),
})

const agentHistory = read({
  path: '/v1/agents/:address/history',
  summary: 'All records of an agent, its assignments and its sessions.',
  past: true,
  query,
  run({ town, view, params, query }) {
    const owner = findAgent(view.projections, params.address)
    return historyOf(town, view, { owner, about: owner }, owner, query)
  },
})

export const historyReads = [history, agentHistory]

async function historyOf(town: TownHandle, view: View, subject: Subject, name: string, query: Query) {
  const { after, limit, last, since } = query
  const may = mayBeOf(subject)
  const from =
    since === undefined
      ? after
      : Math.max(after, await lastBefore(town.log, justBefore(await sinceIso(town, since))))
  const fits = query.steps ? isStep : speaksOf
  const most = last ?? limit
  let items: Step[] = []
  let earlier = 0
  let isThere = from > 0
  for await (const { line } of town.log.read({ after: from, to: view.seq })) {
    if (!may(line)) continue
    const record = recordOf(line)
    isThere ||= isOwn(record, subject)
    if (!fits(record, subject)) continue
    items.push(stepOf(record))
    if (last === undefined && items.length >= most) break
    // Cut now and then: what is not asked for is not kept.
    if (items.length >= 2 * most) {
      earlier += items.length - most
      items = items.slice(-most)
    }
  }
  earlier += Math.max(0, items.length - most)
  items = items.slice(-most)
  if (!isThere) throw unknown(subject.owner, name)
  return {
    id: subject.about,
    owner: subject.owner,
    items,
    /** Left out before the first of the items. */
    earlier,
    next: items.at(-1)?.seq ?? from,
    seq: view.seq,
  }
}

const justBefore = (iso: string): string => new Date(Date.parse(iso) - 1).toISOString()

/**
 * By whole or shortened id, name or address. An address may still be that of nobody.
 * @throws {Fault} BEAD_NOT_FOUND, AMBIGUOUS.
 */
export function subjectOf(projections: Projections, name: string): Subject {
  if (projections.rigs.rows.has(name)) return { owner: rigOwner(name), about: name }
  if (TOWN_OWNERS.has(name)) return { owner: name, about: name }
  const short = /^(?:beads|rigs|decisions|plans|nudges)\/([^/]+)$/.exec(name)?.[1]
  if (short !== undefined) return { owner: name, about: short }
  if (/^d-/.test(name)) return { owner: decisionOwner(name), about: name }
  if (/^p-/.test(name)) return { owner: planOwner(name), about: name }
  if (/^n-/.test(name)) return { owner: nudgeOwner(name), about: name }
  const [request, another] = mergeRequestsNamed(projections.mergeQueue.rows, name)
  if (another !== undefined && request !== undefined) {
    const candidates = mergeRequestsNamed(projections.mergeQueue.rows, name).map(({ address }) => address)
    throw new Fault('AMBIGUOUS', `${shown(name)} may be several: ${candidates.join(', ')}.`, { candidates })
  }
  if (request !== undefined) return { owner: request.address, about: request.address }
  try {
    const { id } = findBead(projections, name)
    return { owner: beadOwner(id), about: id }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'BEAD_NOT_FOUND') throw error
    try {
      const address = findAgent(projections, name)
      return { owner: address, about: address }
    } catch (again) {
      if (name.includes('/')) return { owner: name, about: name }
      throw again instanceof Fault && again.code === 'AGENT_NOT_FOUND' ? error : again
    }
  }
}

const TOWN_OWNERS: ReadonlySet<string> = new Set([TOWN, MAYOR, DEACON, BUDGETS])

function unknown(owner: string, name: string): Fault {
  const kind = ownerKind(owner)
  const [code, what] = (kind === null ? undefined : UNKNOWN[kind]) ?? ['NO_SUCH_OWNER', 'nobody called']
  return new Fault(code, `There is ${what} ${shown(name)}.`, { id: name })
}

const UNKNOWN: { readonly [K in OwnerKind]?: readonly [code: string, what: string] } = {
  bead: ['BEAD_NOT_FOUND', 'no bead'],
  rig: ['RIG_NOT_FOUND', 'no rig'],
  polecat: ['AGENT_NOT_FOUND', 'no agent'],
  crew: ['AGENT_NOT_FOUND', 'no agent'],
  session: ['SESSION_NOT_FOUND', 'no session'],
  mergeRequest: ['MERGE_REQUEST_NOT_FOUND', 'no merge request'],
  decision: ['DECISION_NOT_FOUND', 'no decision'],
  plan: ['PLAN_NOT_FOUND', 'no plan'],
  nudge: ['NUDGE_NOT_FOUND', 'no message'],
}
