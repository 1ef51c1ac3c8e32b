// gt mayor: the Mayor's own session, which you talk to, and which makes plans of what you ask.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Connection } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, textOf } from '../command.ts'
import { durationMs } from '../options.ts'
import { goTo, start, starting } from '../starting.ts'
import { type Plan, planLines, wholePlan } from './plan.ts'

const options = starting('town')
const who = { command: 'mayor.start' } as const

export const mayorAttach: Command = {
  name: 'mayor attach',
  summary: 'takes you to the Mayor, who makes plans of what you ask; Ctrl-\\ leaves',
  usage: '',
  where: 'person',
  words: [0, 0],
  options,
  run: (call) =>
    goTo(call, {
      name: 'mayor',
      who,
      command: 'mayor attach',
      note: 'Ctrl-\\ leaves the Mayor, who goes on; gt mayor stop ends the session.',
    }),
}

export const mayorStop: Command = {
  name: 'mayor stop',
  summary: 'ends the session of the Mayor; its conversation stays',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const found = await call.town().command<{ agent: string }>('mayor.stop', {})
    call.out.answer({ json: found, ids: [found.agent], lines: () => ['The Mayor is told to stop.'] })
  },
}

/** How long a plan is waited for, ms. */
const PLAN_MS = 30 * 60_000
/** One request holds for at most this long, ms. */
const HOLD_MS = 20_000

export const mayorPlan: Command = {
  name: 'mayor plan',
  summary: 'asks the Mayor for a plan of what you write, or of what a file says',
  usage: '<request or file>',
  where: 'person',
  words: [1, 1],
  options: { ...options, wait: { type: 'flag', help: 'wait for the plan, and show it' } },
  async run(call) {
    const request = requestOf(call)
    const town = call.town()
    const deadline = Date.now() + durationMs(textOf(call, 'timeout'), PLAN_MS)
    const { session } = await town.get<{ session: string | null }>('/v1/agents/mayor')
    if (session === null) await start(call, town, who)
    const sent = await town.command<{ id: string; seq: number }>('nudge.send', {
      to: 'mayor',
      text: request,
      waitMs: Math.max(1_000, deadline - Date.now()),
    })
    if (!flagOf(call, 'wait')) {
      call.out.answer({
        json: sent,
        ids: [sent.id],
        lines: () => [`The Mayor is asked (${sent.id}); gt inbox shows the plan, gt mayor attach the Mayor.`],
      })
      return
    }
    const id = await planAfter(town, sent, deadline)
    const plan = await wholePlan(town, id)
    call.out.answer({ json: plan, ids: [plan.id], lines: () => planLines(plan) })
  },
}

/** Characters of a request. */
const REQUEST_MAX = 50_000

function requestOf({ words: [given = ''], cwd }: Call): string {
  let asked = given.trim()
  if (!asked.includes('\n') && asked.length < 500) {
    try {
      asked = readFileSync(resolve(cwd, asked), 'utf8').trim()
    } catch {
      // No file: the request itself.
    }
  }
  if (asked === '') throw new ClientFault('NUDGE_EMPTY', 'The request says something.')
  if (asked.length > REQUEST_MAX)
    throw new ClientFault(
      'NUDGE_TOO_LONG',
      `The request has ${asked.length} characters; at most ${REQUEST_MAX} are taken.`,
    )
  return `A person asks you for a plan. Propose it with gt plan propose; do not begin with anything else. The request:\n\n${asked}`
}

/** @throws {ClientFault} TIMED_OUT, the failure of the message. */
async function planAfter(
  town: Connection,
  { id, seq }: { readonly id: string; readonly seq: number },
  deadline: number,
): Promise<string> {
  for (;;) {
    const waitMs = Math.max(0, Math.min(HOLD_MS, deadline - Date.now()))
    const { items } = await town.get<{ items: Plan[] }>('/v1/plans', { after: seq, waitMs })
    const found = items.find(({ agent }) => agent === 'mayor')
    if (found !== undefined) return found.id
    const { state, failure } = await town.get<{
      state: string
      failure: { code: string; message: string } | null
    }>(`/v1/nudges/${id}`)
    if (state === 'failed' && failure !== null) throw new ClientFault(failure.code, failure.message)
    if (Date.now() >= deadline)
      throw new ClientFault('TIMED_OUT', 'The Mayor has proposed no plan yet; gt mayor attach shows why.')
  }
}
