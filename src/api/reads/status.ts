// The first screen: everything a person looks at all day, in one answer.
//
// Always:    `waitsForYou` is what only a person can move on; `gt status` exits 1 when it is not empty.

import { isHeld } from '../../projections/agent-health.ts'
import { type AgentRow, agents } from '../../projections/agent-rows.ts'
import { beadCounts, beads } from '../../projections/bead-queries.ts'
import { budgets } from '../../projections/budgets.ts'
import { decisions } from '../../projections/decisions.ts'
import { dispatchQueue } from '../../projections/dispatch.ts'
import { escalations } from '../../projections/escalations.ts'
import type { Projections } from '../../projections/index.ts'
import { mergeCounts, mergeQueue } from '../../projections/merge-queue.ts'
import { type RigRow, rigs } from '../../projections/rigs.ts'
import { tally } from '../../projections/row-map.ts'
import { town as townRow } from '../../projections/town.ts'
import { scopeName } from '../brakes.ts'
import { eventsRefused } from '../event-quota.ts'
import { hooksDropped } from '../hooks.ts'
import { read } from '../read.ts'
import { agentNow, agentShape, recordAt } from '../shapes.ts'

export type WaitsForYou = {
  readonly id: string
  readonly code: string
  readonly what: string
  readonly bead: string | null
  readonly rig: string | null
  readonly since: string
  /** The command that goes on from here. */
  readonly next: string
}

const status = read({
  path: '/v1/status',
  summary: 'The first screen: daemon, rigs, agents, queue, what waits for you, problems.',
  async run({ town, view: { projections, seq, past } }) {
    const row = townRow(projections.town.rows)
    const requests = mergeQueue(projections.mergeQueue.rows)
    const counts = beadCounts(projections.beads.rows)
    const stages = tally(projections.beads.rows.byId, 'stage')
    const queue = dispatchQueue(projections.dispatch.rows)
    const all = agents(projections.agents.rows)
    const answer = {
      town: { name: row.name ?? town.name, id: town.townId, dir: town.dir },
      daemon: past ? null : town.daemon,
      stopped: row.stopped === null ? null : { ...row.stopped },
      paused: row.paused === null ? null : { ...row.paused },
      fork: row.fork === null ? null : { ...row.fork },
      rigs: rigs(projections.rigs.rows).map((rig) => rigLine(projections, rig)),
      agents: all.map((agent) => ({
        ...(past ? agentShape(agent) : agentNow(town, agent)),
        ...titleOf(projections, agent),
      })),
      queue: { waiting: queue.length, running: running(all), items: structuredClone(queue.slice(0, 20)) },
      mergeQueue: {
        ...mergeCounts(projections.mergeQueue.rows),
        items: requests
          .slice(0, 20)
          .map(({ id, bead, rig, state, attempts }) => ({ id, bead, rig, state, attempts })),
      },
      waitsForYou: waitsForYou(projections),
      problems: [
        ...rigProblems(projections),
        ...budgetProblems(projections),
        ...(past ? [] : [...hooksDropped(town), ...eventsRefused(town), ...town.troubles()]),
      ],
      supervision: structuredClone(row.supervision),
      work: {
        ...counts,
        working: stages.get('working') ?? 0,
        submitted: (stages.get('submitted') ?? 0) + (stages.get('testing') ?? 0),
        landed: stages.get('landed') ?? 0,
      },
    }
    const last = past ? await recordAt(town, seq) : null
    return { ...answer, at: last?.at ?? new Date(town.clock.now()).toISOString(), seq }
  },
})

export const statusReads = [status]

/** Of the bead on its hook. */
const titleOf = ({ beads: { rows } }: Projections, { hook }: AgentRow) => {
  const bead = hook === null ? undefined : rows.byId.get(hook)
  return bead === undefined ? {} : { title: bead.title }
}

const running = (all: readonly AgentRow[]): number =>
  all.filter(
    ({ role, session, health }) => role === 'polecat' && session !== null && health.state === 'working',
  ).length

function rigLine({ beads: { rows }, hooks }: Projections, row: RigRow) {
  const { name, prefix, state, target, gates, limits, parked, bypass, waiting, remote, frozen, red } = row
  const working = [...hooks.rows.values()].filter(({ rig }) => rig === name).length
  const { open, closed, queued } = beadCounts(rows, name)
  return structuredClone({
    name,
    prefix,
    state,
    remote,
    target,
    frozen,
    red,
    gates,
    limits,
    parked,
    bypass,
    waiting,
    open,
    closed,
    queued,
    working,
  })
}

