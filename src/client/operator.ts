// A person's way to the town: through the daemon's socket, or, while it is down, by opening the town.
//
// Always:    a command keeps its id whichever way it goes, so one that was lost with the daemon is not done twice.

import {
  type Answer,
  bodyOf,
  type CommandWatch,
  type Connection,
  isPassing,
  newId,
  pathWith,
} from './connection.ts'
import type { Embedded } from './embedded.ts'
import { ClientFault, hasCode } from './fault.ts'
import { operatorToken, socketOf } from './find-town.ts'
import { follow, isUnreachable } from './follow.ts'
import { type Response, request, requestWithProgress } from './http.ts'
import { pause, pauseOf } from './pause.ts'

/** How long another process may have the town open before the command gives up, ms. */
const BUSY_MS = 5_000

export function connectAsOperator(dir: string): Connection {
  const token = operatorToken(dir)
  const socketPath = socketOf(dir)
  let embedded: Embedded | undefined

  return {
    dir,
    get: async <T = Answer>(path: string, query = {}) => bodyOf<T>(await ask('GET', pathWith(path, query))),
    command: async <T = Answer>(name: string, input: object, watch: CommandWatch = {}) =>
      bodyOf<T>(await ask('POST', `/v1/commands/${name}`, { ...input, id: newId() }, watch)),
    follow: (path, options, onEvent) => follow({ socketPath, token, path }, options, onEvent),
    async close() {
      await embedded?.close()
    },
  }

  async function ask(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    watch: CommandWatch = {},
  ): Promise<Response> {
    const until = Date.now() + BUSY_MS
    for (let tries = 0; ; tries += 1) {
      const answer = embedded === undefined ? await throughSocket(method, path, body, watch) : null
      const response = answer ?? (await throughLog(method, path, body, watch))
      if (response !== null && !isPassing(response)) return response
      if (Date.now() > until) {
        if (response !== null) return response
        throw new ClientFault('TOWN_BUSY', 'Another gt has the town open.')
      }
      await pause(pauseOf(tries))
    }
  }

  /** null when nobody listens, or whoever did is gone. */
  async function throughSocket(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    { onProgress, signal }: CommandWatch,
  ): Promise<Response | null> {
    try {
      const asked = { socketPath, method, path, token, body, signal }
      return await (onProgress === undefined ? request(asked) : requestWithProgress(asked, onProgress))
    } catch (error) {
      if (signal?.aborted === true || !isUnreachable(error)) throw error
      return null
    }
  }

  /** null when somebody else has the log. */
  async function throughLog(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    watch: CommandWatch,
  ): Promise<Response | null> {
    try {
      const { openEmbedded } = await import('./embedded.ts')
      embedded ??= await openEmbedded(dir)
      return await embedded.request(method, path, { body, token, ...watch })
    } catch (error) {
      if (hasCode(error, 'TOWN_BUSY', 'LOG_LOCKED')) return null
      throw error
    }
  }
}
