// What is heard of an agent, and what its session makes of it: where it stands, its turns, its use of tokens.

import { decisionOwner, nudgeOwner, sessionRole } from '../../events/address.ts'
import type { Activity, Heard, Standing } from '../../events/hearing.ts'
import type { Told } from '../../events/record.ts'
import type { Deciding, Event } from '../machine.ts'
import { hasActivity } from './activity.ts'
import { handOver } from './composer.ts'
import { NO_RUNTIME, type SessionContext, whose } from './session.context.ts'
import { beginning, goesOn, inTurn, sameStanding, stand, waits, waitsFor } from './standing.ts'
import { gaveSign, keepWatch, notesProgress } from './watching.ts'

type To = Deciding<SessionContext>
type Meta = Told['meta']

/** Decisions of one session that may be open: calls of tools that run beside each other. */
const ASKING_MAX = 20

export function hears(
  context: SessionContext,
  { heard, activity, meta }: Event<'session.heard'>,
  to: To,
): void {
  const { at } = meta
  const before = context.standing ?? beginning(at)
  const standing = stand(before, heard, at, context.asking.length > 0)
  tellActivity(context, activity, to)
  knows(context, heard, to)
  const asking = askingAfter(context, standing, to)
  const turnOf = turnAfter(context, heard, before, standing, to)
  if (heard.kind === 'compacted') to.fact({ type: 'ContextCompacted', ...whose(context) })
  notesProgress(context, { heard, activity, after: standing }, to)
  const greeted = context.greeted || greets(heard)
  const sign = heard.via !== 'screen'
  stands({ ...context, greeted, standing: before, asking, turnOf }, standing, { meta, sign }, to)
}

export function isActive(
  context: SessionContext,
  { standing, activity, meta }: Event<'session.active'>,
  to: To,
): void {
  const before = context.standing ?? beginning(meta.at)
  tellActivity(context, activity, to)
  // What was folded is older than any change that was recorded meanwhile.
  const flips = isFlip(before) && isFlip(standing)
  const after = flips ? standing : before
  notesProgress(context, { heard: null, activity, after }, to)
  stands({ ...context, standing: before }, after, { meta, sign: true }, to)
}

export function uses(
  context: SessionContext,
  { source, from, upTo, usage, meta }: Event<'session.used'>,
  to: To,
): void {
  const { session, rig, runtime } = context
  const mark = source === undefined ? 'usedUpTo' : (`usedUpTo/${source}` as const)
  const usedUpTo = context[mark] ?? '0'
  if (from !== usedUpTo) {
    to.refuse('USAGE_STALE', `The usage of ${session} has been counted up to ${usedUpTo}, not ${from}.`, {
      usedUpTo,
    })
    return
  }
  to.set({ [mark]: upTo })
  gaveSign(context, meta, to)
  for (const each of usage)
    to.fact({
      type: 'TokensUsed',
      ...whose(context),
      rig: rig === '' ? null : rig,
      role: sessionRole(session) ?? 'polecat',
      runtime: runtime ?? NO_RUNTIME,
      ...each,
    })
}

export function asked(
  context: SessionContext,
  { decision, kind, tool, meta }: Event<'session.asked'>,
  to: To,
): void {
  const { asking, session } = context
  if (asking.includes(decision)) return
  if (asking.length >= ASKING_MAX) {
    to.refuse('ASKS_TOO_MANY', `${asking.length} decisions of ${session} are open already.`)
    return
  }
  const before = context.standing ?? beginning(meta.at)
  const next = waitsFor(kind, tool, meta.at)
  stands({ ...context, standing: before, asking: [...asking, decision] }, next, { meta, sign: true }, to)
}

export function answered(
  context: SessionContext,
  { decision, meta }: Event<'session.answered'>,
  to: To,
): void {
  if (!context.asking.includes(decision)) return
  const asking = context.asking.filter((one) => one !== decision)
  const before = context.standing ?? beginning(meta.at)
  const next = asking.length === 0 && waits(before) ? goesOn(meta.at) : before
  stands({ ...context, standing: before, asking }, next, { meta, sign: true }, to)
}

/** Nobody waits for an answer any more. */
export function withdrawAll({ asking }: SessionContext, reason: string, to: To): void {
  for (const decision of asking)
    to.tell({ to: decisionOwner(decision), message: { type: 'decision.withdraw', reason } })
}

