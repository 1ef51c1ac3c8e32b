// HTTP over a unix socket, as much of it as `gt` needs.
//
// Owns:      writing a request, reading one answer whole, reading a stream of server-sent events.
// Does not:  know towns, tokens' meaning, or retry.
// Always:    an answer that is cut off is an error (ANSWER_LOST), never half an answer.
//
// By hand, because node:http costs more than a whole `gt hook` may (64 ms against 30). Requests are HTTP/1.0: then
// the server neither chunks nor keeps the connection, and the body is what comes until the end.

import { connect, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

export type Request = {
  readonly socketPath: string
  readonly method: 'GET' | 'POST'
  /** With its query. */
  readonly path: string
  readonly token: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export type Response = { readonly status: number; readonly body: unknown }

/**
 * One request, one answer; JSON both ways.
 * Rejects with the socket's own error (ECONNREFUSED, ENOENT, …), or ANSWER_LOST.
 */
export function request(asked: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = open(asked, reject)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => {
      socket.destroy()
      const whole = Buffer.concat(chunks)
      const head = headOf(whole)
      const body = head === null ? null : whole.subarray(head.bytes)
      if (head === null || body === null || body.length < head.length) return reject(lost())
      try {
        const text = body.toString('utf8')
        resolve({ status: head.status, body: text === '' ? null : JSON.parse(text) })
      } catch (error) {
        reject(error instanceof Error ? error : lost())
      }
    })
  })
}

/**
 * The same, and hears how far it is while it runs (`progress` lines of NDJSON; the last line is the answer).
 * Rejects as `request` does.
 */
export function requestWithProgress(asked: Request, onProgress: OnProgress): Promise<Response> {
  const headers = { ...asked.headers, accept: NDJSON }
  return new Promise((resolve, reject) => {
    const socket = open({ ...asked, headers }, reject)
    const lines = progressLines(onProgress)
    const decoder = new StringDecoder('utf8')
    let begin: Buffer | null = Buffer.alloc(0)
    let head: ReturnType<typeof headOf> = null
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk
      if (begin !== null) {
        begin = Buffer.concat([begin, chunk])
        head = headOf(begin)
        if (head === null) return
        rest = begin.subarray(head.bytes)
        begin = null
      }
      if (head?.lines === true) lines.take(decoder.write(rest))
      else text += decoder.write(rest)
    })
    socket.on('end', () => {
      socket.destroy()
      const answer = head === null ? null : head.lines ? lines.answer() : answerOf(head, text)
      if (answer === null) reject(lost())
      else resolve(answer)
    })
  })
}

export type OnProgress = (progress: object) => void
export const NDJSON = 'application/x-ndjson'

/** Takes the text of an answer in lines as it comes. */
export function progressLines(onProgress: OnProgress): {
  take(text: string): void
  answer(): Response | null
} {
  let rest = ''
  let answer: Response | null = null
  return {
    take(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const said = JSON.parse(line) as { progress?: object; result?: unknown; problem?: { status: number } }
        if (said.progress !== undefined) onProgress(said.progress)
        else if (said.problem !== undefined) answer = { status: said.problem.status, body: said.problem }
        else answer = { status: 200, body: said.result }
      }
    },
    /** Null while the last line has not come. */
    answer: () => answer,
  }
}

function answerOf({ status, length }: { status: number; length: number }, text: string): Response | null {
  if (Buffer.byteLength(text) < length) return null
  try {
    return { status, body: text === '' ? null : JSON.parse(text) }
  } catch {
    return null
  }
}

export type ServerEvent = { readonly id: number; readonly data: string }

/**
 * Reads events until the server ends the stream (resolves with null) or answers with something else than a stream
 * (resolves with that answer). Rejects as `request` does.
 */
export function readEvents(asked: Request, onEvent: (event: ServerEvent) => void): Promise<Response | null> {
  return new Promise((resolve, reject) => {
    const socket = open(asked, reject)
    const decoder = new StringDecoder('utf8')
    let begin: Buffer | null = Buffer.alloc(0)
    let status = 0
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk
      if (begin !== null) {
        begin = Buffer.concat([begin, chunk])
        const head = headOf(begin)
        if (head === null) return
        status = head.status
        rest = begin.subarray(head.bytes)
        begin = null
      }
      text += decoder.write(rest)
      if (status !== 200) return
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const event = eventOf(text.slice(0, end))
        text = text.slice(end + 2)
        if (event !== null) onEvent(event)
      }
    })
    socket.on('end', () => {
      socket.destroy()
      if (begin !== null) reject(lost())
      else if (status === 200) resolve(null)
      else resolve({ status, body: JSON.parse(text) })
    })
  })
}

function open(asked: Request, reject: (error: Error) => void): Socket {
  const socket = connect(asked.socketPath)
  const aborted = () => socket.destroy(lost())
  asked.signal?.addEventListener('abort', aborted)
  socket.on('close', () => {
    asked.signal?.removeEventListener('abort', aborted)
    // After an answer this rejection comes too late and does nothing.
    reject(lost())
  })
  socket.on('error', reject)
  if (asked.signal?.aborted === true) aborted()
  const body = asked.body === undefined ? '' : JSON.stringify(asked.body)
  const headers = {
    authorization: `Bearer ${asked.token}`,
    ...(body !== '' && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
    ...asked.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.write(`${asked.method} ${asked.path} HTTP/1.0\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  return socket
}

/** Status, where the body begins, how long it says it is, and whether it is lines; null while the head is not whole. */
function headOf(bytes: Buffer): { status: number; bytes: number; length: number; lines: boolean } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = bytes.subarray(0, end).toString('latin1')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const lines = /^content-type: *application\/x-ndjson/im.test(head)
  return { status, bytes: end + 4, length, lines }
}

function eventOf(block: string): ServerEvent | null {
  let id = 0
  let data: string | null = null
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) id = Number(line.slice(4))
    else if (line.startsWith('data: ')) data = data === null ? line.slice(6) : `${data}\n${line.slice(6)}`
  }
  return data === null ? null : { id, data }
}

const lost = (): Error =>
  Object.assign(new Error('The connection ended before the answer.'), { code: 'ANSWER_LOST' })
