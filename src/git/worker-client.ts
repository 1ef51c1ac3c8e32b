// The daemon's side of the worker: the port `Repositories`, over its socket.
//
// Owns:      one connection and the questions that wait for an answer.
// Does not:  start the worker (the host does), or ask again when it is gone (the town does).

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Forge } from '../ports/forge.ts'
import { jsonLines, send } from '../ports/json-lines.ts'
import type { Notices } from '../ports/notices.ts'
import { type Repositories, RepositoryError, type RepositoryErrorCode } from '../ports/repositories.ts'
import {
  Answer,
  FORGE_OPERATIONS,
  NOTICE_OPERATIONS,
  OPERATIONS,
  Welcome,
  WORKER_PROTOCOL,
  workerKeyFile,
  workerSocket,
} from './worker-protocol.ts'

/** All that the worker does. */
type Work = Repositories & Notices & Forge

export type WorkerClient = Work & {
  readonly pid: number
  /**
   * The same port with a request id of the caller's for the next question of each operation: asked again with the same
   * id and input, also over another connection, the worker joins or repeats its answer instead of doing it twice.
   */
  as(requestId: string): Work
  /** Ends the connection. What is under way goes on in the worker. `onGone` is not called. */
  close(): void
}

/** Between two tries to reach a worker that is starting, in ms. It needs about 200. */
const RETRY_MS = 20

/**
 * Connects to the worker of a town, waiting for one that is starting up to `timeoutMs` (default 5,000).
 * When it goes, every waiting question rejects with WORKER_GONE, then `onGone` is called once.
 *
 * @throws RepositoryError WORKER_GONE when none answers in time or the key is refused
 */
export async function connectWorker(
  townDir: string,
  { onGone, timeoutMs = 5_000 }: { readonly onGone: () => void; readonly timeoutMs?: number },
): Promise<WorkerClient> {
  const giveUp = AbortSignal.timeout(timeoutMs)
  for (;;) {
    try {
      return await open(townDir, onGone)
    } catch (error) {
      if (giveUp.aborted) throw error instanceof RepositoryError ? error : gone(String(error))
      await sleep(RETRY_MS)
    }
  }
}

type Waiting = { resolve(result: unknown): void; reject(error: Error): void }

async function open(townDir: string, onGone: () => void): Promise<WorkerClient> {
  const key = (await readFile(workerKeyFile(townDir), 'utf8')).trim()
  const socket = await connected(workerSocket(townDir))
  const waiting = new Map<string, Waiting[]>()
  const welcome = Promise.withResolvers<number>()
  let isOpen = false
  let closed = false
  // Its reason is in 'close', which always follows.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    welcome.reject(gone('The worker refused the connection.'))
    for (const [, asked] of waiting)
      for (const one of asked) one.reject(gone('The worker ended before it answered.'))
    waiting.clear()
    if (isOpen && !closed) onGone()
  })
  jsonLines(socket, (message) => {
    if (!isOpen) {
      const { hello } = Welcome.parse(message)
      if (hello.protocol !== WORKER_PROTOCOL) throw new Error('another version')
      isOpen = true
      welcome.resolve(hello.pid)
      return
    }
    const answer = Answer.parse(message)
    const asked = waiting.get(answer.id) ?? []
    waiting.delete(answer.id)
    for (const one of asked) {
      if ('ok' in answer) one.resolve(answer.result)
      else
        one.reject(
          new RepositoryError(
            answer.error.code as RepositoryErrorCode,
            answer.error.message,
            answer.error.details,
          ),
        )
    }
  })
  send(socket, { hello: key })
  const pid = await welcome.promise

  const ask = (id: string, op: string, input: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(gone('The worker is gone.'))
      waiting.set(id, [...(waiting.get(id) ?? []), { resolve, reject }])
      send(socket, { id, op, input })
    })
  return {
    ...port((op, input) => ask(randomUUID(), op, input)),
    pid,
    as: (requestId) => port((op, input) => ask(`${requestId} ${op}`, op, input)),
    close() {
      closed = true
      socket.destroy()
    },
  }
}

function port(ask: (op: string, input: unknown) => Promise<unknown>): Work {
  const entries = [...OPERATIONS, ...NOTICE_OPERATIONS, ...FORGE_OPERATIONS].map(
    (op) => [op, (input: unknown) => ask(op, input)] as const,
  )
  // Each operation has the input and result of the port: both ends are built from it.
  return Object.fromEntries(entries) as unknown as Work
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => reject(gone(`No worker listens on ${path}.`)))
  })
}

const gone = (message: string): RepositoryError => new RepositoryError('WORKER_GONE', message)
