// Crew: long-lived workplaces that a person directs, and the desk at which a person talks to the Mayor.

import { z } from 'zod'
import { pauseReason } from './budget.ts'
import { address, count, failure, line, named, objectName, rigName } from './define.ts'
import { kept, keptCause } from './keeping.ts'
import { sessionEnding } from './worker.ts'

export const crewMessages = [
  /** To `<rig>/crew/<name>`. */
  named('crew.add', { branch: line }),
  /**
   * Also to `mayor/desk`, which needs no adding: `path` is its folder, null for everybody else. `fresh`: not the
   * conversation of before.
   */
  named('crew.start', { preset: line.nullable(), fresh: z.boolean(), path: line.nullable() }),
  named('crew.stop', { reason: line }),
  /** It rests for this reason: its session is ended within `graceMs`. */
  named('crew.pause', { reason: pauseReason, graceMs: count.optional() }),
  /** That reason is gone; whoever was at work when it came goes on. */
  named('crew.resume', { reason: pauseReason }),
  /** From the town: what it kept of the worktree while its session works. */
  named('crew.checkpointed', kept),
  /** From a person: its workplace goes, once all that is in it is kept. `yes`: also while it runs. */
  named('crew.remove', { reason: line, yes: z.boolean() }),
  /** From a session. `resume`: the runtime's id of the conversation, when it can go on from there. */
  named('crew.sessionEnded', { session: address, ending: sessionEnding, resume: line.nullable().optional() }),
] as const

export const crewFacts = [
  named('CrewAdded', { agent: address, rig: rigName, branch: line }),
  named('CrewReady', { agent: address, path: line, branch: line, base: objectName }),
  named('CrewNotAdded', { agent: address, ...failure }),
  named('CrewPaused', { agent: address, reason: pauseReason }),
  /** `place`: which of its worktrees, one after the other, it is about. */
  named('CrewCheckpointed', {
    agent: address,
    place: address,
    path: line,
    branch: line,
    base: objectName,
    ...kept,
    cause: keptCause,
  }),
  named('CrewNotCheckpointed', { agent: address, place: address, ...failure }),
  /** Worktree and branch are gone, and kept under `checkpoint`. */
  named('CrewRemoved', { agent: address, place: address, reason: line, checkpoint: line }),
  named('CrewNotRemoved', { agent: address, ...failure }),
] as const
