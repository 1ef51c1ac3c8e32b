// `gt handoff`: an agent passes what it knows to its own next session.
//
//   Always:  everything in the worktree is under a checkpoint before the session is asked to end; what was written under
//            this id before is answered again.

import { z } from 'zod'
import type { LogRecord } from '../../events/record.ts'
import { HANDOFF_NOTE_BYTES } from '../../events/worker.ts'
import { assignmentOf, sessionOnly } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { handOver } from '../handing-over.ts'
import { recordsOfId, take } from '../turn.ts'

const handoff = command({
  name: 'handoff',
  summary: 'Ends this session, and begins a fresh one in the same worktree that reads the note first.',
  who: 'session',
  // Its bound has a sentence of its own.
  input: z.strictObject({ note: z.string().max(1_000_000).default('') }),
  async run({ town, caller: anybody, input, id }) {
    const caller = sessionOnly(anybody)
    const before = await recordsOfId(town, caller, id)
    if (before.length > 0) return answer(before)
    const { facts } = assignmentOf(town, caller)
    const bytes = Buffer.byteLength(input.note)
    if (bytes > HANDOFF_NOTE_BYTES)
      throw new Fault(
        'NOTE_TOO_LONG',
        `The note has ${bytes} bytes; at most ${HANDOFF_NOTE_BYTES} go from one session to the next.`,
      )
    const messages = await handOver(town, caller.session, { note: input.note, trigger: 'asked' })
    if (messages === null)
      throw new Fault('ASSIGNMENT_OVER', `${caller.session} works on ${facts.bead} no more.`)
    return answer((await take(town, caller, id, messages)).records)
  },
})

export const handoffCommands = [handoff]

/** `handedOff` is false when it went to a person instead, and `reason` says why. */
function answer(records: readonly LogRecord[]) {
  const facts = records.flatMap((record) => record.facts)
  const over = facts.find(({ type }) => type === 'WorkHandedOff')
  const parked = facts.find(({ type }) => type === 'SandboxParked')
  return {
    bead: (over ?? parked)?.bead,
    handedOff: over !== undefined,
    ...(parked === undefined ? {} : { reason: parked.reason }),
    seq: records.at(-1)?.seq ?? 0,
  }
}
