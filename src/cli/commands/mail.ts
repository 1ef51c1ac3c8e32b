// gt mail: what roles told each other and you.

import { part } from '../../client/connection.ts'
import { type Command, numberOf, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { showList } from '../listing.ts'

type Mail = { id: string; at: string; from: string; to: string; subject: string }

export const mailInbox: Command = {
  name: 'mail inbox',
  summary: 'messages to you; with a name, to and from that agent',
  usage: '[agent]',
  words: [0, 1],
  options: { limit: { type: 'number', value: '<n>', help: 'at most so many' } },
  async run(call) {
    const [agent] = call.words
    const own = call.env.GT_ACTOR
    const query = agent === undefined ? { to: own ?? 'overseer' } : { agent }
    const { items } = await call.town().get<{ items: Mail[] }>('/v1/mail', {
      ...query,
      limit: numberOf(call, 'limit'),
      at: textOf(call, 'at'),
    })
    showList(call, items, {
      id: ({ id }) => id,
      head: ['ID', 'TIME', 'FROM', 'TO', 'SUBJECT'],
      row: ({ id, at, from, to, subject }) => [id, clock(at), from, to, subject],
    })
  },
}

export const mailRead: Command = {
  name: 'mail read',
  summary: 'one message, whole',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const found = await call.town().get<Mail & { body: object }>(`/v1/mail/${part(call.words[0] as string)}`)
    call.out.answer({
      json: found,
      ids: [found.id],
      lines: () => [
        `${clock(found.at)}  ${found.from} to ${found.to}`,
        found.subject,
        '',
        ...Object.entries(found.body).map(
          ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
        ),
      ],
    })
  },
}
