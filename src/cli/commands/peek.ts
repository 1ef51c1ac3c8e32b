// gt peek: the last lines on an agent's screen, once or as they come.

import { setTimeout as sleep } from 'node:timers/promises'
import { part } from '../../client/connection.ts'
import { type Call, type Command, flagOf, numberOf, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

type Seen = {
  readonly agent: string
  readonly session: string
  readonly state: string
  readonly text: string
}

/** Time between two looks, in ms, and the lines of each: more than a program at work prints meanwhile. */
const LOOK_MS = 500
const LOOK_LINES = 400
const LINES = 40
/** Rows at the bottom that a program may paint anew, such as its prompt and its clock. */
const REPAINTED = 8

export const peek: Command = {
  name: 'peek',
  summary: 'the last lines on a screen',
  usage: '<polecat>',
  words: [1, 1],
  options: {
    lines: { type: 'number', short: 'n', value: '<n>', help: 'how many; 40 when not said' },
    follow: { type: 'flag', short: 'f', help: 'go on with the lines that come, until it ends or Ctrl-C' },
  },
  async run(call) {
    if (flagOf(call, 'follow')) {
      if (textOf(call, 'at') !== undefined)
        throw new UsageError('what was does not go on: leave out --follow or --at', 'peek')
      return follow(call)
    }
    const found = await look(call, numberOf(call, 'lines'))
    call.out.answer({
      json: found,
      ids: [found.session],
      lines: () => {
        call.out.line(found.text.replace(/\n+$/, ''))
        return []
      },
    })
  },
}

const look = (call: Call, lines: number | undefined): Promise<Seen> =>
  call.town().get<Seen>(`/v1/peek/${part(call.words[0] as string)}`, { lines, at: textOf(call, 'at') })

async function follow(call: Call): Promise<undefined> {
  const wanted = numberOf(call, 'lines') ?? LINES
  const first = await look(call, LOOK_LINES)
  let before: readonly string[] = linesOf(first)
  const say = (lines: readonly string[]): void => {
    for (const line of lines) call.out.event({ agent: first.agent, session: first.session, line }, () => line)
  }
  say(before.slice(-wanted))
  for (let { session, state } = first; session === first.session && state !== 'ended'; ) {
    await sleep(LOOK_MS, undefined, { signal: call.signal }).catch(() => {})
    if (call.signal.aborted) return
    const seen = await look(call, LOOK_LINES)
    session = seen.session
    state = seen.state
    if (session !== first.session) return
    const now = linesOf(seen)
    say(linesAfter(before, now))
    before = now
  }
}

const linesOf = ({ text }: Seen): string[] => (text === '' ? [] : text.replace(/\n+$/, '').split('\n'))

/** Of the lines on a screen now, those that were not there before; what is at the bottom may have changed in place. */
export function linesAfter(before: readonly string[], now: readonly string[]): readonly string[] {
  for (let scrolled = 0; scrolled < before.length; scrolled++) {
    const left = before.length - scrolled
    let same = 0
    while (same < left && same < now.length && before[scrolled + same] === now[same]) same++
    if (same > 0 && same >= left - REPAINTED) return now.slice(same)
  }
  return now
}
