// The queue: who is in it, whose turn it is, and how a request leaves it.
//
// Owns:      which requests may go on, and what is told of one that goes back to its worker.
// Does not:  know in which order they stand (refinery.lining.ts), or build and test them.

import { decisionOwner, pullOwner, witness } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import {
  approvalOf,
  HAND_EMPTY,
  isClosed,
  isFix,
  keysOf,
  PULL_GATE,
  type RefineryContext,
  requestOf,
  settingsOf,
  type To,
  type Tried,
  testedOf,
} from './refinery.context.ts'
import { inOrder, needsOthers } from './refinery.lining.ts'
import { isRevert, notTakenBack } from './refinery.reverts.ts'
import { isOfReview } from './refinery.review.ts'

/** Who lands next. */
export const next = (context: RefineryContext): string | null => queue(context)[0] ?? null

/** Those that may go on, the first to land first (src/events/queue-order.ts); one that comes back keeps its new place. */
export function queue(context: RefineryContext): readonly string[] {
  const closed = isClosed(context)
  const pushed = pushedBelow(context)
  const ready = requestsIn(context).filter(
    (address) =>
      approvalOf(context, address).asked === null &&
      (!closed || isFix(context, address)) &&
      !pushed.has(address) &&
      !needsOthers(context, address),
  )
  return inOrder(context, ready)
}

/** Something waits that may go on, and nobody said that nothing may begin. */
export const mayBegin = (context: RefineryContext): boolean =>
  context.stopped === null && context.sealed === null && next(context) !== null

/** They go on together with the highest of their stack, or not at all. */
function pushedBelow(context: RefineryContext): ReadonlySet<string> {
  const stacks = keysOf(context, 'tested/').map((address) => testedOf(context, address)?.stack ?? [])
  return new Set(stacks.flatMap((stack) => stack.slice(0, -1).map(({ request }) => request)))
}

const requestsIn = (context: RefineryContext): string[] => keysOf(context, 'request/')

/** Whoever was asked about it, a person or the forge, is not any more. */
export function askNoMore(context: RefineryContext, address: string, reason: string, to: To): void {
  const { asked } = approvalOf(context, address)
  if (asked === null) return
  if (asked.gate === PULL_GATE) to.tell({ to: asked.decision, message: { type: 'pull.withdraw' } })
  else if (isOfReview(asked.decision)) to.tell({ to: asked.decision, message: { type: 'review.withdraw' } })
  else to.tell({ to: decisionOwner(asked.decision), message: { type: 'decision.withdraw', reason } })
}

/** The request leaves the queue. */
export function leave(context: RefineryContext, address: string, to: To): void {
  if (approvalOf(context, address).asked?.gate === PULL_GATE)
    to.tell({ to: pullOwner(address), message: { type: 'pull.withdraw' } })
  to.set({
    [`request/${address}`]: undefined,
    [`tested/${address}`]: undefined,
    [`approval/${address}`]: undefined,
    [`fixes/${requestOf(context, address).bead}`]: undefined,
    [`bead/${requestOf(context, address).bead}`]: undefined,
    ...(address === context.current && HAND_EMPTY),
  })
}

/** What the Witness is told of a request, whatever became of it. */
export function submission(context: RefineryContext, mergeRequest: string) {
  const { bead, sandbox, agent, branch, head } = requestOf(context, mergeRequest)
  return { bead, sandbox, agent, branch, head, mergeRequest }
}

export function attemptsOf(context: RefineryContext, sandbox: string): { attempts: number; last: boolean } {
  const { attempts } = context[`of/${sandbox}`] as Tried
  return { attempts, last: attempts >= (settingsOf(context)?.attemptsMax ?? 1) }
}

/** A gate or a person said no: it leaves the queue, and goes back to its worker with what was said. */
export function sendBack(
  context: RefineryContext,
  address: string,
  { message, logTail, ...found }: Said,
  to: To,
): void {
  const submitted = submission(context, address)
  const { gate } = found
  leave(context, address, to)
  to.tell({ to: address, message: { type: 'mr.fail', ...found, message } })
  if (isRevert(context, address)) return notTakenBack(context, address, { files: [], message }, to)
  to.tell({
    to: witness(context.rig),
    message: { type: 'MERGE_FAILED', ...submitted, gate, logTail, ...attemptsOf(context, submitted.sandbox) },
  })
}

type Said = {
  readonly gate: string
  readonly results: GateResultData[]
  readonly message: string
  /** The telling end of what that gate wrote. */
  readonly logTail: string
}
