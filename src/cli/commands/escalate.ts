// gt escalate: what waits for a person.

import { type Command, given, textOf } from '../command.ts'
import { since } from '../layout.ts'
import { showList } from '../listing.ts'

type Escalation = {
  id: string
  bead: string | null
  agent: string | null
  code: string
  reason: string
  since: string
}

export const escalateList: Command = {
  name: 'escalate list',
  summary: 'what waits for you',
  usage: '',
  words: [0, 0],
  async run(call) {
    const { items } = await call
      .town()
      .get<{ items: Escalation[] }>('/v1/escalations', { at: textOf(call, 'at') })
    const now = new Date().toISOString()
    showList(call, items, {
      id: ({ id }) => id,
      none: 'Nothing waits for you.',
      head: ['ID', 'SINCE', 'BEAD', 'WORKER', 'WHY'],
      row: ({ id, since: from, bead, agent, reason }) => [
        id,
        since(from, now),
        bead ?? '',
        agent ?? '',
        reason,
      ],
    })
  },
}

export const escalateClose: Command = {
  name: 'escalate close',
  summary: 'says that it is dealt with',
  usage: '<id>',
  words: [1, 1],
  options: { note: { type: 'text', value: '<text>', help: 'how' } },
  async run(call) {
    const body = given({ escalation: call.words[0], note: textOf(call, 'note') })
    const found = await call.town().command<{ id: string }>('escalation.close', body)
    call.out.answer({ json: found, ids: [found.id], lines: () => [] })
  },
}
