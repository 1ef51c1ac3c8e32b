// Speaking to a real town's socket, with Node's own HTTP: what these tests say must not depend on our client.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogRecord } from '../../src/events/record.ts'

export type Reply = { readonly status: number; readonly body: { readonly [key: string]: unknown } }

/** Rejects with the socket's own error when nobody answers. */
export function ask(
  socketPath: string,
  token: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      {
        socketPath,
        method,
        path,
        agent: false,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (answer) => {
        text(answer).then(
          (whole) => resolve({ status: answer.statusCode ?? 0, body: whole === '' ? {} : JSON.parse(whole) }),
          reject,
        )
      },
    )
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function text(answer: IncomingMessage): Promise<string> {
  let whole = ''
  for await (const chunk of answer.setEncoding('utf8')) whole += chunk
  if (!answer.complete) throw new Error('The answer was cut off.')
  return whole
}

export interface Watch {
  /** Every line that was shown to us, by seq - 1. */
  readonly lines: readonly string[]
  readonly records: readonly LogRecord[]
  /** The first answer of `look` over all records, old ones first. Rejects after `timeoutMs` (30 s). */
  until<T>(
    what: string,
    look: (record: LogRecord) => T | null | undefined | false,
    timeoutMs?: number,
  ): Promise<T>
  /** Told of each record as it comes. */
  onRecord(listener: (record: LogRecord) => void): () => void
  close(): void
}

/**
 * Follows the log from its first record, also over restarts of the daemon. What was shown once is durable, so each
 * connection must go on right behind it.
 */
export function watchRecords(socketPath: string, token: string): Watch {
  const lines: string[] = []
  const records: LogRecord[] = []
  const listeners = new Set<(record: LogRecord) => void>()
  let closed = false
  let broken: Error | undefined
  let hangUp = () => {}

  const take = (line: string): void => {
    const record = JSON.parse(line) as LogRecord
    if (record.seq !== lines.length + 1)
      broken ??= new Error(`Record ${record.seq} was shown after ${lines.length}.`)
    lines.push(line)
    records.push(record)
    for (const listener of [...listeners]) listener(record)
  }
  void (async () => {
    while (!closed) {
      await follow(socketPath, token, lines.length, take, (end) => {
        hangUp = end
      })
      if (!closed) await sleep(10)
    }
  })()

  return {
    lines,
    records,
    until(what, look, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const check = (record: LogRecord): boolean => {
          const found = look(record)
          if (found === null || found === undefined || found === false) return false
          end(() => resolve(found))
          return true
        }
        const end = (finish: () => void): void => {
          clearTimeout(timer)
          listeners.delete(check)
          finish()
        }
        const timer = setTimeout(
          () =>
            end(() => reject(broken ?? new Error(`${what}: not within ${timeoutMs} ms.\n${tail(records)}`))),
          timeoutMs,
        )
        if (!records.some(check)) listeners.add(check)
      })
    },
    onRecord(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      closed = true
      hangUp()
    },
  }
}

/** Reads server-sent events until the connection ends, however. */
function follow(
  socketPath: string,
  token: string,
  after: number,
  onData: (data: string) => void,
  onOpen: (end: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const asked = httpRequest({
      socketPath,
      path: `/v1/records/stream?after=${after}`,
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    })
    onOpen(() => asked.destroy())
    asked.on('error', () => resolve())
    asked.on('response', (answer) => {
      let rest = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        rest += chunk
        const events = rest.split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1]
          if (data !== undefined) onData(data)
        }
      })
      answer.on('error', () => resolve())
      answer.on('close', () => resolve())
    })
    asked.end()
  })
}

/** The end of a log, for a failure's message. */
export const tail = (records: readonly LogRecord[], count = 25): string =>
  records
    .slice(-count)
    .map(
      ({ seq, actor, message, to, refused }) =>
        `${seq} ${actor} ${message.type} -> ${JSON.stringify(to)}${refused === undefined ? '' : ` REFUSED ${refused.code}`}`,
    )
    .join('\n')
