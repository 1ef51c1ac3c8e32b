import { beadOwner, DEACON, lastPart, MAYOR, sessionOf, witness } from '../../events/address.ts'
import type { AttemptReason, Previous } from '../../events/define.ts'
import type { Deciding, Event } from '../machine.ts'

export type SandboxContext = {
  sandbox: string
  agent: string
  rig: string
  bead: string
  branch: string
  path: string
  base: string
  preset: string | null
  attempt: number
  /** Why the present attempt began, and what it should know of the one before. */
  reason: AttemptReason
  previous: Previous
  /** The session of the present attempt while it lives. */
  session: string | null
  sessions: number
  /** What was submitted last. */
  head: string
  /** Commit on the target that has the work. */
  landed: string
  waitMs: number
  note: string
}

type To = Deciding<SandboxContext>

export function open(context: SandboxContext, { bead, preset }: Event<'sandbox.open'>, to: To): void {
  const { sandbox, agent, rig } = context
  const branch = `polecat/${lastPart(agent)}/${bead}.${lastPart(sandbox)}`
  to.set({ bead, preset, branch })
  to.fact({ type: 'SandboxOpened', sandbox, agent, bead, branch })
  to.effect('worktree.add', { rig, sandbox, bead, branch })
}

/** Begins the next attempt: the same worktree, a session and a token of its own. */
export function begin(context: SandboxContext, reason: AttemptReason, previous: Previous, to: To): void {
  const attempt = context.attempt + 1
  const sessions = context.sessions + 1
  const session = sessionOf(context.sandbox, sessions)
  const { sandbox, bead, agent, path, branch, base, preset } = context
  to.set({ attempt, sessions, session, reason, previous })
  to.fact({ type: 'AttemptBegun', sandbox, bead, agent, attempt, reason })
  to.tell({
    to: session,
    message: { type: 'session.open', bead, worktree: path, branch, base, preset, attempt, reason },
  })
}

export function submit(context: SandboxContext, { head, commits }: Event<'sandbox.done'>, to: To): void {
  const { sandbox, bead, agent, branch, path, attempt, rig } = context
  to.set({ head })
  to.fact({ type: 'WorkSubmitted', sandbox, bead, agent, head, commits, attempt })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.submit', head } })
  to.tell({
    to: witness(rig),
    message: { type: 'POLECAT_DONE', bead, sandbox, agent, branch, head, worktree: path, attempt },
  })
}

export function askRecovery(
  context: SandboxContext,
  { ending }: Event<'sandbox.sessionEnded'>,
  to: To,
): void {
  const { sandbox, bead, agent, rig } = context
  const reason = endingInWords(ending)
  to.set({ session: null })
  to.fact({ type: 'RecoveryAsked', sandbox, bead, agent, reason })
  to.tell({ to: witness(rig), message: { type: 'SESSION_DIED', bead, sandbox, agent, reason } })
}

function endingInWords(ending: Event<'sandbox.sessionEnded'>['ending']): string {
  switch (ending.kind) {
    case 'exited':
      return `its program ended with exit code ${ending.exitCode} before it was done`
    case 'killed':
      return `its program was killed by ${ending.signal}`
    case 'notStarted':
      return `its program could not be started: ${ending.message}`.slice(0, 1_900)
    case 'lost':
      return 'nobody saw its program end'
  }
}

export const afterPause = ({ previous }: SandboxContext): Previous => ({
  ...previous,
  note: 'The town was down for a while.',
})

export function recover(context: SandboxContext, _: unknown, to: To): void {
  begin(context, 'recovered', context.previous, to)
}

export function rework(context: SandboxContext, { reason, previous }: Event<'sandbox.rework'>, to: To): void {
  tellRework(context, reason, to)
  begin(context, reason, previous, to)
}

export function noteRework(
  context: SandboxContext,
  { reason, previous }: Event<'sandbox.rework'>,
  to: To,
): void {
  tellRework(context, reason, to)
  to.set({ reason, previous })
}

function tellRework({ bead }: SandboxContext, reason: AttemptReason, to: To): void {
  to.tell({ to: beadOwner(bead), message: { type: 'bead.rework', reason } })
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
  to.set({ session: null, landed })
  to.effect('worktree.remove', { rig, sandbox, path, branch, head, landed })
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

export function release(
  { agent, bead }: SandboxContext,
  outcome: 'landed' | 'failed' | 'withdrawn',
  to: To,
): void {
  to.tell({ to: agent, message: { type: 'polecat.release', bead, outcome } })
  to.tell({ to: DEACON, message: { type: 'deacon.forget', bead } })
}
