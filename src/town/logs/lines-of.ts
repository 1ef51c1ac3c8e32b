// The lines of a file, as bytes have it.
//
// Always:    a line ends with a newline and nothing else: readline would also cut at U+2028, which JSON leaves as it is.

import { createReadStream } from 'node:fs'
import { TownError } from '../town-error.ts'

/** More than any line of an export has: what is longer is none. */
const LINE_CHARS_MAX = 4 * 1024 * 1024

/** `-` is standard input. @throws {TownError} IMPORT_BROKEN: not UTF-8, or a line without end. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const bytes = file === '-' ? process.stdin : createReadStream(file)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let count = 0
  let rest = ''
  const broken = (why: string): TownError =>
    new TownError('IMPORT_BROKEN', `Line ${count + 1} ${why}; nothing was imported.`, undefined, {
      line: count + 1,
    })
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw broken('or one soon after it is not UTF-8')
    }
  }
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoded(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      yield line
      count += 1
    }
    if (rest.length > LINE_CHARS_MAX) throw broken('has no end')
  }
  rest += decoded()
  if (rest !== '') yield rest
}