/** What agents stand still for first, then other questions, then beads that are blocked without one, then rigs whose landings stand still. */
export function waitsForYou(projections: Projections): WaitsForYou[] {
  const decide = decisions(projections.decisions.rows, { open: true }).map((one) => ({
    id: one.id,
    code: `${one.kind.toUpperCase()}_ASKED`,
    what: `${one.question} ${one.context.command ?? one.context.files.join(' ')}`.trim(),
    bead: one.bead,
    rig: one.rig,
    since: one.since,
    next: `gt answer ${one.n} ${one.choices.join('|')}`,
  }))
  const asked = escalations(projections.escalations.rows).map(({ id, code, reason, bead, agent, since }) => ({
    id,
    code,
    what: reason,
    bead,
    rig: agent?.split('/')[0] ?? null,
    since,
    next: agent === null ? `gt escalate close ${id}` : `gt start ${agent}, or gt escalate close ${id}`,
  }))
  const told = new Set(asked.map(({ bead }) => bead))
  const blocked = beads(projections.beads.rows, { status: 'blocked' })
    .filter(({ id }) => !told.has(id))
    .map(({ id, reason, rig, stageSince, assignee }) => ({
      id,
      code: 'BEAD_BLOCKED',
      what: reason ?? 'it is blocked',
      bead: id,
      rig,
      since: stageSince,
      next: assignee === null ? `gt bead reopen ${id}` : `gt start ${assignee}`,
    }))
  const red = rigs(projections.rigs.rows).flatMap(({ name, target, red: seen }) =>
    seen === null
      ? []
      : [
          {
            id: name,
            code: 'TARGET_RED',
            what: `${target.branch} of ${name} is red by itself (${seen.gate}), so nothing lands`,
            bead: null,
            rig: name,
            since: seen.since,
            next: `gt mq retest ${name}, or a bead labelled fixes-target`,
          },
        ],
  )
  const still = rigs(projections.rigs.rows).flatMap(({ name, waiting }) =>
    waiting === null
      ? []
      : [
          {
            id: waiting.bead,
            code: waiting.code,
            what: waiting.message,
            bead: waiting.bead,
            rig: name,
            since: waiting.since,
            next: waiting.code === 'RIG_HAS_NO_GATE' ? gateHint(name) : `gt mq retry ${name}`,
          },
        ],
  )
  return [...decide, ...asked, ...resting(projections), ...blocked, ...red, ...still]
}

/** Agents that go on no more by themselves: nothing handed in, a login that is over, a dialog of their own. */
function resting(projections: Projections): WaitsForYou[] {
  const asking = new Set(decisions(projections.decisions.rows, { open: true }).map(({ agent }) => agent))
  return agents(projections.agents.rows).flatMap(
    ({ address, rig, hook, runtime, standing, health, state: does }) => {
      const state = standing?.state
      const name = address.split('/').at(-1)
      const about = { id: address, bead: hook, rig, since: health.since }
      const restsUndone = does === 'working' && hook !== null && health.state === 'idle'
      if (!isHeld(health.state) && !restsUndone) return []
      if (health.state === 'zombie')
        return [
          {
            ...about,
            code: 'AGENT_NOT_STOPPED',
            what: `${name}: ${health.reason}`,
            next: `gt doctor, or end the processes of ${address} by hand`,
          },
        ]
      if (health.state === 'stalled' || state === 'idle' || state === 'stuck')
        return [
          {
            ...about,
            code: 'AGENT_RESTS',
            what: `${name} rests: ${health.reason ?? state}`,
            next:
              standing?.reason?.startsWith('modelUnknown') === true
                ? `gt config set agents.${runtime ?? '<name>'}.model <model>, then gt stop ${address} and gt start ${address}`
                : `gt attach ${address}, or gt nudge ${address} "Go on."`,
          },
        ]
      const waits = state === 'waitingForPerson' || state === 'waitingForPermission'
      return waits && !asking.has(address)
        ? [
            {
              ...about,
              code: 'AGENT_SHOWS_A_DIALOG',
              what: `${name} shows a dialog: ${health.reason ?? state}`,
              next: `gt attach ${address}`,
            },
          ]
        : []
    },
  )
}

const gateHint = (rig: string): string => `gt config set gates.test '{"command":["npm","test"]}' --rig ${rig}`

const rigProblems = (projections: Projections) =>
  rigs(projections.rigs.rows).flatMap(({ name, state, failure, addedAt }) =>
    state === 'failed' && failure !== null
      ? [{ at: addedAt, code: failure.code, message: `rig ${name}: ${failure.message}` }]
      : [],
  )

/** A budget that is used up is nothing to answer, but it keeps work waiting. */
const budgetProblems = (projections: Projections) =>
  budgets(projections.budgets.rows).flatMap((budget) =>
    budget.reachedAt === null
      ? []
      : [
          {
            at: budget.reachedAt,
            code: 'BUDGET_USED_UP',
            message: `the budget of ${scopeName(budget)} is used up${budget.until === null ? '' : `, until ${budget.until}`}`,
          },
        ],
  )
