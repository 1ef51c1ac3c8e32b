// gt estop, gt thaw: everybody stops at once, and goes on; so does one who was in quarantine.

import { type Command, given, textOf } from '../command.ts'

type Stopped = { stopped: number; still: string[]; tookMs: number; reason: string }

export const estop: Command = {
  name: 'estop',
  summary: 'stops every agent at once; hooks and work stay as they are',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: { reason: { type: 'text', value: '<text>', help: 'why; everybody sees it' } },
  async run(call) {
    const found = await call.town().command<Stopped>('estop', given({ reason: textOf(call, 'reason') }))
    const { stopped, still, tookMs } = found
    call.out.answer({
      json: found,
      ids: still,
      lines: () => [
        `Everybody is stopped: ${stopped} agents in ${(tookMs / 1_000).toFixed(1)} s. Nothing new begins before gt thaw.`,
        ...(still.length === 0 ? [] : [`Still ending: ${still.join(', ')}`]),
      ],
    })
    return still.length === 0 ? 0 : 1
  },
}

export const thaw: Command = {
  name: 'thaw',
  summary: 'lets everybody go on after gt estop or many deaths, or one from quarantine',
  usage: '[<polecat>]',
  where: 'person',
  words: [0, 1],
  async run(call) {
    const [agent] = call.words
    const found = await call.town().command<{ thawed: string }>('thaw', given({ agent }))
    call.out.answer({
      json: found,
      ids: agent === undefined ? [] : [found.thawed],
      lines: () => [agent === undefined ? 'Everybody goes on.' : `${found.thawed} may get beads again.`],
    })
  },
}
