// Landing through a pull request: what has passed is shown to the forge, and merged there when its checks and reviewers
// are content.
//
// Owns:      what the Refinery tells a pull request, and the effect that merges it.
// Always:    it is one more gate, asked for each tree anew: what is merged is the very tree that passed here.

import { pullOwner } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { LandingSpec } from '../../events/landing-settings.ts'
import type { Event } from '../machine.ts'
import { methodOf } from './refinery.branch.ts'
import {
  approvalOf,
  current,
  PULL_GATE,
  type RefineryContext,
  requestOf,
  type Settings,
  settingsOf,
  type Tested,
  type To,
} from './refinery.context.ts'
import { revertAsked } from './refinery.reverts.ts'

const landingIn = (context: RefineryContext): LandingSpec => settingsOf(context)?.landing ?? {}

/** What is in hand is merged at the forge, whose yes it has. */
export const isThroughPull = (context: RefineryContext): boolean =>
  landingIn(context).through === 'pull-request' && numberOf(context, current(context)) > 0

/** By which commits it becomes part of the target, as `merge.build` is told. */
export function methodAsked(
  context: RefineryContext,
  address?: string,
): { method?: NonNullable<LandingSpec['method']> } {
  const { through } = landingIn(context)
  const method = methodOf(context, address)
  // A forge makes the merge commit itself.
  return method === undefined || (method === 'merge' && through !== undefined) ? {} : { method }
}

/** Shows what has passed; others go on meanwhile. */
export function propose(
  context: RefineryContext,
  address: string,
  { commit, base, results }: Tested,
  since: string,
  to: To,
): void {
  const { remote, target } = settingsOf(context) as Settings
  const { bead } = requestOf(context, address)
  const { checks = [], approvals = 0 } = landingIn(context)
  const pull = pullOwner(address)
  const before = approvalOf(context, address)
  to.set({ [`approval/${address}`]: { ...before, asked: { decision: pull, gate: PULL_GATE, since } } })
  const shown = (results ?? []).map((result) => ({ ...result, logTail: '' }))
  to.tell({
    to: pull,
    message: {
      type: 'pull.propose',
      mergeRequest: address,
      bead,
      remote,
      target,
      base,
      commit,
      results: shown,
      checks: [...checks],
      approvals,
      ...revertAsked(context, address),
    },
  })
  const message = 'it is shown to the forge as a pull request.'
  to.tell({ to: address, message: { type: 'mr.wait', code: 'PULL_OPENING', message } })
}

/** What was judged, as the result of a gate. */
export function resultOf(
  { pull, number, ok, what, said, meta }: Event<'pull.judged'>,
  since: string,
): GateResultData {
  return {
    name: ok ? PULL_GATE : what,
    command: ['pull-request', String(number), pull],
    exitCode: null,
    durationMs: Math.max(0, Date.parse(meta.at) - Date.parse(since)),
    logTail: said,
    outcome: ok ? 'passed' : 'failed',
  }
}

/** Merges what is in hand. */
export function mergePull(context: RefineryContext, to: To): void {
  const { remote, target } = settingsOf(context) as Settings
  const address = current(context)
  const { bead, head } = requestOf(context, address)
  const { rig, base, commit } = context
  const method = methodOf(context, address) ?? 'squash'
  const number = numberOf(context, address)
  to.effect('pull.merge', {
    rig,
    mergeRequest: address,
    remote,
    target,
    bead,
    number,
    base,
    commit,
    head,
    method,
    ...revertAsked(context, address),
  })
}

/** Of its pull request, which said yes. 0: none did, as what is in hand was pushed by an earlier way to land. */
function numberOf(context: RefineryContext, address: string): number {
  const yes = approvalOf(context, address).given.find(({ gate }) => gate === PULL_GATE)
  return Number(yes?.result.command[1] ?? 0)
}

/** The forge did not merge it: its yes counts no more, and it is looked at again. */
export function withoutYes(context: RefineryContext, address: string): RefineryContext {
  const { asked, given } = approvalOf(context, address)
  const others = given.filter(({ gate }) => gate !== PULL_GATE)
  return { ...context, [`approval/${address}`]: { asked, given: others } }
}
