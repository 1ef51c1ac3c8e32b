// Crew members, and the Mayor's own session: made, started and stopped by a person, who then works with them.

import { z } from 'zod'
import { agentOf, crew as crewAt, DESK, keeperOf, MAYOR, sessionRole } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import type { Address } from '../../events/record.ts'
import { agents } from '../../projections/agent-rows.ts'
import { currentSession } from '../../projections/sessions.ts'
import { trashRow } from '../../projections/trash.ts'
import { stoppedIn } from '../brakes.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { firstOf } from '../follow.ts'
import { choosePreset } from '../presets.ts'
import { checkName, chooseRig, findAgent, shown } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'
import { requireNothingUnsubmitted } from './keeping.ts'

/** A worktree may need a fetch and its setup, ms. */
const WORKTREE_WAIT_MS = 10 * 60_000
const START_WAIT_MS = 60_000
/** Its session ends, and everything is kept, ms. */
const REMOVE_WAIT_MS = 60_000

const add = command({
  name: 'crew.add',
  summary: 'Makes a workplace of a person’s own: a worktree that nothing cleans away.',
  who: 'operator',
  input: z.strictObject({
    name: z.string(),
    rig: z.string().optional(),
    branch: z.string().min(1).max(200).optional(),
  }),
  async run({ town, caller, input, id, signal }) {
    const { name } = input
    checkName('agent', name)
    const rig = chooseRig(town.projections, input.rig).name
    const branch = input.branch ?? `crew/${name}`
    checkName('branch', branch)
    const agent = crewAt(rig, name)
    const { records } = await take(town, caller, id, [{ to: agent, message: { type: 'crew.add', branch } }])
    const after = (records[0]?.seq ?? town.system.seq) - 1
    const ended = await firstOf(town, { after, timeoutMs: WORKTREE_WAIT_MS, signal }, ({ seq, facts }) => {
      const fact = facts.find(
        (each) => (each.type === 'CrewReady' || each.type === 'CrewNotAdded') && each.agent === agent,
      )
      return fact === undefined ? null : { fact, seq }
    })
    if (ended === null) throw new Fault('TIMED_OUT', `The worktree of ${agent} is still being made.`)
    const { fact, seq } = ended
    if (fact.type === 'CrewNotAdded') throw new Fault(String(fact.code), String(fact.message))
    return { agent, rig, branch, path: fact.path, base: fact.base, seq }
  },
})

const starting = {
  /** Kind of agent. */
  agent: z.string().min(1).max(64).optional(),
  /** Not the conversation of before. */
  fresh: z.boolean().default(false),
}

const start = command({
  name: 'crew.start',
  summary: 'Starts a crew member; it goes on with its last conversation.',
  who: 'operator',
  input: z.strictObject({ crew: z.string().min(1).max(200), ...starting }),
  run: ({ town, caller, input, id, signal }) =>
    startOne(town, caller, { keeper: findCrew(town, input.crew), path: null, ...input, id, signal }),
})

const mayorStart = command({
  name: 'mayor.start',
  summary: 'Starts the Mayor’s own session, which a person talks to.',
  who: 'operator',
  input: z.strictObject(starting),
  run: ({ town, caller, input, id, signal }) =>
    startOne(town, caller, { keeper: DESK, path: `${town.dir}/mayor`, ...input, id, signal }),
})

const stop = command({
  name: 'crew.stop',
  summary: 'Ends the session of a crew member; its worktree and its conversation stay.',
  who: 'operator',
  input: z.strictObject({ crew: z.string().min(1).max(200), reason: line.default('a person stopped it') }),
  run: ({ town, caller, input, id }) =>
    stopOne(town, caller, { keeper: findCrew(town, input.crew), reason: input.reason, id }),
})

const mayorStop = command({
  name: 'mayor.stop',
  summary: 'Ends the Mayor’s own session; its conversation stays.',
  who: 'operator',
  input: z.strictObject({ reason: line.default('a person stopped it') }),
  run: ({ town, caller, input, id }) => stopOne(town, caller, { keeper: DESK, reason: input.reason, id }),
})

