// Who keeps a town up, asked from outside.

import { connect } from 'node:net'
import { operatorToken, socketOf } from './find-town.ts'
import { isUnreachable } from './follow.ts'
import { request } from './http.ts'

/** Pid of the daemon, from itself: a file may be of one that died. null when none answers. */
export async function daemonOf(dir: string): Promise<number | null> {
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

/** Whether terminals are still kept for a town: its host outlives the daemon. */
export function hostAnswers(dir: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(`${dir}/.gt/host.sock`, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
