// gt start: lets a worker that stopped for a person try once more.

import type { Command } from '../command.ts'

export const start: Command = {
  name: 'start',
  summary: 'lets a polecat (worker) go on that you stopped, or that stopped for you',
  usage: '<polecat>',
  words: [1, 1],
  async run({ words: [agent], out, town }) {
    const found = await town().command<{ agent: string; bead: string }>('start', { agent })
    out.answer({
      json: found,
      ids: [found.agent],
      lines: () => [`${found.agent} goes on with ${found.bead}.`],
    })
  },
}
