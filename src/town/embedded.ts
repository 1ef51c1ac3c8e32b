// A town opened by a command while no daemon is up: the same routes, without a socket and without the world.

import { createServer } from '../api/server.ts'
import { handleOf, openTown } from './open.ts'

export interface Embedded {
  request(
    method: 'GET' | 'POST',
    path: string,
    options: {
      readonly body?: unknown
      readonly token: string
      readonly headers?: Readonly<Record<string, string>>
    },
  ): Promise<{ readonly status: number; readonly body: unknown }>
  close(): Promise<void>
}

/** @throws as openTown */
export async function openEmbedded(dir: string): Promise<Embedded> {
  const town = await openTown(dir)
  const server = createServer(handleOf(town))
  return {
    async request(method, path, { body, token, headers }) {
      const answer = await server.inject({
        method,
        url: path,
        headers: { ...headers, authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body as object }),
      })
      // What was asked of the world waits for a daemon; what was told to owners is decided now.
      await town.system.idle()
      return { status: answer.statusCode, body: answer.payload === '' ? null : JSON.parse(answer.payload) }
    },
    async close() {
      await server.close()
      await town.close()
    },
  }
}
