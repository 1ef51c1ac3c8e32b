// Waiting for what the log will say.

import type { LogRecord } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import type { TownHandle } from './town.ts'

/**
 * The first answer of `look` over the records after `after`, or null when `timeoutMs` has passed or `signal` is
 * aborted. A record is looked at once the projections hold it, and answered with once they hold what it told others,
 * too: those decide by records of their own, and whoever has the answer may ask about any of them.
 */
export function firstOf<T>(
  town: TownHandle,
  { after, timeoutMs, signal }: { after: number; timeoutMs: number; signal?: AbortSignal | undefined },
  look: (record: LogRecord) => T | null,
): Promise<T | null> {
  return new Promise((resolve, reject) => {
    let over = false
    const end = (finish: () => void) => {
      if (over) return
      over = true
      cancel()
      signal?.removeEventListener('abort', aborted)
      // The subscription may call back before `subscribe` has returned.
      setImmediate(() => subscription.close())
      finish()
    }
    const aborted = () => end(() => resolve(null))
    const cancel = town.clock.after(timeoutMs, aborted)
    const subscription = town.log.subscribe(
      after,
      async (batch) => {
        for (const { seq, line } of batch) {
          if (over) return
          await folded(town, seq)
          const record = recordOf(line)
          const found = look(record)
          if (found === null) continue
          await town.system.settled(record.correlation)
          return end(() => resolve(found))
        }
      },
      (reason) => end(() => reject(reason)),
    )
    if (signal?.aborted === true) aborted()
    signal?.addEventListener('abort', aborted)
  })
}

/** The log tells subscribers of a commit a moment before the system has folded it. */
async function folded(town: TownHandle, seq: number): Promise<void> {
  while (town.system.seq < seq) await new Promise((resolve) => setImmediate(resolve))
}
