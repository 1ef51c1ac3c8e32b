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
  /** From the bead: nothing it needs is open any more. */
  named('dispatch.ready', { bead: beadId }),
  /** From the bead: it waits for another one again. */
  named('dispatch.unready', { bead: beadId }),
  named('dispatch.withdraw', { bead: beadId, reason: line }),
  /** From a polecat: its place is free. */
  named('dispatch.freePlace', { rig: rigName, name: line }),
  /** From a person: an assignment that was taken from its polecat takes its place again. */
  named('dispatch.retake', { bead: beadId, rig: rigName, name: line, sandbox: address }),
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
  named('EscalationRaised', {
    id: line,
    bead: beadId.nullable(),
    agent: address.nullable(),
    code: line,
    reason: line,
  }),
  named('EscalationClosed', { id: line, note: line }),
] as const

export const deaconMessages = [
  /** From a Witness: a worker's session died before it was done. */
  named('RECOVERY_NEEDED', { bead: beadId, sandbox: address, agent: address, reason: line }),
  named('deacon.forget', { bead: beadId }),
] as const

export const deaconFacts = [
  named('RecoveryGranted', { bead: beadId, agent: address, n: count, waitMs: count }),
  named('RecoveryRefused', { bead: beadId, agent: address, n: count }),
] as const
