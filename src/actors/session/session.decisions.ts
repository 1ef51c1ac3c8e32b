// The life of a session: opened, started, done, stopped, ended.

import { keeperOf, sandboxOfSession, sessionRole } from '../../events/address.ts'
import type { SessionEndingData } from '../../events/worker.ts'
import type { Deciding, Event } from '../machine.ts'
import { failAll } from './composer.ts'
import { NO_RUNTIME, type SessionContext, whose } from './session.context.ts'
import { runtimeSessionKnown, stands, tellRuntimeSession, withdrawAll } from './session.hearing.ts'
import { beginning, withoutHooks } from './standing.ts'
import { endWatch, gaveSign, keepWatch } from './watching.ts'

type To = Deciding<SessionContext>

/** Between the polite signals and SIGKILL, ms. */
const STOP_GRACE_MS = 5_000

export function open(context: SessionContext, event: Event<'session.open'>, to: To): void {
  const { session, agent, rig } = context
  const { meta, type: _type, resume = null, ...given } = event
  const { bead, worktree, branch, preset, attempt, reason } = given
  to.set({ ...given, resume, standing: beginning(meta.at) })
  to.fact({ type: 'SessionOpened', session, agent, bead, attempt, reason })
  const start = { rig: rig === '' ? null : rig, session, bead, worktree, branch, preset }
  to.effect('session.start', resume === null ? start : { ...start, resume })
}

export function started(context: SessionContext, event: Event<'session.started'>, to: To): void {
  const { session } = context
  const { pid, command, runtime = null, runtimeSession = null, patience = null, meta } = event
  to.set({ pid, runtime, patience })
  to.fact({ type: 'SessionStarted', ...whose(context), pid, command })
  if (sessionRole(session) === 'polecat')
    to.tell({ to: sandboxOfSession(session), message: { type: 'sandbox.sessionStarted', session } })
  const now = { ...context, pid, runtime, patience }
  if (context.runtimeSession === null)
    tellRuntimeSession(now, { runtimeSession, transcript: null, model: null }, to)
  // A hook was quicker, and knows better, but not whose it is.
  else if (runtime !== null) to.fact(runtimeSessionKnown(now, context.runtimeSession))
  const isSilent = runtime === null || runtime === NO_RUNTIME
  const heard = { meta, sign: true }
  if (isSilent && context.standing?.state === 'starting') stands(now, withoutHooks(meta.at), heard, to)
  else keepWatch(now, context.standing, heard, to)
}

export function notStarted(
  context: SessionContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.fact({ type: 'SessionFailed', ...whose(context), code, message })
  end(context, { kind: 'notStarted', message }, to)
}

export function done(context: SessionContext, event: Event<'session.done'>, to: To): void {
  const { status, head, note, evidence } = event
  endWatch(context, to)
  to.set({ done: true })
  to.fact({ type: 'AgentDone', ...whose(context), status, head, note, ...(evidence && { evidence }) })
}

export function report(context: SessionContext, { report, meta }: Event<'session.report'>, to: To): void {
  gaveSign(context, meta, to)
  to.fact({ type: 'AgentReported', ...whose(context), report })
}

export function stop(
  context: SessionContext,
  { reason, graceMs }: { reason: string; graceMs?: number | undefined },
  to: To,
): void {
  const { session, agent } = context
  endWatch(context, to)
  to.fact({ type: 'SessionStopping', session, agent, reason })
  to.effect('session.stop', { session, graceMs: graceMs ?? STOP_GRACE_MS })
}

export function stopAgain({ session }: SessionContext, _: unknown, to: To): void {
  to.effect('session.stop', { session, graceMs: STOP_GRACE_MS })
}

/** Said once; it is tried again all the while. */
export function notStopped(context: SessionContext, event: Event<'effect.failed'>, to: To): void {
  const { kind, code, message } = event
  if (kind !== 'session.stop' || context.unstopped) return
  to.set({ unstopped: true })
  to.fact({ type: 'SessionNotStopped', ...whose(context), code, message })
}

export function ended(context: SessionContext, { ending }: { ending: SessionEndingData }, to: To): void {
  to.fact({ type: 'SessionEnded', ...whose(context), ending, done: context.done })
  end(context, ending, to)
}

function end(context: SessionContext, ending: SessionEndingData, to: To): void {
  const { session, done, handedOff } = context
  const role = sessionRole(session)
  const conversation = done || handedOff ? null : conversationLeft(context, ending)
  const resume = conversation === null ? {} : { resume: conversation }
  to.tell({
    to: keeperOf(session),
    message:
      role === 'polecat'
        ? { type: 'sandbox.sessionEnded', session, ending, done, ...resume }
        : role === 'reviewer'
          ? { type: 'review.sessionEnded', session, ending }
          : { type: 'crew.sessionEnded', session, ending, ...resume },
  })
  withdrawAll(context, 'its session has ended', to)
  failAll(context, to)
  endWatch(context, to)
  to.set({ asking: [], typing: null, lines: [], turnOf: null })
}

/**
 * The conversation that the next session can go on with. A runtime keeps one that has had a turn; one that was to be
 * gone on with is kept still, unless its program failed by itself before it greeted us: it would fail again.
 */
function conversationLeft(context: SessionContext, ending: SessionEndingData): string | null {
  const { runtimeSession, talked, greeted, resume } = context
  if (talked && runtimeSession !== null) return runtimeSession
  const failed = ending.kind === 'exited' && ending.exitCode !== 0 && !greeted
  return failed ? null : resume
}

export function handOff(context: SessionContext, _: unknown, to: To): void {
  endWatch(context, to)
  to.set({ handedOff: true })
}
