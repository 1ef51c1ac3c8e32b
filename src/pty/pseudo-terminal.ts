// One program in one pseudo-terminal. The only file that knows node-pty.
//
// Owns:   the descriptors of the terminal, its output until the last byte, its input, its exit.
// Does not: interpret what is shown (screen.ts), keep it (recording.ts), or end processes (end-processes.ts).
//
//   - All output is handed on before the exit is. node-pty alone loses the end of it: its reader takes a short
//     read next to a hang-up for the end. So the other end of the terminal is held open here, and closed only
//     when the program is gone and the terminal has been read until it is empty.
//   - Nothing is written to the descriptor after the program is gone. node-pty writes through the number of the
//     descriptor, which by then may be another file's; its write side is not used.
//   - A child gets descriptors 0, 1 and 2. The prebuilt node-pty marks the others close-on-exec in rising order
//     and stops at the first gap, so the gaps are filled while it forks.

import { closeSync, constants, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { constants as system } from 'node:os'
import type { ReadStream } from 'node:tty'
import { type IPty, spawn } from 'node-pty'
import { processes } from './processes.ts'

export type PseudoTerminal = {
  readonly pid: number
  /** Queues input. Answers false, and takes nothing, when the program is gone or the queue is full. */
  write(data: string): boolean
  resize(columns: number, rows: number): void
  /** Stops reading, so that the program waits; output that it has left when it ends is read all the same. */
  pause(): void
  resume(): void
}

export type PseudoTerminalOptions = {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly columns: number
  readonly rows: number
  readonly onOutput: (bytes: Buffer) => void
  /** Called once, after the last output. `signal` is a name such as SIGKILL, or null. */
  readonly onExit: (exitCode: number, signal: string | null) => void
}

/** Bytes of input that may wait for a program that does not read. */
const INPUT_BYTES_MAX = 1024 * 1024
/** Bytes written at once: what a terminal line in cooked mode can hold is four times as much. */
const INPUT_CHUNK_BYTES = 1024
/** For how long a program that was seen to live counts as living, in ms. */
const ALIVE_MS = 100
/** Bytes read after the program is gone, against children of it that go on printing. */
const DRAIN_BYTES_MAX = 8 * 1024 * 1024

/** Throws when the system has no terminal or no process left. */
export function openPseudoTerminal(options: PseudoTerminalOptions): PseudoTerminal {
  watchExits()
  const pty = withoutGaps(() => spawnPty(options))
  const slave = openSync(pty.ptsName, constants.O_RDWR | constants.O_NOCTTY)
  let state: 'running' | 'draining' | 'gone' = 'running'
  const input: Buffer[] = []
  let inputBytes = 0
  let retry: NodeJS.Timeout | undefined
  let retryMs = 1
  let aliveAt = performance.now()

  const flush = (): void => {
    retry = undefined
    // Checked before the writes, which end before anything else can run: node-pty closes the descriptor at the
    // earliest 200 ms after the program is gone, or when we close the other end, which we do only in `gone`.
    const now = performance.now()
    if (state === 'running' && now - aliveAt > ALIVE_MS && processes.identify(pty.pid) !== null) aliveAt = now
    if (state !== 'running' || now - aliveAt > ALIVE_MS) {
      dropInput()
      return
    }
    while (input.length > 0) {
      const [head] = input
      if (head === undefined) return
      let written = 0
      try {
        written = writeSync(pty.fd, head, 0, Math.min(head.length, INPUT_CHUNK_BYTES))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          dropInput()
          return
        }
      }
      inputBytes -= written
      if (written === head.length) input.shift()
      else input[0] = head.subarray(written)
      if (written === 0) {
        retry = setTimeout(flush, retryMs)
        retryMs = Math.min(retryMs * 2, 100)
        return
      }
      retryMs = 1
    }
  }
  const dropInput = (): void => {
    clearTimeout(retry)
    input.length = 0
    inputBytes = 0
  }

  const drain = (): void => {
    const chunk = Buffer.allocUnsafe(64 * 1024)
    for (let total = 0; total < DRAIN_BYTES_MAX; ) {
      let length = 0
      try {
        length = readSync(pty.fd, chunk)
      } catch {
        // EAGAIN: empty. EIO: every other end is closed.
      }
      if (length === 0) break
      total += length
      options.onOutput(Buffer.from(chunk.subarray(0, length)))
    }
  }

  const programGone = (): void => {
    if (state !== 'running') return
    state = 'draining'
    dropInput()
    // A paused reader may hold one chunk: it comes out first, then what the kernel holds.
    pty.resume()
    setImmediate(finish)
  }
  const finish = (): void => {
    if (state !== 'draining') return
    drain()
    state = 'gone'
    closeSync(slave)
  }

  // Where we are told too late, node-pty closes its end unread. Whatever is there is taken first.
  const socket = pty._socket
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error) => {
    if (state === 'running') {
      state = 'draining'
      dropInput()
    }
    while (state === 'draining' && socket.read() !== null);
    finish()
    return destroy(error)
  }

  watched.set(pty.pid, programGone)
  pty.on('error', () => {})
  pty.onData((data) => options.onOutput(typeof data === 'string' ? Buffer.from(data) : data))
  pty.onExit(({ exitCode, signal }) => {
    watched.delete(pty.pid)
    dropInput()
    if (state !== 'gone') closeSync(slave)
    state = 'gone'
    options.onExit(exitCode, signal ? signalName(signal) : null)
  })

  return {
    pid: pty.pid,
    write(data) {
      const bytes = Buffer.from(data)
      if (state !== 'running' || inputBytes + bytes.length > INPUT_BYTES_MAX) return false
      if (bytes.length === 0) return true
      input.push(bytes)
      inputBytes += bytes.length
      if (retry === undefined && input.length === 1) flush()
      return true
    },
    resize(columns, rows) {
      if (state === 'running') pty.resize(columns, rows)
    },
    pause() {
      if (state === 'running') pty.pause()
    },
    resume() {
      pty.resume()
    },
  }
}

