// The worker: one process at a time, started for the daemon, which must not start processes itself.
//
// Owns:   its start, its ending, and that nothing of an ended worker is left when its ending is told.
// It sits in a pseudo-terminal that it does not use (its output goes to worker.log). That way it gets
// descriptors 0, 1 and 2 only, and the kernel hangs up on it when the host dies.

import { randomUUID } from 'node:crypto'
import { type SessionEnding, TerminalError } from '../ports/terminals.ts'
import { endProcesses } from './end-processes.ts'
import { findExecutable } from './executable.ts'
import { processes } from './processes.ts'
import type { WorkerInfo, WorkerSpec } from './protocol.ts'
import { openPseudoTerminal } from './pseudo-terminal.ts'

export class WorkerProcess {
  readonly ended: Promise<SessionEnding>
  readonly pid: number
  readonly #startedAt = Date.now()
  readonly #marker: readonly string[]
  #ending: SessionEnding | null = null

  /** Starts it with its output appended to `log`. Throws a TerminalError NOT_STARTED. */
  constructor(spec: WorkerSpec, log: string) {
    const file = findExecutable(spec)
    const mark = randomUUID()
    this.#marker = [`GT_WORKER=${mark}`]
    const { promise, resolve } = Promise.withResolvers<SessionEnding>()
    this.ended = promise
    try {
      this.pid = openPseudoTerminal({
        file: '/bin/sh',
        args: [
          '-c',
          '(umask 077; : >>"$0"); exec "$@" </dev/null >>"$0" 2>&1',
          log,
          file,
          ...spec.command.slice(1),
        ],
        cwd: spec.cwd,
        env: { ...spec.env, GT_WORKER: mark },
        columns: 80,
        rows: 24,
        onOutput: () => {},
        onExit: (exitCode, signal) => {
          const ending: SessionEnding =
            signal === null ? { kind: 'exited', exitCode } : { kind: 'killed', signal }
          // A gate that outlived its worker would run beside its own repetition.
          void endProcesses(this.#marker, null, 0)
            .catch((error: Error) => console.error(error.message))
            .then(() => {
              this.#ending = ending
              resolve(ending)
            })
        },
      }).pid
    } catch (error) {
      throw new TerminalError('NOT_STARTED', `the worker was not started: ${(error as Error).message}`, error)
    }
  }

  get info(): WorkerInfo {
    return { pid: this.pid, startedAt: this.#startedAt, ending: this.#ending }
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#ending !== null) return
    await endProcesses(this.#marker, processes.identify(this.pid), graceMs)
    await this.ended
  }
}
