// gt restart: a new daemon for the same town; agents work on meanwhile.

import { ClientFault } from '../../client/fault.ts'
import { findTown, operatorToken, socketOf } from '../../client/find-town.ts'
import { isUnreachable } from '../../client/follow.ts'
import { request } from '../../client/http.ts'
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
    const before = await daemonOf(dir)
    if (before !== null) {
      // It ends alone on SIGTERM: host, worker and sessions go on.
      process.kill(before, 'SIGTERM')
      if (!(await ended(before)))
        throw new ClientFault('DAEMON_RUNNING', `The daemon (pid ${before}) does not end.`)
    }
    const { bringUp } = await import('../../client/embedded.ts')
    const { pid } = await bringUp(dir)
    call.out.answer({
      json: { before, pid },
      ids: [String(pid)],
      lines: () => [`The town is up again (pid ${pid}).`],
    })
  },
}

/** Its pid, from itself: a file may be of one that died. */
async function daemonOf(dir: string): Promise<number | null> {
  try {
    const { body } = await request({
      socketPath: socketOf(dir),
      method: 'GET',
      path: '/v1/health',
      token: operatorToken(dir),
    })
    const { pid } = body as { pid: number | null }
    return pid
  } catch (error) {
    if (isUnreachable(error)) return null
    throw error
  }
}
