// What a projection is: a fold over records that answers one question.
//
//   PR-1. A projection is a pure function of the records it was given, in order.
//   PR-2. Rows are plain JSON, changed in place inside the store's transition; nobody keeps a row across an await.
//   PR-3. `save()` and `load()` are a cache: deleting what was saved changes no answer.

import type { LogRecord } from '../events/record.ts'

export interface Projection<Rows> {
  readonly name: string
  /** Raised when the same records would give other rows. A saved state of another version is not loaded. */
  readonly version: number
  /** Types of the facts it folds, and of the messages it looks at besides: no other record changes it. */
  readonly facts: ReadonlySet<string>
  readonly messages: ReadonlySet<string>
  /** Folds one record. Records without facts of interest leave the revision alone. */
  apply(record: LogRecord): void
  /** The same for several, in order of `seq`: what a replay does, for each step of the store has its price. */
  applyMany(records: readonly LogRecord[]): void
  /** Rises with each change of a row. */
  readonly revision: number
  readonly rows: Rows
  /** Plain JSON of the whole state. */
  save(): unknown
  load(saved: unknown): void
  /** Takes rows over as they are, those that follow from others among them. */
  adopt(rows: Rows, revision: number): void
}
