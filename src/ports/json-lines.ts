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

type Bound = {
  /** Longest line in characters; a longer one destroys the socket with an error. */
  readonly charsMax?: number
}

/** Calls `onMessage` with each line's value. A line that is not JSON destroys the socket with an error. */
export function jsonLines(socket: Duplex, onMessage: (message: unknown) => void, bound: Bound = {}): void {
  textLines(
    socket,
    (line) => {
      if (line !== '') onMessage(JSON.parse(line))
    },
    bound,
  )
}

/** Calls `onLine` for each complete line. An exception of `onLine` destroys the socket with it. */
export function textLines(
  socket: Duplex,
  onLine: (line: string) => void,
  { charsMax = LINE_CHARS_MAX }: Bound = {},
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
        if (line.length > charsMax) throw new Error(`A line is longer than ${charsMax} characters.`)
        onLine(line)
        if (socket.destroyed) return
      }
      if (text !== '') {
        pieces.push(text)
        length += text.length
        if (length > charsMax) throw new Error(`A line is longer than ${charsMax} characters.`)
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
