// A town opened by a command while no daemon is up: the same routes, without a socket and without the world.

import { createServer } from '../api/server.ts'
import { NDJSON, progressLines } from '../client/http.ts'
import { handleOf, openTown } from './open.ts'

type Asked = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: object
  readonly signal?: AbortSignal
}

export interface Embedded {
  request(
    method: 'GET' | 'POST',
    path: string,
    options: {
      readonly body?: unknown
      readonly token: string
      readonly headers?: Readonly<Record<string, string>>
      /** Hears how far it is, of a command that says so. */
      readonly onProgress?: ((progress: object) => void) | undefined
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<{ readonly status: number; readonly body: unknown }>
  close(): Promise<void>
}

/** @throws as openTown */
export async function openEmbedded(dir: string): Promise<Embedded> {
  const town = await openTown(dir)
  const server = createServer(handleOf(town))
  return {
    async request(method, path, { body, token, headers, onProgress, signal }) {
      const asked: Asked = {
        method,
        url: path,
        headers: { ...headers, authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body as object }),
        ...(signal === undefined ? {} : { signal }),
      }
      if (onProgress !== undefined) return withProgress(asked, onProgress)
      const answer = await server.inject(asked)
      // What was asked of the world waits for a daemon; what was told to owners is decided now.
      await town.system.idle()
      return { status: answer.statusCode, body: answer.payload === '' ? null : JSON.parse(answer.payload) }
    },
    async close() {
      await server.close()
      await town.close()
    },
  }

  /** The same, heard line by line. */
  async function withProgress(
    asked: Asked,
    onProgress: (progress: object) => void,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const headers = { ...asked.headers, accept: NDJSON }
    const answer = await server.inject({ ...asked, headers, payloadAsStream: true })
    const lines = progressLines(onProgress)
    const isLines = String(answer.headers['content-type']).startsWith(NDJSON)
    let text = ''
    for await (const chunk of answer.stream().setEncoding('utf8')) {
      if (isLines) lines.take(String(chunk))
      else text += String(chunk)
    }
    const told = isLines ? lines.answer() : { status: answer.statusCode, body: JSON.parse(text) }
    if (told === null) throw Object.assign(new Error('It ended before its answer.'), { code: 'PAST_ENDED' })
    return told
  }
}
