// What a crew member decides about its sessions: who begins, who ends, and what keeps it from beginning.

import { crewPlace, crewSessionOf } from '../../events/address.ts'
import type { PauseReason } from '../../events/budget.ts'
import type { Deciding, Event } from '../machine.ts'
import type { CrewContext } from './crew.context.ts'

type To = Deciding<CrewContext>

export const WHY: Readonly<Record<PauseReason, string>> = {
  town: 'the town goes down',
  estop: 'everybody is stopped',
  budget: 'a budget is used up',
  parked: 'its rig is parked',
  person: 'a person stopped it',
}

export function add(
  { agent, keeper, rig, ...before }: CrewContext,
  { branch }: Event<'crew.add'>,
  to: To,
): void {
  if (rig === null) return to.refuse('CREW_EXISTS', `${agent} is there already.`)
  const places = before.places + 1
  to.set({ branch, places, place: crewPlace(keeper, places) })
  to.fact({ type: 'CrewAdded', agent, rig, branch })
  to.effect('worktree.add', { rig, sandbox: keeper, bead: null, branch })
}

/** Another kind of agent cannot go on with the conversation of this one. */
export function want(context: CrewContext, { preset, fresh, path }: Event<'crew.start'>, to: To): void {
  const goesOn = !fresh && (context.sessions === 0 || preset === context.preset)
  to.set({
    preset,
    wanted: true,
    resume: goesOn ? context.resume : null,
    ...(path === null ? {} : { path }),
  })
}

export function unwant(_: CrewContext, __: unknown, to: To): void {
  to.set({ wanted: false })
}

export function begin(
  { keeper, path, branch, base, preset, resume, ...context }: CrewContext,
  _: unknown,
  to: To,
) {
  const sessions = context.sessions + 1
  const session = crewSessionOf(keeper, sessions)
  to.set({ sessions, session, resume: null })
  to.tell({
    to: session,
    message: {
      type: 'session.open',
      bead: null,
      worktree: path,
      branch,
      base,
      preset,
      attempt: sessions,
      reason: resume === null ? 'first' : 'handoff',
      resume,
    },
  })
}

export function end(
  { session }: CrewContext,
  { reason, graceMs }: { reason: string; graceMs?: number | undefined },
  to: To,
): void {
  if (session === null) return
  const message = { type: 'session.stop', reason } as const
  to.tell({ to: session, message: graceMs === undefined ? message : { ...message, graceMs } })
}

export function hold({ held }: CrewContext, { reason }: Event<'crew.pause'>, to: To): void {
  if (!held.includes(reason)) to.set({ held: [...held, reason] })
}

/** Its session stayed in the town that this one was forked of. The Mayor's desk, which no rig keeps, waits for a person. */
export function forked(
  { keeper, rig, path, held, wanted }: CrewContext,
  { meta: _meta, type: _type, ...restored }: Event<'crew.forked'>,
  to: To,
): void {
  to.set({
    session: null,
    resume: null,
    keeping: false,
    path: path === '' ? path : restored.path,
    wanted: rig !== null && wanted,
    held: rig === null || held.includes('parked') ? held : [...held, 'parked'],
  })
  to.fact({ type: 'WorktreeForked', sandbox: keeper, ...restored })
}

export function letGo({ held }: CrewContext, { reason }: Event<'crew.resume'>, to: To): void {
  if (held.includes(reason)) to.set({ held: held.filter((each) => each !== reason) })
}
