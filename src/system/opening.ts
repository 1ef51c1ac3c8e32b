// A town from its log and nothing else: what a start without a checkpoint begins with.
//
// Does not:  act, or keep what promises ask for: that is the system's, once it goes on from here.
// Always:    what is found is what folding record by record gives; contexts are changed in place (replayed-owners.ts).

import type { EventLog } from '../../eventlog/types.ts'
import type { LogRecord } from '../events/record.ts'
import { createLedger } from './ledger.ts'
import { recordsIn } from './records-in.ts'
import { createReplayedOwners } from './replayed-owners.ts'
import type { SystemStart } from './types.ts'

/** `onRecords` is shown them, some hundreds at a time. */
export async function foldWhole(
  log: Pick<EventLog, 'pieces'>,
  onRecords: (records: readonly LogRecord[]) => void,
): Promise<SystemStart> {
  const owners = createReplayedOwners()
  const ledger = createLedger()
  let seq = 0
  let at = ''
  for await (const piece of log.pieces()) {
    const records = recordsIn(piece)
    for (const record of records) {
      if (record.seq !== seq + 1) throw new Error(`Broken invariant: record ${record.seq} follows ${seq}`)
      seq = record.seq
      at = record.at
      owners.fold(record)
      ledger.apply(record)
    }
    onRecords(records)
  }
  return { seq, at, owners: new Map(owners.all()), ledger: ledger.save() }
}
