// Output in batches: at once while there is little, a few times in each moment when there is much.
//
// Always: nothing is left out or changes places, and nothing waits longer than WINDOW_MS. A timer runs only when more
//         comes than is passed on at once.

/** Bytes passed on at once in each window, and its length in ms. */
const DIRECT_MAX = 8 * 1024
const WINDOW_MS = 30
/** Bytes of a batch. */
const BATCH_MAX = 64 * 1024

export type Batches = {
  push(bytes: Uint8Array): void
  /** Passes on what waits. */
  flush(): void
}

export function inBatches(pass: (bytes: Uint8Array) => void): Batches {
  let waiting: Uint8Array[] = []
  let length = 0
  let direct = 0
  let windowFrom = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (length === 0) return
    const batch = Buffer.concat(waiting)
    waiting = []
    length = 0
    pass(batch)
  }
  return {
    push(bytes) {
      const now = performance.now()
      if (now - windowFrom > WINDOW_MS) {
        windowFrom = now
        direct = 0
      }
      direct += bytes.length
      if (length === 0 && direct <= DIRECT_MAX) {
        pass(bytes)
        return
      }
      waiting.push(bytes)
      length += bytes.length
      if (length >= BATCH_MAX) flush()
      else timer ??= setTimeout(flush, WINDOW_MS)
    },
    flush,
  }
}
