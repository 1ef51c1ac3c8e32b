// A stream of a town that goes on where it was, whatever becomes of the daemon meanwhile.

import { bodyOf, type FollowOptions, isPassing, pathWith } from './connection.ts'
import { ClientFault, hasCode } from './fault.ts'
import { type Request, readEvents, type ServerEvent } from './http.ts'
import { pause, pauseOf } from './pause.ts'

/** Follows a stream, over restarts of the daemon. */
export async function follow(
  to: Pick<Request, 'socketPath' | 'token' | 'path'>,
  { query = {}, after, signal }: FollowOptions,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  let last = after
  let connected = false
  for (let tries = 0; !signal.aborted; tries += 1) {
    const headers = last === undefined ? {} : { 'last-event-id': String(last) }
    try {
      const path = pathWith(to.path, query)
      const refusal = await readEvents({ ...to, path, method: 'GET', headers, signal }, (event) => {
        last = event.id
        tries = 0
        onEvent(event)
      })
      connected = true
      if (refusal !== null && !isPassing(refusal)) bodyOf(refusal)
    } catch (error) {
      if (!isUnreachable(error)) throw error
      if (
        !connected &&
        last === after &&
        tries === 0 &&
        !signal.aborted &&
        hasCode(error, 'ENOENT', 'ECONNREFUSED')
      )
        throw new ClientFault('DAEMON_DOWN', 'The town is not up, so there is nothing to follow.')
    }
    if (!signal.aborted) await pause(pauseOf(tries))
  }
}

/** Nobody listens, or the connection ended before the answer. */
export const isUnreachable = (error: unknown): boolean =>
  hasCode(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTSOCK', 'ANSWER_LOST')
