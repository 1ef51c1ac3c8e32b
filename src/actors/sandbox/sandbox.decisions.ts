// What a sandbox decides from its first attempt to its end. What it decides about what is kept: keeping.ts.

import { beadOwner, DEACON, lastPart, MAYOR, sessionOf, witness } from '../../events/address.ts'
import type { PauseReason } from '../../events/budget.ts'
import type { AttemptReason, Previous } from '../../events/define.ts'
import type { Deciding, Event } from '../machine.ts'
import type { SandboxContext } from './sandbox.context.ts'
import { tellOver } from './stalls.ts'

type To = Deciding<SandboxContext>

/** An assignment may be handed over so often without a change in its worktree. */
const HANDOFFS_MAX = 5

export function open(context: SandboxContext, { bead, preset }: Event<'sandbox.open'>, to: To): void {
  const { sandbox, agent, rig } = context
  const branch = `polecat/${lastPart(agent)}/${bead}.${lastPart(sandbox)}`
  to.set({ bead, preset, branch })
  to.fact({ type: 'SandboxOpened', sandbox, agent, bead, branch })
  to.effect('worktree.add', { rig, sandbox, bead, branch })
}

export function wasAdded(
  { sandbox, branch }: SandboxContext,
  { base, head, path, epic }: Event<'worktree.added'>,
  to: To,
): void {
  to.set({ base, path, head, ...(epic !== undefined && { epic }) })
  to.fact({ type: 'WorktreeAdded', sandbox, path, branch, base })
}

export function firstAttempt(context: SandboxContext, event: Event<'worktree.added'>, to: To): void {
  wasAdded(context, event, to)
  note(context, 'first', {}, to)
}

/** Attempts that go on with the conversation of the one before; what was sent back is begun with a fresh mind. */
const GOES_ON: ReadonlySet<AttemptReason> = new Set(['recovered', 'handoff'])

/** Begins the attempt that was noted: the same worktree, a session and a token of its own. */
export function begin(context: SandboxContext, _: unknown, to: To): void {
  const { sandbox, bead, agent, path, branch, base, preset, reason } = context
  const attempt = context.attempt + 1
  const sessions = context.sessions + 1
  const session = sessionOf(sandbox, sessions)
  const resume = GOES_ON.has(reason) ? context.resume : null
  to.set({ attempt, sessions, session, resume: null, stalled: null })
  to.fact({ type: 'AttemptBegun', sandbox, bead, agent, attempt, reason })
  to.tell({
    to: session,
    message: { type: 'session.open', bead, worktree: path, branch, base, preset, attempt, reason, resume },
  })
}

export function started(
  { bead, attempt }: SandboxContext,
  { session }: Event<'sandbox.sessionStarted'>,
  to: To,
): void {
  to.tell({ to: beadOwner(bead), message: { type: 'bead.start', session, attempt } })
}

/** Why the next attempt begins, and what it is told; whether it begins now is for `paused` to say. */
export function note(context: SandboxContext, reason: AttemptReason, previous: Previous, to: To): void {
  to.set({ reason, previous })
  if (context.held.length > 0) rests(context, to)
}

function rests({ sandbox, bead, held }: SandboxContext, to: To): void {
  const reason = held[0]
  to.fact(
    reason === undefined
      ? { type: 'SandboxPaused', sandbox, bead }
      : { type: 'SandboxPaused', sandbox, bead, reason },
  )
}

/** Nothing of the present attempt is left. */
export function left(_: SandboxContext, { resume }: Event<'sandbox.sessionEnded'>, to: To): void {
  to.set({ session: null, resume: resume ?? null, keeping: true })
}

/** The old session is gone, and what was noted may begin, unless it is held meanwhile. */
export function leftAtLast(context: SandboxContext, event: Event<'sandbox.sessionEnded'>, to: To): void {
  left(context, event, to)
  if (context.held.length > 0) rests(context, to)
}

const STOPPED_BECAUSE: Readonly<Record<PauseReason, string>> = {
  person: 'a person stopped it',
  town: 'the town goes down',
  estop: 'everybody is stopped',
  budget: 'a budget is used up',
  parked: 'its rig is parked',
}

const NOTES: Readonly<Record<PauseReason, string>> = {
  person: 'A person had you stop for a while.',
  town: 'The town was down for a while.',
  estop: 'Everybody was stopped for a while.',
  budget: 'Work rested for a while, because a budget was used up.',
  parked: 'Work rested for a while, because the rig was parked.',
}

