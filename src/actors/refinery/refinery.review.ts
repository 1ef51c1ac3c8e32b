// A gate that an agent of its own passes: what has passed all others is looked at by a reviewer; others go on meanwhile.
//
// Owns:      what the Refinery tells a review, and what it makes of a verdict.
// Always:    only a yes passes it. What was not reviewed waits, or goes back, whatever kept the reviewer from it.

import { ownerKind, reviewOwner } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { ApprovalSpec } from '../../events/landing.ts'
import type { Event } from '../machine.ts'
import {
  approvalOf,
  approvalsIn,
  keysOf,
  own,
  type RefineryContext,
  requestOf,
  type Settings,
  settingsOf,
  type Tested,
  type To,
  targetOf,
} from './refinery.context.ts'

/** Looks at what has passed. */
export function askReviewer(
  context: RefineryContext,
  address: string,
  { commit, tree, base, results }: Tested,
  { name: gate, review, required = true }: ApprovalSpec & { review: NonNullable<ApprovalSpec['review']> },
  since: string,
  to: To,
): void {
  const { bead } = requestOf(context, address)
  const owner = reviewOwner(address)
  const before = approvalOf(context, address)
  to.set({ [`approval/${address}`]: { ...before, asked: { decision: owner, gate, since } } })
  const passed = (results ?? []).map((result) => ({ ...result, logTail: '' }))
  to.tell({
    to: owner,
    message: {
      type: 'review.ask',
      mergeRequest: address,
      refinery: own(context),
      gate,
      bead,
      target: targetOf(context),
      base,
      commit,
      tree,
      required,
      review: { ...review },
      results: passed,
    },
  })
  const message = `${gate}: a reviewer looks at it.`
  to.tell({ to: address, message: { type: 'mr.wait', code: 'REVIEW_NEEDED', message } })
}

/** The verdict as the result of its gate. */
export function resultOfReview(
  context: RefineryContext,
  { review, gate, ok, said, by, meta }: Event<'review.judged'>,
  since: string,
): GateResultData {
  const spec = approvalsIn(context).find(({ name }) => name === gate)
  return {
    name: gate,
    command: ['gt', 'review', ok ? 'pass' : 'fail', by === review ? 'nobody' : by],
    exitCode: null,
    durationMs: Math.max(0, Date.parse(meta.at) - Date.parse(since)),
    logTail: said,
    outcome: ok ? 'passed' : 'failed',
    kind: 'review',
    ...(spec?.required === false && { required: false }),
  }
}

/** Of what has landed nobody asks for a verdict any more. */
export function closeReview(context: RefineryContext, address: string, to: To): void {
  if (approvalOf(context, address).given.some(({ result }) => result.kind === 'review'))
    to.tell({ to: reviewOwner(address), message: { type: 'review.close' } })
}

/** A question that is one to a reviewer. */
export const isOfReview = (decision: string): boolean => ownerKind(decision) === 'review'

/** What was looked at in another way before is looked at anew: by another agent, or for other things. */
export function forgetVerdicts(context: RefineryContext, settings: Settings, to: To): void {
  const wanted = (from: Settings | undefined, gate: string): string =>
    JSON.stringify(from?.approvals?.find(({ name }) => name === gate)?.review ?? null)
  const before = settingsOf(context)
  for (const address of keysOf(context, 'approval/')) {
    const { given } = approvalOf(context, address)
    const still = given.filter(({ gate }) => wanted(before, gate) === wanted(settings, gate))
    // Whoever was asked is not any more by now.
    if (still.length < given.length) to.set({ [`approval/${address}`]: { asked: null, given: still } })
  }
}
