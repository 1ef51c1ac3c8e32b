// An entry's line: the one text that is digested, kept, exported and read back.
//
// Owns:      how an entry becomes a line, and how large it may be.
// Does not:  parse lines back; whoever reads an entry parses its line.
// Always:    `seq` is the first key, and a line holds no newline (JSON escapes it).

import { type Entry, LogError } from './types.ts'

/** Entries above this belong beside the log, kept by digest: larger ones make commits and start-up slow. */
export const ENTRY_BYTES_ADVISED = 64 * 1024

/** Entries above this are refused. */
export const ENTRY_BYTES_MAX = 1024 * 1024

/** @throws {LogError} ENTRY_INVALID, ENTRY_TOO_LARGE */
export function lineOf(seq: number, entry: Entry): string {
  if (typeof entry === 'object' && entry !== null && Object.hasOwn(entry, 'seq')) {
    throw new LogError('ENTRY_INVALID', 'An entry must not have a key "seq": the log gives it.')
  }
  const body = bodyOf(entry)
  const line = body === '{}' ? `{"seq":${seq}}` : `{"seq":${seq},${body.slice(1)}`
  // A UTF-16 unit takes at most 3 bytes: most lines are passed without counting.
  if (line.length * 3 > ENTRY_BYTES_MAX) {
    const bytes = Buffer.byteLength(line)
    if (bytes > ENTRY_BYTES_MAX) {
      throw new LogError(
        'ENTRY_TOO_LARGE',
        `An entry has ${bytes} bytes, and ${ENTRY_BYTES_MAX} is the most; keep the text beside the log and its digest in the entry.`,
        { details: { bytes, bytesMax: ENTRY_BYTES_MAX } },
      )
    }
  }
  return line
}

/** True when the line says that it is the entry `seq`. */
export function lineHasSeq(line: string, seq: number): boolean {
  const start = `{"seq":${seq}`
  const next = line[start.length]
  return line.startsWith(start) && (next === ',' || next === '}')
}

/** An entry as JSON. @throws {LogError} ENTRY_INVALID */
export function bodyOf(entry: Entry): string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new LogError('ENTRY_INVALID', 'An entry must be a JSON object.')
  }
  let body: string | undefined
  try {
    body = JSON.stringify(entry)
  } catch (cause) {
    throw new LogError('ENTRY_INVALID', 'An entry cannot be written as JSON.', { cause })
  }
  if (body === undefined || !body.startsWith('{')) {
    throw new LogError('ENTRY_INVALID', 'An entry must be a JSON object.')
  }
  return body
}
