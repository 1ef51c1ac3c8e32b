// From pieces of the log to records.

import type { Piece } from '../../eventlog/types.ts'
import { unpackEntries } from '../../eventlog/unpack.ts'
import type { LogRecord } from '../events/record.ts'
import { upcast } from '../events/upcasters.ts'

/** The records of a piece, in order, as they would be written today. @throws {LogError} LOG_DAMAGED */
export const recordsIn = (piece: Piece): LogRecord[] =>
  unpackEntries(piece).map(({ entry }) => upcast(entry as unknown as LogRecord))
