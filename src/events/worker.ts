// The three lifetimes of a worker: identity (for ever), sandbox (one assignment), session (one process).

import { z } from 'zod'
import { pauseReason } from './budget.ts'
import {
  address,
  attemptReason,
  beadId,
  command,
  count,
  effect,
  failure,
  line,
  named,
  objectName,
  previous,
  rigName,
} from './define.ts'
import { patience } from './health.ts'
import { usage } from './hearing.ts'

/** How a session ended, as the host saw it. */
export const sessionEnding = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('exited'),
    exitCode: z.number().int(),
    /** What it showed last, of a program that failed soon after its start. */
    said: z.string().max(2_000).optional(),
  }),
  z.strictObject({ kind: z.literal('killed'), signal: line }),
  z.strictObject({ kind: z.literal('notStarted'), message: z.string().max(10_000) }),
  z.strictObject({ kind: z.literal('lost'), survivors: z.array(z.number().int()).max(1_000) }),
])
export type SessionEndingData = z.infer<typeof sessionEnding>

/** Bytes of a note that one session leaves for the next. */
export const HANDOFF_NOTE_BYTES = 20_000
const handoffNote = z.string().max(HANDOFF_NOTE_BYTES)
/** `asked`: by the agent. Else by the town: before its context is compacted, because it is full, or it does not go on. */
export const handoffTrigger = z.enum(['asked', 'compact', 'full', 'stalled'])
export type HandoffTrigger = z.infer<typeof handoffTrigger>

export const polecatMessages = [
  named('polecat.hook', { bead: beadId, sandbox: address, preset: line.nullable() }),
  /** From a person: an assignment that was taken from it goes on. */
  named('polecat.rehook', { bead: beadId, sandbox: address }),
  /** A copy of one of its earlier conversations was asked a question by whoever says so. */
  named('polecat.asked', {
    session: address,
    bead: beadId.nullable(),
    runtime: line,
    question: line,
    answered: z.boolean(),
    usage: z.array(usage).max(20),
  }),
  named('polecat.release', { bead: beadId, outcome: z.enum(['landed', 'failed', 'withdrawn']) }),
] as const

export const polecatFacts = [
  /** The name is used for the first time. */
  named('PolecatNamed', { agent: address, rig: rigName }),
  named('PolecatHooked', { agent: address, rig: rigName, bead: beadId, sandbox: address }),
  /** Who asked is the author of the record; what it took is in TokensUsed, with the role `seance`. */
  named('SeanceHeld', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    runtime: line,
    question: line,
    answered: z.boolean(),
  }),
  named('PolecatReleased', {
    agent: address,
    bead: beadId,
    outcome: z.enum(['landed', 'failed', 'withdrawn']),
  }),
] as const

export const sandboxMessages = [
  named('sandbox.open', { bead: beadId, preset: line.nullable() }),
  /** `epic`: its work goes to the integration branch of that one. */
  named('worktree.added', { base: objectName, head: objectName, path: line, epic: beadId.exactOptional() }),
  named('worktree.notAdded', failure),
  /** From a session. */
  named('sandbox.sessionStarted', { session: address }),
  named('sandbox.sessionEnded', {
    session: address,
    ending: sessionEnding,
    done: z.boolean(),
    /** The runtime's id of the conversation, when it can go on from there. */
    resume: line.nullable().optional(),
  }),
  /** Together with session.done in one turn. */
  named('sandbox.done', { session: address, head: objectName, commits: count }),
  /**
   * A fresh session goes on, in the same worktree: said together with session.handOff in one turn. `mark` is the same
   * as long as neither the branch nor a file of the worktree has changed.
   */
  named('sandbox.handOff', { session: address, note: handoffNote, trigger: handoffTrigger, mark: line }),
  named('sandbox.giveBack', { session: address, status: z.enum(['ESCALATED', 'DEFERRED']), note: line }),
  /** From the Witness: another attempt in the same worktree. */
  named('sandbox.rework', { reason: attemptReason, previous }),
  /** From the Witness: a person said that it does not land; what there is is kept, and the bead is open again. */
  named('sandbox.reject', { reason: line }),
  /** From the Deacon: begin again after `waitMs`, or not at all. */
  named('sandbox.recover', { waitMs: count }),
  named('sandbox.giveUp', { reason: line }),
  /** From a person: try once more. */
  named('sandbox.retry'),
  /**
   * It rests for this reason: its session is ended within `graceMs`, its hook stays, no other attempt begins.
   * With `keepTurn` the session may end the turn in hand. Without a reason: the town goes down.
   */
  named('sandbox.pause', {
    reason: pauseReason.optional(),
    graceMs: count.optional(),
    keepTurn: z.boolean().optional(),
  }),
  /** That reason is gone. Without one: the town is up again. */
  named('sandbox.resume', { reason: pauseReason.optional() }),
  /** From the Witness: landed; the worktree may go. */
  named('sandbox.close', { commit: objectName, head: objectName }),
  named('worktree.removed', { checkpoint: line.nullable() }),
  named('worktree.kept', failure),
] as const

