// Lines of JSON over a socket, in both directions.

import type { Socket } from 'node:net'
import { LINE_BYTES_MAX } from './protocol.ts'

/** Calls `onLine` for each complete line. A line that is too long ends the connection. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  const pieces: string[] = []
  let length = 0
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => {
    let from = 0
    for (let end = data.indexOf('\n'); end >= 0; end = data.indexOf('\n', from)) {
      pieces.push(data.slice(from, end))
      const line = pieces.join('')
      pieces.length = 0
      length = 0
      from = end + 1
      onLine(line)
      if (socket.destroyed) return
    }
    if (from === data.length) return
    pieces.push(data.slice(from))
    length += data.length - from
    if (length > LINE_BYTES_MAX) socket.destroy()
  })
}

export function sendLine(socket: Socket, value: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`)
}
