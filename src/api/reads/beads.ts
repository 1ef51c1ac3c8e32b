// Reading beads and the queue they wait in.

import { z } from 'zod'
import {
  bead as beadRow,
  beads,
  blockedBeads,
  dependentsOf,
  readyBeads,
} from '../../projections/bead-queries.ts'
import type { BeadRow, BeadStatus } from '../../projections/beads.ts'
import { dispatchQueue, queuedBead } from '../../projections/dispatch.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { parseSince } from '../moment.ts'
import { page, paging, read, several } from '../read.ts'
import { findAgent, findBead, findRig } from '../resolve.ts'
import { beadShape, queuedShape, recordAt, wholeBead } from '../shapes.ts'
import type { TownHandle } from '../town.ts'

const STATUSES = ['open', 'hooked', 'in_progress', 'blocked', 'deferred', 'closed'] as const

const list = read({
  path: '/v1/beads',
  summary: 'Beads (units of work), by priority and age, or by when they moved.',
  query: z.strictObject({
    /** `ready`: could be slung now. `blocked`: waits for another bead or a person. */
    view: z.enum(['all', 'ready', 'blocked']).default('all'),
    status: several.optional(),
    rig: z.string().optional(),
    assignee: z.string().optional(),
    label: z.string().optional(),
    type: z.string().optional(),
    parent: z.string().optional(),
    /** Part of id or title. */
    text: z.string().max(500).optional(),
    since: z.string().max(60).optional(),
    /** `moved`: what changed last comes first. */
    order: z.enum(['priority', 'moved']).default('priority'),
    ...paging,
  }),
  async run({ town, view, query }) {
    const { projections, seq } = view
    const { rig, assignee, parent } = query
    const filter = {
      status: query.status === undefined ? undefined : statuses(query.status),
      rig: rig === undefined ? undefined : findRig(projections, rig).name,
      assignee: assignee === undefined ? undefined : findAgent(projections, assignee),
      parent: parent === undefined ? undefined : findBead(projections, parent).id,
      label: query.label,
      type: query.type,
      text: query.text,
      since: query.since === undefined ? undefined : await sinceIso(town, query.since),
    }
    const { rows } = projections.beads
    const choose = { all: beads, ready: readyBeads, blocked: blockedBeads }[query.view]
    const chosen = choose(rows, filter)
    const { items, cursor } = page(
      query.order === 'moved' ? chosen.toSorted(byMoved) : chosen,
      query,
      ({ id }) => id,
    )
    return { items: items.map(beadShape), cursor, seq }
  },
})

const byMoved = (left: BeadRow, right: BeadRow): number =>
  left.updatedAt === right.updatedAt ? 0 : left.updatedAt < right.updatedAt ? 1 : -1

/** How far a bead must be; each is also reached by what comes after it. */
const UNTIL = ['started', 'submitted', 'landed', 'closed'] as const

const show = read({
  path: '/v1/beads/:id',
  summary: 'One bead with its description and comments. `until` waits for it to get that far.',
  query: z.strictObject({
    until: z.enum(UNTIL).optional(),
    /** How long `until` may hold the answer back, ms. */
    waitMs: z.coerce.number().int().min(0).max(60_000).default(25_000),
  }),
  own: (own, { id = '' }) => own.bead === id,
  async run({ town, view, params, query, signal }) {
    const { projections, seq } = view
    const row = findBead(projections, params.id)
    const { until } = query
    if (until !== undefined && !view.past && !isOver(row, until)) {
      const { id } = row
      await firstOf(town, { after: seq, timeoutMs: query.waitMs, signal }, ({ facts }) => {
        const now = facts.some((fact) => fact.bead === id) ? beadRow(projections.beads.rows, id) : null
        return now !== null && isOver(now, until) ? true : null
      })
    }
    const dependents = dependentsOf(projections.beads.rows, row.id).map(({ id }) => id)
    const reached = until === undefined ? {} : { reached: hasReached(row, until), over: isOver(row, until) }
    return { ...(await wholeBead(town, row, dependents)), ...reached, seq: view.past ? seq : town.system.seq }
  },
})

const queue = read({
  path: '/v1/dispatch',
  summary: 'Beads that wait for a place, in the order in which they will get one.',
  query: z.strictObject({ rig: z.string().optional(), ...paging }),
  run({ view: { projections, seq }, query }) {
    const rig = query.rig === undefined ? undefined : findRig(projections, query.rig).name
    const { items, cursor } = page(
      dispatchQueue(projections.dispatch.rows, { rig }),
      query,
      ({ bead }) => bead,
    )
    return { items: items.map(queuedShape), cursor, seq }
  },
})

const queued = read({
  path: '/v1/dispatch/:id',
  summary: 'Where one bead stands in the queue.',
  run({ view: { projections, seq }, params }) {
    const row = findBead(projections, params.id)
    const found = queuedBead(projections.dispatch.rows, row.id)
    if (found === null) throw new Fault('BEAD_NOT_FOUND', `${row.id} does not wait in the queue.`)
    return { ...queuedShape(found), seq }
  },
})

export const beadReads = [list, show, queue, queued]

/** An ISO time from any moment; a number is the time of that record. */
export async function sinceIso(town: TownHandle, text: string): Promise<string> {
  const moment = parseSince(text, town.clock.now())
  if (moment.kind === 'time') return new Date(moment.ms).toISOString()
  return (await recordAt(town, moment.seq))?.at ?? new Date(town.clock.now()).toISOString()
}

function statuses(names: readonly string[]): BeadStatus[] {
  const wrong = names.find((name) => !(STATUSES as readonly string[]).includes(name))
  if (wrong !== undefined)
    throw new Fault('INPUT_INVALID', `The field "status" does not fit: one of ${STATUSES.join(', ')}.`)
  return names as BeadStatus[]
}

function hasReached({ status, stage }: BeadRow, until: (typeof UNTIL)[number]): boolean {
  switch (until) {
    case 'started':
      return status === 'in_progress' || stage === 'landed'
    case 'submitted':
      return stage === 'submitted' || stage === 'testing' || stage === 'landed'
    case 'landed':
      return stage === 'landed'
    case 'closed':
      return status === 'closed'
  }
}

/** Reached, or it will not get there without a person. */
const isOver = (row: BeadRow, until: (typeof UNTIL)[number]): boolean =>
  hasReached(row, until) || row.status === 'closed' || row.status === 'blocked' || row.status === 'deferred'
