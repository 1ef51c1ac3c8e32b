// gt bisect: finds the record at which something became so.

import { type Command, flagOf, given, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { progressBar } from '../progress-bar.ts'
import { UsageError } from '../usage.ts'

type Found = {
  seq: number
  at: string
  actor: string
  by: string
  message: string
  summary: string | null
  before: unknown
  after: unknown
  probes: number
  next: string
}

export const bisect: Command = {
  name: 'bisect',
  summary:
    'finds a record at which an expression turns from false to true. It is JSONata over beads, agents, rigs, mergeQueue, decisions, escalations, costs, hooks (lists as the API gives them) and status: beads[id="sh-4f"].status = "closed", or $sum(costs.costUsd) > 5; what gives neither true nor false is refused',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: {
    when: { type: 'text', value: '<expression>', help: 'what became so' },
    from: { type: 'text', value: '<when>', help: 'where it is false; the beginning when not said' },
    to: { type: 'text', value: '<when>', help: 'where it is true; now when not said' },
    first: { type: 'flag', help: 'the first turn after --from, in one pass over all records' },
  },
  async run(call) {
    const when = textOf(call, 'when')
    if (when === undefined) throw new UsageError('gt bisect needs --when <expression>.', 'bisect')
    const body = given({
      when,
      from: textOf(call, 'from'),
      to: textOf(call, 'to') ?? textOf(call, 'at'),
      first: flagOf(call, 'first'),
    })
    const { onProgress, done } = progressBar(call.out)
    const found = await call
      .town()
      .command<Found>('bisect', body, { onProgress, signal: call.signal })
      .finally(done)
    call.out.answer({ json: found, ids: [String(found.seq)], lines: () => lines(found) })
  },
}

const lines = ({ seq, at, actor, by, message, summary, before, after, probes, next }: Found): string[] => [
  `record ${seq}  ${clock(at)}  ${actor}: ${message} by ${by}${summary === null ? '' : ` - ${summary}`}`,
  `  before  ${short(before)}`,
  `  after   ${short(after)}`,
  `${probes} moments were looked at; ${next} shows what led to it`,
]

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'null'
  return text.length <= 70 ? text : `${text.slice(0, 69)}…`
}
