// Finds out which rows each record changed, run by run, and keeps that.
//
// Owns:      the fold that goes on from the last run that is kept; it holds the rows that were used lately.
// Does not:  hold a second state of the town, or keep the last records, which are no whole run yet.
// Always:    what is kept of a run is what folding its records changed, whatever was in memory.

import { createHash } from 'node:crypto'
import type { EventLog } from '../../../eventlog/index.ts'
import type { LogRecord } from '../../events/record.ts'
import { lazyContexts, lazyFold } from '../../past/lazy.ts'
import { recordsIn } from '../../system/records-in.ts'
import type { RowFiles } from './row-files.ts'

export type Indexer = {
  /** Keeps every whole run up to `seq`. */
  catchUp(seq: number): Promise<void>
}

/** Records that are folded in one go, which takes some milliseconds at most. */
const STEP = 64

/** `pause` lets others have their turn: it is waited for after each step. */
export function createIndexer(
  log: Pick<EventLog, 'pieces'>,
  rows: RowFiles,
  pause: () => Promise<unknown>,
): Indexer {
  let fold: Fold | null = null
  let wanted = 0
  let running: Promise<void> | null = null

  const run = async (): Promise<void> => {
    while (rows.seq < wanted) {
      // What was begun and not ended is begun again.
      fold ??= await createFold(log, rows)
      const { seq } = rows
      try {
        for await (const piece of log.pieces({ after: seq, to: wanted })) {
          for (const record of recordsIn(piece)) {
            const keep = fold.add(record)
            if (keep !== null || record.seq % STEP === 0) await pause()
            keep?.()
          }
          await pause()
          if (rows.seq >= wanted) break
        }
      } catch (error) {
        fold = null
        throw error
      }
      if (rows.seq === seq) throw new Error(`Broken invariant: the log ends before record ${wanted}`)
    }
    while (rows.mergeSome()) await pause()
  }

  return {
    async catchUp(seq) {
      const whole = Math.floor(seq / rows.runRecords) * rows.runRecords
      wanted = Math.max(wanted, whole)
      while (rows.seq < whole) {
        running ??= run().finally(() => {
          running = null
        })
        await running
      }
    },
  }
}

type Fold = {
  /** Keeps the run that has ended with it; null when none has. */
  add(record: LogRecord): (() => void) | null
}

async function createFold(log: Pick<EventLog, 'pieces'>, rows: RowFiles): Promise<Fold> {
  const lazy = lazyFold(rows)
  const { seq: kept, runRecords, contextRecords } = rows
  const from = kept - (kept % contextRecords)
  const contexts = lazyContexts(rows, from)
  // Of runs that somebody before us has kept.
  for await (const piece of log.pieces({ after: from, to: kept }))
    for (const record of recordsIn(piece)) contexts.apply(record)
  let at = ''
  return {
    add(record) {
      const { seq } = record
      if ((seq - 1) % runRecords === 0) at = record.at
      lazy.apply(record)
      contexts.apply(record)
      if (seq % runRecords !== 0) return null
      const changes = lazy.takeChanges()
      if (seq % contextRecords === 0)
        for (const [part, changed] of contexts.takeChanges()) changes.set(part, changed)
      const run = { at, digest: digestOf(record), changes }
      return () => rows.add(run)
    },
  }
}

/** Tells one log from another. */
export const digestOf = (record: LogRecord): string =>
  createHash('sha256').update(JSON.stringify(record)).digest('hex').slice(0, 32)
