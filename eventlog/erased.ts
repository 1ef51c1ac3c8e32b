// The line of an erased entry: what is left of it, and the digest of what it was.
//
// Owns:      the mark. The last key of such a line is `erased`, and its value the digest of the line that was first
//            written, which the chain goes on using (rule L16).
// Does not:  decide what is erased, nor write it (level/erase.ts).
// Always:    the digest of the line as it is now stands in a later entry: that one tells who erased it.

import { hash } from 'node:crypto'
import { bodyOf } from './line.ts'
import type { Entry, ErasedEntry } from './types.ts'

const MARK = ',"erased":"'
const DIGEST = /^[0-9a-f]{64}$/
/** The mark, the digest, a quotation mark and the brace that ends the line. */
const MARK_CHARS = MARK.length + 64 + 2

/**
 * The digest of what was first written, if this entry was erased. Quotation marks inside of strings are escaped and the last
 * brace ends the entry, so nothing but its own last key looks like this.
 */
export function erasedDigest(line: string): string | undefined {
  const at = line.length - MARK_CHARS
  if (at < 0 || !line.endsWith('"}') || !line.startsWith(MARK, at)) return undefined
  const digest = line.slice(at + MARK.length, -2)
  return DIGEST.test(digest) ? digest : undefined
}

/** SHA-256 of the line as it is. */
export const digestOfLine = (line: string): string => hash('sha256', line, 'hex')

/** The line that stands in the place of `line`, with `entry` in it. One that was erased before keeps its first digest. */
export function erasedLine(seq: number, line: string, entry: Entry): string {
  const { seq: _seq, erased: _erased, ...left } = entry
  const digest = erasedDigest(line) ?? digestOfLine(line)
  return `{"seq":${seq},${bodyOf({ ...left, erased: digest }).slice(1)}`
}

/** Finds erased entries, and who tells of them, in a log that is read in order. */
export class ErasedEntries {
  readonly #found = new Map<number, number | null>()
  readonly #untold = new Map<string, number>()

  line(seq: number, line: string): void {
    if (this.#untold.size > 0) {
      for (const [, digest = ''] of line.matchAll(/"([0-9a-f]{64})"/g)) {
        const erased = this.#untold.get(digest)
        if (erased === undefined) continue
        this.#found.set(erased, seq)
        this.#untold.delete(digest)
      }
    }
    if (erasedDigest(line) === undefined) return
    this.#found.set(seq, null)
    this.#untold.set(digestOfLine(line), seq)
  }

  /** What another reader of the same log has found. */
  add(found: readonly ErasedEntry[]): void {
    for (const { seq, by } of found) this.#found.set(seq, by)
  }

  /** Absent from a report when there are none. */
  report(): { readonly erased?: readonly ErasedEntry[] } {
    if (this.#found.size === 0) return {}
    return { erased: [...this.#found].map(([seq, by]) => ({ seq, by })) }
  }
}
