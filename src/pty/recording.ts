// The recording of a terminal: an asciicast v2 file that grows as output comes.
//
// Always: a line is in the file before anybody is told what it shows, and the file can be played at any moment,
//         whatever killed us. Above 64 MB, or when the disk is full, it ends with a marker that says so.
// Does not: record what is typed; people type secrets.

import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { Size } from './protocol.ts'

export type Recording = {
  output(data: string): void
  resize(size: Size): void
  close(): void
}

/** What a recording that could not be written any more ends with; the reason follows. */
export const STOPPED = 'recording stopped'

/** Lines that are given up for a marker; the shortest have a tenth of its length. */
const GIVEN_UP_MAX = 20

const RECORDING_BYTES_MAX = 64 * 1024 * 1024

/** Creates the file (0600). Throws when that is not possible. */
export function openRecording(
  file: string,
  options: Size & { term: string; startedAt: number; bytesMax?: number },
): Recording {
  const { O_CREAT, O_TRUNC, O_WRONLY, O_NOFOLLOW } = constants
  let descriptor: number | null = openSync(file, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, 0o600)
  const bytesMax = options.bytesMax ?? RECORDING_BYTES_MAX
  const start = performance.now()
  let bytes = 0
  /** Where the last lines begin, newest first: they make room for a marker. */
  const begins: number[] = []

  const append = (value: unknown): void => {
    if (descriptor === null) return
    const line = Buffer.from(`${JSON.stringify(value)}\n`)
    // By position: where a line was taken away again the next one begins.
    for (let offset = 0; offset < line.length; )
      offset += writeSync(descriptor, line, offset, line.length - offset, bytes + offset)
    if (bytes > 0) begins.unshift(bytes)
    if (begins.length > GIVEN_UP_MAX) begins.pop()
    bytes += line.length
  }
  /** Up to whole lines, then the marker; where there is no room for it the last lines are given up. */
  const endWith = (seconds: number, why: string): void => {
    for (const end of [bytes, ...begins]) {
      try {
        if (descriptor !== null) ftruncateSync(descriptor, end)
        bytes = end
        append([seconds, 'm', why])
        return close()
      } catch {
        // Not enough room yet.
      }
    }
    close()
  }
  const event = (kind: 'o' | 'r' | 'm', data: string): void => {
    if (descriptor === null) return
    const seconds = Math.round((performance.now() - start) * 1000) / 1e6
    try {
      append([seconds, kind, data])
      if (bytes > bytesMax) endWith(seconds, `recording stopped after ${bytesMax} bytes`)
    } catch (error) {
      // The disk is full or failing. The session is worth more than its recording.
      endWith(seconds, `${STOPPED}: ${(error as Error).message}`)
    }
  }
  const close = (): void => {
    if (descriptor !== null) closeSync(descriptor)
    descriptor = null
  }

  append({
    version: 2,
    width: options.columns,
    height: options.rows,
    timestamp: Math.floor(options.startedAt / 1000),
    env: { TERM: options.term },
  })
  return {
    output: (data) => event('o', data),
    resize: ({ columns, rows }) => event('r', `${columns}x${rows}`),
    close,
  }
}
