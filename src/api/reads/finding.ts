// Looking records up in the log by what they say.

import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { Fault } from '../fault.ts'
import { shown } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'

type Log = Pick<TownHandle, 'log'>

/** The record that made an owner, at or before `to`, or null. */
export async function openedBy({ log }: Log, owner: string, to: number): Promise<LogRecord | null> {
  const actor = `"actor":${JSON.stringify(owner)}`
  for await (const { line } of log.read({ to, reverse: true })) {
    if (!line.includes(actor)) continue
    const record = recordOf(line)
    if (record.actor === owner && record.from === null) return record
  }
  return null
}

export const isCommit = (id: string): boolean => /^[0-9a-f]{7,64}$/.test(id)

/**
 * The bead that a commit, or the beginning of its name, landed as.
 * @throws {Fault} COMMIT_NOT_LANDED, AMBIGUOUS.
 */
export async function beadOfCommit(
  { log }: Log,
  { projections, seq }: View,
  commit: string,
): Promise<string> {
  const found = new Map<string, string>()
  for (const { id, commit: landed } of projections.beads.rows.byId.values())
    if (landed?.startsWith(commit) === true) found.set(landed, id)
  // One that was opened again has forgotten it; the log has not.
  if (found.size === 0) {
    for await (const { line } of log.read({ to: seq, reverse: true })) {
      if (!line.includes(commit) || !line.includes('"BeadLanded"')) continue
      for (const { type, commit: landed, bead } of recordOf(line).facts)
        if (type === 'BeadLanded' && String(landed).startsWith(commit))
          found.set(String(landed), String(bead))
      if (found.size > 0) break
    }
  }
  const [first, second] = found.values()
  if (second !== undefined)
    throw new Fault('AMBIGUOUS', `${commit} may be several commits.`, { candidates: [...found.keys()] })
  if (first === undefined)
    throw new Fault('COMMIT_NOT_LANDED', `gt has landed no commit ${shown(commit)}.`, { commit })
  return first
}
