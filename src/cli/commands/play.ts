// gt play: what a session showed, from its recording.

import { part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Command, numberOf } from '../command.ts'
import { UsageError } from '../usage.ts'

const SESSION = /^[^/]+\/.+\/sessions\/[\d.]+$/

export const play: Command = {
  name: 'play',
  summary: 'plays the recording of a session; Ctrl-C ends it',
  usage: '<polecat or session>',
  where: 'person',
  words: [1, 1],
  options: {
    speed: { type: 'number', value: '<n>', help: 'how many times as fast; 1 when not said' },
    'idle-limit': { type: 'number', value: '<s>', help: 'longest pause in seconds; 2 when not said' },
  },
  async run(call) {
    const [word = ''] = call.words
    const speed = numberOf(call, 'speed') ?? 1
    const idleLimit = numberOf(call, 'idle-limit') ?? 2
    if (!(speed > 0)) throw new UsageError('the speed must be more than 0', 'play')
    const town = call.town()
    const session = SESSION.test(word)
      ? word
      : (await town.get<{ session: string }>(`/v1/peek/${part(word)}`, { lines: 1 })).session
    if (town.dir === null) throw new ClientFault('TOWN_NOT_FOUND', 'There is no town here.')
    const door = await import('../../client/embedded.ts')
    const { playSession } = await door.attach()
    const found = await playSession(town.dir, session, {
      speed,
      idleLimit: process.stdout.isTTY ? idleLimit : 0,
      output: process.stdout,
      signal: call.signal,
    })
    if (!found) throw new ClientFault('AGENT_HAS_NO_SESSION', `${session} has no recording.`)
    return 0
  },
}