/** What node-pty has on Unix and its types leave out. With `encoding: null` data comes as bytes. */
type UnixPty = Omit<IPty, 'onData'> & {
  readonly fd: number
  readonly ptsName: string
  readonly _socket: ReadStream
  on(event: 'error', listener: (error: Error) => void): void
  onData(listener: (data: string | Buffer) => void): void
}

function spawnPty({ file, args, cwd, env, columns, rows }: PseudoTerminalOptions): UnixPty {
  return spawn(file, [...args], {
    name: env.TERM ?? 'xterm-256color',
    cols: columns,
    rows,
    cwd,
    env: { ...env },
    encoding: null,
  }) as unknown as UnixPty
}

/** Runs `fork` while every descriptor below the highest open one is in use. */
function withoutGaps<T>(fork: () => T): T {
  const plugs: number[] = []
  try {
    const highest = Math.max(2, ...openDescriptors())
    for (let plug = 0; plug < highest; plugs.push(plug)) plug = openSync('/dev/null', 'r')
    return fork()
  } finally {
    for (const plug of plugs) closeSync(plug)
  }
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    // macOS: node-pty starts its children with close-on-exec as the default there.
    return []
  }
}

// node-pty tells of an exit only after it has waited 200 ms for the terminal to close. SIGCHLD comes at once;
// where it is missed, the later way still works.
const watched = new Map<number, () => void>()

/** Called before a fork: a signal that comes before anybody listens is lost. */
function watchExits(): void {
  if (process.listeners('SIGCHLD').includes(checkWatched)) return
  process.on('SIGCHLD', checkWatched)
}

function checkWatched(): void {
  for (const [pid, gone] of watched) if (processes.identify(pid) === null) gone()
}

function signalName(number: number): string {
  const found = Object.entries(system.signals).find(([, value]) => value === number)
  return found?.[0] ?? `SIG${number}`
}
