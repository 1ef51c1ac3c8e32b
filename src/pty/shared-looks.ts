// Looks at all processes, shared by whoever asks: many sessions that end at once cost about as much as one.
//
// Owns:   when a pass over the processes begins.
// Always: nobody is answered from a pass that began before they asked. After a pass it rests for as long as the pass
//         took, so that looking takes half of a core at most. Nobody asks: nothing runs.

import { setImmediate as soon } from 'node:timers'
import type { ProcessLook } from './process-table.ts'
import { processes } from './processes.ts'

type LookTimes = {
  /** ms from any moment. */
  now(): number
  /** Later, and never at once. */
  after(ms: number, run: () => void): void
}

/** `look` makes one pass; a pass that throws is answered with what it threw. */
export function sharedLooks(look: () => ProcessLook, times: LookTimes): () => Promise<ProcessLook> {
  let asked: PromiseWithResolvers<ProcessLook> | null = null
  let rested = Number.NEGATIVE_INFINITY
  const pass = (): void => {
    const mine = asked
    asked = null
    const began = times.now()
    try {
      mine?.resolve(look())
    } catch (error) {
      mine?.reject(error)
    }
    const ended = times.now()
    rested = ended + (ended - began)
  }
  return () => {
    if (asked === null) {
      asked = Promise.withResolvers<ProcessLook>()
      times.after(Math.max(0, rested - times.now()), pass)
    }
    return asked.promise
  }
}

/** The looks of this process. */
export const lookAtProcesses = sharedLooks(() => processes.look(), {
  now: () => performance.now(),
  after(ms, run) {
    if (ms > 0) setTimeout(run, ms)
    else soon(run)
  },
})
