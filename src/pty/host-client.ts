// The other end of the host's socket: terminals and the worker, as the daemon and viewers see them.
//
// Owns:   matching answers to questions, and saying HOST_GONE for what was never answered.
// Does not: start a host (start-host.ts).

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { jsonLines, send } from '../ports/json-lines.ts'
import type { ScreenView } from '../ports/presets.ts'
import { type SessionEnding, TerminalError, type Terminals } from '../ports/terminals.ts'
import { hostFiles } from './host-files.ts'
import {
  type Answer,
  type AttachedInfo,
  type ClientKind,
  type HostEvent,
  type HostInfo,
  LINE_CHARS_MAX,
  type Operation,
  type Operations,
  PROTOCOL,
  type Size,
  type WorkerInfo,
  type WorkerSpec,
} from './protocol.ts'

export type HostClient = Terminals & {
  readonly host: HostInfo
  /** Starts the worker, or answers with the one that runs. */
  startWorker(spec: WorkerSpec): Promise<WorkerInfo>
  /** Ends the worker and everything it started. */
  stopWorker(graceMs: number): Promise<void>
  worker(): Promise<WorkerInfo | null>
  onWorkerEnding(listener: (pid: number, ending: SessionEnding) => void): () => void
  /** Shows a session's screen and then its output to `onOutput`, until `detach` or the end of the connection. */
  attach(id: string, options: AttachOptions): Promise<AttachedInfo>
  detach(id: string): Promise<void>
  resize(id: string, size: Size): Promise<void>
  /** Ends the host. Rejects with HOST_BUSY while something runs, unless `force`, which ends it first. */
  shutdown(options: { force: boolean; graceMs?: number }): Promise<void>
  /** Ends the connection; `onGone` is not called. */
  close(): void
}

export type AttachOptions = {
  readonly watch: boolean
  readonly size: Size | null
  readonly onOutput: (data: string) => void
}

export type ConnectOptions = {
  readonly client?: ClientKind
  /** With it, `stop` also finds what a host that is gone left behind. */
  readonly townId?: string
  /** Called once when the host closes the connection or dies. */
  readonly onGone?: () => void
  /** ms until a silent host counts as gone; 5,000 when absent. */
  readonly timeoutMs?: number
}

/** Rejects with HOST_GONE when nobody answers, HOST_REFUSED when the host does not accept us. */
export async function connectHost(townDir: string, options: ConnectOptions = {}): Promise<HostClient> {
  const files = hostFiles(townDir)
  const { client = 'daemon', townId = null, timeoutMs = 5000 } = options
  let key: string
  try {
    key = readFileSync(files.key, 'utf8').trim()
  } catch (error) {
    throw gone('the town has no terminal host', error)
  }
  const socket = await open(files.socket)
  const wire = converse(socket)
  const silence = setTimeout(() => socket.destroy(), timeoutMs)
  let host: HostInfo
  try {
    host = await wire.ask('hello', { protocol: PROTOCOL, key, client })
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(silence)
  }
  wire.onClose(() => options.onGone?.())
  const { ask } = wire
  const shown = new Map<string, () => void>()
  let watching = false
  return {
    host,
    start: (spec) => ask('start', { spec }),
    list: () => ask('list', {}),
    stop: async (id, graceMs) => void (await ask('stop', { id, graceMs, townId })),
    forget: async (id) => void (await ask('forget', { id })),
    peek: (id, lines) => ask('peek', { id, lines }),
    screen: async (id) =>
      host.protocol < 2 ? asScreen(await ask('peek', { id, lines: 50 })) : ask('screen', { id }),
    onQuiet(listener) {
      if (host.protocol < 2) return () => {}
      if (!watching) ask('watch', {}).catch(() => {})
      watching = true
      return wire.onEvent((event) => {
        if (event.event === 'quiet') listener(event.id, event.screen)
      })
    },
    onEnding: (listener) =>
      wire.onEvent((event) => {
        if (event.event === 'ending') listener(event.id, event.ending)
      }),
    startWorker: (spec) => ask('worker.start', { spec }),
    stopWorker: async (graceMs) => void (await ask('worker.stop', { graceMs })),
    worker: () => ask('worker.status', {}),
    onWorkerEnding: (listener) =>
      wire.onEvent((event) => {
        if (event.event === 'workerEnding') listener(event.pid, event.ending)
      }),
    async attach(id, { watch, size, onOutput }) {
      shown.get(id)?.()
      const unlisten = wire.onEvent((event) => {
        if (event.event === 'output' && event.id === id) onOutput(event.data)
      })
      shown.set(id, unlisten)
      try {
        return await ask('attach', { id, watch, size })
      } catch (error) {
        unlisten()
        throw error
      }
    },
    async detach(id) {
      shown.get(id)?.()
      shown.delete(id)
      await ask('detach', { id })
    },
    write: async (id, data) => void (await ask('write', { id, data })),
    resize: async (id, size) => void (await ask('resize', { id, size })),
    shutdown: async ({ force, graceMs = 2000 }) => void (await ask('shutdown', { force, graceMs })),
    close: () => wire.close(),
  }
}

/** What a host of protocol 1 can say about a screen. */
function asScreen(peeked: string): ScreenView {
  const lines = peeked.split('\n').map((text) => ({ text, typed: text }))
  const columns = Math.max(1, ...lines.map(({ text }) => text.length))
  return { columns, rows: lines.length, lines, cursor: { column: 0, row: lines.length - 1 }, title: '' }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) => reject(gone('the terminal host does not answer', error)))
  })
}

type Waiting = {
  resolve: (ok: Operations[Operation]['answer']) => void
  reject: (error: TerminalError) => void
}

function converse(socket: Socket) {
  const waiting = new Map<number, Waiting>()
  const listeners = new Set<(event: HostEvent) => void>()
  let onClose = (): void => {}
  let refusal: TerminalError | null = null
  let next = 1

  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    const error = refusal ?? gone('the terminal host closed the connection before it answered')
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    onClose()
  })
  const take = (message: Answer | HostEvent): void => {
    if ('event' in message) {
      for (const listener of [...listeners]) listener(message)
      return
    }
    const found = waiting.get(message.n)
    waiting.delete(message.n)
    if ('ok' in message) {
      found?.resolve(message.ok)
      return
    }
    const error = new TerminalError(message.error.code, message.error.message)
    // A line that the host could not read is answered without its number, then the host hangs up.
    if (found === undefined) refusal = error
    else found.reject(error)
  }
  // The host is ours and knows the key: its lines have the shape of the protocol.
  jsonLines(socket, (message) => take(message as Answer | HostEvent), { charsMax: LINE_CHARS_MAX })

  return {
    ask<O extends Operation>(op: O, with_: Operations[O]['ask']): Promise<Operations[O]['answer']> {
      return new Promise<Operations[Operation]['answer']>((resolve, reject) => {
        if (!socket.writable) return reject(gone('the connection to the terminal host is closed'))
        const n = next++
        waiting.set(n, { resolve, reject })
        send(socket, { n, op, ...with_ })
      }) as Promise<Operations[O]['answer']>
    },
    onEvent(listener: (event: HostEvent) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose(listener: () => void): void {
      onClose = listener
    },
    close(): void {
      onClose = () => {}
      socket.destroy()
    },
  }
}

function gone(message: string, cause?: unknown): TerminalError {
  return new TerminalError('HOST_GONE', message, cause)
}
