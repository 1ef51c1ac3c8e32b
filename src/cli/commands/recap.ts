// gt recap: what happened, on one screen.

import { type Command, flagOf, textOf } from '../command.ts'
import { markdown, screen } from '../recap-lines.ts'
import type { Recap } from '../recap-parts.ts'

export const recap: Command = {
  name: 'recap',
  summary: 'what happened since last evening, on one screen',
  usage: '',
  words: [0, 0],
  options: {
    since: {
      type: 'text',
      value: '<when>',
      help: 'from then on: a record number, a time, HH:MM, or 15m ago; 12 hours when left out',
    },
    markdown: { type: 'flag', help: 'the same as Markdown, to be pasted' },
  },
  async run(call) {
    const found = await call
      .town()
      .get<Recap>('/v1/recap', { since: textOf(call, 'since'), at: textOf(call, 'at') })
    call.out.answer({
      json: found,
      ids: found.landed.map(({ bead }) => bead),
      lines: () => (flagOf(call, 'markdown') ? markdown(found) : screen(found, call.out.columns)),
    })
  },
}
