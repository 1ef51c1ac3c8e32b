// What every model on the loopback does, whatever API it speaks: takes requests, remembers them, answers by script.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Model, ModelReply, ModelRequest } from './model.ts'

export type Dialect<Body> = {
  /** Whether this asks the model something. All else is `other`'s, and not found when that says false. */
  asks(method: string, path: string): boolean
  other?(path: string, response: ServerResponse): boolean
  requestOf(body: Body, path: string, headers: IncomingHttpHeaders): Omit<ModelRequest, 'at' | 'aborted'>
  fail(response: ServerResponse, said: Extract<ModelReply, { fail: object }>): void
  /** The whole answer; `cut` ends the connection in its middle. */
  answer(response: ServerResponse, body: Body, said: Spoken, path: string): void | Promise<void>
}

const SUMMARY: ModelReply = { say: 'What was done so far.' }

/** What is said as an answer of the API. */
export type Spoken = Exclude<ModelReply, { fail: object }> & { readonly cut: boolean }

export async function serveModel<Body>(dialect: Dialect<Body>): Promise<Model> {
  const all: ModelRequest[] = []
  let waiting: (() => void)[] = []
  let replies: ModelReply[] = []
  let answer: (request: ModelRequest) => ModelReply | null = () => null
  let summary: ModelReply = SUMMARY
  const replyTo = (request: ModelRequest): ModelReply => {
    if (request.kind === 'summary') return summary
    if (request.kind !== 'conversation') return { say: 'A title' }
    return answer(request) ?? replies.shift() ?? { say: 'Done.' }
  }
  const server = createServer(async (incoming, response) => {
    const path = incoming.url?.split('?')[0] ?? ''
    const body = await bodyOf<Body>(incoming)
    if (body === null || !dialect.asks(incoming.method ?? '', path)) {
      if (dialect.other?.(path, response) !== true) json(response, 404, { error: { message: 'not here' } })
      return
    }
    const request: ModelRequest = {
      ...dialect.requestOf(body, path, incoming.headers),
      at: performance.now(),
      aborted: false,
    }
    all.push(request)
    response.on('close', () => {
      request.aborted ||= !response.writableEnded
    })
    const told = waiting
    waiting = []
    for (const tell of told) tell()
    const said = replyTo(request)
    if (said.afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, said.afterMs))
    if ('fail' in said) dialect.fail(response, said)
    else if ('drop' in said && said.say === undefined) response.destroy()
    else await dialect.answer(response, body, { ...said, cut: 'drop' in said }, path)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return all.filter(({ kind }) => kind === 'conversation')
    },
    all,
    script: (more) => {
      replies = [...more]
    },
    answer: (how) => {
      answer = how
    },
    summarises: (how) => {
      summary = how
    },
    async asked(meant, ms = 20_000) {
      const until = performance.now() + ms
      for (;;) {
        const found = all.find((request) => request.kind === 'conversation' && meant(request))
        if (found !== undefined) return found
        const left = until - performance.now()
        if (left <= 0) throw new Error(`The model was not asked that in ${ms} ms.`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          waiting.push(() => {
            clearTimeout(timer)
            resolve()
          })
        })
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** Null when it is no JSON; an empty one is `{}`. */
async function bodyOf<Body>(incoming: IncomingMessage): Promise<Body | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const text = unpacked(Buffer.concat(chunks), incoming.headers['content-encoding']).toString()
    return JSON.parse(text === '' ? '{}' : text) as Body
  } catch {
    return null
  }
}

function unpacked(raw: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'zstd') return zstdDecompressSync(raw)
  return encoding === 'gzip' ? gunzipSync(raw) : raw
}
