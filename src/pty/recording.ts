// The recording of a terminal: an asciicast v2 file that grows as output comes.
//
// Always: a line is in the file before anybody is told what it shows, and the file can be played at any moment,
//         whatever killed us. Above 64 MB, or when the disk is full, it ends with a marker that says so.
// Does not: record what is typed; people type secrets.

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { Size } from './protocol.ts'

export type Recording = {
  output(data: string): void
  resize(size: Size): void
  close(): void
}

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

  const append = (value: unknown): void => {
    if (descriptor === null) return
    const line = Buffer.from(`${JSON.stringify(value)}\n`)
    for (let offset = 0; offset < line.length; ) offset += writeSync(descriptor, line, offset)
    bytes += line.length
  }
  const event = (kind: 'o' | 'r' | 'm', data: string): void => {
    if (descriptor === null) return
    const seconds = Math.round((performance.now() - start) * 1000) / 1e6
    try {
      append([seconds, kind, data])
      if (bytes > bytesMax) {
        append([seconds, 'm', `recording stopped after ${bytesMax} bytes`])
        close()
      }
    } catch {
      // The disk is full or failing. The session is worth more than its recording.
      close()
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
