// Health: how long an agent may give no sign before it counts as stalled, and what is done about it then.
//
// Owns:      the words of a stall, of the ladder that answers it, and the patience a session is started with.
// Does not:  say who is stalled (src/actors/session/patience.ts) or what comes next (src/actors/witness/ladder.ts).

import { z } from 'zod'
import { address, beadId, count, failure, line, named } from './define.ts'

/**
 * What did not go on. `start`: its program never said that it takes input. `silent`: a turn without a sign. `tool`: the
 * same inside one tool. `idle`: its turn is over, and nothing is handed in. `limit`: its provider's limit should be over.
 * `stuck`: it can not go on by itself.
 */
const STALL_KINDS = ['start', 'silent', 'tool', 'idle', 'limit', 'stuck'] as const
export const stallKind = z.enum(STALL_KINDS)
export type StallKind = z.infer<typeof stallKind>

/** Milliseconds without a sign, by what an agent does. */
export const patience = z.strictObject({
  start: count,
  silent: count,
  tool: count,
  idle: count,
  /** Between one stall of a session that is said and the next. */
  cooldown: count,
  /** Of a program without hooks, from its start on; null: it is waited for as long as it runs. */
  program: count.nullable(),
})
export type Patience = z.infer<typeof patience>

/** What is done about a stall, one step after the other. */
const LADDER_STEPS = ['nudge', 'secondNudge', 'freshSession', 'redispatch', 'decision'] as const
export const ladderStep = z.enum(LADDER_STEPS)
export type LadderStep = z.infer<typeof ladderStep>

/** Steps that the sandbox takes itself; the others are nudges. */
const interventionStep = z.enum(['freshSession', 'redispatch', 'decision'])

/** What shows it: the record of the last sign, and what that was. `seq` null: there was none. */
const evidence = z.strictObject({ seq: count.nullable(), what: line })

const stall = {
  kind: stallKind,
  /** ISO time of the last sign. */
  since: line,
  /** How often this session was found so. */
  n: count,
  evidence,
}

/** To a session, by the clock. */
export const watchMessages = [named('session.overdue')] as const

/** To a sandbox. */
export const stallMessages = [
  /** From its session. `progressed`: a tool came to an end since it said so last; `spoken`: the nudge it took since. */
  named('sandbox.stalled', { session: address, ...stall, progressed: z.boolean(), spoken: line.nullable() }),
  named('sandbox.goesOn', { session: address }),
  /** From the Witness, about that session and no other. */
  named('sandbox.intervene', { session: address, step: interventionStep, reason: line }),
] as const

/** To a Witness. */
export const ladderMessages = [
  /** From a sandbox. `mark` is the same as long as nothing in its worktree changed; null: nobody could look. */
  named('WORK_STALLED', {
    bead: beadId,
    sandbox: address,
    agent: address,
    session: address,
    ...stall,
    progressed: z.boolean(),
    spoken: line.nullable(),
    mark: line.nullable(),
  }),
  named('WORK_GOES_ON', { sandbox: address, session: address }),
  /** From a nudge of its own: it was taken, or was not. */
  named('NUDGE_OVER', { nudge: line, about: address, taken: z.boolean(), ...failure }),
  /** From a sandbox that had stalled: its assignment is over. `stalled`: for that, and its bead is open again. */
  named('WORK_GIVEN_BACK', {
    bead: beadId,
    sandbox: address,
    agent: address,
    stalled: z.boolean(),
    reason: line,
    preset: line.nullable(),
  }),
] as const

const whose = { session: address, agent: address, bead: beadId.nullable() }

export const healthFacts = [
  named('AgentStalled', { ...whose, ...stall }),
  /** It gave a sign again. */
  named('AgentGoesOn', { ...whose, kind: stallKind, n: count }),
  /** Its program runs on: it was to be stopped, and that could not be done. It is tried again. */
  named('SessionNotStopped', { ...whose, ...failure }),
  /** `n` counts the steps of an assignment, `generation` is the session's number in it. */
  named('LadderClimbed', {
    sandbox: address,
    session: address,
    agent: address,
    bead: beadId,
    step: ladderStep,
    n: count,
    generation: count,
    kind: stallKind,
    reason: line,
    nudge: line.nullable(),
  }),
  /** Such a step was not taken, for nobody could look into its worktree: nothing is ended on a guess. */
  named('LadderHeld', { sandbox: address, session: address, agent: address, bead: beadId, reason: line }),
] as const