/** Keeps where it stands now, says so when it changed, and looks who may type. `context.standing` is the one before. */
export function stands(
  context: SessionContext,
  standing: Standing,
  heard: { readonly meta: Meta; readonly sign: boolean },
  to: To,
): void {
  const { standing: before, asking, turnOf } = context
  const changed = before === null || !sameStanding(before, standing)
  to.set({ asking, turnOf, standing: changed ? standing : before })
  if (changed) to.fact({ type: 'AgentStands', ...whose(context), standing })
  const now = { ...context, standing: changed ? standing : before }
  keepWatch(now, before, heard, to)
  handOver({ ...context, standing }, to)
}

/** Says so, when the runtime's id of the conversation is news. */
export function tellRuntimeSession(
  context: SessionContext,
  known: Pick<SessionContext, 'runtimeSession' | 'transcript' | 'model'>,
  to: To,
): void {
  const { runtimeSession, transcript, model } = known
  if (runtimeSession === null) return
  const isNews =
    runtimeSession !== context.runtimeSession || transcript !== context.transcript || model !== context.model
  if (!isNews) return
  to.set({ runtimeSession, transcript, model })
  to.fact(runtimeSessionKnown({ ...context, transcript, model }, runtimeSession))
}

export const runtimeSessionKnown = (context: SessionContext, runtimeSession: string) => ({
  type: 'RuntimeSessionKnown' as const,
  ...whose(context),
  runtime: context.runtime ?? NO_RUNTIME,
  runtimeSession,
  transcript: context.transcript,
  model: context.model,
})

function knows(context: SessionContext, heard: Heard, to: To): void {
  if (heard.kind === 'turnStarted' && heard.via !== 'screen' && !context.talked) to.set({ talked: true })
  if (heard.kind !== 'ready') return
  if (greets(heard) && !context.greeted) to.set({ greeted: true })
  if (heard.runtimeSession === null) return
  const { runtimeSession } = heard
  const same = runtimeSession === context.runtimeSession
  // Another one from here on, and nothing was said in it.
  if (!same && context.talked) to.set({ talked: false })
  const transcript = heard.transcript ?? (same ? context.transcript : null)
  tellRuntimeSession(context, { runtimeSession, transcript, model: heard.model ?? context.model }, to)
}

/** Its program says by a hook that it takes input. */
const greets = (heard: Heard): boolean => heard.kind === 'ready' && heard.via === 'hook'

function tellActivity(context: SessionContext, activity: Activity | null, to: To): void {
  if (activity !== null && hasActivity(activity))
    to.fact({ type: 'AgentActive', ...whose(context), activity })
}

/** A turn that is over, or a dialog that was answered in the terminal, leaves nobody who waits for our answer. */
function askingAfter(context: SessionContext, standing: Standing, to: To): readonly string[] {
  if (waits(standing) || context.asking.length === 0) return context.asking
  withdrawAll(context, 'its agent goes on without the answer', to)
  return []
}

type Ending = Event<'nudge.turnEnded'>['how']

/** The nudge whose turn goes from now on. */
function turnAfter(
  context: SessionContext,
  heard: Heard,
  before: Standing,
  standing: Standing,
  to: To,
): string | null {
  const { turnOf } = context
  if (heard.kind === 'turnStarted') {
    const { nudge, via } = heard
    if (nudge !== null && nudge === turnOf) return turnOf
    if (nudge !== null && via !== 'screen')
      to.tell({ to: nudgeOwner(nudge), message: { type: 'nudge.accepted', via } })
    if (!inTurn(standing)) {
      // Read in a transcript when the turn was over.
      if (nudge !== null) endTurnOf(nudge, 'ended', to)
      return turnOf
    }
    if (nudge === null && via !== 'hook' && sameStanding(before, standing)) return turnOf
    to.fact({ type: 'TurnStarted', ...whose(context), nudge })
    if (nudge === null) return inTurn(before) ? turnOf : null
    if (turnOf !== null) endTurnOf(turnOf, 'ended', to)
    return nudge
  }
  const how = endingOf(heard, before, standing)
  if (how === null) return turnOf
  if (inTurn(before))
    to.fact({
      type: 'TurnEnded',
      ...whose(context),
      how,
      reason: how === 'ended' ? '' : standing.reason,
    })
  if (turnOf !== null) endTurnOf(turnOf, how, to)
  return null
}

const endTurnOf = (nudge: string, how: Ending, to: To): void =>
  to.tell({ to: nudgeOwner(nudge), message: { type: 'nudge.turnEnded', how } })

function endingOf(heard: Heard, before: Standing, standing: Standing): Ending | null {
  if (heard.kind === 'turnFailed') return 'failed'
  if (standing.state !== 'idle' || heard.kind === 'compacted') return null
  if (heard.kind === 'turnEnded') return 'ended'
  return before.state === 'idle' ? null : 'interrupted'
}

const isFlip = ({ state }: Standing): boolean => state === 'thinking' || state === 'runningTool'
