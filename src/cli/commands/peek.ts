// gt peek: the last lines on an agent's screen.

import { part } from '../../client/connection.ts'
import { type Command, numberOf } from '../command.ts'

export const peek: Command = {
  name: 'peek',
  summary: 'the last lines on a screen',
  usage: '<polecat>',
  words: [1, 1],
  options: { lines: { type: 'number', short: 'n', value: '<n>', help: 'how many; 40 when not said' } },
  async run(call) {
    const path = `/v1/peek/${part(call.words[0] as string)}`
    const found = await call
      .town()
      .get<{ text: string; session: string }>(path, { lines: numberOf(call, 'lines') })
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
