// A new checkpoint from the last one and the records since.
//
// Does not:  look at the live state: it is made of the log alone, so it costs the loop that decides nothing but handing out
//            the records.

import type { EventLog } from '../../../eventlog/index.ts'
import { applyMany, createProjections } from '../../projections/index.ts'
import { createKnown } from '../../system/known.ts'
import { recordsIn } from '../../system/records-in.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'

/** `from`: the record up to which nothing had to be folded. `bytes`: written. */
export type Renewed = { readonly from: number; readonly seq: number; readonly bytes: number }

export async function renewCheckpoint(
  dir: string,
  log: Pick<EventLog, 'head' | 'logId' | 'pieces' | 'get'>,
): Promise<Renewed> {
  const projections = createProjections()
  const start = await readCheckpoint(dir, log, projections)
  const known = createKnown(start ?? undefined)
  const from = known.seq
  for await (const piece of log.pieces({ after: from, to: log.head.seq })) {
    const records = recordsIn(piece)
    for (const record of records) known.fold(record)
    applyMany(projections, records)
  }
  const { seq } = known
  const bytes = seq > from ? await writeCheckpoint(dir, { log, system: known.state(), projections }) : 0
  return { from, seq, bytes }
}
