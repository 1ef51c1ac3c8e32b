// A rig that rests, in a fork and by a person's word, and how it goes on.

import { MAYOR } from '../../events/address.ts'
import type { Event } from '../machine.ts'
import type { Apart, RigContext, To } from './rig.context.ts'
import { tellAll } from './rig.settings.ts'

const FORKED = 'this town is a fork'

/** It lands in a clone inside of the fork from here on; where the other one lands is kept for a person to say so. */
export function fork(
  context: RigContext,
  { remote, head, why, resumptions, meta }: Event<'rig.forked'>,
  to: To,
): void {
  if (remote === null) return
  const { rig, settings } = context
  to.set({ remote, source: null, apart: { remote: context.remote, source: context.source }, resumptions })
  to.fact({ type: 'RigForked', rig, remote, head, why })
  if (context.parked === null) park(context, FORKED, meta.at, to)
  tellAll({ ...context, remote }, settings, to)
}

/** There is no clone that could be its remote. */
export function lose(context: RigContext, { why, meta }: Event<'rig.forked'>, to: To): void {
  const { rig } = context
  to.set({ remote: { kind: 'origin', url: '' }, source: null, apart: null, resumptions: [] })
  to.fact({ type: 'RigForked', rig, remote: null, head: null, why })
  to.fact({ type: 'RigFailed', rig, code: 'FORK_RIG_LOST', message: why })
  if (context.parked === null) park(context, FORKED, meta.at, to)
}

export function park({ rig }: RigContext, reason: string, since: string, to: To): void {
  to.set({ parked: { since, reason } })
  to.fact({ type: 'RigParked', rig, reason })
  to.tell({ to: MAYOR, message: { type: 'dispatch.hold', why: 'parked', scope: 'rig', id: rig } })
}

/** What the fork had cancelled is asked for again, of each owner by itself: some may have moved on. */
export function unpark({ rig, resumptions }: RigContext, _: unknown, to: To): void {
  to.set({ parked: null, resumptions: [] })
  to.fact({ type: 'RigUnparked', rig })
  for (const { owner, value, asked } of resumptions)
    to.tell({ to: owner, message: { type: 'owner.resume', value, asked } })
  letGo(rig, to)
}

export function letGo(rig: string, to: To): void {
  to.tell({ to: MAYOR, message: { type: 'dispatch.letGo', why: 'parked', scope: 'rig', id: rig } })
}

export function rejoined(context: RigContext, { head }: Event<'rig.cloned'>, to: To): void {
  const { remote, source } = context.apart as Apart
  to.set({ remote, source, apart: null })
  to.fact({ type: 'RigRejoined', rig: context.rig, remote, head })
  tellAll({ ...context, remote }, context.settings, to)
}

export function notRejoined(
  { rig }: RigContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.fact({ type: 'RigNotRejoined', rig, code, message })
}
