// gt estop, gt thaw: everybody stops at once, and goes on.

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
  summary: 'lets everybody go on after gt estop',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const found = await call.town().command('thaw', {})
    call.out.answer({ json: found, ids: [], lines: () => ['Everybody goes on.'] })
  },
}
