// How long to wait before something is started again that ended.
//
// Always:    the first time at once. What ends again and again soon after its start is started ever more slowly, and at
//            once again after it ran in peace.

/** The wait after the second end in a row, ms; each further one waits twice as long, up to the last. */
const FIRST_MS = 100
const LAST_MS = 30_000
/** Whatever ran so long is not in a loop, ms. */
const PEACE_MS = 60_000

export interface Backoff {
  /** Called before each start. Answers with the wait, in ms. */
  next(): number
}

/** @param now ms that do not go back */
export function createBackoff(now: () => number = () => performance.now()): Backoff {
  let ends = 0
  let startsAt: number | null = null
  return {
    next() {
      if (startsAt !== null && now() - startsAt > PEACE_MS) ends = 0
      const wait = ends < 2 ? 0 : Math.min(FIRST_MS * 2 ** (ends - 2), LAST_MS)
      ends += 1
      startsAt = now() + wait
      return wait
    },
  }
}
