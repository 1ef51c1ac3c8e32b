// The links to the host and the worker: up while the daemon is, made again when one of them goes.
//
// Owns:      both connections, and the questions that wait while one is away.
// Does not:  decide anything; what an ending or a loss means is the session's business.
// Always:    a question to the worker that was not answered is asked again with the same id.

import { connectWorker, type WorkerClient } from '../git/worker-client.ts'
import { OPERATIONS } from '../git/worker-protocol.ts'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import type { SessionEnding, Terminals } from '../ports/terminals.ts'
import { connectHost, type HostClient } from '../pty/host-client.ts'

export interface World {
  readonly terminals: Terminals
  /** Operations outside any effect. */
  readonly repositories: Repositories
  /** Operations of one effect: asked again after a crash, they are joined or repeated, not done twice. */
  repositoriesFor(effectId: string): Repositories
  /** Called after a host was lost and another one is connected. */
  onHostReplaced(listener: () => void): void
  /** Ends the connections; host, worker and sessions go on. */
  close(): void
  /** Ends the worker and the host, and with them whatever they still run. */
  end(): Promise<void>
}

export type WorldOptions = {
  readonly townDir: string
  readonly townId: string
  readonly workerCommand: readonly string[]
  readonly workerEnv: Readonly<Record<string, string>>
  /** Makes sure that a host runs. Called only through `withLogClosed`, but for the first time. */
  readonly ensureHost: () => Promise<void>
  /** Runs something while the log is closed (a started process would inherit its descriptors). */
  readonly withLogClosed: (between: () => Promise<void>) => Promise<void>
  readonly onTrouble: (code: string, message: string) => void
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { townDir, townId, workerCommand, workerEnv, onTrouble } = options
  const endingListeners: ((session: string, ending: SessionEnding) => void)[] = []
  const replacedListeners: (() => void)[] = []
  let closed = false
  let host = await linkHost()
  let worker = linkWorker()

  async function linkHost(): Promise<HostClient> {
    const client = await connectHost(townDir, { townId, onGone: hostGone })
    client.onEnding((id, ending) => {
      for (const listener of endingListeners) listener(id, ending)
    })
    client.onWorkerEnding(() => {
      if (!closed) worker = linkWorker()
    })
    return client
  }

  async function linkWorker(): Promise<WorkerClient> {
    await host.startWorker({ command: [...workerCommand], env: { ...workerEnv }, cwd: townDir })
    return connectWorker(townDir, { onGone: () => {} })
  }

  function hostGone(): void {
    if (closed) return
    onTrouble('HOST_GONE', 'The terminal host ended; another one is being started.')
    void options
      .withLogClosed(options.ensureHost)
      .then(async () => {
        host = await linkHost()
        worker = linkWorker()
        for (const listener of replacedListeners) listener()
      })
      .catch((error: unknown) => onTrouble('HOST_NOT_STARTED', String(error)))
  }

  /** One question to the worker, asked until a worker has answered it. */
  async function ask<T>(question: (client: WorkerClient) => Promise<T>): Promise<T> {
    for (;;) {
      const asked = worker
      try {
        return await question(await asked)
      } catch (error) {
        if (closed || !(error instanceof RepositoryError) || error.code !== 'WORKER_GONE') throw error
        // Nobody told us yet that it ended: look for one that runs, or have one started.
        if (worker === asked) worker = linkWorker()
      }
    }
  }

  const repositoriesVia = (port: (client: WorkerClient) => Repositories): Repositories =>
    Object.fromEntries(
      OPERATIONS.map((operation) => [
        operation,
        (input: never) => ask((client) => port(client)[operation](input) as Promise<unknown>),
      ]),
    ) as unknown as Repositories

  return {
    terminals: {
      start: (spec) => host.start(spec),
      list: () => host.list(),
      stop: (id, graceMs) => host.stop(id, graceMs),
      forget: (id) => host.forget(id),
      peek: (id, lines) => host.peek(id, lines),
      onEnding: (listener) => {
        endingListeners.push(listener)
        return () => void endingListeners.splice(endingListeners.indexOf(listener), 1)
      },
    },
    repositories: repositoriesVia((client) => client),
    repositoriesFor: (effectId) => repositoriesVia((client) => client.as(effectId)),
    onHostReplaced: (listener) => void replacedListeners.push(listener),
    close() {
      closed = true
      host.close()
      void worker.then(
        (client) => client.close(),
        () => undefined,
      )
    },
    async end() {
      closed = true
      await host.shutdown({ force: true, graceMs: 2_000 })
    },
  }
}
