// How many events an agent may post: each is a record for ever, so a program that never stops must not fill the log.
//
// Owns:      a bucket of events for each session that posted lately, and how many were too many.
// Always:    what is too much is refused at once, before it is decided, and costs its sender alone; other things that the
//            same agent says (`gt done`, say) are not counted here.

import type { Clock } from '../ports/clock.ts'
import type { System } from '../system/types.ts'
import type { SessionCaller } from './callers.ts'
import { Fault } from './fault.ts'
import type { TownHandle, Trouble } from './town.ts'

/** Events that a session may post at once: an hour of lively progress. */
const BURST = 120
/** Between one event and the next beyond that, ms. */
const INTERVAL_MS = 5_000

/** @throws {Fault} EVENTS_TOO_MANY */
export type EventQuota = (caller: SessionCaller) => void

export function createEventQuota(clock: Clock, system: System): EventQuota {
  /** When a session's bucket is full again, ms since the epoch. */
  const fullAt = new Map<string, number>()
  return ({ session, agent }) => {
    const now = clock.now()
    // After a clock that went back nobody waits longer than a bucket takes to fill.
    const from = Math.min(Math.max(now, fullAt.get(session) ?? now), now + BURST * INTERVAL_MS)
    if (from - now > (BURST - 1) * INTERVAL_MS) {
      fullAt.set(session, from)
      count(system, agent, now)
      throw new Fault(
        'EVENTS_TOO_MANY',
        `${agent} has posted ${BURST} events and may post one more every ${INTERVAL_MS / 1_000} s.`,
      )
    }
    if (fullAt.size > 1_000) for (const [one, full] of fullAt) if (full <= now) fullAt.delete(one)
    fullAt.set(session, from + INTERVAL_MS)
  }
}

type Refused = { count: number; agent: string; at: string }
const refusedOf = new WeakMap<System, Refused>()

function count(system: System, agent: string, now: number): void {
  const before = refusedOf.get(system)?.count ?? 0
  refusedOf.set(system, { count: before + 1, agent, at: new Date(now).toISOString() })
}

/** Says how many events were too many since the town is up, and whose the last one was; nothing when none was. */
export function eventsRefused({ system }: TownHandle): Trouble[] {
  const refused = refusedOf.get(system)
  if (refused === undefined) return []
  const message = `${refused.count} events were too many and were refused, the last one of ${refused.agent}.`
  return [{ at: refused.at, code: 'EVENTS_TOO_MANY', message }]
}
