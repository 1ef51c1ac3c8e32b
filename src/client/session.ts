// An agent's way to the town: its socket and its own token, and never anything else.
//
// Always:    a command has its id before it is sent, and is sent again with it until there is an answer: the daemon may
//            be killed and started again at any instant, and the agent must not notice.

import { readFileSync } from 'node:fs'
import { type Answer, bodyOf, type Connection, isPassing, newId, pathWith } from './connection.ts'
import { ClientFault } from './fault.ts'
import { follow, isUnreachable } from './follow.ts'
import { type Response, request } from './http.ts'
import { pause, pauseOf } from './pause.ts'

/** How long a session waits for its town, ms. */
const SESSION_WAIT_MS = 60_000

export const isInSession = (env: NodeJS.ProcessEnv): boolean =>
  env.GT_SESSION !== undefined && env.GT_SESSION !== ''

/** @throws {ClientFault} NOT_IN_A_SESSION. */
export function connectAsSession(env: NodeJS.ProcessEnv, waitMs: number = SESSION_WAIT_MS): Connection {
  const socketPath = env.GT_SOCKET
  const tokenFile = env.GT_TOKEN_FILE
  if (!isInSession(env) || socketPath === undefined || tokenFile === undefined)
    throw new ClientFault('NOT_IN_A_SESSION', 'This is not a session of an agent.')
  const token = readToken(tokenFile)

  return {
    dir: null,
    get: async <T = Answer>(path: string, query = {}) => bodyOf<T>(await ask('GET', pathWith(path, query))),
    command: async <T = Answer>(name: string, input: object) =>
      bodyOf<T>(await ask('POST', `/v1/commands/${name}`, { ...input, id: newId() })),
    follow: (path, options, onEvent) => follow({ socketPath, token, path }, options, onEvent),
    close: () => Promise.resolve(),
  }

  async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
    const until = Date.now() + waitMs
    for (let tries = 0; ; tries += 1) {
      const last = await tryOnce(method, path, body)
      if (last !== null && !isPassing(last)) return last
      if (Date.now() > until) {
        if (last !== null) return last
        throw new ClientFault('TIMED_OUT', `The town did not answer within ${Math.round(waitMs / 1_000)} s.`)
      }
      await pause(pauseOf(tries))
    }
  }

  async function tryOnce(method: 'GET' | 'POST', path: string, body?: object): Promise<Response | null> {
    try {
      return await request({ socketPath: socketPath as string, method, path, token, body })
    } catch (error) {
      if (!isUnreachable(error)) throw error
      return null
    }
  }
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    // The place of an assignment that is over is cleared away, and its token with it.
    throw new ClientFault('ASSIGNMENT_OVER', 'The token of this session is gone.', { cause })
  }
}