/** One reason more; whoever works is told to stop, unless it may end its turn. */
export function hold(
  context: SandboxContext,
  { reason, graceMs, keepTurn }: Event<'sandbox.pause'>,
  to: To,
): void {
  const why = reason ?? 'town'
  const { session, held } = context
  if (!held.includes(why)) to.set({ held: [...held, why] })
  if (session === null || keepTurn === true) return
  to.tell({
    to: session,
    message: {
      type: 'session.stop',
      reason: STOPPED_BECAUSE[why],
      ...(graceMs === undefined ? {} : { graceMs }),
    },
  })
}

/** The attempt in hand ends here, and is gone on with when no reason is left. */
export function pause(context: SandboxContext, event: Event<'sandbox.pause'>, to: To): void {
  const why = event.reason ?? 'town'
  hold(context, event, to)
  to.set({ reason: 'handoff', previous: { ...context.previous, note: NOTES[why] } })
  rests({ ...context, held: [why] }, to)
}

export function letGo({ held }: SandboxContext, { reason }: Event<'sandbox.resume'>, to: To): void {
  const why = reason ?? 'town'
  if (held.includes(why)) to.set({ held: held.filter((each) => each !== why) })
}

/** The session stayed in the town that this one was forked of; what it left is in a worktree of our own. */
export function forked(
  context: SandboxContext,
  { meta: _meta, type: _type, ...restored }: Event<'sandbox.forked'>,
  to: To,
): void {
  const { sandbox, path, held } = context
  to.set({
    session: null,
    resume: null,
    keeping: false,
    path: path === '' ? path : restored.path,
    held: held.includes('parked') ? held : [...held, 'parked'],
  })
  to.fact({ type: 'WorktreeForked', sandbox, ...restored })
}

/** The attempt in hand was left behind with its session, and is gone on with when the rig is unparked. */
export function forkedAtWork(context: SandboxContext, event: Event<'sandbox.forked'>, to: To): void {
  forked(context, event, to)
  const note = `This town is a fork: another one went on from here without you. ${event.why}`.trim()
  to.set({ reason: 'handoff', previous: { ...context.previous, note } })
  rests({ ...context, held: ['parked'] }, to)
}

/** What is to be worked on next is noted already. */
export function forkedAtRest(context: SandboxContext, event: Event<'sandbox.forked'>, to: To): void {
  forked(context, event, to)
  rests({ ...context, held: ['parked'] }, to)
}

export function submit(context: SandboxContext, { head, commits }: Event<'sandbox.done'>, to: To): void {
  const { sandbox, bead, agent, branch, path, attempt, rig } = context
  const epic = context.epic === null ? {} : { epic: context.epic }
  to.set({ head })
  to.fact({ type: 'WorkSubmitted', sandbox, bead, agent, head, commits, attempt })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.submit', head, ...epic } })
  to.tell({
    to: witness(rig),
    message: { type: 'POLECAT_DONE', bead, sandbox, agent, branch, head, worktree: path, attempt, ...epic },
  })
}

export function askRecovery(
  context: SandboxContext,
  { ending, resume }: Event<'sandbox.sessionEnded'>,
  to: To,
): void {
  const { sandbox, bead, agent, rig } = context
  const reason = endingInWords(ending)
  to.set({ session: null, resume: resume ?? null, keeping: true })
  to.fact({ type: 'RecoveryAsked', sandbox, bead, agent, reason })
  const died = { type: 'SESSION_DIED', bead, sandbox, agent, reason, ending: ending.kind } as const
  to.tell({ to: witness(rig), message: died })
}

function endingInWords(ending: Event<'sandbox.sessionEnded'>['ending']): string {
  switch (ending.kind) {
    case 'exited':
      return `its program ended with exit code ${ending.exitCode} before it was done${
        ending.said === undefined ? '' : `, and said: ${ending.said}`
      }`.slice(0, 1_900)
    case 'killed':
      return `its program was killed by ${ending.signal}`
    case 'notStarted':
      return `its program could not be started: ${ending.message}`.slice(0, 1_900)
    case 'lost':
      return 'nobody saw its program end'
  }
}

export function recover(context: SandboxContext, _: unknown, to: To): void {
  note(context, 'recovered', context.previous, to)
}

