// gt wait: until beads are as far as somebody wants them.

import { waitFor } from '../../client/wait.ts'
import { type Command, textOf } from '../command.ts'
import { durationMs } from '../options.ts'
import { untilOf, WAIT_MS, waitedLine } from './sling.ts'

export const wait: Command = {
  name: 'wait',
  summary: 'waits until beads have landed',
  usage: '<bead>…',
  words: [1, 500],
  options: {
    wait: {
      type: 'optional',
      value: 'started|submitted|landed|closed',
      help: 'until they are; landed when not said',
    },
    until: { type: 'text', value: 'started|submitted|landed|closed', help: 'the same' },
  },
  async run(call) {
    const asked = textOf(call, 'until') ?? textOf(call, 'wait') ?? 'landed'
    const until = untilOf({ ...call, values: { ...call.values, wait: asked } }) ?? 'landed'
    const waited = await waitFor(call.town(), call.words, until, durationMs(textOf(call, 'timeout'), WAIT_MS))
    call.out.answer({
      json: waited,
      ids: waited.map(({ id }) => id),
      lines: () => waited.map((bead) => waitedLine(bead, until)),
    })
    return waited.some(({ reached }) => !reached) ? 1 : 0
  },
}
