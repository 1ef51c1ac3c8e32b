// The composer of a session: one nudge at a time, when where the agent stands allows it.

import { nudgeOwner } from '../../events/address.ts'
import type { NudgeMode } from '../../events/nudge.ts'
import type { Deciding, Event } from '../machine.ts'
import { NO_RUNTIME, type SessionContext } from './session.context.ts'
import { waits } from './standing.ts'

type To = Deciding<SessionContext>

/** Nudges that may wait for one session. */
const LINES_MAX = 20

export function deliver(context: SessionContext, { nudge, mode }: Event<'session.deliver'>, to: To): void {
  const { session, typing, lines } = context
  if (typing === nudge || lines.some((line) => line.nudge === nudge)) return
  if (lines.length >= LINES_MAX) {
    to.refuse('NUDGE_TOO_MANY', `${lines.length} nudges wait for ${session} already.`)
    return
  }
  handOver({ ...context, lines: [...lines, { nudge, mode }] }, to)
}

export function delivered(context: SessionContext, { nudge }: Event<'session.delivered'>, to: To): void {
  const lines = context.lines.filter((line) => line.nudge !== nudge)
  handOver({ ...context, lines, typing: context.typing === nudge ? null : context.typing }, to)
}

/** Keeps what `context` says of the composer, and gives it to the first that may have it. */
export function handOver(context: SessionContext, to: To): void {
  const { typing, lines } = context
  // One that is done is about to end, and begins no turn more.
  const isOver = context.done || context.handedOff
  const next = typing === null && !isOver ? lines.find(({ mode }) => mayGo(mode, context)) : undefined
  if (next === undefined) {
    to.set({ typing, lines })
    return
  }
  to.set({ typing: next.nudge, lines: lines.filter((line) => line !== next) })
  to.tell({ to: nudgeOwner(next.nudge), message: { type: 'nudge.go' } })
}

function mayGo(mode: NudgeMode, { standing, runtime, stall }: SessionContext): boolean {
  if (standing === null) return false
  const { state } = standing
  // Without a composer it reads its standard input when it likes, and nothing can be typed over.
  if (runtime === NO_RUNTIME) return state !== 'starting'
  // Its limit should be over, and it has not gone on by itself.
  if (state === 'limited') return stall?.kind === 'limit'
  switch (mode) {
    case 'idle':
      return state === 'ready' || state === 'idle'
    case 'queue':
      return !waits(standing) && state !== 'starting' && state !== 'stuck'
    case 'immediate':
      // Before it takes input, an Enter would be lost.
      return !waits(standing) && state !== 'starting'
  }
}

/** Nobody reads any more what was to be typed. */
export function failAll({ session, typing, lines, turnOf }: SessionContext, to: To): void {
  const message = `${session} has ended before it was taken.`
  for (const nudge of [...(typing === null ? [] : [typing]), ...lines.map((line) => line.nudge)])
    to.tell({ to: nudgeOwner(nudge), message: { type: 'nudge.fail', code: 'AGENT_HAS_NO_SESSION', message } })
  if (turnOf !== null && turnOf !== typing)
    to.tell({ to: nudgeOwner(turnOf), message: { type: 'nudge.turnEnded', how: 'failed' } })
}
