// A town folder with a real host, for tests. Everything started here is ended by `close`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SessionEnding, SessionSpec } from '../../src/ports/terminals.ts'
import { type ConnectOptions, connectHost, type HostClient } from '../../src/pty/host-client.ts'
import { ensureHost } from '../../src/pty/start-host.ts'
import { atFileEnd } from '../support/file-end.ts'

/** As built: it is there four times as fast. */
export const HOST_ENTRY = fileURLToPath(new URL('../../dist/src/pty/host.js', import.meta.url))
const AGENTS = fileURLToPath(new URL('../fixtures/agents/', import.meta.url))

/** Absolute path of a fixture agent. */
export function agent(name: string): string {
  return path.join(AGENTS, name)
}

export type TestTown = {
  readonly dir: string
  readonly id: string
  readonly hostPid: number
  /** Starts a host again after the last one was killed. */
  restartHost(): Promise<void>
  connect(options?: ConnectOptions): Promise<HostClient>
  spec(id: string, command: readonly string[], env?: Record<string, string>): SessionSpec
  /** The output in a session's recording. */
  recorded(id: string): string
  close(): Promise<void>
}

export async function openTestTown({ start = true } = {}): Promise<TestTown> {
  const dir = mkdtempSync(path.join(tmpdir(), 'gt-pty-'))
  const id = path.basename(dir)
  const startHost = async (): Promise<number> =>
    (await ensureHost(dir, { node: process.execPath, entry: HOST_ENTRY })).pid
  let hostPid = start ? await startHost() : -1
  const clients: HostClient[] = []
  let isClosed = false
  const recording = (session: string): string => path.join(dir, `${session.replaceAll('/', '-')}.cast`)
  const town: TestTown = {
    dir,
    id,
    get hostPid() {
      return hostPid
    },
    async restartHost() {
      hostPid = await startHost()
    },
    async connect(options = {}) {
      const client = await connectHost(dir, { townId: id, ...options })
      clients.push(client)
      return client
    },
    spec(session, command, env = {}) {
      return {
        id: session,
        command,
        cwd: dir,
        env: {
          PATH: process.env.PATH ?? '',
          HOME: dir,
          TERM: 'xterm-256color',
          GT_TOWN_ID: id,
          GT_SESSION: session,
          ...env,
        },
        columns: 100,
        rows: 30,
        recording: recording(session),
      }
    },
    recorded: (session) =>
      readCast(recording(session))
        .events.filter(([, kind]) => kind === 'o')
        .map(([, , data]) => data)
        .join(''),
    async close() {
      if (isClosed) return
      isClosed = true
      for (const client of clients) client.close()
      try {
        const last = await connectHost(dir)
        await last.shutdown({ force: true, graceMs: 100 })
      } catch {
        // The test ended the host itself.
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
  // What a failed test left open.
  atFileEnd(town.close)
  return town
}

export function readCast(file: string): {
  header: { version: number; width: number; height: number }
  events: [number, string, string][]
} {
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  return { header: JSON.parse(head ?? ''), events: lines.map((line) => JSON.parse(line)) }
}

/** Resolves with the ending of a session that was started before. */
export async function endingOf(client: HostClient, id: string): Promise<SessionEnding> {
  const told = new Promise<SessionEnding>((resolve) => {
    const unlisten = client.onEnding((ended, ending) => {
      if (ended !== id) return
      unlisten()
      resolve(ending)
    })
  })
  const known = (await client.list()).find((session) => session.id === id)?.ending
  return known ?? told
}

/** Looks again every few ms until `probe` answers something, at most 10 s. */
export async function eventually<T>(probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error('it did not happen within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
