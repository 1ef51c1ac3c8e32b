// Beads: units of work, from made to landed.

import { z } from 'zod'
import { address, beadId, count, line, named, objectName, rigName, text, waitingFor } from './define.ts'

export const BEAD_TYPES = [
  'bug',
  'feature',
  'task',
  'epic',
  'chore',
  'decision',
  'spike',
  'story',
  'milestone',
] as const
const beadType = z.enum(BEAD_TYPES)
const priority = z.number().int().min(0).max(4)
/** Of a bead of which nobody said another. */
export const PRIORITY_DEFAULT = 2

/** What a person may change about a bead at any time. */
const editable = {
  title: z.string().min(1).max(500),
  description: text,
  /** `type` in the shape that users see. */
  beadType,
  priority,
  labels: z.array(line).max(100),
}

export const beadMessages = [
  named('bead.create', {
    rig: rigName,
    ...editable,
    parent: beadId.nullable(),
    needs: z.array(beadId).max(200),
  }),
  named('bead.update', z.object(editable).partial().shape),
  /** Told to a bead by one that needs it. */
  named('bead.neededBy', { bead: beadId }),
  named('bead.unneededBy', { bead: beadId }),
  named('bead.addNeed', { need: beadId }),
  named('bead.dropNeed', { need: beadId }),
  /** A needed bead is closed. */
  named('bead.needMet', { need: beadId }),
  named('bead.needReopened', { need: beadId }),
  /** Puts it into the dispatch queue. `now`: refuse instead of waiting. */
  named('bead.queue', { rig: rigName, now: z.boolean() }),
  named('bead.unqueue', { reason: line }),
  named('bead.hook', { agent: address, sandbox: address }),
  /** From a person: its assignment was taken from the polecat, and goes on. */
  named('bead.rehook', { agent: address, sandbox: address }),
  /** The assignment came to nothing; the hook is free again. */
  /** `sandbox`: whose it must be still. */
  named('bead.unhook', { sandbox: address.optional(), reason: line }),
  named('bead.start', { session: address, attempt: count }),
  /** `epic`: to the integration branch of that one. */
  named('bead.submit', { head: objectName, mergeRequest: line.optional(), epic: beadId.exactOptional() }),
  named('bead.test', { mergeRequest: address }),
  named('bead.rework', { reason: line }),
  /** `attempts` or recoveries are used up, or an agent asks for a person. */
  named('bead.block', { reason: line }),
  named('bead.unblock'),
  named('bead.defer', { reason: line }),
  named('bead.land', { commit: objectName, mergeRequest: address, agent: address }),
  /** From a person: what it is to do is with the Refinery, and needs no worker. */
  named('bead.handIn', { head: objectName }),
  /** Its work, which had landed as `commit`, is out of the target again. */
  named('bead.revert', { commit: objectName, mergeRequest: address, reason: line }),
  named('bead.close', { reason: line }),
  named('bead.reopen', { reason: line }),
  named('bead.comment', { text }),
] as const

export const beadFacts = [
  named('BeadCreated', {
    bead: beadId,
    rig: rigName,
    ...editable,
    parent: beadId.nullable(),
    needs: z.array(beadId),
  }),
  named('BeadUpdated', { bead: beadId, ...z.object(editable).partial().shape }),
  named('BeadNeedAdded', { bead: beadId, need: beadId }),
  named('BeadNeedDropped', { bead: beadId, need: beadId }),
  /** `open`: needs that are still not closed. */
  named('BeadNeedsChanged', { bead: beadId, open: z.array(beadId) }),
  named('BeadQueued', { bead: beadId, rig: rigName, waitingFor: waitingFor.nullable() }),
  named('BeadUnqueued', { bead: beadId, reason: line }),
  named('BeadHooked', { bead: beadId, agent: address, sandbox: address }),
  named('BeadUnhooked', { bead: beadId, agent: address, reason: line }),
  named('BeadStarted', { bead: beadId, agent: address, session: address, attempt: count }),
  named('BeadSubmitted', { bead: beadId, agent: address, head: objectName }),
  named('BeadTesting', { bead: beadId, mergeRequest: address }),
  named('BeadReworked', { bead: beadId, agent: address, reason: line }),
  named('BeadBlocked', { bead: beadId, reason: line }),
  named('BeadUnblocked', { bead: beadId }),
  named('BeadDeferred', { bead: beadId, reason: line }),
  named('BeadLanded', { bead: beadId, agent: address, commit: objectName, mergeRequest: address }),
  /** Its work is out of the target again, by `mergeRequest`. */
  named('BeadReverted', { bead: beadId, commit: objectName, mergeRequest: address, reason: line }),
  /** It was begun on the ground of `need`, which is open again. */
  named('BeadNeedTakenBack', { bead: beadId, need: beadId, agent: address.nullable() }),
  /** Follows BeadLanded in the same record, or stands alone when a person closed it. */
  named('BeadClosed', { bead: beadId, reason: line }),
  named('BeadReopened', { bead: beadId, reason: line }),
  named('BeadCommented', { bead: beadId, text }),
] as const
