// gt done: an agent says that its work is finished, or hands it back.

import { type Command, given, listOf, textOf } from '../command.ts'

export const done: Command = {
  name: 'done',
  summary: 'an agent submits its work, or hands it back',
  usage: '',
  where: 'session',
  words: [0, 0],
  options: {
    status: {
      type: 'text',
      value: 'COMPLETED|ESCALATED|DEFERRED',
      help: 'ESCALATED asks for a person; DEFERRED gives the work back',
    },
    note: { type: 'text', value: '<text>', help: 'what a person should know' },
    evidence: {
      type: 'list',
      value: '<n: text>',
      help: 'what shows that acceptance criterion n is met; again for each',
    },
  },
  async run(call) {
    const body = given({
      status: textOf(call, 'status'),
      note: textOf(call, 'note'),
      evidence: listOf(call, 'evidence'),
    })
    const found = await call.town().command<{ bead: string; status: string; head: string }>('done', body)
    const { bead, status, head } = found
    call.out.answer({
      json: found,
      ids: [bead],
      lines: () => [
        status === 'COMPLETED'
          ? `${bead} is submitted at ${head.slice(0, 10)}.`
          : `${bead} is handed back (${status}).`,
      ],
    })
  },
}
