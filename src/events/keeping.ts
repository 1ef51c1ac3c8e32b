// What is kept of a worktree while somebody works in it, and when it is taken from them.

import { z } from 'zod'
import { address, beadId, count, effect, failure, line, named, objectName, rigName } from './define.ts'

/** How an assignment was taken from its polecat: with its worktree, without, or with it because it did not go on. */
const SHELVED_HOW = ['nuked', 'unslung', 'stalled'] as const
export const shelvedHow = z.enum(SHELVED_HOW)
export type ShelvedHow = z.infer<typeof shelvedHow>

/** Where a checkpoint lies, and how much is in it: beyond the commit that is checked out, and beyond the base. */
export const kept = {
  ref: line,
  commit: objectName,
  files: count,
  changed: count.nullable(),
}

/** While it works, when its session has stopped, or when its worktree goes. */
export const keptCause = z.enum(['work', 'stop', 'removal'])

export const keepingMessages = [
  /** A session has stopped, and its worktree is under a checkpoint; or it is not, and why. */
  named('worktree.checkpointed', kept),
  named('worktree.notCheckpointed', failure),
  /** The town made one while its session works. */
  named('sandbox.checkpointed', kept),
  /** From a person: end the session, take the worktree away, open the bead again. */
  named('sandbox.nuke', { reason: line }),
  /** From a person: the same, and the worktree stays. */
  named('sandbox.unsling', { reason: line }),
  named('worktree.shelved', { ...kept, head: objectName }),
  /** From a person: bring back what was taken. Said together with bead.rehook and polecat.rehook in one turn. */
  named('sandbox.undo'),
] as const

export const keepingFacts = [
  named('WorktreeCheckpointed', {
    sandbox: address,
    bead: beadId,
    agent: address,
    ...kept,
    cause: keptCause,
  }),
  named('WorktreeNotCheckpointed', { sandbox: address, bead: beadId, agent: address, ...failure }),
  /** `worktree`: whether that is still there. */
  named('SandboxShelved', {
    sandbox: address,
    bead: beadId,
    agent: address,
    how: shelvedHow,
    reason: line,
    worktree: z.boolean(),
  }),
  named('SandboxRestored', { sandbox: address, bead: beadId, agent: address, branch: line }),
] as const

const where = { rig: rigName, sandbox: address, path: line, branch: line, base: objectName }

export const keepingEffects = {
  'worktree.checkpoint': effect({
    params: z.strictObject(where),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'worktree.shelve': effect({
    params: z.strictObject(where),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'worktree.restore': effect({
    params: z.strictObject({ ...where, bead: beadId, head: objectName, files: objectName }),
    settle: 'repeatable',
    deadlineMs: 30 * 60_000,
  }),
}
