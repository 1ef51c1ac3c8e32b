// The town once more, from the lines on the disk alone: it goes on where it stood, or begins anew.
//
// Owns:      a second fold, many records at a time, as a replay does it.
// Does not:  see any object of the running system: every record is parsed from its line.

import type { EventLog } from '../../eventlog/index.ts'
import type { Address, LogRecord } from '../../src/events/record.ts'
import { applyMany, createProjections, type Projections } from '../../src/projections/index.ts'
import { nextState } from '../../src/system/owners.ts'
import type { OwnerState } from '../../src/system/types.ts'
import { sameRows, sameState } from './same-state.ts'
import { plain } from './state-text.ts'

export class Rebuilt {
  readonly owners = new Map<Address, OwnerState>()
  readonly projections: Projections = createProjections()
  #seq = 0

  async goOn(log: EventLog, to: number): Promise<void> {
    const records: LogRecord[] = []
    for await (const { line } of log.read({ after: this.#seq, to }))
      records.push(JSON.parse(line) as LogRecord)
    for (const record of records)
      if (record.refused === undefined)
        this.owners.set(record.actor, nextState(this.owners.get(record.actor) ?? null, record))
    applyMany(this.projections, records)
    this.#seq = to
  }

  /** A sentence for the first thing that is another one there, or null. */
  differsFrom(owners: ReadonlyMap<Address, OwnerState>, projections: Projections): string | null {
    for (const address of new Set([...this.owners.keys(), ...owners.keys()])) {
      const [rebuilt, live] = [this.owners.get(address) ?? null, owners.get(address) ?? null]
      if (!sameState(rebuilt, live)) return `${address} rebuilt is ${plain(rebuilt)}, live ${plain(live)}`
    }
    for (const [name, { rows, revision }] of Object.entries(this.projections)) {
      const live = projections[name as keyof Projections]
      if (revision !== live.revision || !sameRows(rows, live.rows))
        return `projection ${name} rebuilt differs from the one folded live`
    }
    return null
  }
}
