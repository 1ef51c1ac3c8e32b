// The bounds of the loop, and which errors of the log mean what.

import { LogError } from '../../eventlog/types.ts'
import type { Refusal } from '../events/record.ts'

/** Turns that may wait for their commit. More would only wait longer; the caller is told to come back. */
export const TURNS_PENDING_MAX = 10_000

/** Tells in a row without anything from outside between them. A longer chain is a loop. */
export const TELLS_IN_A_ROW_MAX = 64

/** The answer to the tell after those. */
export const ENDLESS: Refusal = {
  code: 'TOO_MANY_IN_A_ROW',
  message: 'This chain of messages does not end; it was cut.',
}

/** Owners that are brought to a new version in one append. */
export const MIGRATED_AT_ONCE = 500

/** Between two tries to open a log that failed, ms. */
export const OPEN_AGAIN_MS = 1_000

/** After these nothing that this process decides could be trusted; it stops. */
export const FATAL: ReadonlySet<string> = new Set([
  'LOG_CLOSED',
  'LOG_DAMAGED',
  'LOG_MISSING',
  'LOG_NEWER',
  'EXPECTED_POSITION',
])

/** The log would never take it: it was not written, and trying again would not help. */
export const isUnfit = (error: unknown): error is LogError =>
  error instanceof LogError && (error.code === 'ENTRY_TOO_LARGE' || error.code === 'ENTRY_INVALID')

/** The id under which what the log promised is settled. Ids of callers have no such beginning. */
export const promiseId = (id: string): string => `${PROMISE}${id}`
export const PROMISE = 'promise '
