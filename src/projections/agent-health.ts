// How an agent is: one state with since, reason and evidence.
//
// Owns:      the states, and what follows from where a session stands.
// Does not:  say who has stalled (the session does), or guess: what could not be looked at is `unknown`.

import type { Standing } from '../events/hearing.ts'

export const HEALTH_STATES = [
  'working',
  'idle',
  'waitingForPermission',
  /** For a person's word, or for what a person must set right. */
  'waitingForPerson',
  'limited',
  /** Gives no sign for longer than it may. */
  'stalled',
  /** Can not go on by itself. */
  'stuck',
  /** Its program runs on, though it was to be stopped. */
  'zombie',
  /** Its sessions died again and again; it is given no bead for a while. */
  'crashLooping',
  'recovering',
  /** Its part is done and with the Refinery. */
  'done',
  /** Nobody could look. */
  'unknown',
] as const
export type HealthState = (typeof HEALTH_STATES)[number]

export type Health = {
  state: HealthState
  /** ISO time; a new reason alone does not move it. */
  since: string
  reason: string | null
  /** The record that shows it, and what that was; null before the first. */
  evidence: { seq: number | null; what: string } | null
}

const STANDS: { readonly [S in Standing['state']]?: readonly [HealthState, string] } = {
  waitingForPermission: ['waitingForPermission', 'asks for a permission'],
  waitingForPerson: ['waitingForPerson', 'waits for a person'],
  limited: ['limited', 'its provider limits it'],
  stuck: ['stuck', 'it is stuck'],
}

const RESTS_UNDONE = 'its turn is over and nothing is handed in'

/** Idle with nobody who goes on by itself: nothing still runs for it. */
const rests = ({ state, reason }: Standing): boolean =>
  state === 'idle' && (reason === '' || reason === 'interrupted')

/** Of an agent at work, by where it stands. `hook`: it has a bead. */
export function healthOf(standing: Standing, hook: boolean): readonly [HealthState, string | null] {
  const [state, words] = STANDS[standing.state] ?? []
  if (state !== undefined) return [state, standing.reason === '' ? (words ?? null) : standing.reason]
  if (rests(standing)) return ['idle', hook ? RESTS_UNDONE : null]
  return ['working', null]
}

/** Those that only a person, or time, moves on. */
const HELD: ReadonlySet<HealthState> = new Set([
  'waitingForPermission',
  'waitingForPerson',
  'stalled',
  'stuck',
  'zombie',
  'crashLooping',
  'unknown',
])

/** Whether somebody should look at it. */
export const isHeld = (state: HealthState): boolean => HELD.has(state)
