// Notices that the machine has slept: the log's time has moved on by more than the machine's own clock has.
//
// Owns:      the two clocks held against each other, from the start of the town on.
// Does not:  arm any timer: those at hand run by the machine's clock, which stands still in its sleep. What is noted is
//            for the next start, which has nothing but the times of records (SYS-8).
// Always:    no timer of its own. A clock that was set back and right again is no sleep.

import { OVERSEER, TOWN } from '../events/address.ts'
import type { LogRecord } from '../events/record.ts'
import { type System, SystemError } from '../system/types.ts'

/** Less than this is no sleep, but a clock that was put right, ms. */
const SLEPT_MS_MIN = 60_000

export interface SleepWatch {
  /** Is shown every record. */
  record(record: LogRecord): void
}

export function createSleepWatch(town: {
  readonly system: Pick<System, 'take'>
  /** ms of a clock that nobody sets, and that stands still while the machine sleeps. */
  readonly elapsed: () => number
  readonly trouble: (code: string, message: string) => void
}): SleepWatch {
  const { system, elapsed, trouble } = town
  let since: { at: number; elapsed: number } | null = null

  async function tell(seq: number, sleptMs: number): Promise<void> {
    try {
      await system.take({
        id: `woke.${seq}`,
        by: OVERSEER,
        messages: [{ to: TOWN, message: { type: 'town.woke', sleptMs } }],
      })
    } catch (error) {
      // The town goes down, or asks for its log: the start after that counts from the last record.
      if (!(error instanceof SystemError)) trouble('SLEEP_NOT_NOTED', String(error))
    }
  }

  return {
    record({ seq, at, facts }) {
      const now = { at: Date.parse(at), elapsed: elapsed() }
      // What passed before it is said by the start itself.
      if (facts.some(({ type }) => type === 'TownStarted')) since = now
      if (since === null) return
      const sleptMs = Math.round(now.at - since.at - (now.elapsed - since.elapsed))
      if (sleptMs < SLEPT_MS_MIN) return
      since = now
      void tell(seq, sleptMs)
    },
  }
}
