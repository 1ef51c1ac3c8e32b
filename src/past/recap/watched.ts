// Watched time: the time that passed while a daemon was there to see it.
//
// Always: a night's watched time is the sum of its parts, wherever it is cut; time in which no daemon ran is in none.

import type { LogRecord } from '../../events/record.ts'

/** From `from` (ISO) on. `pass` gives the ms that were watched since the record before. */
export function watchedSince(from: string): { pass(record: LogRecord): number; until(iso: string): number } {
  let last = Date.parse(from)
  const since = (iso: string, unwatched: number): number => {
    const now = Date.parse(iso)
    const passed = Math.max(0, now - last - unwatched)
    last = Math.max(last, now)
    return passed
  }
  return {
    pass: (record) => since(record.at, downIn(record)),
    until: (iso) => since(iso, 0),
  }
}

/** How long before this record nobody was there, ms. */
export function downIn({ facts }: LogRecord): number {
  for (const { type, downMs, sleptMs } of facts) {
    if (type === 'TownStarted') return Number(downMs)
    if (type === 'TownWoke') return Number(sleptMs)
  }
  return 0
}
