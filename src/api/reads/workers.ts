// Reading agents, their hooks, their CVs, their mail and their screens.

import { z } from 'zod'
import { type AgentRow, agent as agentRow, agents } from '../../projections/agent-rows.ts'
import { cv, cvs } from '../../projections/cvs.ts'
import { hookOf, hooks } from '../../projections/hooks.ts'
import { mail } from '../../projections/mail.ts'
import {
  lastSessions,
  reapedText,
  type SessionRow,
  session as sessionRow,
} from '../../projections/sessions.ts'
import { asOf } from '../as-of.ts'
import { Fault } from '../fault.ts'
import { parseMoment } from '../moment.ts'
import { flag, page, paging, type ReadContext, read } from '../read.ts'
import { findAgent, findRig } from '../resolve.ts'
import { agentNow, agentShape, recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'
import { sinceIso } from './beads.ts'

const inRig = z.string().optional()
const rigName = ({ projections }: View, name: string | undefined): string | undefined =>
  name === undefined ? undefined : findRig(projections, name).name

const list = read({
  path: '/v1/agents',
  summary: 'Agents: roles and polecats (workers), with what they do and how they are.',
  query: z.strictObject({
    rig: inRig,
    role: z.enum(['mayor', 'deacon', 'boot', 'witness', 'refinery', 'polecat', 'crew']).optional(),
    ...paging,
  }),
  run({ town, view, query }) {
    const found = agents(view.projections.agents.rows, { rig: rigName(view, query.rig), role: query.role })
    const { items, cursor } = page(found, query, ({ address }) => address)
    const shape = (row: AgentRow) => (view.past ? agentShape(row) : agentNow(town, row))
    return { items: items.map(shape), cursor, seq: view.seq }
  },
})

const show = read({
  path: '/v1/agents/:address',
  summary: 'One agent, with its sessions, and what it has done so far (`cv`).',
  run({ town, view: { projections, seq, past }, params }) {
    const address = findAgent(projections, params.address)
    const row = agentRow(projections.agents.rows, address)
    if (row === null) throw new Fault('AGENT_NOT_FOUND', `${address} is no agent of the town.`)
    const own = lastSessions(projections.sessions.rows, address, 20)
    const done = structuredClone(cv(projections.cvs.rows, projections.costs.rows, address))
    const shape = past ? agentShape(row) : agentNow(town, row)
    return { ...shape, cv: done, sessions: structuredClone(own), seq }
  },
})

const hookList = read({
  path: '/v1/hooks',
  summary: 'Which agent has which bead, since when.',
  query: z.strictObject({ rig: inRig, ...paging }),
  run({ view, query }) {
    const found = hooks(view.projections.hooks.rows, { rig: rigName(view, query.rig) })
    const { items, cursor } = page(found, query, ({ agent }) => agent)
    return { items: structuredClone(items), cursor, seq: view.seq }
  },
})

const hook = read({
  path: '/v1/hooks/:agent',
  summary: 'What is on the hook of one agent; `bead` is null when nothing is.',
  own: (own, { agent }) => own.agent === agent,
  run({ view: { projections, seq }, params }) {
    const agent = findAgent(projections, params.agent)
    const row = hookOf(projections.hooks.rows, agent)
    return { ...(row === null ? { agent, bead: null } : structuredClone(row)), seq }
  },
})

const cvList = read({
  path: '/v1/cvs',
  summary: 'What each polecat (worker) has done so far.',
  query: z.strictObject({ rig: inRig, ...paging }),
  run({ view, query }) {
    const rig = rigName(view, query.rig)
    const found = cvs(view.projections.cvs.rows, view.projections.costs.rows).filter(
      ({ agent }) => rig === undefined || agent.startsWith(`${rig}/`),
    )
    const { items, cursor } = page(found, query, ({ agent }) => agent)
    return { items: structuredClone(items), cursor, seq: view.seq }
  },
})

const oneCv = read({
  path: '/v1/cvs/:agent',
  summary: 'What one polecat (worker) has done so far.',
  run({ view: { projections, seq }, params }) {
    const agent = findAgent(projections, params.agent)
    const found = cv(projections.cvs.rows, projections.costs.rows, agent)
    if (found === null) throw new Fault('AGENT_NOT_FOUND', `${agent} has had no bead yet.`)
    return { ...structuredClone(found), seq }
  },
})

const inbox = read({
  path: '/v1/mail',
  summary: 'What roles told each other and the person, oldest first; the last ones that fit.',
  query: z.strictObject({
    /** Sent or received by. */
    agent: z.string().optional(),
    to: z.string().optional(),
    bead: z.string().optional(),
    since: z.string().max(60).optional(),
    ...paging,
  }),
  own: (own, _params, { agent, to }) => agent === own.agent || to === own.agent,
  async run({ town, view: { projections, seq }, query }) {
    const { agent, to, bead } = query
    const found = mail(projections.mail.rows, {
      agent: agent === undefined ? undefined : findAgent(projections, agent),
      to: to === undefined ? undefined : findAgent(projections, to),
      since: query.since === undefined ? undefined : await sinceIso(town, query.since),
      bead,
    })
    // Newest pages first; within a page oldest first.
    const { items, cursor } = page(found.toReversed(), query, (one) => `${one.seq} ${one.to}`)
    return { items: items.toReversed().map((one) => ({ id: String(one.seq), ...one })), cursor, seq }
  },
})

const letter = read({
  path: '/v1/mail/:seq',
  summary: 'One message, with all that it said.',
  async run({ town, view: { projections, seq }, params }) {
    const found = mail(projections.mail.rows).find((one) => String(one.seq) === params.seq)
    const record = found === undefined ? null : await recordAt(town, found.seq)
    if (found === undefined || record === null) throw new Fault('RECORD_NOT_FOUND', 'There is no such mail.')
    return { id: String(found.seq), ...found, body: record.message, position: seq }
  },
})

const peek = read({
  path: '/v1/peek/:address',
  summary: 'The last lines on the screen of an agent.',
  query: z.strictObject({
    lines: z.coerce.number().int().min(1).max(10_000).default(40),
    live: flag.optional(),
  }),
  outside: true,
  async run(context) {
    const { town, view, params, query } = context
    const { projections, seq, past } = view
    if (query.at !== undefined && !past) return seenThen(context)
    const agent = findAgent(projections, params.address)
    const last = lastSessions(projections.sessions.rows, agent, 1).at(-1)
    if (last === undefined) throw new Fault('AGENT_HAS_NO_SESSION', `${agent} has not been started yet.`)
    const { session, state } = last
    // Of the past the log says who was at work; what was on the screen, the recording.
    if (past) return { agent, session, state, until: await momentOf(town, query.at ?? '', seq), seq }
    if (state === 'ended' && query.live === true)
      throw new Fault('AGENT_HAS_NO_SESSION', `${agent} does not run now.`, { session })
    if (town.terminals === null && state !== 'ended')
      throw new Fault('DAEMON_DOWN', 'The town is not up, so no screen is at hand.')
    const live = await town.terminals?.peek(session, query.lines).catch((error: unknown) => {
      if (state !== 'ended') throw error
      return undefined
    })
    // The host forgets a session that has ended; its recording stays.
    const text = live ?? (await town.recordedLines(session, query.lines))
    if (text === null)
      throw noRecording(last, `The last session of ${agent} has ended and left no recording.`)
    return { agent, session, state, text, seq }
  },
})

async function seenThen(
  context: ReadContext<{ at?: string | undefined; lines: number }, { address: string }>,
) {
  const { town, view, params, query } = context
  type Then = { agent: string; session: string; state: string; until: number; seq: number }
  const { until, ...seen } = await asOf<Then>(context, '/v1/peek/:address', params)
  const text = await town.recordedLines(seen.session, query.lines, until)
  if (text !== null) return { ...seen, text }
  const row = sessionRow(view.projections.sessions.rows, seen.session)
  throw noRecording(row, `The session that ${seen.agent} had then has left no recording.`)
}

/** Of one that was taken away it is said since when. */
function noRecording(row: SessionRow | null, otherwise: string): Fault {
  if (row?.reaped == null) return new Fault('AGENT_HAS_NO_SESSION', otherwise)
  return new Fault('RECORDING_REAPED', reapedText(row), { session: row.session })
}

/** ms: the moment that was asked about, or the time of its record. */
async function momentOf(town: TownHandle, at: string, seq: number): Promise<number> {
  const moment = parseMoment(at, town.clock.now())
  if (moment.kind === 'time') return moment.ms
  return Date.parse((await recordAt(town, seq))?.at ?? '')
}

export const workerReads = [list, show, hookList, hook, cvList, oneCv, inbox, letter, peek]
