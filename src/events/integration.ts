// Integration branches: a target of its own for the work below an epic, which then lands as a whole.

import { z } from 'zod'
import { address, beadId, effect, failure, line, named, objectName, rigName } from './define.ts'
import { MERGE_METHODS } from './landing-settings.ts'

const branch = { rig: rigName, epic: beadId, branch: line }

export const integrationMessages = [
  /** From a person. */
  named('integration.create', { branch: line, prefix: line }),
  named('branch.created', { head: objectName, base: objectName }),
  named('branch.notCreated', failure),
  /** From a person, in one turn with the epic and the branch's Refinery, which begins nothing more. */
  named('integration.land', { method: z.enum(MERGE_METHODS) }),
  /** From the branch's Refinery: work has landed on it. */
  named('integration.advanced', { bead: beadId }),
  /** What stands in the way, as far as anybody can see; `head`: where the branch stands. */
  named('branch.seen', { head: objectName, reasons: z.array(line).max(50) }),
  named('branch.notSeen', failure),
  named('branch.removed', { head: objectName }),
  named('branch.kept', failure),
  /** To a Refinery: nothing more begins on its branch, for it is about to land. */
  named('refinery.seal', { epic: beadId }),
  /** Its branch does not land after all. */
  named('refinery.unseal'),
  /** Its branch is in the target: what comes goes to the rig's own Refinery. */
  named('refinery.retire'),
  /** To a rig. */
  named('rig.openBranch', { epic: beadId, branch: line }),
  named('rig.closeBranch', { epic: beadId }),
] as const

export const integrationFacts = [
  named('IntegrationCreated', { ...branch, base: objectName, head: objectName }),
  named('IntegrationNotCreated', { ...branch, ...failure }),
  named('IntegrationLandingAsked', { ...branch, by: address }),
  named('IntegrationNotLanded', {
    ...branch,
    ...failure,
    files: z.array(line).max(200),
    /** The bead that was made for somebody to mend it. */
    rework: beadId.nullable(),
  }),
  named('IntegrationLanded', { ...branch, commit: objectName, head: objectName }),
  named('IntegrationBranchRemoved', { ...branch, head: objectName }),
  named('IntegrationBranchKept', { ...branch, ...failure }),
] as const

const about = { rig: rigName, epic: beadId, branch: line }

export const integrationEffects = {
  /** Makes it at the remote, where the rig's target stands; one that stands there already is taken. */
  'branch.create': effect({
    params: z.strictObject(about),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  /** Where it stands, and whether it may land. */
  'branch.look': effect({
    params: z.strictObject(about),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  /** Takes it away from the remote, when all that it has is in the rig's target. */
  'branch.remove': effect({
    params: z.strictObject({ ...about, head: objectName }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
}
