// The worker: a process of its own for git and gates, which the daemon must not start while it holds the log.
//
// Usage:  node worker.ts <town>
// Owns:   its socket, the answers it gave lately, its end.
// Always: no timer runs while nobody asks. On SIGTERM and SIGHUP it ends its gates and itself; when it is killed,
//         what it left is cleared by the next one (index copies by their pid, gates by their mark).

import { timingSafeEqual } from 'node:crypto'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { jsonLines, send } from '../ports/json-lines.ts'
import { listens } from '../ports/listening.ts'
import { RepositoryError } from '../ports/repositories.ts'
import { endAllCommands } from './commands.ts'
import { createNotices } from './notices.ts'
import { createForge } from './pulls.ts'
import { createRepositories } from './repositories.ts'
import {
  type Answer,
  Hello,
  Request,
  WORKER_PROTOCOL,
  workerKeyFile,
  workerSocket,
} from './worker-protocol.ts'

/** Answers that are kept for a daemon that was restarted and asks again; one is a few KB at most. */
const ANSWERS_MAX = 1_000

async function main(townDir: string): Promise<void> {
  const path = workerSocket(townDir)
  const key = Buffer.from(readFileSync(workerKeyFile(townDir), 'utf8').trim())
  if (await listens(path)) fail(new Error(`another worker listens on ${path}`))
  rmSync(path, { force: true })

  const ask = createAnswers(townDir)
  const server = createServer((socket) => serve(socket, key, ask))
  server.on('error', fail)
  server.listen(path, () => chmodSync(path, 0o600))
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    process.on(signal, () => {
      endAllCommands()
      rmSync(path, { force: true })
      process.exit(0)
    })
  }
}

function serve(socket: Socket, key: Buffer, ask: (request: Request) => Promise<Answer>): void {
  let known = false
  // A daemon that goes away in the middle of an answer is no error: it asks again.
  socket.on('error', () => undefined)
  jsonLines(socket, (message) => {
    if (known) {
      void ask(Request.parse(message)).then((answer) => send(socket, answer))
      return
    }
    const said = Buffer.from(Hello.parse(message).hello)
    if (said.length !== key.length || !timingSafeEqual(said, key)) throw new Error('wrong key')
    known = true
    send(socket, { hello: { protocol: WORKER_PROTOCOL, pid: process.pid } })
  })
}

/** Does each request once: the same id and question joins one under way, or gets the answer of one that succeeded. */
function createAnswers(townDir: string): (request: Request) => Promise<Answer> {
  const operations = {
    ...createRepositories(townDir),
    ...createNotices(townDir),
    ...createForge(townDir),
  }
  const kept = new Map<string, Promise<Answer>>()
  const done = new Set<string>()
  return (request) => {
    const question = JSON.stringify([request.id, request.op, request.input])
    const found = kept.get(question)
    if (found !== undefined) return found
    // The input has the shape of the port: it comes from our own client, which knows the key.
    const run = operations[request.op] as (input: unknown) => Promise<unknown>
    const answer = run(request.input).then(
      (result): Answer => {
        done.add(question)
        const [oldest] = done
        if (done.size > ANSWERS_MAX && oldest !== undefined) {
          done.delete(oldest)
          kept.delete(oldest)
        }
        return { id: request.id, ok: true, result }
      },
      (error: unknown): Answer => {
        // A failure is not kept: who asks again wants it tried again.
        kept.delete(question)
        return { id: request.id, error: described(error) }
      },
    )
    kept.set(question, answer)
    return answer
  }
}

function described(error: unknown): { code: string; message: string; details: Record<string, unknown> } {
  if (error instanceof RepositoryError)
    return { code: error.code, message: error.message, details: { ...error.details } }
  const message = error instanceof Error ? error.message : String(error)
  console.error(`${new Date().toISOString()} ${error instanceof Error ? error.stack : message}`)
  return { code: 'GIT_FAILED', message, details: {} }
}

function fail(error: Error): never {
  console.error(`${new Date().toISOString()} the worker ended: ${error.stack ?? error.message}`)
  process.exit(1)
}

const [townDir] = process.argv.slice(2)
if (townDir === undefined) fail(new Error('usage: worker <town folder>'))
main(resolve(townDir)).catch(fail)