export function recoverLater(
  { sandbox, bead }: SandboxContext,
  { waitMs }: Event<'sandbox.recover'>,
  to: To,
): void {
  to.set({ waitMs })
  to.fact({ type: 'RecoveryScheduled', sandbox, bead, waitMs })
}

export function rework(context: SandboxContext, { reason, previous }: Event<'sandbox.rework'>, to: To): void {
  to.set({ handoff: null })
  to.tell({ to: beadOwner(context.bead), message: { type: 'bead.rework', reason } })
  note(context, reason, previous, to)
}

/** Whether anybody has got on since it was handed over last. */
export const handsOverInVain = (
  { mark, handoffs }: SandboxContext,
  event: Event<'sandbox.handOff'>,
): boolean => event.mark === mark && handoffs >= HANDOFFS_MAX

export function handOff(context: SandboxContext, event: Event<'sandbox.handOff'>, to: To): void {
  const { sandbox, bead, agent, mark, handoffs } = context
  const { session, note, trigger, meta } = event
  to.set({
    handoff: { note, session, trigger, at: meta.at },
    handoffs: event.mark === mark ? handoffs + 1 : 1,
    mark: event.mark,
    reason: 'handoff',
  })
  to.fact({ type: 'WorkHandedOff', sandbox, bead, agent, session, note, trigger })
}

/** A sixth session would begin where the five before it did not get on. */
export function handOffToPerson(context: SandboxContext, event: Event<'sandbox.handOff'>, to: To): void {
  const { note, session, trigger, meta } = event
  to.set({ handoff: { note, session, trigger, at: meta.at }, handoffs: 0 })
  const reason = `It was handed over ${HANDOFFS_MAX} times and nothing in its worktree changed.`
  park(context, note === '' ? reason : `${reason} Its last note: ${note}`, 'HANDOFF_LOOP', to)
}

export function giveUp(context: SandboxContext, { reason }: Event<'sandbox.giveUp'>, to: To): void {
  park(context, reason, 'GAVE_UP', to)
}

export function park(context: SandboxContext, reason: string, code: string, to: To): void {
  const { sandbox, bead, agent } = context
  const note = reason === '' ? 'The worker asks for a person.' : reason.slice(0, 1_900)
  to.set({ note })
  to.fact({ type: 'SandboxParked', sandbox, bead, reason: note })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.block', reason: note } })
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason: note } })
}

/** A person had it begun again. */
export function tryAgain(context: SandboxContext, _: unknown, to: To): void {
  const { bead, previous } = context
  to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead, note: 'begun again' } })
  note(context, 'handoff', { ...previous, note: context.note }, to)
}

export function defer(context: SandboxContext, to: To): void {
  to.tell({ to: beadOwner(context.bead), message: { type: 'bead.defer', reason: context.note } })
  release(context, 'withdrawn', to)
}

export function fail(
  context: SandboxContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  const { sandbox, bead, agent } = context
  const reason = `The worktree could not be made: ${message}`.slice(0, 1_900)
  to.fact({ type: 'WorktreeFailed', sandbox, bead, code, message })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.unhook', reason } })
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason } })
  release(context, 'failed', to)
}

export function remove(context: SandboxContext, to: To): void {
  const { rig, sandbox, path, branch, head, landed } = context
  to.effect('worktree.remove', { rig, sandbox, path, branch, head, landed })
}

export function wasRemoved(context: SandboxContext, { checkpoint }: Event<'worktree.removed'>, to: To): void {
  to.fact({ type: 'WorktreeRemoved', sandbox: context.sandbox, checkpoint })
  release(context, 'landed', to)
}

export function keep(
  context: SandboxContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  const { sandbox, bead, agent } = context
  to.fact({ type: 'WorktreeKept', sandbox, code, message })
  const reason = `Its worktree was kept: ${message}`.slice(0, 1_900)
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason } })
  release(context, 'landed', to)
}

export function withdraw(context: SandboxContext, message: string, to: To): void {
  to.fact({ type: 'WorktreeKept', sandbox: context.sandbox, code: 'WITHDRAWN', message })
  release(context, 'withdrawn', to)
}

export function release(context: SandboxContext, outcome: 'landed' | 'failed' | 'withdrawn', to: To): void {
  const { agent, bead } = context
  to.tell({ to: agent, message: { type: 'polecat.release', bead, outcome } })
  to.tell({ to: DEACON, message: { type: 'deacon.forget', bead, outcome } })
  tellOver(context, to)
}
