// Mayor and Deacon: who gets a place, who is told when something needs a person, and who may try again.

import { z } from 'zod'
import { address, beadId, count, line, named, rigName, waitingFor } from './define.ts'

export const mayorMessages = [
  /** `epics`: those that have an integration branch. */
  named('dispatch.openRig', { rig: rigName, placesMax: count, epics: z.array(beadId).max(200).optional() }),
  named('dispatch.closeRig', { rig: rigName }),
  /** Together with bead.queue in one turn. `maxAtOnce` bounds the beads of one call that work at a time. */
  named('dispatch.request', {
    bead: beadId,
    rig: rigName,
    priority: count,
    /** A polecat asked for by name, or null. */
    agent: line.nullable(),
    preset: line.nullable(),
    now: z.boolean(),
    maxAtOnce: count.nullable(),
    /** Same for all beads of one call. */
    group: line,
  }),
  /** From the bead: nothing it needs is open any more. `priority`: as it is now; absent: the ordinary one, or as it was slung. */
  named('dispatch.ready', { bead: beadId, priority: count.exactOptional() }),
  /** From the bead: it waits for another one again. */
  named('dispatch.unready', { bead: beadId }),
  /** From Boot: look at the queue again. */
  named('dispatch.look'),
  named('dispatch.withdraw', { bead: beadId, reason: line }),
  /** From a polecat: its place is free. */
  named('dispatch.freePlace', { rig: rigName, name: line }),
  /** From a person: an assignment that was taken from its polecat takes its place again. */
  named('dispatch.retake', { bead: beadId, rig: rigName, name: line, sandbox: address }),
  /** From whoever looked: the room on the disk of the town, and how much is the least. */
  named('disk.seen', { freeBytes: count, floorBytes: count, totalBytes: count }),
  named('escalation.raise', { bead: beadId.nullable(), agent: address.nullable(), code: line, reason: line }),
  named('escalation.close', { id: line, note: line }),
  /** What a person was told of this bead is settled: it goes on, or is over. */
  named('escalation.settle', { bead: beadId, note: line }),
] as const

export const mayorFacts = [
  named('DispatchQueued', { bead: beadId, rig: rigName, group: line, preset: line.nullable() }),
  /** Why it still waits; null when nothing but its turn is missing. */
  named('DispatchWaiting', { bead: beadId, waitingFor }),
  named('DispatchStarted', { bead: beadId, rig: rigName, agent: address, sandbox: address }),
  named('DispatchWithdrawn', { bead: beadId, reason: line }),
  named('PlaceFreed', { rig: rigName, name: line }),
  /** No new work begins. */
  named('DiskLow', { freeBytes: count, floorBytes: count, totalBytes: count }),
  named('DiskFree', { freeBytes: count, floorBytes: count, totalBytes: count }),
  named('EscalationRaised', {
    id: line,
    bead: beadId.nullable(),
    agent: address.nullable(),
    code: line,
    reason: line,
  }),
  named('EscalationClosed', { id: line, note: line }),
] as const

/** How a session ended, as far as that says whose fault it was. `lost`: nobody saw it, for its host went. */
const sessionEnd = z.enum(['exited', 'killed', 'notStarted', 'lost'])

export const deaconMessages = [
  /** From a Witness: a worker's session died before it was done. */
  named('RECOVERY_NEEDED', {
    bead: beadId,
    sandbox: address,
    agent: address,
    reason: line,
    ending: sessionEnd.exactOptional(),
  }),
  /**
   * From a Witness: work did not get on, its worktree is kept, and its bead is open again. `priority` and `preset`: as
   * it was slung; absent: the ordinary one, and the rig's own.
   */
  named('RECOVERED_BEAD', {
    bead: beadId,
    rig: rigName,
    agent: address,
    sandbox: address,
    reason: line,
    priority: count.exactOptional(),
    preset: line.nullable().exactOptional(),
  }),
  /** An assignment is over. */
  named('deacon.forget', {
    bead: beadId,
    outcome: z.enum(['landed', 'failed', 'withdrawn']).exactOptional(),
  }),
  /** The daemon began: who died while nobody listened is heard of now, all at once. */
  named('deacon.townStarted'),
  /** Its own timer: something that waits is due. */
  named('deacon.due'),
  /** From a person: a polecat in quarantine is given beads again. */
  named('deacon.release', { agent: address }),
  /** From a person: beads are given out again though many sessions died at once. */
  named('deacon.letGo'),
] as const

export const deaconFacts = [
  named('RecoveryGranted', { bead: beadId, agent: address, n: count, waitMs: count }),
  named('RecoveryRefused', { bead: beadId, agent: address, n: count }),
  /** A bead that was recovered goes back into the queue after `waitMs`. */
  named('RedispatchGranted', {
    bead: beadId,
    rig: rigName,
    agent: address,
    n: count,
    waitMs: count,
    reason: line,
  }),
  named('BeadRedispatched', { bead: beadId, rig: rigName, n: count }),
  /** It stays open, and a person is told. */
  named('RedispatchRefused', { bead: beadId, rig: rigName, agent: address, n: count, reason: line }),
  /** Somebody was quicker, or its rig is gone. */
  named('RedispatchDropped', { bead: beadId, code: line, message: line }),
  /** Its sessions died `deaths` times in a short while: it is given no bead for `ms`. `n`: which time that is. */
  named('AgentQuarantined', { agent: address, deaths: count, n: count, ms: count, reason: line }),
  named('AgentReleased', { agent: address, by: z.enum(['time', 'person']) }),
  /** `deaths` sessions died within `withinMs`: no bead is given out until it was quiet for a while. */
  named('DispatchPaused', { deaths: count, withinMs: count, agents: z.array(address).max(50) }),
  named('DispatchResumed', { by: z.enum(['quiet', 'person']) }),
] as const
