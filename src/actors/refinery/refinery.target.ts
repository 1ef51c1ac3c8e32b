// The target: frozen by a person, red by itself, looked at again.
//
// Owns:      what is said of the target itself, and the tests of its commits.
// Always:    nobody is blamed for what is red without their work.

import { type GateResultData, stops } from '../../events/define.ts'
import type { Event } from '../machine.ts'
import { dropAhead } from './refinery.ahead.ts'
import {
  HAND_EMPTY,
  inHand,
  type Red,
  type RefineryContext,
  type Settings,
  settingsOf,
  type To,
  targetOf,
} from './refinery.context.ts'

/** Commits of the target of which it is remembered that they passed. */
const GREEN_KEPT = 10

export function freeze(context: RefineryContext, { reason, meta }: Event<'refinery.freeze'>, to: To): void {
  const { rig, frozen } = context
  const target = targetOf(context)
  if (frozen !== null) {
    const why = frozen.reason === '' ? '' : `: ${frozen.reason}`
    const message = `${target} of ${rig} is frozen already, since ${frozen.since} by ${frozen.by}${why}`
    return to.refuse('TARGET_FROZEN', `${message.replace(/\.+$/, '')}.`, { ...frozen })
  }
  to.set({ frozen: { since: meta.at, by: meta.by, reason } })
  to.fact({ type: 'TargetFrozen', rig, target, reason })
  dropAhead(context, `${target} is frozen`, to)
}

export function thaw(context: RefineryContext, _: Event<'refinery.thaw'>, to: To): void {
  const { rig, frozen } = context
  const target = targetOf(context)
  if (frozen === null) return to.refuse('TARGET_NOT_FROZEN', `${target} of ${rig} is not frozen.`)
  to.set({ frozen: null })
  to.fact({ type: 'TargetThawed', rig, target })
}

/** The person's word counts for what is in the queue or will be. */
export function noteFix(_: RefineryContext, { bead, fixes }: Event<'refinery.fixes'>, to: To): void {
  to.set({ [`fixes/${bead}`]: fixes || undefined })
}

export function retest(context: RefineryContext, _: Event<'refinery.retest'>, to: To): void {
  if (context.red !== null) return to.set({ look: 'anew' })
  to.refuse('TARGET_NOT_RED', `Nobody has seen ${targetOf(context)} of ${context.rig} red by itself.`)
}

// --- looking ------------------------------------------------------------------------------------------------

export const mayLook = ({ red, look, stopped }: RefineryContext): boolean =>
  red !== null && look !== null && stopped === null

export function look(context: RefineryContext, _: unknown, to: To): void {
  const { remote, target } = settingsOf(context) as Settings
  to.set({ look: null, looking: context.look ?? 'moved' })
  to.effect('target.look', { rig: context.rig, remote, target })
}

/** It stands where it was red, and nobody asked for more. */
export const isKnownRed = ({ red, looking }: RefineryContext, { head }: Event<'target.seen'>): boolean =>
  looking === 'moved' && red?.commit === head

export function testTarget(context: RefineryContext, commit: string, to: To): void {
  const { gates, setup } = settingsOf(context) as Settings
  to.set({ base: commit, testedBy: context.way })
  dropAhead(context, 'what it stands on is red', to)
  to.effect('gates.run', { rig: context.rig, mergeRequest: null, commit, gates, setup })
}

export function notTested(
  context: RefineryContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.fact({ type: 'TargetNotTested', rig: context.rig, target: targetOf(context), code, message })
}

// --- what is known of it ------------------------------------------------------------------------------------

/** Its base has not passed by the gates of now, nor is it known to be red. */
export const isBaseUnknown = ({ base, green, red, way }: RefineryContext): boolean =>
  red?.commit !== base && !green.some((one) => one.commit === base && one.way === way)

/** `commit` of the target has passed, by the way `by`. */
export function noteGreen(context: RefineryContext, commit: string, by: number, to: To): void {
  const others = context.green.filter((one) => one.commit !== commit || one.way !== by)
  to.set({ green: [...others, { commit, way: by }].slice(-GREEN_KEPT) })
  if (context.red !== null && by === context.way) mend(context, commit, 'it passes its gates', to)
}

export function noteRed(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  const { rig, base, red } = context
  const gate = redOf(results)?.name ?? 'gates'
  const green = red === null ? (context.green.at(-1)?.commit ?? null) : red.green
  const now: Red = { gate, commit: base, first: red?.first ?? base, green }
  to.set({ red: now })
  to.fact({ type: 'TargetRed', rig, target: targetOf(context), ...now, message: redMessage(results) })
}

export function mend(context: RefineryContext, commit: string | null, reason: string, to: To): void {
  to.set({ red: null, look: null })
  to.fact({ type: 'TargetMended', rig: context.rig, target: targetOf(context), commit, reason })
}

/** Nobody is blamed: each keeps its place and its attempts. */
export function requeue(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  const reason = `${targetOf(context)} itself is red: ${redMessage(results)}`.slice(0, 1_900)
  for (const address of inHand(context)) to.tell({ to: address, message: { type: 'mr.requeue', reason } })
  to.set(HAND_EMPTY)
}

export const redOf = (results: readonly GateResultData[]): GateResultData | undefined => results.find(stops)

export function redMessage(results: readonly GateResultData[]): string {
  const red = redOf(results)
  if (red === undefined) return 'A gate that is set did not run.'
  const { name, outcome, exitCode } = red
  return outcome === 'timedOut' ? `${name} did not end in time.` : `${name} ended with exit code ${exitCode}.`
}
