// Boot: whether what is due is done, and who is built again when it is not.

import { z } from 'zod'
import { address, count, effect, line, named } from './define.ts'

/** A promise that is open so long after it was due. `id`: of the promise, or `dispatch/<bead>`. */
const overdue = z.strictObject({ id: line, what: line, lateMs: count })

export const bootMessages = [
  /** From the watch: what one owner has open more than 5 watched minutes past. */
  named('boot.found', { role: address, overdue: z.array(overdue).min(1).max(100) }),
  /** `again`: promises that are kept anew; `over`: those that were settled meanwhile. */
  named('role.restarted', { role: address, again: z.array(line).max(100), over: z.array(line).max(100) }),
] as const

export const bootFacts = [
  named('RoleStale', { role: address, what: z.array(line).max(100), lateMs: count }),
  named('RoleRestarted', { role: address, again: count, over: count }),
  named('RoleNotRestarted', { role: address, code: line, message: line }),
  /** It is not restarted any more for a while; a person was told. */
  named('RoleGivenUp', { role: address, code: z.enum(['ROLE_STUCK', 'ROLE_QUARANTINED']), reason: line }),
] as const

export const bootEffects = {
  /** Builds an owner again from what is durable, and keeps those of its promises anew. */
  'role.restart': effect({
    params: z.strictObject({ role: address, promises: z.array(line).min(1).max(100) }),
    settle: 'repeatable',
    deadlineMs: 30_000,
  }),
}
