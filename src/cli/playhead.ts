// Playing what happened in step with time: when each thing is due, and where one is after a pause or a jump.
//
// Owns:      the time of playing: real time, faster or slower, with long gaps cut.
// Does not:  read a clock, wait, or draw (playing.ts does).
// Always:    positions are ms of playing time, from 0 to `length`; what is due at a position depends on nothing else.

export type Timeline = {
  /** Of each cue, in the order of the cues; never falls. */
  readonly due: readonly number[]
  /** Real ms before each cue that were cut from its gap; 0 where none were. */
  readonly cut: readonly number[]
  readonly length: number
}

/** `times`: real ms of each cue, rising. A gap takes at most `idleMs` of playing time. */
export function timelineOf(
  times: readonly number[],
  { speed, idleMs }: { readonly speed: number; readonly idleMs: number },
): Timeline {
  const due: number[] = []
  const cut: number[] = []
  let at = 0
  for (const [n, time] of times.entries()) {
    // A clock may have gone backwards.
    const gap = n === 0 ? 0 : Math.max(0, time - (times[n - 1] ?? time))
    const played = Math.round(Math.min(gap / speed, idleMs))
    at += played
    due.push(at)
    cut.push(gap / speed > idleMs ? gap : 0)
  }
  return { due, cut, length: at }
}

/** How many cues are due at a position. */
export function cuesAt({ due }: Timeline, position: number): number {
  let low = 0
  let high = due.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((due[middle] ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return low
}

export type Playhead = {
  /** Where it was at `at`. */
  readonly position: number
  /** Clock of whoever plays, ms. */
  readonly at: number
  readonly paused: boolean
}

export type Key = 'pause' | 'back' | 'forward' | 'leave'

/** A jump, ms of playing time. */
export const JUMP_MS = 10_000

export const begin = (now: number): Playhead => ({ position: 0, at: now, paused: false })

export const positionOf = ({ position, at, paused }: Playhead, { length }: Timeline, now: number): number =>
  Math.min(length, paused ? position : position + Math.max(0, now - at))

/** Null: whoever watches leaves. */
export function press(head: Playhead, key: Key, line: Timeline, now: number): Playhead | null {
  const position = positionOf(head, line, now)
  switch (key) {
    case 'leave':
      return null
    case 'pause':
      return { position, at: now, paused: !head.paused }
    case 'back':
      return { ...head, position: Math.max(0, position - JUMP_MS), at: now }
    case 'forward':
      return { ...head, position: Math.min(line.length, position + JUMP_MS), at: now }
  }
}

/** ms until the next cue is due; null while nothing will be: paused, or at the end. */
export function waitFor(head: Playhead, line: Timeline, now: number): number | null {
  if (head.paused) return null
  const position = positionOf(head, line, now)
  const next = line.due[cuesAt(line, position)]
  return next === undefined ? null : next - position
}

export type Stage = {
  now(): number
  /** Until a key is pressed, or `ms` are over (null); `ms` null: until a key is pressed. */
  next(ms: number | null): Promise<Key | null>
  /** Shows cues from `from` up to `to`. `jumped`: not in the course of time. */
  show(from: number, to: number, jumped: boolean): Promise<void> | void
  paused(paused: boolean): void
}

/** Plays to the end, or until whoever watches leaves. */
export async function playOn(line: Timeline, stage: Stage): Promise<'over' | 'left'> {
  let head = begin(stage.now())
  let shown = 0
  for (let jumped = false; ; ) {
    const due = cuesAt(line, positionOf(head, line, stage.now()))
    if (due !== shown || jumped) await stage.show(shown, due, jumped)
    shown = due
    jumped = false
    if (due >= line.due.length && !head.paused) return 'over'
    const key = await stage.next(waitFor(head, line, stage.now()))
    if (key === null) continue
    const next = press(head, key, line, stage.now())
    if (next === null) return 'left'
    if (next.paused !== head.paused) stage.paused(next.paused)
    jumped = key === 'back' || key === 'forward'
    head = next
  }
}
