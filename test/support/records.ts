// Records written by hand, for folds that are given no more than they need.

import type { Fact, LogRecord } from '../../src/events/index.ts'
import { type Address, type AnyFact, type AnyMessage, RECORD_VERSION } from '../../src/events/record.ts'

export type RecordOptions = {
  /** ISO time; one second after the record before when absent. */
  readonly at?: string
  readonly by?: Address
  readonly message?: AnyMessage
}

/** One record of a history that begins at 08:00:00 on 1 March 2027. */
export const record = (
  seq: number,
  actor: Address,
  facts: readonly Fact[],
  options: RecordOptions = {},
): LogRecord => anyRecord(seq, actor, facts, options)

/** The same with facts that today's vocabulary does not know. */
export const anyRecord = (
  seq: number,
  actor: Address,
  facts: readonly AnyFact[],
  { at = timeOf(seq), by = 'overseer', message = { type: 'test.message' } }: RecordOptions = {},
): LogRecord => ({
  seq,
  v: RECORD_VERSION,
  at,
  actor,
  machine: 'test@1',
  message,
  from: 'before',
  to: 'after',
  change: {},
  facts,
  effects: [],
  by,
  cause: null,
  correlation: seq,
})

/** Time of the n-th record when none is given. */
export const timeOf = (seq: number): string => new Date(Date.UTC(2027, 2, 1, 8) + seq * 1_000).toISOString()

/** A full object name made of one digit: `objectName('a')`. */
export const objectName = (digit: string): string => digit.repeat(40)

/** A history that numbers its records itself. */
export class History {
  readonly records: LogRecord[] = []

  add(actor: Address, facts: readonly Fact[], options: RecordOptions = {}): LogRecord {
    const next = record(this.records.length + 1, actor, facts, options)
    this.records.push(next)
    return next
  }
}
