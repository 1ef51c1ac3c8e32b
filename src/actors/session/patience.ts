// How long an agent may give no sign where it stands. Pure.
//
// Owns:      the table of patience, and the reckoning of a timer that no sign re-arms.
// Does not:  keep anything, or say what is done about a stall (the Witness does).
// Always:    times of records are compared only where a jump of the clock can make a stall later, never sooner.

import type { SessionRole } from '../../events/address.ts'
import type { Patience, StallKind } from '../../events/health.ts'
import type { Standing } from '../../events/hearing.ts'
import { restsBeside } from './standing.ts'

/** After the time at which a limit should be over, ms. */
const AFTER_LIMIT_MS = 60_000
/** Of a limit of which nobody knows the end, ms. */
const LIMIT_MS = 15 * 60_000
/** The longest that is waited for a limit to end, ms: a week, and what comes with it. */
const LIMIT_MS_MAX = 8 * 24 * 60 * 60_000
/** Of what can not go on by itself, ms. */
const STUCK_MS = 60_000

export type Watched = {
  readonly standing: Standing
  readonly patience: Patience
  readonly role: SessionRole
  /** Its program says by hooks what it does: only then does its silence say anything. */
  readonly hooked: boolean
  /** Its runtime has neither hooks nor a screen that is read. */
  readonly blind: boolean
  /** ISO time. */
  readonly at: string
}

export type Due = { readonly kind: StallKind; readonly ms: number }

/** After how long without a sign it counts as stalled; null: never, as it stands. */
export function dueOf({ standing, patience, role, hooked, blind, at }: Watched): Due | null {
  const works = role === 'polecat'
  if (blind) {
    return patience.program === null || !works ? null : { kind: 'silent', ms: patience.program }
  }
  switch (standing.state) {
    case 'starting':
      return { kind: 'start', ms: patience.start }
    case 'thinking':
    case 'compacting':
      return hooked ? { kind: 'silent', ms: patience.silent } : null
    case 'runningTool':
      return hooked ? { kind: 'tool', ms: patience.tool } : null
    case 'ready':
      return works ? { kind: 'idle', ms: patience.idle } : null
    case 'idle':
      // What still runs for it may begin a turn by itself.
      return works ? { kind: 'idle', ms: restsBeside(standing) ? patience.silent : patience.idle } : null
    case 'limited':
      return works ? { kind: 'limit', ms: limitMs(standing.until, at) } : null
    case 'stuck':
      return works ? { kind: 'stuck', ms: STUCK_MS } : null
    // What was asked has a time of its own, and a person looks at a dialog.
    case 'waitingForPermission':
    case 'waitingForPerson':
      return null
  }
}

function limitMs(until: string | null, at: string): number {
  const left = until === null ? Number.NaN : Date.parse(until) - Date.parse(at)
  return Number.isNaN(left) ? LIMIT_MS : Math.min(Math.max(0, left) + AFTER_LIMIT_MS, LIMIT_MS_MAX)
}

/** A timer that is set: for `full` ms without a sign, `spent` of which had passed when it was set. */
export type Watch = {
  readonly kind: StallKind
  readonly ms: number
  readonly full: number
  readonly spent: number
  /** When it was set: record, and ISO time. */
  readonly seq: number
  readonly at: string
}

export type Sign = { readonly seq: number; readonly at: string }

/** A timer that is set for so long fires within these by the clock; if not, the clock has jumped, ms. */
const EARLY_MS = 1_000
const LATE_MS = 30_000

/**
 * What is left until `due` when a timer fires at `at`: 0 is a stall. When more time has gone by the clock than it was set
 * for (the clock was set forward, the machine slept, the daemon was down), nobody knows how long it was silent while
 * somebody listened, and all of it is waited for anew. When less has (the clock was set back, and times of records stand
 * still until it is there again), the timer itself has counted; but not from when a sign came.
 */
export function leftOf(watch: Watch, sign: Sign | null, due: Due, at: string): number {
  const passed = Date.parse(at) - Date.parse(watch.at)
  if (!(passed <= watch.ms + LATE_MS)) return due.ms
  if (sign === null || sign.seq <= watch.seq) return atMost(due.ms - watch.spent - watch.ms, due.ms)
  if (passed < watch.ms - EARLY_MS) return due.ms
  const silent = watch.ms - (Date.parse(sign.at) - Date.parse(watch.at))
  return atMost(due.ms - Math.max(0, silent), due.ms)
}

const atMost = (left: number, most: number): number => Math.min(Math.max(0, left), most)

/** Whether a timer that is set fires soon enough for `due`, so that nothing needs to be set anew. */
export const firesInTime = (watch: Watch, due: Due): boolean => watch.full <= due.ms

/** What an agent last did, for whoever reads why it counts as stalled. */
export function lastSeen({ state, tool, reason, until }: Standing): string {
  switch (state) {
    case 'starting':
      return 'its program was started, and has not said that it takes input'
    case 'ready':
      return 'its program takes input, and has begun no turn'
    case 'thinking':
      return reason === '' ? 'it was thinking' : reason
    case 'runningTool':
      return `it was running ${tool ?? 'a tool'}`
    case 'compacting':
      return 'it was compacting its context'
    case 'idle':
      return `its turn was over and nothing was handed in${reason === '' ? '' : `: ${reason}`}`
    case 'limited':
      return until === null ? 'its provider limited it' : `its provider limited it until ${until}`
    case 'stuck':
      return `it was stuck: ${reason}`
    case 'waitingForPermission':
    case 'waitingForPerson':
      return 'it waited for an answer'
  }
}
