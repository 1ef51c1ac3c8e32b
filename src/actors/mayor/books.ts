// What the Mayor keeps, and how it is read and changed within one decision.
//
// It lives under flat keys, so that a record holds only the entry that changed:
//   rig/<rig>            places of a rig
//   queue/<bead>         a bead that waits for a place
//   place/<rig>/<name>   a polecat at work
//   count/<rig>/<name>   assignments a polecat has had
//   escalation/<id>      something a person was told of and has not closed
//   hold/<why>/<scope>/<id>   nothing begins there: a budget is used up, or a person stopped everybody

import type { Json } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'

export type MayorContext = { readonly [key: string]: Json | undefined }

type To = Deciding<MayorContext>

/** The context as it will be after what this decision has put so far. */
export type Books = {
  get<T>(key: string): T | undefined
  keys(prefix: string): string[]
  put(key: string, value: Json): void
  drop(key: string): void
}

export function openBooks(context: MayorContext, to: To): Books {
  const changed: { [key: string]: Json | undefined } = {}
  const read = (key: string) => (key in changed ? changed[key] : context[key])
  const write = (key: string, value: Json | undefined) => {
    changed[key] = value
    to.set({ [key]: value })
  }
  return {
    get: <T>(key: string) => read(key) as T | undefined,
    keys: (prefix) =>
      [...new Set([...Object.keys(context), ...Object.keys(changed)])].filter(
        (key) => key.startsWith(prefix) && read(key) !== undefined,
      ),
    put: write,
    drop: (key) => write(key, undefined),
  }
}
