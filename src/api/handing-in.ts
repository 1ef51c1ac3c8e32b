// The end of a turn in which nothing was handed in: the agent is told once what is still open.
//
// Owns:      whether a turn may end, and the sentence that says why not.
// Always:    once in a turn, so that it costs one request at most; never while a brake is on, while somebody is asked,
//            or in a turn that a nudge began: who nudged is there.

import { sessionRole } from '../events/address.ts'
import type { HookReply } from '../ports/presets.ts'
import { mayBeginTurn } from './brakes.ts'
import { assignmentOf, type SessionCaller, workplaceOf } from './callers.ts'
import type { TownHandle } from './town.ts'

const REMINDER =
  'Nothing is handed in yet. If the work is finished and committed, run: gt done. If it is not, go on. If a person ' +
  'must decide, run: gt done --status ESCALATED --note "<what they must decide>".'

const NO_VERDICT =
  'No verdict is given yet. Say what you found: gt review pass --note "<why>", or gt review fail --note "<what has to ' +
  'change>".'

/** A reply that lets the turn go on, or null when it may end. @throws {Fault} ASSIGNMENT_OVER. */
export function stillOpen(town: TownHandle, caller: SessionCaller): HookReply | null {
  const session = town.system.owner(caller.session)
  const { bead, done, asking, turnOf } = session?.context ?? {}
  if (typeof bead !== 'string' || bead === '' || done === true || turnOf !== null) return null
  if (Array.isArray(asking) && asking.length > 0) return null
  if (session?.value !== 'running') return null
  if (sessionRole(caller.session) === 'reviewer') {
    workplaceOf(town, caller)
    return mayBeginTurn(town, caller) === null ? { kind: 'block', reason: NO_VERDICT } : null
  }
  assignmentOf(town, caller)
  return mayBeginTurn(town, caller) === null ? { kind: 'block', reason: REMINDER } : null
}
