// Nudges: a message typed for an agent, and read by it.
//
//   Always:  the author is whoever the token says (P9); an agent speaks to agents of its own rig only.

import { z } from 'zod'
import { nudgeOwner, OVERSEER, rigOf, sessionRole } from '../../events/address.ts'
import { nudgeMode } from '../../events/nudge.ts'
import { NUDGE_ID_LENGTH, nudgeLine } from '../../events/nudge-line.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import { isSettled, type NudgeRow, nudge as nudgeRow } from '../../projections/nudges.ts'
import { currentSession, sessions } from '../../projections/sessions.ts'
import { mayBeSpokenTo } from '../brakes.ts'
import { workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { Fault, problemOf } from '../fault.ts'
import { nudgeText } from '../nudging.ts'
import { findAgent, findRig, shown } from '../resolve.ts'
import type { Caller, TownHandle } from '../town.ts'
import { recordsOfId, take } from '../turn.ts'

const TEXT_MAX = 60_000
/** How long a nudge may wait when nobody says so, ms. */
const WAIT_MS = 30 * 60_000
const WAIT_MS_MAX = 7 * 24 * 60 * 60_000

const said = {
  // Its bounds have sentences of their own.
  text: z.string().max(10_000_000),
  mode: nudgeMode.default('idle'),
  /** How long it may wait to be taken, ms. */
  waitMs: z.number().int().min(1_000).max(WAIT_MS_MAX).default(WAIT_MS),
}

const send = command({
  name: 'nudge.send',
  summary: 'Types a message for an agent; the answer has its id, by which its receipt is read.',
  who: 'anyone',
  scope: 'terminal',
  input: z.strictObject({ to: z.string().min(1).max(200), ...said }),
  async run({ town, caller, input, id }) {
    const before = answerOf(town, await recordsOfId(town, caller, id))
    if (before !== null) return before
    checkText(input.text)
    const to = findAgent(town.projections, input.to)
    mayNudge(town, caller, to)
    const session = currentSession(town.projections.sessions.rows, to)?.session
    if (session === undefined || to === OVERSEER)
      throw new Fault('AGENT_HAS_NO_SESSION', `${to} does not run now.`, { agent: to })
    return sendOne(town, caller, id, { ...input, to, session })
  },
})

const broadcast = command({
  name: 'nudge.broadcast',
  summary: 'Types a message for every agent that runs; one nudge each.',
  who: 'operator',
  scope: 'terminal',
  input: z.strictObject({ rig: z.string().min(1).max(64).optional(), ...said }),
  async run({ town, caller, input, id }) {
    checkText(input.text)
    const rig = input.rig === undefined ? undefined : findRig(town.projections, input.rig).name
    const sent: { id: string; to: string; session: string }[] = []
    const refused: { to: string; code: string; message: string }[] = []
    let { seq } = town.system
    for (const { agent, session } of sessions(town.projections.sessions.rows, { rig, live: true })) {
      const turn = `${id}.${session}`
      try {
        const one =
          answerOf(town, await recordsOfId(town, caller, turn)) ??
          (await sendOne(town, caller, turn, { ...input, to: agent, session }))
        sent.push({ id: one.id, to: one.to, session: one.session })
        seq = one.seq
      } catch (error) {
        const { code, detail } = problemOf(error)
        refused.push({ to: agent, code, message: detail })
      }
    }
    return { sent, refused, seq }
  },
})

const read = command({
  name: 'nudge.read',
  summary: 'The whole text of a nudge; read by the agent that it is for, it counts as taken.',
  who: 'anyone',
  input: z.strictObject({ nudge: z.string().min(1).max(64) }),
  async run({ town, caller, input, id }) {
    const row = findNudge(town, caller, input.nudge)
    const text = await nudgeText(town, row.id)
    if (text === null) throw new Fault('NUDGE_NOT_FOUND', `The text of ${row.id} is kept no more.`)
    const { from, to, queuedAt } = row
    const isReceipt = caller.kind === 'session' && caller.session === row.session && !isSettled(row)
    const seq = isReceipt ? await accept(town, caller, id, row.id) : town.system.seq
    return { id: row.id, from, to, queuedAt, text, seq }
  },
})

const withdraw = command({
  name: 'nudge.withdraw',
  summary: 'Takes a nudge back of which nothing is typed yet.',
  who: 'anyone',
  input: z.strictObject({ nudge: z.string().min(1).max(64) }),
  async run({ town, caller, input, id }) {
    const row = findNudge(town, caller, input.nudge)
    if (caller.kind === 'session' && row.from !== caller.agent)
      throw new Fault('FORBIDDEN', `${row.id} is of ${row.from}.`)
    const { seq } = await take(town, caller, id, [
      { to: nudgeOwner(row.id), message: { type: 'nudge.withdraw' } },
    ])
    return { id: row.id, seq }
  },
})

export const nudgeCommands = [send, broadcast, read, withdraw]

/** A session sees those to and from its agent. @throws {Fault} NUDGE_NOT_FOUND. */
export function findNudge(
  town: TownHandle,
  caller: Caller,
  id: string,
  rows = town.projections.nudges.rows,
): NudgeRow {
  const row = nudgeRow(rows, id)
  const own = caller.kind === 'operator' || row?.to === caller.agent || row?.from === caller.agent
  if (row === null || !own) throw new Fault('NUDGE_NOT_FOUND', `There is no nudge ${shown(id)}.`)
  return row
}

/** @throws {Fault} NUDGE_EMPTY, NUDGE_TOO_LONG, NUDGE_IS_A_COMMAND. */
function checkText(text: string): void {
  if (text.trim() === '') throw new Fault('NUDGE_EMPTY', 'The text of a nudge says something.')
  if (text.length > TEXT_MAX)
    throw new Fault(
      'NUDGE_TOO_LONG',
      `The text has ${text.length} characters; at most ${TEXT_MAX} are taken.`,
    )
  if (/^\s*[!/]/.test(text))
    throw new Fault('NUDGE_IS_A_COMMAND', 'A text that begins with ! or / would be a command to the program.')
}

/** @throws {Fault} ASSIGNMENT_OVER, FORBIDDEN. */
function mayNudge(town: TownHandle, caller: Caller, to: Address): void {
  if (caller.kind === 'operator') return
  const { role, rig } = workplaceOf(town, caller)
  if (sessionRole(to) === null)
    throw new Fault('AGENT_HAS_NO_SESSION', `${to} has no terminal.`, { agent: to })
  // Whoever coordinates speaks to everybody, and may be asked by a crew member.
  const isOwn = rigOf(to) === rig || role === 'mayor' || (role === 'crew' && sessionRole(to) === 'mayor')
  if (!isOwn) throw new Fault('FORBIDDEN', 'An agent speaks to agents of its own rig only.')
}

type Sending = {
  readonly to: Address
  readonly session: Address
  readonly text: string
  readonly mode: z.output<typeof nudgeMode>
  readonly waitMs: number
}

async function sendOne(town: TownHandle, caller: Caller, turn: string, given: Sending) {
  const { to, session, text, mode, waitMs } = given
  mayBeSpokenTo(town, { agent: to, session })
  const id = `n-${town.ids.random(NUDGE_ID_LENGTH)}`
  const line = nudgeLine(id, caller.actor, text)
  const { records } = await take(town, caller, turn, [
    { to: nudgeOwner(id), message: { type: 'nudge.send', to, session, text, line, mode, waitMs } },
  ])
  const answer = answerOf(town, records)
  if (answer === null) throw new Error(`Broken invariant: ${id} was sent and is not there`)
  return answer
}

function answerOf(town: TownHandle, records: readonly LogRecord[]) {
  const fact = records.flatMap(({ facts }) => facts).find(({ type }) => type === 'NudgeQueued')
  if (fact === undefined) return null
  const id = String(fact.nudge)
  const state = nudgeRow(town.projections.nudges.rows, id)?.state ?? 'queued'
  return { id, to: String(fact.to), session: String(fact.session), state, seq: records.at(-1)?.seq ?? 0 }
}

/** It may be settled in the same instant by a hook; then there is nothing left to say. */
async function accept(town: TownHandle, caller: Caller, id: string, nudge: string): Promise<number> {
  try {
    const { seq } = await take(town, caller, id, [
      { to: nudgeOwner(nudge), message: { type: 'nudge.accepted', via: 'call' } },
    ])
    return seq
  } catch (error) {
    if (error instanceof Fault && error.code === 'OWNER_ENDED') return town.system.seq
    throw error
  }
}
