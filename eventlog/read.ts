// Reading: what an engine keeps, as one gapless run of entries.
//
// Owns:      the bounds of a read, the check that no entry is missing in it, and going on after a reopening.
// Does not:  know how entries are kept.
// Always:    the next entry of a read is the neighbour of the one before; otherwise LOG_DAMAGED is thrown.

import type { Engine } from './engine.ts'
import { LogError, type ReadOptions, type Stored } from './types.ts'

/** What a read needs to know about the log it belongs to. */
export type ReadGate = {
  readonly engine: Engine
  /** Counts reopenings: an engine's read of an earlier opening ends with an error that is no damage. */
  opening(): number
  /** Waits while the log is being reopened. @throws {LogError} LOG_CLOSED, LOG_POISONED */
  open(): void | Promise<void>
}

export async function* readEntries(
  gate: ReadGate,
  options: ReadOptions,
  headSeq: number,
): AsyncGenerator<Stored> {
  const reverse = options.reverse === true
  let after = Math.max(0, options.after ?? 0)
  let to = Math.min(options.to ?? headSeq, headSeq)
  let left = options.limit ?? Number.POSITIVE_INFINITY
  while (after < to && left > 0) {
    await gate.open()
    const opening = gate.opening()
    try {
      for await (const batch of gate.engine.read({ after, to, reverse })) {
        for (const stored of batch) {
          const wanted = reverse ? to : after + 1
          if (stored.seq !== wanted) throw missing(wanted)
          if (reverse) to -= 1
          else after += 1
          left -= 1
          yield stored
          if (left <= 0) return
        }
      }
      if (after < to) throw missing(reverse ? to : after + 1)
    } catch (error) {
      if (gate.opening() === opening) throw error
    }
  }
}

export function missing(seq: number): LogError {
  const message = `Entry ${seq} is missing from the log; run a verification to see what else is.`
  return new LogError('LOG_DAMAGED', message, { details: { problems: [{ seq, kind: 'gap', message }] } })
}
