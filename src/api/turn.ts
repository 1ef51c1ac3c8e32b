// One command becomes one turn of the system.
//
// Always:    the same caller with the same id acts once, and is answered from the records of that time.

import type { Message } from '../events/index.ts'
import type { LogRecord } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import { refused } from './fault.ts'
import type { Caller, TownHandle } from './town.ts'

export type Said = { readonly to: string; readonly message: Message }

/** The id of a turn: a session's ids are its own, so that none is answered with what another one did. */
const turnId = (caller: Caller, id: string): string =>
  caller.kind === 'operator' ? id : `${caller.session} ${id}`

/** @throws {Fault} the refusal's code; {SystemError} TURN_UNKNOWN, TOWN_BUSY, TOWN_CLOSING. */
export async function take(
  town: TownHandle,
  caller: Caller,
  id: string,
  messages: readonly Said[],
): Promise<{ readonly records: readonly LogRecord[]; readonly seq: number; readonly repeated: boolean }> {
  const result = await town.system.take(
    { id: turnId(caller, id), by: caller.actor, messages },
    { settled: true },
  )
  if (!result.accepted) throw refused(result.refusal)
  const last = result.records.at(-1)
  return { records: result.records, seq: last?.seq ?? town.system.seq, repeated: result.repeated }
}

/** The records of an id that was written, or none. */
export async function recordsOfId(town: TownHandle, caller: Caller, id: string): Promise<LogRecord[]> {
  const found = await town.log.find(turnId(caller, id))
  if (found === undefined) return []
  const records: LogRecord[] = []
  for await (const { line } of town.log.read({ after: found.first - 1, to: found.last }))
    records.push(recordOf(line))
  return records
}
