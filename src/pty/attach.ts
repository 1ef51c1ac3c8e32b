// A person's terminal, connected to a session: what `gt attach` does.
//
// Owns:   the person's terminal while attached (raw mode, alternate screen, size), and giving it back as it was in
//         every case: detach, end of the session, a host that dies, a signal, an error.
// Always: Ctrl-\ leaves, the session goes on. With `watch` nothing that is typed reaches the session, and its
//         size stays its own; how it is shown then says watching.ts.
// Crosses: what is shown has passed the host's viewer filter; the session cannot act on the person's terminal.

import { StringDecoder } from 'node:string_decoder'
import type { ReadStream, WriteStream } from 'node:tty'
import type { SessionEnding } from '../ports/terminals.ts'
import { connectHost, type HostClient } from './host-client.ts'
import type { Size } from './protocol.ts'
import { type Watching, watchSession } from './watching.ts'

export type AttachTerminalOptions = {
  readonly townDir: string
  readonly id: string
  /** Only look: no input, no resize. */
  readonly watch: boolean
  readonly input: ReadStream
  readonly output: WriteStream
  /** The character that leaves; Ctrl-\ (0x1c) when absent. */
  readonly detachKey?: string
}

export type AttachResult =
  | { readonly kind: 'detached' }
  | { readonly kind: 'ended'; readonly ending: SessionEnding }
  /** The host closed the connection. */
  | { readonly kind: 'hostGone' }

const DETACH_KEY = '\x1c'

/**
 * Shows a session until the person leaves it or it ends. An ended one is printed once, as text.
 * Rejects with SESSION_UNKNOWN, HOST_GONE or HOST_REFUSED, with the terminal untouched.
 */
export async function attachTerminal(options: AttachTerminalOptions): Promise<AttachResult> {
  const { townDir, id, watch, input, output } = options
  const { promise: over, resolve: finish } = Promise.withResolvers<AttachResult>()
  const host = await connectHost(townDir, { client: 'viewer', onGone: () => finish({ kind: 'hostGone' }) })
  try {
    const found = (await host.list()).find((session) => session.id === id)
    if (found === undefined || found.ending !== null) {
      // An unknown session is refused here, by the host's own words.
      output.write(`${await host.peek(id, output.rows ?? 24)}\n`)
      if (found?.ending != null) return { kind: 'ended', ending: found.ending }
    }
    const giveBack = takeTerminal(input, output)
    try {
      host.onEnding((_, ending) => finish({ kind: 'ended', ending }))
      const watching = watch ? watchSession(host, id, output, () => sizeOf(output)) : null
      const { ending } = await (watching?.show() ??
        host.attach(id, { watch, size: sizeOf(output), onOutput: (data) => output.write(data) }))
      if (ending !== null) return { kind: 'ended', ending }
      const disconnect = connectKeys(host, options, watching, () => finish({ kind: 'detached' }))
      try {
        return await over
      } finally {
        disconnect()
        watching?.stop()
      }
    } finally {
      giveBack()
    }
  } finally {
    host.close()
  }
}

/** Undoes whatever a program may have switched on: mouse, paste and focus reports, keypad, cursor, colours. */
export const RESET =
  '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?2026l' +
  '\x1b[?1l\x1b>\x1b[>4m\x1b[r\x1b[?7h\x1b[?25h\x1b[0 q\x1b[0m\x1b(B\x0f'

/** Raw mode and the alternate screen. Returns what gives the terminal back; calling that twice does no harm. */
function takeTerminal(input: ReadStream, output: WriteStream): () => void {
  const wasRaw = input.isRaw
  const give = (): void => {
    process.off('exit', give)
    for (const signal of LAST_SIGNALS) process.off(signal, giveAndDie)
    output.off('error', ignore)
    if (input.isTTY && input.isRaw !== wasRaw) input.setRawMode(wasRaw)
    input.pause()
    if (output.isTTY) output.write(`${RESET}\x1b[2J\x1b[?1049l`)
  }
  const giveAndDie = (signal: NodeJS.Signals): void => {
    give()
    process.kill(process.pid, signal)
  }
  process.on('exit', give)
  for (const signal of LAST_SIGNALS) process.on(signal, giveAndDie)
  // A terminal that is gone cannot be written to; the hang-up says the same.
  output.on('error', ignore)
  if (input.isTTY) input.setRawMode(true)
  if (output.isTTY) output.write('\x1b[?1049h\x1b[H\x1b[2J')
  return give
}

const LAST_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT'] as const

function ignore(): void {}

/** Passes on keys and size. Returns what stops that. */
function connectKeys(
  host: HostClient,
  options: AttachTerminalOptions,
  watching: Watching | null,
  leave: () => void,
): () => void {
  const { id, watch, input, output, detachKey = DETACH_KEY } = options
  const leaving = [detachKey, ...encodedKeys(detachKey)]
  const decoder = new StringDecoder('utf8')
  const onData = (bytes: Buffer | string): void => {
    const data = typeof bytes === 'string' ? bytes : decoder.write(bytes)
    const at = leaving.map((key) => data.indexOf(key)).filter((index) => index >= 0)
    const typed = at.length === 0 ? data : data.slice(0, Math.min(...at))
    // A program that reads nothing any more: the bell says that the key was not taken.
    if (!watch && typed !== '') host.write(id, typed).catch(() => output.write('\x07'))
    if (at.length > 0) leave()
  }
  const onResize = (): void => {
    const size = sizeOf(output)
    if (watching !== null) watching.show().catch(ignore)
    else if (size !== null) host.resize(id, size).catch(ignore)
  }
  input.on('data', onData)
  input.on('end', leave)
  output.on('resize', onResize)
  input.resume()
  return () => {
    input.off('data', onData)
    input.off('end', leave)
    output.off('resize', onResize)
  }
}

/** How terminals send Ctrl with a key when a program asked for unambiguous keys. */
function encodedKeys(key: string): string[] {
  const code = key.charCodeAt(0)
  if (key.length !== 1 || code === 0 || code > 0x1f) return []
  const plain = code <= 26 ? code + 0x60 : code + 0x40
  return [`\x1b[27;5;${plain}~`, `\x1b[${plain};5u`]
}

function sizeOf(output: WriteStream): Size | null {
  const { columns, rows } = output
  return output.isTTY && columns > 0 && rows > 0 ? { columns, rows } : null
}
