// For how long the loop of this thread is held at most: what anybody who waits for it has to wait.

import { createHook } from 'node:async_hooks'
import { closeSync, openSync, readSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

export type Held = {
  /**
   * Longest turn of the loop in ms, without what the thread waited for a processor: computing, collecting garbage, and
   * waiting for locks and for the disk. Where the system does not tell that wait (Linux does) it is by the clock.
   */
  readonly turn: number
  /** What was computed in the turn that computed most, in ms. */
  readonly computed: number
}

export type LoopWatch = {
  /** Does what belongs to the bench itself, and is not counted. */
  own<T>(work: () => T): T
  /** Answers once the turn under way is over. */
  end(): Promise<Held>
}

/**
 * Watches until `end()`, once each time that the loop comes round, and lets it rest in between: a loop that is kept going all
 * the time takes a processor from the threads that it waits for, and fills the heap by itself.
 */
export function watchLoop(): LoopWatch {
  const clock = openClock()
  let [turn, computed, watching] = [0, 0, true]
  let before = clock.now()
  let woken = before
  const look = (): void => {
    const now = clock.now()
    turn = Math.max(turn, heldBetween(before, woken, now))
    computed = Math.max(computed, now.computed - before.computed)
    before = now
    woken = now
    // Without a reference it is no reason to go on at once.
    if (watching) setImmediate(look).unref()
    else {
      hook.disable()
      clock.close()
    }
  }
  // Whatever is called first after a rest.
  const wake = (): void => {
    if (performance.nodeTiming.idleTime > woken.rested) woken = clock.now()
  }
  const hook = createHook({ before: wake, trackPromises: false }).enable()
  setImmediate(look).unref()
  return {
    own(work) {
      const from = clock.now()
      const done = work()
      const to = clock.now()
      before = later(before, from, to)
      woken = later(woken, from, to)
      return done
    },
    end: async () => {
      watching = false
      await new Promise((resolve) => setImmediate(resolve))
      return { turn, computed }
    },
  }
}

/** In ms, from any beginning. */
type Moment = {
  readonly at: number
  /** The loop had nothing to do. */
  readonly rested: number
  /** This thread was ready and had no processor. */
  readonly waited: number
  readonly computed: number
}

/**
 * Between two looks the loop rested, was woken, and was held. What the thread waited for a processor until it was awake is a part
 * of the rest, and is not taken off twice.
 */
function heldBetween(before: Moment, woken: Moment, now: Moment): number {
  const rested = now.rested - before.rested
  const waking = Math.min(woken.waited - before.waited, rested)
  return now.at - before.at - rested - (now.waited - before.waited - waking)
}

/** As if what lay between `from` and `to` had not been. */
function later(moment: Moment, from: Moment, to: Moment): Moment {
  return {
    at: moment.at + to.at - from.at,
    rested: moment.rested,
    waited: moment.waited + to.waited - from.waited,
    computed: moment.computed + to.computed - from.computed,
  }
}

/** What three calls tell is of one moment if they took this long, ms. */
const AT_ONCE_MS = 0.1

function openClock(): { now(): Moment; close(): void } {
  let file: number | undefined
  try {
    file = openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    // Only Linux has it.
  }
  const bytes = Buffer.alloc(64)
  const spent = (): Omit<Moment, 'at' | 'rested'> => {
    // Brings the figures of this thread up to now: by themselves they are 4 ms old.
    process.cpuUsage()
    if (file === undefined) {
      const { user, system } = process.threadCpuUsage()
      return { waited: 0, computed: (user + system) / 1e3 }
    }
    const length = readSync(file, bytes, 0, bytes.length, 0)
    const space = bytes.indexOf(32)
    return { computed: numberIn(bytes, 0, space) / 1e6, waited: numberIn(bytes, space + 1, length) / 1e6 }
  }
  return {
    now() {
      for (;;) {
        const at = performance.now()
        const rested = performance.nodeTiming.idleTime
        const found = spent()
        // Who was preempted between two of them begins again.
        if (performance.now() - at < AT_ONCE_MS) return { at, rested, ...found }
      }
    },
    close: () => file !== undefined && closeSync(file),
  }
}

/** Digits as a number, up to what is none. Without a text of them: what watches should leave no garbage. */
function numberIn(bytes: Buffer, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    number = number * 10 + digit
  }
  return number
}
