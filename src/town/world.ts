// The links to the host and the worker: up while the daemon is, made again when one of them goes.
//
// Owns:      both connections, and the questions that wait while one is away.
// Does not:  decide anything; what an ending or a loss means is the session's business.
// Always:    a question to the worker that was not answered is asked again with the same id; one to the host is asked
//            of the next host, after what the lost one left of that session has been ended.

import { setTimeout as sleep } from 'node:timers/promises'
import { connectWorker, type WorkerClient } from '../git/worker-client.ts'
import { FORGE_OPERATIONS, OPERATIONS } from '../git/worker-protocol.ts'
import type { Forge } from '../ports/forge.ts'
import type { Notices } from '../ports/notices.ts'
import type { ScreenView } from '../ports/presets.ts'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { type SessionEnding, TerminalError, type Terminals } from '../ports/terminals.ts'
import { connectHost, type HostClient } from '../pty/host-client.ts'
import { createBackoff } from './backoff.ts'

export interface World {
  readonly terminals: Terminals
  /** Operations outside any effect. */
  readonly repositories: Repositories
  /** Operations of one effect: asked again after a crash, they are joined or repeated, not done twice. */
  repositoriesFor(effectId: string): Repositories
  /** Asked once: when the worker ends before it answered, nobody knows whether it was done. */
  forgeFor(effectId: string): Forge
  noticesFor(effectId: string): Notices
  /** Called after a host was lost and another one is connected. */
  onHostReplaced(listener: () => void): void
  /** Ends the connections and the worker, which the next daemon starts as it is then; host and sessions go on. */
  leave(): Promise<void>
  /** Ends the worker and the host, and with them whatever they still run. */
  end(): Promise<void>
}

