// How long an append id is remembered (rule L5).
//
// Owns:      the window, and its two defaults.
// Does not:  keep ids.

import type { LogOptions } from './types.ts'

const WEEK_MS = 7 * 24 * 60 * 60 * 1000
const ENTRIES = 1_000_000

export class IdWindow {
  readonly #ms: number
  readonly #entries: number

  constructor(options: Pick<LogOptions, 'idWindowMs' | 'idWindowEntries'>) {
    this.#ms = options.idWindowMs ?? WEEK_MS
    this.#entries = options.idWindowEntries ?? ENTRIES
  }

  /** True while an id written at `first` and `at` (ms) is remembered by a log that ends at `head`. */
  holds(written: { readonly first: number; readonly at: number }, head: number, now: number): boolean {
    return now - written.at < this.#ms && head - written.first < this.#entries
  }
}
