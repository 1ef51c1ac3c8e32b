// Taking texts out of the files of a town besides its log: recordings, notes of sessions, diaries.
//
// Always:    a file is replaced whole; killed at any instant it is the old one or the new one.

import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ERASED } from '../../events/record.ts'

/** What is larger is looked through, and never rewritten. */
const REWRITTEN_BYTES_MAX = 256 * 1024 * 1024

/** Regular files below a folder; links are not followed, and folders called like `without` are left out. */
export function* filesBelow(folder: string, without: ReadonlySet<string>): Generator<string> {
  let entries: import('node:fs').Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !without.has(entry.name)) yield* filesBelow(path, without)
    else if (entry.isFile()) yield path
  }
}

/** As it stands in a text, and as JSON writes it. */
const writtenAs = (text: string): readonly string[] => [...new Set([text, JSON.stringify(text).slice(1, -1)])]

export function holds(path: string, texts: readonly string[]): boolean {
  try {
    if (statSync(path).size > REWRITTEN_BYTES_MAX) return false
    const bytes = readFileSync(path)
    return texts.some((text) => writtenAs(text).some((written) => bytes.includes(written)))
  } catch {
    return false
  }
}

/** True when there was something to take out. */
export function takeOut(path: string, texts: readonly string[]): boolean {
  const { size, mode } = statSync(path)
  if (size > REWRITTEN_BYTES_MAX) return false
  const before = readFileSync(path)
  const isCast = basename(path).endsWith('.cast')
  const after = isCast ? castWithout(before, texts) : bytesWithout(before, texts)
  if (after.equals(before)) return false
  const draft = `${path}.erasing`
  writeFileSync(draft, after, { mode: mode & 0o777, flush: true })
  renameSync(draft, path)
  return true
}

function bytesWithout(bytes: Buffer, texts: readonly string[]): Buffer {
  // Every byte comes back: latin1 is one to one.
  let left = bytes.toString('latin1')
  for (const text of texts)
    for (const written of writtenAs(text))
      left = left.replaceAll(Buffer.from(written).toString('latin1'), ERASED)
  return Buffer.from(left, 'latin1')
}

/** A terminal may have shown a text in several pieces: they are looked at as one. */
function castWithout(bytes: Buffer, texts: readonly string[]): Buffer {
  const lines = bytesWithout(bytes, texts).toString('utf8').split('\n')
  const outputs: { readonly n: number; readonly event: [number, string, string] }[] = []
  for (const [n, line] of lines.entries()) {
    if (!line.startsWith('[')) continue
    try {
      const event = JSON.parse(line) as [number, string, string]
      if (event[1] === 'o' && typeof event[2] === 'string') outputs.push({ n, event })
    } catch {
      // The last line of a recording that was cut.
    }
  }
  let shown = outputs.map(({ event }) => event[2]).join('')
  for (const text of texts) {
    for (let at = shown.indexOf(text); at >= 0; at = shown.indexOf(text, at)) {
      // As long as what it stands for, so that every piece keeps its place.
      shown = `${shown.slice(0, at)}${ERASED.padEnd(text.length, '.').slice(0, text.length)}${shown.slice(at + text.length)}`
    }
  }
  let from = 0
  for (const { n, event } of outputs) {
    const piece = shown.slice(from, from + event[2].length)
    from += event[2].length
    if (piece !== event[2]) lines[n] = JSON.stringify([event[0], event[1], piece])
  }
  return Buffer.from(lines.join('\n'))
}
