// What is known: all owners and open promises, as durable and with what is being written on top.
//
// Owns:      where the log stands for us, how a record is folded, the way back to what is durable.
// Does not:  decide or act (system.ts), append (writer.ts).
// Always:    records are folded one after the other, none left out; `at` never decreases (SYS-9).

import type { LogRecord } from '../events/record.ts'
import { createDecider, type Decider } from './decide.ts'
import { createLedger, type Ledger, type LedgerChange } from './ledger.ts'
import { createOwners, type Owners } from './owners.ts'
import type { Position } from './turns.ts'
import type { SystemCheckpoint, SystemStart, SystemState } from './types.ts'

export interface Known {
  readonly owners: Owners
  readonly ledger: Ledger
  readonly decider: Decider
  /** Last durable and folded record, and its time; 0 and '' before the first. */
  readonly seq: number
  readonly at: string
  /** Where the next record goes. `now`: ms. */
  position(now: number): Position
  /** Notes the records of a turn that is being written. */
  propose(records: readonly LogRecord[]): void
  /** The record is durable. */
  fold(record: LogRecord): LedgerChange
  /** Every owner is where its last durable record left it; what was being written is forgotten. */
  setBack(): void
  checkpoint(): SystemCheckpoint
  state(): SystemState
}

export function createKnown(from?: SystemStart): Known {
  const owners = createOwners()
  const ledger = createLedger()
  const decider = createDecider()
  let seq = from?.seq ?? 0
  let at: string = from?.at ?? ''
  /** Those of what is being written: its time may be later already. */
  let next = seq + 1
  let lastAt: string = at
  if (from !== undefined) {
    owners.load(from)
    ledger.load(from.ledger)
  }

  return {
    owners,
    ledger,
    decider,
    get seq() {
      return seq
    },
    get at() {
      return at
    },
    position(now) {
      const time = new Date(now).toISOString()
      return { seq: next, at: time > lastAt ? time : lastAt }
    },
    propose(records) {
      for (const record of records) {
        next = record.seq + 1
        lastAt = record.at
        ledger.propose(record)
      }
    },
    fold(record) {
      if (record.seq !== seq + 1) throw new Error(`Broken invariant: record ${record.seq} follows ${seq}`)
      seq = record.seq
      at = record.at
      if (next <= seq) next = seq + 1
      if (at > lastAt) lastAt = at
      owners.fold(record)
      return ledger.apply(record)
    },
    setBack() {
      for (const address of owners.rollBack()) decider.reset(address)
      ledger.rollBack()
      next = seq + 1
    },
    checkpoint: () => ({ seq, at, owners: owners.save(), ledger: ledger.save() }),
    state: () => ({ seq, at, owners: owners.durable, living: owners.allLiving(), ledger: ledger.save() }),
  }
}
