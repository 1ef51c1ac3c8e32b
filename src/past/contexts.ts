// The contexts of owners, folded from records.
//
// Does not:  know states: what a record says of them it says itself.

import type { Address, Context, Json, LogRecord } from '../events/record.ts'

/** One that is changed in place. */
export type OpenContext = { [key: string]: Json }

/** What a record makes of the context of its owner. */
export function foldContext(
  contexts: Map<Address, OpenContext>,
  { actor, refused, change: { set, unset } }: Pick<LogRecord, 'actor' | 'refused' | 'change'>,
): void {
  if (refused !== undefined) return
  const context = contexts.get(actor)
  if (context === undefined) {
    contexts.set(actor, { ...set })
    return
  }
  for (const key in set) context[key] = set[key] as Json
  for (const key of unset ?? []) delete context[key]
}

/** Owners as of a moment; one that was not there has none. */
export type Contexts = ReadonlyMap<Address, Context>
