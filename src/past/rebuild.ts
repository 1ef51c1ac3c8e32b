// The state of a town from its log and nothing else: every owner, every promise, every projection.
//
// Owns:      one pass over the records: folding, and on request deciding each again.
// Does not:  read a log, or know what the live town holds (compare.ts does).
// Always:    records are folded one after the other, none left out; what is found is counted whole and listed up to
//            a bound.

import type { Address, LogRecord } from '../events/record.ts'
import { applyMany, createProjections, type Projections } from '../projections/index.ts'
import { createLedger } from '../system/ledger.ts'
import { createRedecider, type Divergence } from '../system/redecide.ts'
import { createReplayedOwners } from '../system/replayed-owners.ts'
import type { SystemCheckpoint } from '../system/types.ts'

/** Divergences that are listed: one is enough to know, and the first are the ones to look at. */
const LISTED_MAX = 100

/** What differs: all are counted, the first are listed. */
export type Found = { count: number; readonly listed: Divergence[] }

export interface Rebuild {
  /** Last record that is folded in; 0 before the first. */
  readonly seq: number
  readonly projections: Projections
  /** Decisions that the same machine version would not make again. */
  readonly divergences: Found
  /** Decisions of earlier machine versions, or over what was erased since, that today's would make otherwise. */
  readonly changedDecisions: Found
  /** Records of which something was erased: their places are kept, and what is left of them is folded. */
  readonly erased: { count: number; readonly listed: number[] }
  /** The next records, in order. Some hundreds at a time are quicker than one by one. */
  fold(records: readonly LogRecord[]): void
  /** Owners and promises after record `seq`. What it shows changes with the next fold. */
  checkpoint(): SystemCheckpoint
}

/** `machines`: decides every record's message again, too. Null: folds alone. */
export function createRebuild(machines: Parameters<typeof createRedecider>[0] | null): Rebuild {
  const owners = createReplayedOwners()
  const ledger = createLedger()
  const projections = createProjections()
  const redecider = machines === null ? null : createRedecider(machines)
  const divergences = found()
  const changedDecisions = found()
  const erased: Rebuild['erased'] = { count: 0, listed: [] }
  /** Owners of erased records: whatever they decided later may have been about what is gone. */
  const halfKnown = new Set<Address>()
  let seq = 0
  let at = ''

  const again = (record: LogRecord): void => {
    const decided = redecider?.check(record)
    if (isErased(record)) {
      halfKnown.add(record.actor)
      erased.count += 1
      if (erased.listed.length < LISTED_MAX) erased.listed.push(record.seq)
    } else if (decided !== undefined) {
      note(halfKnown.has(record.actor) ? changedDecisions : divergences, decided.divergences)
      note(changedDecisions, decided.changedDecisions)
    }
  }
  return {
    get seq() {
      return seq
    },
    projections,
    divergences,
    changedDecisions,
    erased,
    fold(records) {
      for (const record of records) {
        if (record.seq !== seq + 1) throw new Error(`Broken invariant: record ${record.seq} follows ${seq}`)
        seq = record.seq
        at = record.at
        again(record)
        owners.fold(record)
        ledger.apply(record)
      }
      applyMany(projections, records)
    },
    checkpoint: () => ({ seq, at, owners: owners.save(), ledger: ledger.save() }),
  }
}

/** The log's own mark (eventlog/erased.ts). */
const isErased = (record: LogRecord): boolean => 'erased' in record

export const found = (): Found => ({ count: 0, listed: [] })

export function note(into: Found, more: readonly Divergence[]): void {
  into.count += more.length
  for (const one of more) if (into.listed.length < LISTED_MAX) into.listed.push(one)
}
