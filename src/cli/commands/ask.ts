// gt ask: an agent at work asks a person, and waits for the answer if it wants to.

import { part } from '../../client/connection.ts'
import { type Command, flagOf, given, listOf } from '../command.ts'

type Decision = {
  id: string
  state: 'open' | 'answered' | 'expired' | 'withdrawn'
  answer: { choice: string; note: string } | null
  reason: string | null
}

/** One request holds for at most this long, ms; a town that restarts is asked again. */
const HOLD_MS = 20_000

export const ask: Command = {
  name: 'ask',
  summary: 'an agent asks a person; the same question again gets its answer',
  usage: '<question>',
  where: 'session',
  words: [1, 1],
  options: {
    choice: { type: 'list', value: '<text>', help: 'one of the answers; may be given several times' },
    wait: { type: 'flag', help: 'until there is an answer, or its time is over' },
  },
  async run(call) {
    const town = call.town()
    const wait = flagOf(call, 'wait')
    const body = given({ question: call.words[0], choices: listOf(call, 'choice'), wait: wait || undefined })
    const { decision, waitMs } = await town.command<{ decision: string; waitMs: number }>('ask', body)
    const path = `/v1/decisions/${part(decision)}`
    let found = await town.get<Decision>(path)
    while (wait && found.state === 'open')
      found = await town.get<Decision>(path, { until: 'settled', waitMs: HOLD_MS })
    call.out.answer({ json: found, ids: [found.id], lines: () => [said(found, waitMs)] })
    return found.state === 'open' || found.state === 'answered' ? 0 : 1
  },
}

function said({ id, state, answer, reason }: Decision, waitMs: number): string {
  switch (state) {
    case 'open':
      return `${id} is asked. The same command again, with --wait, waits for the answer.`
    case 'answered': {
      const { choice = '', note = '' } = answer ?? {}
      return choice === 'note' ? note : note === '' ? choice : `${choice}: ${note}`
    }
    case 'expired':
      return `Nobody answered in ${Math.round(waitMs / 1_000)} s. Decide by yourself, or hand the work back: gt done --status ESCALATED --note "<what you need>".`
    case 'withdrawn':
      return `Nobody waits for an answer any more: ${reason ?? ''}.`
  }
}
