// For how long the loop of this thread is held at most: what anybody who waits for it has to wait.

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
 * Watches until `end()`. Turns follow each other without a rest meanwhile, so that no wait for something to do counts; this
 * takes a processor of its own, and no throughput is measured meanwhile.
 */
export function watchLoop(): LoopWatch {
  const clock = openClock()
  let [turn, computed, watching] = [0, 0, true]
  let before = clock.now()
  const look = (): void => {
    const now = clock.now()
    turn = Math.max(turn, now.at - before.at - (now.waited - before.waited))
    computed = Math.max(computed, now.computed - before.computed)
    before = now
    if (watching) setImmediate(look)
    else clock.close()
  }
  setImmediate(look)
  return {
    own(work) {
      const from = clock.now()
      const done = work()
      const to = clock.now()
      before = {
        at: before.at + to.at - from.at,
        waited: before.waited + to.waited - from.waited,
        computed: before.computed + to.computed - from.computed,
      }
      return done
    },
    end: async () => {
      watching = false
      await new Promise((resolve) => setImmediate(resolve))
      return { turn, computed }
    },
  }
}

/** In ms: the clock, and how long this thread had no processor though it was ready, and how long it computed. */
type Moment = { readonly at: number; readonly waited: number; readonly computed: number }

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
  const spent = (): Omit<Moment, 'at'> => {
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
        const found = spent()
        // Who was preempted between two of them begins again.
        if (performance.now() - at < AT_ONCE_MS) return { at, ...found }
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
