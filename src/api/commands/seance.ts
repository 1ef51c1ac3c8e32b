// Asking an earlier session: what it takes to ask, and noting that it was asked.
//
//   Always:  nothing is started here, for the log is open: whoever asks runs the program in a process of their own.

import { z } from 'zod'
import { answerUsage } from '../../events/hearing.ts'
import type { Address } from '../../events/record.ts'
import type { UsageRead } from '../../ports/presets.ts'
import { rig as rigRow } from '../../projections/rigs.ts'
import { type SessionRow, session as sessionRow, sessions } from '../../projections/sessions.ts'
import { townSetting } from '../../projections/town.ts'
import { mayBeSpokenTo } from '../brakes.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findAgent, shown } from '../resolve.ts'
import { sessionShape } from '../seance.ts'
import type { Caller, TownHandle } from '../town.ts'
import { take } from '../turn.ts'

const named = z.string().min(1).max(200)

const open = command({
  name: 'seance.open',
  summary: 'What is kept of a session, and how a copy of its conversation is asked.',
  who: 'anyone',
  input: z.strictObject({ session: named, reading: z.boolean().default(false) }),
  async run({ town, caller, input }) {
    const row = findSession(town, caller, input.session)
    const shape = sessionShape(town, row)
    // An agent has no login of its own to ask with, and reads.
    const asks = caller.kind === 'operator' && !input.reading ? shape.asks : 'read'
    if (asks === 'talk') mayBeSpokenTo(town, row)
    const { rig, runtime } = row
    const setting = (key: string) =>
      rigRow(town.projections.rigs.rows, rig ?? '')?.settings[key] ??
      townSetting(town.projections.town.rows, key)
    return {
      ...shape,
      asks,
      // How it is started, as a person set it; else its preset knows.
      program: setting(`agents.${runtime}.command`) ?? null,
      model: setting(`agents.${runtime}.model`) ?? null,
      allow: setting('env.allow') ?? [],
      seq: town.system.seq,
    }
  },
})

const told = command({
  name: 'seance.told',
  summary: 'Notes that a copy of a conversation was asked, and what the answer took.',
  who: 'operator',
  input: z.strictObject({
    session: named,
    question: z.string().min(1).max(100_000),
    answered: z.boolean(),
    usage: z.array(answerUsage).max(20),
  }),
  async run({ town, caller, input, id }) {
    const { session, agent, bead, runtime } = findSession(town, caller, input.session)
    const usage = input.usage.map((each) => ({
      ...each,
      costUsd: each.costUsd ?? town.priceOf(each as UsageRead),
    }))
    const { seq } = await take(town, caller, id, [
      {
        to: agent,
        message: {
          type: 'polecat.asked',
          session,
          bead,
          runtime: runtime ?? 'script',
          question: short(input.question),
          answered: input.answered,
          usage,
        },
      },
    ])
    return { session, usage, seq }
  },
})

export const seanceCommands = [open, told]

const short = (text: string): string => (text.length <= 2_000 ? text : `${text.slice(0, 1_999)}…`)

/** By its address, or the last one of an agent. @throws {Fault} SESSION_NOT_FOUND, FORBIDDEN. */
function findSession(town: TownHandle, caller: Caller, name: string): SessionRow {
  const { rows } = town.projections.sessions
  const row = /\/sessions\//.test(name) ? sessionRow(rows, name as Address) : lastOf(town, caller, name)
  if (row === null)
    throw new Fault('SESSION_NOT_FOUND', `There is no session ${shown(name)}.`, { session: name })
  if (caller.kind === 'session' && row.agent !== caller.agent)
    throw new Fault('FORBIDDEN', 'An agent asks its own earlier sessions only.')
  return row
}

function lastOf(town: TownHandle, caller: Caller, name: string): SessionRow | null {
  const all = sessions(town.projections.sessions.rows, { agent: findAgent(town.projections, name) })
  const own = caller.kind === 'session' ? caller.session : null
  return all.findLast(({ session }) => session !== own) ?? null
}
