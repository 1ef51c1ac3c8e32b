// Whether an agent goes on: its last sign, the timer that waits for the next one, and what is said when none comes.
//
// Owns:      the one timer of a session, and when its agent counts as stalled. How long that is: patience.ts.
// Does not:  do anything about it: the sandbox tells the Witness.
// Always:    a sign re-arms nothing, so that an agent at work costs two records in the time of its patience at most;
//            whoever is waited for by nobody (a crew member at rest, a program without hooks) has no timer.

import { sandboxOfSession, sessionRole } from '../../events/address.ts'
import { PATIENCE } from '../../events/health-settings.ts'
import type { Activity, Heard, Standing } from '../../events/hearing.ts'
import type { Told } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'
import { type Due, dueOf, firesInTime, lastSeen, leftOf, type Watch } from './patience.ts'
import { NO_RUNTIME, type SessionContext, whose } from './session.context.ts'

type To = Deciding<SessionContext>
type Meta = Told['meta']

/**
 * After a message that may have changed where it stands. `context` is as it is from now on, `before` where it stood;
 * `sign`: its agent said something, as against a screen that was read.
 */
export function keepWatch(
  context: SessionContext,
  before: Standing | null,
  { meta, sign }: { readonly meta: Meta; readonly sign: boolean },
  to: To,
): void {
  const { standing, watch } = context
  if (standing === null || !isWatched(context)) return
  const isNews = standing !== before
  const seen = sign || isNews ? { seq: meta.seq, at: meta.at } : context.sign
  const due = dueIn(context, standing, meta.at)
  const now = { ...context, sign: seen, stall: stallAfter(context, { ends: sign || due === null }, to) }
  if (due === null) {
    if (watch === null && context.stall === null) return
    if (watch !== null) to.callOff('session.overdue')
    to.set({ watch: null, sign: seen, stall: now.stall })
    return
  }
  const next = within(now, due)
  if (watch !== null && (!isNews || (flips(before, standing) && firesInTime(watch, next)))) {
    to.set({ sign: seen, stall: now.stall })
    return
  }
  if (watch !== null) to.callOff('session.overdue')
  to.set({ sign: seen, stall: now.stall, watch: setTo(next, next.ms, meta, to) })
}

/** It said something that leaves it where it stands. */
export const gaveSign = (context: SessionContext, meta: Meta, to: To): void =>
  keepWatch(context, context.standing, { meta, sign: true }, to)

/** The time is over; or a sign came meanwhile, and what is left is waited for. */
export function overdue(context: SessionContext, { meta }: { readonly meta: Meta }, to: To): void {
  const { standing, watch, sign, stalls, progressed, spoken } = context
  if (standing === null || watch === null) return
  const due = dueIn(context, standing, meta.at)
  if (due === null) {
    to.set({ watch: null })
    return
  }
  const next = within(context, due)
  const left = leftOf(watch, sign, next, meta.at)
  if (left > 0) {
    to.set({ watch: setTo(next, left, meta, to) })
    return
  }
  const since = sign?.at ?? standing.since
  const n = stalls + 1
  const stall = {
    kind: due.kind,
    since,
    n,
    evidence: { seq: sign?.seq ?? null, what: lastSeen(standing).slice(0, 500) },
  }
  const again = { kind: due.kind, ms: againIn(n, patienceOf(context).cooldown) }
  to.set({
    stall: { kind: due.kind, since },
    stalls: n,
    progressed: false,
    spoken: null,
    watch: setTo(again, again.ms, meta, to),
  })
  to.fact({ type: 'AgentStalled', ...whose(context), ...stall })
  if (!isPolecat(context)) return
  const { session } = context
  to.tell({
    to: sandboxOfSession(session),
    message: { type: 'sandbox.stalled', session, ...stall, progressed, spoken },
  })
}

/** Nobody waits for a sign of it any more: it is about to end. */
export function endWatch({ watch, stall }: SessionContext, to: To): void {
  if (watch !== null) to.callOff('session.overdue')
  if (watch !== null || stall !== null) to.set({ watch: null, stall: null })
}

/** What was heard says that a tool came to an end, or which nudge was taken. */
export function notesProgress(
  { progressed, spoken, standing, stalls }: SessionContext,
  { heard, activity, after }: { heard: Heard | null; activity: Activity | null; after: Standing },
  to: To,
): void {
  // Before the first stall nobody asks.
  if (stalls === 0) return
  const taken = heard?.kind === 'turnStarted' && heard.via !== 'screen' ? heard.nudge : null
  if (taken !== null && taken !== spoken) to.set({ spoken: taken })
  if (progressed || heard?.via === 'screen' || heard?.kind === 'interrupted') return
  const under = (standing?.state === 'runningTool' ? 1 : 0) - (after.state === 'runningTool' ? 1 : 0)
  if ((activity?.tools ?? 0) + under > 0) to.set({ progressed: true })
}

const isPolecat = ({ session }: SessionContext): boolean => sessionRole(session) === 'polecat'

/** Its program was started, and is not about to end. */
const isWatched = ({ pid, done, handedOff }: SessionContext): boolean => pid !== null && !done && !handedOff

const patienceOf = ({ patience }: SessionContext) => patience ?? PATIENCE

const dueIn = (context: SessionContext, standing: Standing, at: string): Due | null =>
  dueOf({
    standing,
    patience: patienceOf(context),
    role: sessionRole(context.session) ?? 'polecat',
    hooked: context.greeted,
    blind: context.runtime === null || context.runtime === NO_RUNTIME,
    at,
  })

/** Stalls of a session that are said one cooldown after the other: as many as there are steps about them. */
const AT_ONCE = 10
/** Of what nothing can be done about it is said ever more seldom, at least once in so long, ms. */
const SELDOM_MS = 6 * 60 * 60_000

/** Said once, it is said again after the cooldown, and of what comes after it no sooner. */
function within(context: SessionContext, due: Due): Due {
  const { cooldown } = patienceOf(context)
  if (context.stall !== null) return { ...due, ms: againIn(context.stalls, cooldown) }
  return context.stalls === 0 ? due : { ...due, ms: Math.max(due.ms, cooldown) }
}

const againIn = (stalls: number, cooldown: number): number =>
  Math.max(cooldown, Math.min(cooldown * 2 ** Math.max(0, stalls - AT_ONCE), SELDOM_MS))

/** `ms` of the time that is due are left. */
function setTo({ kind, ms: full }: Due, ms: number, { seq, at }: Meta, to: To): Watch {
  to.later('session.overdue', ms)
  return { kind, ms, full, spent: full - ms, seq, at }
}

function stallAfter(
  context: SessionContext,
  { ends }: { readonly ends: boolean },
  to: To,
): SessionContext['stall'] {
  const { stall, stalls, session } = context
  if (stall === null || !ends) return stall
  to.fact({ type: 'AgentGoesOn', ...whose(context), kind: stall.kind, n: stalls })
  if (isPolecat(context))
    to.tell({ to: sandboxOfSession(session), message: { type: 'sandbox.goesOn', session } })
  return null
}

const flips = (before: Standing | null, after: Standing): boolean =>
  before !== null && isWork(before) && isWork(after)
const isWork = ({ state }: Standing): boolean => state === 'thinking' || state === 'runningTool'
