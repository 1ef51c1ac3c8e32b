// Whether somebody listens on a socket of ours.

import { connect } from 'node:net'

/** True when a connection is taken, be it served well or not: what listens is never replaced. */
export function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
