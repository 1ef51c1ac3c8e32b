// The pace of sessions: one that asks too often waits on its own socket, and nobody else does.
//
// Owns:      a bucket of requests for each session that spoke lately.
// Always:    a person is never slowed, and a slow session is served in the order in which it asked.

import type { Clock } from '../ports/clock.ts'
import { Fault } from './fault.ts'
import type { Caller } from './town.ts'

/** Requests a session may make at once; an agent's start and its end take about five. */
const BURST = 30
/** Between one request and the next beyond that, ms. A loop of `gt hook` costs a tenth of a core so. */
const INTERVAL_MS = 100
/** Requests of one session that may wait. More would only wait longer. */
const WAITING_MAX = 100

/** No bucket is further from being full than this. */
const LONGEST_MS = (BURST + WAITING_MAX + 1) * INTERVAL_MS

/** Resolves when the caller may be served. @throws {Fault} TOWN_BUSY */
export type Pace = (caller: Caller) => Promise<void>

export function createPace(clock: Clock): Pace {
  /** When a session's bucket is full again, ms since the epoch. */
  const fullAt = new Map<string, number>()
  return async (caller) => {
    if (caller.kind !== 'session') return
    const now = clock.now()
    // A clock that went back by hours keeps nobody waiting for hours.
    const from = Math.min(Math.max(now, fullAt.get(caller.session) ?? now), now + LONGEST_MS)
    const wait = from - now - (BURST - 1) * INTERVAL_MS
    if (wait > WAITING_MAX * INTERVAL_MS) {
      fullAt.set(caller.session, from)
      throw new Fault('TOWN_BUSY', `${caller.agent} asks too often; it may ask again in 10 s.`)
    }
    for (const [session, full] of fullAt) if (full <= now) fullAt.delete(session)
    fullAt.set(caller.session, from + INTERVAL_MS)
    if (wait > 0) await new Promise<void>((resolve) => clock.after(wait, resolve))
  }
}