export const sandboxFacts = [
  named('SandboxOpened', { sandbox: address, agent: address, bead: beadId, branch: line }),
  named('WorktreeAdded', { sandbox: address, path: line, branch: line, base: objectName }),
  named('WorktreeFailed', { sandbox: address, bead: beadId, ...failure }),
  named('AttemptBegun', {
    sandbox: address,
    bead: beadId,
    agent: address,
    attempt: count,
    reason: attemptReason,
  }),
  named('WorkSubmitted', {
    sandbox: address,
    bead: beadId,
    agent: address,
    head: objectName,
    commits: count,
    attempt: count,
  }),
  /** The note is what the next session reads first. */
  named('WorkHandedOff', {
    sandbox: address,
    bead: beadId,
    agent: address,
    session: address,
    note: handoffNote,
    trigger: handoffTrigger,
  }),
  named('RecoveryAsked', { sandbox: address, bead: beadId, agent: address, reason: line }),
  named('RecoveryScheduled', { sandbox: address, bead: beadId, waitMs: count }),
  /** Without a reason: the town goes down. */
  named('SandboxPaused', { sandbox: address, bead: beadId, reason: pauseReason.optional() }),
  named('SandboxParked', { sandbox: address, bead: beadId, reason: line }),
  named('WorktreeRemoved', { sandbox: address, checkpoint: line.nullable() }),
  named('WorktreeKept', { sandbox: address, ...failure }),
] as const

/** What an agent says for its work; `criterion`: of which one of its bead's, from 1 on; null: of all of it. */
const evidence = z.array(z.strictObject({ criterion: count.nullable(), text: line })).max(50)
export type Evidence = z.infer<typeof evidence>[number]

export const sessionMessages = [
  /** A crew member has no bead, and the Mayor no repository either. */
  named('session.open', {
    bead: beadId.nullable(),
    worktree: line,
    branch: line,
    base: objectName.nullable(),
    preset: line.nullable(),
    attempt: count,
    reason: attemptReason,
    /** The runtime's id of a conversation to go on with. */
    resume: line.nullable().optional(),
  }),
  named('session.started', {
    pid: z.number().int(),
    command,
    /** Preset it was started with, and the runtime's id of the conversation when it is known beforehand. */
    runtime: line.optional(),
    runtimeSession: line.nullable().optional(),
    /** Where somebody set it; else the default. */
    patience: patience.optional(),
  }),
  named('session.notStarted', failure),
  named('session.done', {
    status: z.enum(['COMPLETED', 'ESCALATED', 'DEFERRED']),
    head: objectName,
    commits: count,
    note: line,
    evidence: evidence.optional(),
  }),
  /** It ends, and a fresh one goes on. */
  named('session.handOff'),
  /** From the host. */
  named('session.exited', { ending: sessionEnding }),
  /** Answer to session.stop: nothing of it is left. */
  named('session.stopped', { ending: sessionEnding }),
  /** From an owner or a person: end it. */
  /** `graceMs`: between the polite signals and SIGKILL; its own when left out. */
  named('session.stop', { reason: line, graceMs: count.optional() }),
  /** What an agent says over its socket; kept and shown. */
  named('session.report', { report: z.strictObject({ type: line, data: z.json() }) }),
] as const

export const sessionFacts = [
  named('SessionOpened', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    attempt: count,
    reason: attemptReason,
  }),
  named('SessionStarted', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    pid: z.number().int(),
    command,
  }),
  named('SessionFailed', { session: address, agent: address, bead: beadId.nullable(), ...failure }),
  named('SessionStopping', { session: address, agent: address, reason: line }),
  named('SessionEnded', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    ending: sessionEnding,
    done: z.boolean(),
  }),
  named('AgentDone', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    status: line,
    head: objectName,
    note: line,
    evidence: evidence.optional(),
  }),
  named('AgentReported', {
    session: address,
    agent: address,
    bead: beadId.nullable(),
    report: z.strictObject({ type: line, data: z.json() }),
  }),
] as const

export const workerEffects = {
  'worktree.add': effect({
    /** `sandbox`: the assignment, or the crew member. */
    params: z.strictObject({ rig: rigName, sandbox: address, bead: beadId.nullable(), branch: line }),
    settle: 'repeatable',
    deadlineMs: 30 * 60_000,
  }),
  'worktree.remove': effect({
    params: z.strictObject({
      rig: rigName,
      sandbox: address,
      path: line,
      branch: line,
      head: objectName,
      landed: objectName,
    }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'session.start': effect({
    params: z.strictObject({
      rig: rigName.nullable(),
      session: address,
      bead: beadId.nullable(),
      worktree: line,
      branch: line,
      preset: line.nullable(),
      resume: line.nullable().optional(),
    }),
    settle: 'probe',
    deadlineMs: 60_000,
  }),
  'session.stop': effect({
    params: z.strictObject({ session: address, graceMs: count }),
    settle: 'repeatable',
    deadlineMs: 60_000,
  }),
}
