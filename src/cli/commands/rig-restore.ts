// gt rig restore: the folder of a rig was removed by hand.

import type { Command } from '../command.ts'

export const rigRestore: Command = {
  name: 'rig restore',
  summary: 'makes the folder of a rig (project) again that was removed by hand',
  usage: '<rig>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const [rig = ''] = call.words
    const found = await call.town().command<{ rig: string; restored: boolean }>('rig.restore', { rig })
    call.out.answer({
      json: found,
      ids: [found.rig],
      lines: () => [
        found.restored
          ? `${found.rig} was made again from its remote. What was only in its folder is gone: gt doctor names the worktrees.`
          : `The repositories of ${found.rig} are there.`,
      ],
    })
  },
}
