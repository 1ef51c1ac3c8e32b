// Who waits for whom, in memory.

/** Runs functions with the same key one after another; different keys do not wait for each other. */
export function keyedTurns(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, run) => {
    const before = last.get(key) ?? Promise.resolve()
    const mine = before.then(run, run)
    const settled = mine.catch(() => undefined)
    last.set(key, settled)
    void settled.then(() => {
      if (last.get(key) === settled) last.delete(key)
    })
    return mine
  }
}

/**
 * Shares one run among callers that ask while none of theirs has begun: whoever asks during a run gets the next one,
 * so each answer was read after it was asked for.
 */
export function sharedRuns<T>(): (key: string, run: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  const waiting = new Map<string, Promise<T>>()
  const start = (key: string, run: () => Promise<T>): Promise<T> => {
    const mine = run().finally(() => {
      if (running.get(key) === mine) running.delete(key)
    })
    running.set(key, mine)
    return mine
  }
  return (key, run) => {
    const current = running.get(key)
    if (current === undefined) return start(key, run)
    const queued = waiting.get(key)
    if (queued !== undefined) return queued
    const next = current
      .catch(() => undefined)
      .then(() => {
        waiting.delete(key)
        return start(key, run)
      })
    waiting.set(key, next)
    return next
  }
}

/**
 * Results of pure questions (their key says everything), the oldest forgotten first; a failure is not kept, nor what
 * `isKept` says no of.
 */
export function remembered<T>(
  max: number,
  isKept: (result: T) => boolean = () => true,
): (key: string, run: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (key, run) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const mine = run()
    known.set(key, mine)
    mine.then(
      (result) => isKept(result) || known.delete(key),
      () => known.delete(key),
    )
    const oldest = known.keys().next().value
    if (known.size > max && oldest !== undefined) known.delete(oldest)
    return mine
  }
}
