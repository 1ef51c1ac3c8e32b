// Old records, lifted to what is written today.
//
// Owns:      one step for each version of the record's shape; each says what it was, what it is, and why.
// Does not:  change a log: a record is lifted when it is read, never where it lies.
// Always:    steps are added, never edited; a type that is no longer written is in RETIRED and gets no new meaning.

import { type LogRecord, RECORD_VERSION } from './record.ts'

/** Turns a record of the version before into this one. Plain JSON in and out; never throws for a record we wrote. */
export type Upcast = (record: LogRecord) => LogRecord

/** Step N lifts version N - 1 to version N. */
export type Upcasts = { readonly [version: number]: Upcast }

const UPCASTS: Upcasts = {}

/** The record as it would be written today. */
export const upcast: Upcast = upcastWith(UPCASTS, RECORD_VERSION)

/** A record from its line in the log: the one place where stored text becomes a record. */
export const recordOf = (line: string): LogRecord => upcast(JSON.parse(line) as LogRecord)

/** `upcast` over any table of steps. Throws for a record of a newer version, and for a step that is missing. */
export function upcastWith(steps: Upcasts, current: number): Upcast {
  return (record) => {
    if (record.v > current) {
      const message = `Record ${record.seq} has version ${record.v}; this gt reads up to ${current}. Install a newer one.`
      throw Object.assign(new Error(message), { code: 'TOWN_NEWER' })
    }
    let lifted = record
    for (let version = record.v + 1; version <= current; version += 1) {
      const step = steps[version]
      if (step === undefined) throw new Error(`Broken invariant: no step to version ${version} of records`)
      lifted = { ...step(lifted), v: version }
    }
    return lifted
  }
}
