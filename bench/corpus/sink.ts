// A log that keeps nothing: what is appended goes to whoever writes it down, and the system goes on at once.
//
// Always:    lines are those that any log would keep, with the same `seq`.

import { lineOf } from '../../eventlog/line.ts'
import type { Entry, EventLog } from '../../eventlog/types.ts'

export type Sink = {
  /** No more of a log than the system asks for. */
  readonly log: EventLog
  /** Lines that nobody has taken yet. */
  take(): string[]
  readonly seq: number
}

export function createSink(): Sink {
  let seq = 0
  let lines: string[] = []
  const nothing = async function* (): AsyncGenerator<never> {}
  const log: Pick<EventLog, 'append' | 'find' | 'read' | 'pieces' | 'head' | 'next'> = {
    get head() {
      return { seq, chain: '' }
    },
    get next() {
      return seq + 1
    },
    append(entries: readonly Entry[]) {
      const first = seq + 1
      for (const entry of entries) {
        seq += 1
        lines.push(lineOf(seq, entry))
      }
      return Promise.resolve({ first, last: seq, repeated: false })
    },
    find: () => Promise.resolve(undefined),
    read: nothing,
    pieces: nothing,
  }
  return {
    log: log as EventLog,
    take() {
      const taken = lines
      lines = []
      return taken
    },
    get seq() {
      return seq
    },
  }
}
