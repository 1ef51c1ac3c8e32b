// What a nudge keeps, and what it decides.

import { nudgeOwner, OVERSEER } from '../../events/address.ts'
import type { NudgeLineAt, NudgeMode } from '../../events/nudge.ts'
import type { Deciding, Event } from '../machine.ts'

export type NudgeContext = {
  nudge: string
  to: string
  session: string
  line: string
  mode: NudgeMode
  waitMs: number
  /** Who said it. */
  sender: string
  /** Who is told whether it was taken; null: nobody. */
  report: { readonly to: string; readonly about: string } | null
  lineAt: NudgeLineAt
  /** Times the composer was ours. */
  attempt: number
  /** Times in a row that nothing could be typed. */
  holds: number
  /** Why it waits, as told last. */
  reason: string
  /** Times that Enter was pressed. */
  enters: number
  /** Times in a row that it was found gone with nothing heard. */
  misses: number
}

type To = Deciding<NudgeContext>
type Failure = { code: string; message: string }

const NOT_TAKEN = 'NUDGE_NOT_TAKEN'
const TIMED_OUT = 'NUDGE_TIMED_OUT'

export const newContext = (address: string): NudgeContext => ({
  nudge: address.slice(nudgeOwner('').length),
  to: '',
  session: '',
  line: '',
  mode: 'idle',
  waitMs: 0,
  sender: OVERSEER,
  report: null,
  lineAt: 'untyped',
  attempt: 0,
  holds: 0,
  reason: '',
  enters: 0,
  misses: 0,
})

/** Nothing of it can be in the terminal, so that it is certain that nobody will take it. */
export const untyped = ({ lineAt }: Readonly<NudgeContext>): boolean => lineAt === 'untyped'

const whose = ({ nudge, to, session }: Readonly<NudgeContext>) => ({ nudge, to, session })

export const notTaken = (why: string): Failure => ({
  code: NOT_TAKEN,
  message: `It was typed, and nobody said that it was taken: ${why}.`,
})

export const overdue = ({ waitMs, reason, lineAt }: Readonly<NudgeContext>): Failure => ({
  code: TIMED_OUT,
  message: `${lineAt === 'untyped' ? 'It was not typed' : 'It was not taken'} within ${Math.round(waitMs / 1_000)} s${
    reason === '' ? '' : `: ${reason}`
  }.`,
})

export function send(context: NudgeContext, event: Event<'nudge.send'>, to: To): void {
  const { to: whom, session, text, line, mode, waitMs, report = null, meta } = event
  const { nudge } = context
  to.set({ to: whom, session, line, mode, waitMs, report, sender: meta.by })
  to.fact({ type: 'NudgeQueued', nudge, to: whom, session, text, line, mode })
  to.tell({ to: session, message: { type: 'session.deliver', nudge, mode } })
}

/** From here on nobody knows whether something of it is in the terminal, until the answer says so. */
export function startWriting(context: NudgeContext, _: unknown, to: To): void {
  const { nudge, session, line, mode, lineAt, attempt } = context
  to.set({ attempt: attempt + 1, lineAt: 'unseen' })
  if (attempt === 0) to.fact({ type: 'NudgeWriting', ...whose(context), attempt: 1 })
  to.effect('nudge.write', { nudge, session, line, mode, unseen: lineAt !== 'untyped' })
}

export function held(
  context: NudgeContext,
  { reason, lineAt }: { reason: string; lineAt: NudgeLineAt },
  to: To,
): void {
  to.set({ holds: context.holds + 1, lineAt })
  waitsBecause(context, reason, to)
}

/** Said once for each reason, however often it is looked. */
function waitsBecause(context: NudgeContext, reason: string, to: To): void {
  if (reason === context.reason) return
  to.set({ reason })
  to.fact({ type: 'NudgeHeld', ...whose(context), reason })
}

export function written(context: NudgeContext, _: unknown, to: To): void {
  const enters = context.enters + 1
  to.set({ enters, lineAt: 'composer', reason: '', holds: 0, misses: 0 })
  to.fact({ type: 'NudgeWritten', ...whose(context), enters })
}

export function check({ nudge, session, line }: NudgeContext, _: unknown, to: To): void {
  to.effect('nudge.enter', { nudge, session, line })
}

export function looked(context: NudgeContext, { reason, lineAt }: Event<'nudge.held'>, to: To): void {
  to.set({ lineAt, misses: lineAt === 'gone' ? context.misses + 1 : 0 })
  waitsBecause(context, reason, to)
}

export function accepted(context: NudgeContext, { via }: Event<'nudge.accepted'>, to: To): void {
  acceptedLate(context, { via }, to)
  giveBack(context, to)
}

export function acceptedLate(
  context: NudgeContext,
  { via }: Pick<Event<'nudge.accepted'>, 'via'>,
  to: To,
): void {
  to.fact({ type: 'NudgeAccepted', ...whose(context), via })
  tellOver(context, { taken: true, code: '', message: '' }, to)
}

export function fail(context: NudgeContext, failure: Failure, to: To): void {
  failedAt(context, failure, to)
  giveBack(context, to)
}

export function failedAt(context: NudgeContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'NudgeFailed', ...whose(context), code, message })
  tellOver(context, { taken: false, code, message }, to)
}

export function leaveUnconfirmed(context: NudgeContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'NudgeUnconfirmed', ...whose(context), code, message })
  giveBack(context, to)
}

export function withdraw(context: NudgeContext, _: unknown, to: To): void {
  to.fact({ type: 'NudgeWithdrawn', ...whose(context) })
  tellOver(context, { taken: false, code: 'NUDGE_WITHDRAWN', message: 'It was taken back.' }, to)
  giveBack(context, to)
}

export function endTurn(context: NudgeContext, how: string, to: To): void {
  to.fact({ type: 'NudgeTurnEnded', ...whose(context), how })
}

function tellOver({ nudge, report }: NudgeContext, how: { readonly taken: boolean } & Failure, to: To): void {
  if (report === null) return
  const { to: whom, about } = report
  to.tell({ to: whom, message: { type: 'NUDGE_OVER', nudge, about, ...how } })
}

/** The composer is free for the next one. */
function giveBack({ nudge, session }: NudgeContext, to: To): void {
  to.tell({ to: session, message: { type: 'session.delivered', nudge } })
}