const remove = command({
  name: 'crew.remove',
  summary:
    'Takes the workplace of a crew member away, once everything in it is kept; gt trash restore brings it back.',
  who: 'operator',
  input: z.strictObject({
    crew: z.string().min(1).max(200),
    reason: line.default('a person removed it'),
    /** Also while it runs, and when there is work that was never handed in. */
    yes: z.boolean().default(false),
  }),
  async run({ town, caller, input, id, signal }) {
    const { reason, yes } = input
    if (town.repositories === null) throw new Fault('DAEMON_DOWN', 'The town is not up.')
    let records = await recordsOfId(town, caller, id)
    const keeper = records[0]?.actor ?? findCrew(town, input.crew)
    if (records.length === 0) {
      const { value, context } = town.system.owner(keeper) ?? {}
      if (value === 'preparing')
        throw new Fault('CREW_NOT_READY', `The worktree of ${keeper} is still being made.`)
      // Whoever runs is refused for that.
      if (!yes && context?.wanted !== true) await requireNothingUnsubmitted(town, keeper, keeper)
      const message = { type: 'crew.remove', reason, yes } as const
      records = [...(await take(town, caller, id, [{ to: keeper, message }])).records]
    }
    const after = (records[0]?.seq ?? town.system.seq) - 1
    const fact = await firstOf(
      town,
      { after, timeoutMs: REMOVE_WAIT_MS, signal },
      ({ facts }) =>
        facts.find(
          ({ type, agent }) => (type === 'CrewRemoved' || type === 'CrewNotRemoved') && agent === keeper,
        ) ?? null,
    )
    if (fact === null)
      throw new Fault('TIMED_OUT', 'It is being removed, and its session or its worktree takes long for it.')
    if (fact.type === 'CrewNotRemoved') throw new Fault(String(fact.code), String(fact.message))
    const row = trashRow(town.projections.trash.rows, String(fact.place))
    return {
      agent: keeper,
      branch: row?.branch ?? null,
      entry: row?.id ?? null,
      commit: row?.checkpoint?.commit ?? null,
      files: row?.checkpoint?.changed ?? row?.checkpoint?.files ?? null,
      seq: town.system.seq,
    }
  },
})

export const crewCommands = [add, start, stop, remove, mayorStart, mayorStop]

/** @throws {Fault} CREW_NOT_FOUND, AMBIGUOUS. */
function findCrew(town: TownHandle, name: string): Address {
  const ends = name.includes('/crew/') ? name : `/crew/${name.slice(name.lastIndexOf('/') + 1)}`
  const rig = name.includes('/crew/') ? undefined : name.split('/').slice(0, -1)[0]
  const found = agents(town.projections.agents.rows, { role: 'crew', rig }).filter(
    ({ address }) => address === name || address.endsWith(ends),
  )
  const [only] = found
  if (found.length === 1 && only !== undefined) return only.address
  if (found.length > 1) return findAgent(town.projections, name)
  throw new Fault('CREW_NOT_FOUND', `There is no crew member ${shown(name)}.`)
}

type Starting = {
  readonly keeper: Address
  readonly path: string | null
  readonly agent?: string | undefined
  readonly fresh: boolean
  readonly id: string
  readonly signal: AbortSignal
}

/** Answers when its program runs. @throws {Fault} STOPPED, CREW_AT_WORK, the code of what failed. */
async function startOne(town: TownHandle, caller: Caller, given: Starting) {
  const { keeper, path, fresh, id, signal } = given
  const agent = agentOf(keeper) ?? keeper
  let records = await recordsOfId(town, caller, id)
  let note: string | null = null
  if (records.length === 0) {
    if (stoppedIn(town.system) !== null) throw new Fault('STOPPED', 'Everybody is stopped, so nobody starts.')
    if (town.system.owner(keeper)?.value === 'preparing')
      throw new Fault('CREW_NOT_READY', `The worktree of ${agent} is still being made.`)
    const rig = sessionRole(keeper) === 'mayor' ? '' : (keeper.split('/')[0] ?? '')
    const choice = choosePreset(town, rig, given.agent)
    note = choice.note
    const message = { type: 'crew.start', preset: choice.preset, fresh, path } as const
    records = [...(await take(town, caller, id, [{ to: keeper, message }])).records]
  }
  const after = (records[0]?.seq ?? town.system.seq) - 1
  let session: unknown
  const began = await firstOf(town, { after, timeoutMs: START_WAIT_MS, signal }, ({ seq, facts }) => {
    for (const fact of facts) {
      if (fact.type === 'SessionOpened' && fact.agent === agent) session ??= fact.session
      if (fact.session === session && session !== undefined && BEGAN.has(fact.type)) return { fact, seq }
    }
    return null
  })
  if (began === null) throw new Fault('TIMED_OUT', `${agent} has not begun yet; gt agents shows it.`)
  const { fact, seq } = began
  if (fact.type !== 'SessionStarted')
    throw new Fault(String(fact.code ?? 'NOT_STARTED'), String(fact.message ?? `${agent} ended at once.`))
  const resumed = Boolean(town.system.owner(String(session))?.context.resume)
  return { agent, session: String(session), resumed, note, seq }
}

const BEGAN: ReadonlySet<string> = new Set(['SessionStarted', 'SessionFailed', 'SessionEnded'])

type Stopping = { readonly keeper: Address; readonly reason: string; readonly id: string }

async function stopOne(town: TownHandle, caller: Caller, { keeper, reason, id }: Stopping) {
  const agent = agentOf(keeper) ?? MAYOR
  const session = currentSession(town.projections.sessions.rows, agent)?.session ?? null
  if (session !== null && keeperOf(session) !== keeper) throw new Error(`Broken invariant: ${session}`)
  if (town.system.owner(keeper) === null)
    throw new Fault('AGENT_HAS_NO_SESSION', `${agent} does not run now.`, { agent })
  const { seq } = await take(town, caller, id, [{ to: keeper, message: { type: 'crew.stop', reason } }])
  return { agent, session, seq }
}
