// One JSON value a line over a socket: the framing between our own processes (daemon, host, worker).
//
// Owns:      cutting a byte stream into lines, with a bound; writing one value as one line.
// Does not:  know any message; authenticate; reconnect.
// Crosses:   `onMessage` with a parsed value; the socket is destroyed on a line that is too long or is no JSON.

import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/**
 * Longest line in characters. A checkout's dirty list or a log tail is a few KB, a screen replay up to 1 MB;
 * lower would cut real answers, higher lets a broken peer fill the memory.
 */
const LINE_CHARS_MAX = 8 * 1024 * 1024

/**
 * Calls `onMessage` for each line. A line over `maxBytes` (counted in characters) or one that is not JSON destroys
 * the socket with an error; so does an exception of `onMessage`.
 */
export function jsonLines(
  socket: Duplex,
  onMessage: (message: unknown) => void,
  { maxBytes = LINE_CHARS_MAX }: { readonly maxBytes?: number } = {},
): void {
  const decoder = new StringDecoder('utf8')
  // Pieces are joined only when their line ends: joining on every chunk is quadratic for long lines.
  let pieces: string[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    let text = decoder.write(chunk)
    try {
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const line = pieces.join('') + text.slice(0, end)
        pieces = []
        length = 0
        text = text.slice(end + 1)
        if (line.length > maxBytes) throw new Error(`A line is longer than ${maxBytes} characters.`)
        if (line !== '') onMessage(JSON.parse(line))
        if (socket.destroyed) return
      }
      if (text !== '') {
        pieces.push(text)
        length += text.length
        if (length > maxBytes) throw new Error(`A line is longer than ${maxBytes} characters.`)
      }
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

/** Writes one value as one line; false when the socket's buffer is full or it is closed. */
export function send(socket: Duplex, message: unknown): boolean {
  if (socket.destroyed || socket.writableEnded) return false
  return socket.write(`${JSON.stringify(message)}\n`)
}