/** A wait before a start that a person should hear of, ms. */
const STORM_MS = 5_000
/** Until another host is tried when one could not be started, ms. */
const HOST_AGAIN_MS = 500
const HOST_LOOK_MS = 5
/** What the worker runs may take to end, ms; a gate that is cut is run again. */
const STOP_MS = 2_000

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
  const quietListeners: ((session: string, screen: ScreenView) => void)[] = []
  const replacedListeners: (() => void)[] = []
  let closed = false
  const [workerStarts, hostStarts] = [createBackoff(), createBackoff()]
  hostStarts.next()
  const closing = new AbortController()
  /** Not waited for by whoever closes. */
  const rest = (ms: number) => sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined)
  let host = Promise.resolve(await linkHost())
  let worker = nextWorker()

  async function linkHost(): Promise<HostClient> {
    const client = await connectHost(townDir, { townId, onGone: hostGone })
    client.onEnding((id, ending) => {
      for (const listener of endingListeners) listener(id, ending)
    })
    client.onQuiet((id, screen) => {
      for (const listener of quietListeners) listener(id, screen)
    })
    client.onWorkerEnding(() => {
      if (!closed) worker = nextWorker()
    })
    return client
  }

  /** Begun at once; a failure is told to whoever asks. */
  function nextWorker(): Promise<WorkerClient> {
    const linked = linkWorker()
    linked.catch(() => undefined)
    return linked
  }

  async function linkWorker(): Promise<WorkerClient> {
    const wait = workerStarts.next()
    if (wait >= STORM_MS)
      onTrouble('WORKER_ENDS_AGAIN', 'The worker (git) ends soon after each start; see .gt/worker.log.')
    await rest(wait)
    await askHost((client) =>
      client.startWorker({ command: [...workerCommand], env: { ...workerEnv }, cwd: townDir }),
    )
    return connectWorker(townDir, { onGone: () => {} })
  }

  function hostGone(): void {
    if (closed) return
    onTrouble('HOST_GONE', 'The terminal host ended; another one is being started.')
    host = replaceHost()
    worker = nextWorker()
    void host.then(
      () => {
        for (const listener of replacedListeners) listener()
      },
      () => undefined,
    )
  }

  async function replaceHost(): Promise<HostClient> {
    await rest(hostStarts.next())
    for (;;) {
      try {
        await options.withLogClosed(options.ensureHost)
        return await linkHost()
      } catch (error) {
        if (closed) throw error
        onTrouble('HOST_NOT_STARTED', String(error))
        await sleep(HOST_AGAIN_MS)
      }
    }
  }

  /** One question to the host, asked until a host has answered it. `before` prepares one that is new. */
  async function askHost<T>(
    question: (client: HostClient) => Promise<T>,
    before: (client: HostClient) => Promise<void> = () => Promise.resolve(),
  ): Promise<T> {
    let first: Promise<HostClient> | undefined
    for (;;) {
      const asked = host
      first ??= asked
      try {
        if (asked !== first) await before(await asked)
        return await question(await asked)
      } catch (error) {
        if (closed || !(error instanceof TerminalError) || error.code !== 'HOST_GONE') throw error
        // The connection ends a moment before we are told.
        if (host === asked) await sleep(HOST_LOOK_MS)
      }
    }
  }

  /** One question to the worker, asked until a worker has answered it. */
  async function ask<T>(question: (client: WorkerClient) => Promise<T>): Promise<T> {
    for (;;) {
      const asked = worker
      try {
        return await question(await asked)
      } catch (error) {
        const isGone = error instanceof RepositoryError && error.code === 'WORKER_GONE'
        const isOurs = error instanceof RepositoryError && !isGone
        // Nobody told us yet that it ended: look for one that runs, or have one started.
        if (!closed && !isOurs && worker === asked) worker = nextWorker()
        if (closed || !isGone) throw error
      }
    }
  }

  /** A port of the worker's: each of its operations, asked until it is answered. */
  const via = <P extends object>(operations: readonly (keyof P)[], port: (client: WorkerClient) => P): P =>
    Object.fromEntries(
      operations.map((operation) => [
        operation,
        (input: unknown) =>
          ask((client) => (port(client)[operation] as (input: unknown) => Promise<unknown>)(input)),
      ]),
    ) as unknown as P
  const repositoriesVia = (port: (client: WorkerClient) => Repositories): Repositories =>
    via(OPERATIONS, port)

  return {
    terminals: {
      // A program that outlived its host would work beside its own repetition.
      start: (spec) =>
        askHost(
          (client) => client.start(spec),
          (client) => client.stop(spec.id, 0),
        ),
      list: () => askHost((client) => client.list()),
      stop: (id, graceMs) => askHost((client) => client.stop(id, graceMs)),
      forget: (id) => askHost((client) => client.forget(id)),
      peek: (id, lines) => askHost((client) => client.peek(id, lines)),
      screen: (id) => askHost((client) => client.screen(id)),
      // Not asked again of another host: the session that it was for is gone with the one that was lost.
      write: async (id, data) => (await host).write(id, data),
      onQuiet: (listener) => {
        quietListeners.push(listener)
        return () => void quietListeners.splice(quietListeners.indexOf(listener), 1)
      },
      onEnding: (listener) => {
        endingListeners.push(listener)
        return () => void endingListeners.splice(endingListeners.indexOf(listener), 1)
      },
    },
    repositories: repositoriesVia((client) => client),
    repositoriesFor: (effectId) => repositoriesVia((client) => client.as(effectId)),
    forgeFor: (effectId) => via(FORGE_OPERATIONS, (client) => client.as(effectId)),
    noticesFor: (effectId) => ({
      notify: async (input) => (await worker).as(effectId).notify(input),
      askOnce: async (input) => (await worker).as(effectId).askOnce(input),
    }),
    onHostReplaced: (listener) => void replacedListeners.push(listener),
    async leave() {
      closed = true
      closing.abort()
      const client = await host.catch(() => null)
      const linked = await worker.catch(() => null)
      linked?.close()
      await client?.stopWorker(STOP_MS).catch(() => undefined)
      client?.close()
    },
    async end() {
      closed = true
      closing.abort()
      await (await host).shutdown({ force: true, graceMs: STOP_MS })
    },
  }
}
