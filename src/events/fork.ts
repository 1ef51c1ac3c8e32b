// A fork: a town made of another one's past. What it is told, and what it says.
//
// Owns:      the words of forking, of parking a rig, and of making the rig of a fork real again.
// Always:    the first record of a fork is the one with TOWN_FORKED. It settles every effect and every timer that was
//            open as cancelled, and names them.

import { z } from 'zod'
import { address, failure, line, named, objectName, remote, rigName } from './define.ts'
import { OWNER_RESUMED, TOWN_FORKED } from './record.ts'

/** The town that a fork was made of, and the record after which it went on alone. */
const parent = z.strictObject({
  townId: line,
  name: line,
  dir: line,
  seq: z.number().int().positive(),
  /** Chain of the log at `seq`. */
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  /** Time of that record, ISO. */
  at: line,
})
export type Parent = z.infer<typeof parent>

/** What an owner had asked for and nobody will answer: asked once more when its rig is unparked. */
const asked = z.union([
  z.strictObject({ kind: z.literal('timer'), event: line, delayMs: z.number().nonnegative() }),
  z.strictObject({ kind: line, params: z.record(z.string(), z.json()) }),
])
const value = z.json()
const resumption = z.strictObject({ owner: address, value, asked: z.array(asked).min(1) })
export type Resumption = z.infer<typeof resumption>

/** Where the files of a worktree of a fork were taken from. */
const restoredFrom = z.enum(['checkpoint', 'branch', 'nothing'])
export type RestoredFrom = z.infer<typeof restoredFrom>

const fork = { townId: line, name: line, parent }
/** `why`: what a person should know of it; empty when all is as it was. */
const restored = { path: line, from: restoredFrom, commit: objectName.nullable(), why: line }

export const forkMessages = [
  /** `cancelled`: the ids of the effects and timers that were open. */
  named(TOWN_FORKED, { ...fork, cancelled: z.array(line) }),
  /** `remote`: the clone inside of the fork; null when it could not be made, and `why`. */
  named('rig.forked', {
    remote: remote.nullable(),
    head: objectName.nullable(),
    why: line,
    resumptions: z.array(resumption),
  }),
  /** Its session stayed behind; the worktree of the fork is at `path`. */
  named('sandbox.forked', restored),
  named('crew.forked', restored),
  /** From a person: nothing new begins in the rig until it is unparked. */
  named('rig.park', { reason: line }),
  named('rig.unpark'),
  /** From a person: the rig of a fork lands again where its parent's does. */
  named('rig.rejoin'),
  /** What the fork cancelled is asked once more of an owner that is still where it was. */
  named(OWNER_RESUMED, { value, asked: z.array(asked).min(1) }),
] as const

export const forkFacts = [
  named('TownForked', { ...fork, cancelled: z.number().int().nonnegative() }),
  named('RigForked', { rig: rigName, remote: remote.nullable(), head: objectName.nullable(), why: line }),
  named('RigParked', { rig: rigName, reason: line }),
  named('RigUnparked', { rig: rigName }),
  named('RigRejoined', { rig: rigName, remote, head: objectName }),
  named('RigNotRejoined', { rig: rigName, ...failure }),
  /** `sandbox`: of an assignment, or of a crew member. */
  named('WorktreeForked', { sandbox: address, ...restored }),
] as const
