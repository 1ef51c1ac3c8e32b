// What the host does for its clients: keeps sessions and the worker, and tells how they ended.
//
// Owns:   the table of sessions, ended ones included until they are forgotten; the one worker.
// Always: a session id is started at most once. An ending is in the table before it is told.

import { setTimeout as sleep } from 'node:timers/promises'
import { type SessionInfo, type SessionSpec, TerminalError } from '../ports/terminals.ts'
import { endProcesses } from './end-processes.ts'
import { sessionMarker } from './processes.ts'
import type { HostEvent, Operation, Operations, Request, WorkerInfo, WorkerSpec } from './protocol.ts'
import { Session } from './session.ts'
import { WorkerProcess } from './worker-process.ts'

type Work = Exclude<Operation, 'hello' | 'watch' | 'attach' | 'detach' | 'write' | 'resize'>

/** How long the ending of a program may come after its last process is gone, in ms. */
const ENDING_MS = 2000

export class HostWork {
  readonly #sessions = new Map<string, Session>()
  readonly #starting = new Map<string, Promise<Session>>()
  readonly #workerLog: string
  readonly #tell: (event: HostEvent) => void
  readonly #close: () => void
  #worker: WorkerProcess | null = null

  constructor(options: { workerLog: string; tell: (event: HostEvent) => void; close: () => void }) {
    this.#workerLog = options.workerLog
    this.#tell = options.tell
    this.#close = options.close
  }

  /** Throws a TerminalError SESSION_UNKNOWN. */
  session(id: string): Session {
    const session = this.#sessions.get(id)
    if (session === undefined) throw new TerminalError('SESSION_UNKNOWN', `the host holds no session ${id}`)
    return session
  }

  /** The same, and one that is being started is waited for. */
  async begun(id: string): Promise<Session> {
    await this.#starting.get(id)?.catch(() => {})
    return this.session(id)
  }

  async run(request: Extract<Request, { op: Work }>): Promise<Operations[Work]['answer']> {
    switch (request.op) {
      case 'start':
        return await this.#start(request.spec)
      case 'list':
        return [...this.#sessions.values()].map((session) => session.info)
      case 'stop':
        return await this.#stop(request.id, request.graceMs, request.townId)
      case 'forget':
        return this.#forget(request.id)
      case 'peek':
        return await this.session(request.id).peek(request.lines)
      case 'screen':
        return await this.session(request.id).screen()
      case 'worker.start':
        return this.#startWorker(request.spec)
      case 'worker.stop':
        await this.#worker?.stop(request.graceMs)
        return null
      case 'worker.status':
        return this.#worker?.info ?? null
      case 'shutdown':
        return await this.#shutdown(request.force, request.graceMs)
    }
  }

  async #start(spec: SessionSpec): Promise<SessionInfo> {
    const known = this.#sessions.get(spec.id)
    if (known !== undefined) return known.info
    const starting = this.#starting.get(spec.id)
    if (starting !== undefined) return (await starting).info
    const started = Session.start(spec, (screen) => this.#tell({ event: 'quiet', id: spec.id, screen }))
    this.#starting.set(spec.id, started)
    try {
      const session = await started
      this.#sessions.set(spec.id, session)
      void session.ended.then((ending) => this.#tell({ event: 'ending', id: spec.id, ending }))
      return session.info
    } finally {
      this.#starting.delete(spec.id)
    }
  }

  async #stop(id: string, graceMs: number, townId: string | null): Promise<null> {
    // A start that is under way is waited for: what has been asked to stop must not appear afterwards.
    await this.#starting.get(id)?.catch(() => {})
    const session = this.#sessions.get(id)
    if (session !== undefined) {
      await endProcesses(session.marker, session.leader, graceMs)
      await Promise.race([session.ended, sleep(ENDING_MS, undefined, { ref: false })])
    } else if (townId !== null) {
      await endProcesses(sessionMarker(townId, id), null, graceMs)
    }
    return null
  }

  #forget(id: string): null {
    const session = this.#sessions.get(id)
    if (session !== undefined && session.info.ending === null) {
      throw new TerminalError('HOST_REFUSED', `session ${id} still runs: stop it before it is forgotten`)
    }
    this.#sessions.delete(id)
    return null
  }

  #startWorker(spec: WorkerSpec): WorkerInfo {
    if (this.#worker !== null && this.#worker.info.ending === null) return this.#worker.info
    const worker = new WorkerProcess(spec, this.#workerLog)
    this.#worker = worker
    void worker.ended.then((ending) => this.#tell({ event: 'workerEnding', pid: worker.pid, ending }))
    return worker.info
  }

  async #shutdown(force: boolean, graceMs: number): Promise<null> {
    const running = [...this.#sessions.values()].filter((session) => session.info.ending === null)
    const working = this.#worker !== null && this.#worker.info.ending === null
    if (!force && (running.length > 0 || working)) {
      const what = [...running.map((session) => session.id), ...(working ? ['the worker'] : [])].join(', ')
      throw new TerminalError(
        'HOST_BUSY',
        `the host still runs ${what}: stop it first, or force the shutdown`,
      )
    }
    await Promise.all([
      ...[...this.#sessions.keys()].map((id) => this.#stop(id, graceMs, null)),
      this.#worker?.stop(graceMs),
    ])
    this.#close()
    return null
  }
}
