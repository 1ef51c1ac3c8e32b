// gt restart: a new daemon for the same town; agents work on meanwhile.

import { daemonOf } from '../../client/daemon.ts'
import { ClientFault } from '../../client/fault.ts'
import { findTown } from '../../client/find-town.ts'
import { type Command, textOf } from '../command.ts'
import { ended } from './down.ts'

export const restart: Command = {
  name: 'restart',
  summary: 'starts the daemon anew; agents go on',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const { dir } = findTown(textOf(call, 'town'), call.cwd, call.env)
    const { bringUp, keepProgram } = await import('../../client/embedded.ts')
    // While the town is up: what cannot be copied must not take it down.
    const { version, digest } = await keepProgram(dir)
    const before = await daemonOf(dir)
    if (before !== null) {
      // It ends alone on SIGTERM: host, worker and sessions go on.
      process.kill(before, 'SIGTERM')
      if (!(await ended(before)))
        throw new ClientFault('DAEMON_RUNNING', `The daemon (pid ${before}) does not end.`)
    }
    const { pid } = await bringUp(dir)
    call.out.answer({
      json: { before, pid, version, program: digest },
      ids: [String(pid)],
      lines: () => [`The town is up again (pid ${pid}), with gt ${version}.`],
    })
  },
}
