// Taking back what has landed: a request without a branch, for which a bead was made.
//
// Always:    nobody is sent back: what does not come out by itself is a bead, open for somebody to do it.

import { beadOwner } from '../../events/address.ts'
import type { LandedRequest } from '../../events/landing.ts'
import type { Event, Tell } from '../machine.ts'
import { type RefineryContext, requestOf, type To } from './refinery.context.ts'

export const revertsOf = (context: RefineryContext, address: string): readonly LandedRequest[] =>
  requestOf(context, address).reverts ?? []

export const isRevert = (context: RefineryContext, address: string): boolean =>
  revertsOf(context, address).length > 0

/** What the worker is asked to build, beside what it is asked of every request. */
export function revertAsked(context: RefineryContext, address: string) {
  const { reverts, reason = '' } = requestOf(context, address)
  if (reverts === undefined) return {}
  return { revert: { of: reverts.map(({ base, commit, bead }) => ({ base, commit, bead })), reason } }
}

/** The commit that was made to be merged takes the place of a branch's. */
export function withHead(context: RefineryContext, { head }: Event<'merge.built'>): Partial<RefineryContext> {
  const { current } = context
  return current === null || head === undefined
    ? {}
    : { [`request/${current}`]: { ...requestOf(context, current), head } }
}

/** Said in the turn in which it lands. */
export function takenBack(context: RefineryContext, address: string, as: string, to: To): Tell[] {
  const { reason = '' } = requestOf(context, address)
  return revertsOf(context, address).map(({ mergeRequest, bead, commit }) => {
    const { rig } = context
    to.fact({ type: 'MergeReverted', rig, mergeRequest, bead, commit, by: address, as, reason })
    return {
      to: beadOwner(bead),
      message: { type: 'bead.revert', commit: as, mergeRequest: address, reason },
    }
  })
}

/** It conflicts, or its gates are red: the bead that was made for it is open for anybody. */
export function notTakenBack(
  context: RefineryContext,
  address: string,
  { files, message }: { readonly files: readonly string[]; readonly message: string },
  to: To,
): void {
  const { bead, reason = '' } = requestOf(context, address)
  const of = revertsOf(context, address)
  to.fact({
    type: 'RevertFailed',
    rig: context.rig,
    mergeRequest: address,
    bead,
    beads: of.map((one) => one.bead),
    files: [...files],
    message: message.slice(0, 1_900),
  })
  const text = [
    `It does not come out of the target by itself: ${message}`,
    ...(reason === '' ? [] : [`Why it is to be taken back: ${reason}`]),
    'To be taken back:',
    ...of.map((one) => `- ${one.bead}, landed as ${one.commit}`),
    ...(files.length === 0 ? [] : ['Files that conflict:', ...files.map((file) => `- ${file}`)]),
  ].join('\n')
  to.tell({ to: beadOwner(bead), message: { type: 'bead.comment', text } })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.unhook', reason: message.slice(0, 1_900) } })
}
