// What a person does with a request: takes it out of the queue, or has taken back what one has landed.
//
// Always:    nothing that may have been pushed is taken out; what is taken out keeps its branch.

import { beadOwner, lastPart, witness } from '../../events/address.ts'
import { type Event, writing } from '../machine.ts'
import { dropAhead } from './refinery.ahead.ts'
import { requestAddress } from './refinery.branch.ts'
import {
  HAND_EMPTY,
  inHand,
  keysOf,
  own,
  type RefineryContext,
  type Request,
  requestOf,
  type To,
  targetOf,
  testedOf,
} from './refinery.context.ts'
import { requestsOf } from './refinery.lining.ts'
import { askNoMore, leave, submission } from './refinery.queue.ts'
import { isRevert, revertsOf } from './refinery.reverts.ts'

const { does, when } = writing<RefineryContext>()

type Reject = Event<'refinery.reject'>

const isKnown = (context: RefineryContext, address: string): boolean =>
  context[`request/${address}`] !== undefined

/** Of what was pushed nobody knows yet whether it happened. */
const mayBeIn = (context: RefineryContext, address: string): boolean =>
  keysOf(context, 'tested/').some((tip) => {
    const tested = testedOf(context, tip)
    const isPart = tip === address || tested?.stack?.some(({ request }) => request === address) === true
    return tested?.unsure === true && isPart
  })

/** It is in hand, and nothing of it was pushed. Asked where that can be. */
const mayTakeOut = (context: RefineryContext, { mergeRequest: address }: Reject): boolean =>
  inHand(context).includes(address) && !(context.holds > 0 && context.resume === 'unsure')

/** The others in hand keep their places, and are built anew without it. */
function takeOut(context: RefineryContext, { mergeRequest: address, reason }: Reject, to: To): void {
  const others = inHand(context).filter((each) => each !== address)
  if (context.holds > 0) to.fact({ type: 'LandingResumed', rig: context.rig })
  to.set(HAND_EMPTY)
  const why = `${lastPart(address)}, which was in hand with it, was taken out of the queue`
  for (const each of others) to.tell({ to: each, message: { type: 'mr.requeue', reason: why } })
  drop({ ...context, ...HAND_EMPTY }, address, reason, to)
}

export function reject(context: RefineryContext, { mergeRequest: address, reason }: Reject, to: To): void {
  const id = lastPart(address)
  if (!isKnown(context, address))
    return to.refuse('NOT_IN_QUEUE', `${id} does not stand in line in ${context.rig}.`)
  if (inHand(context).includes(address) || mayBeIn(context, address))
    return to.refuse('MERGE_LANDING', `${id} is being pushed to ${targetOf(context)}.`)
  drop(context, address, reason, to)
}

/** Of states in which something is in hand and not being pushed. */
export const rejectable = {
  'refinery.reject': [
    {
      guard: when('refinery.reject', mayTakeOut),
      target: 'idle',
      actions: does('refinery.reject', takeOut),
    },
    { actions: does('refinery.reject', reject) },
  ],
} as const

function drop(context: RefineryContext, address: string, reason: string, to: To): void {
  const submitted = submission(context, address)
  askNoMore(context, address, reason, to)
  if (context.ahead?.requests.includes(address)) dropAhead(context, 'one of it left the queue', to)
  leave({ ...context, [`approval/${address}`]: undefined }, address, to)
  to.set({ [`of/${submitted.sandbox}`]: undefined })
  to.tell({ to: address, message: { type: 'mr.reject', reason } })
  if (isRevert(context, address))
    to.tell({ to: beadOwner(submitted.bead), message: { type: 'bead.unhook', reason } })
  else to.tell({ to: witness(context.rig), message: { type: 'MERGE_REJECTED', ...submitted, reason } })
}

/** What stands in line for the same bead lands no more, unless it is in hand or may have landed. */
export function supersede(context: RefineryContext, bead: string, by: string, to: To): void {
  for (const address of requestsOf(context, bead)) {
    if (address === by || inHand(context).includes(address) || mayBeIn(context, address)) continue
    askNoMore(context, address, 'the work was submitted anew', to)
    to.set({
      [`request/${address}`]: undefined,
      [`tested/${address}`]: undefined,
      [`approval/${address}`]: undefined,
      [`of/${requestOf(context, address).sandbox}`]: undefined,
    })
    to.tell({ to: address, message: { type: 'mr.supersede', by } })
  }
}

export function revert(context: RefineryContext, event: Event<'refinery.revert'>, to: To): void {
  const { bead, of, reason, meta } = event
  const { rig } = context
  if (context.sealed !== null)
    return to.refuse('INTEGRATION_LANDING', `${targetOf(context)} is about to land, or has landed.`)
  for (const address of keysOf(context, 'request/')) {
    const twice = revertsOf(context, address).find((one) =>
      of.some((other) => other.mergeRequest === one.mergeRequest),
    )
    if (twice !== undefined) {
      const message = `${lastPart(twice.mergeRequest)} is being taken back already, by ${lastPart(address)}.`
      return to.refuse('REVERT_QUEUED', message)
    }
  }
  const count = context.count + 1
  const address = requestAddress(context, count)
  const work = {
    bead,
    sandbox: own(context),
    agent: meta.by,
    branch: `revert/${lastPart(address)}`,
    head: of[0]?.commit ?? '',
    attempt: 1,
  }
  const request: Request = { ...work, order: meta.seq, at: meta.at, reverts: [...of], reason }
  to.set({
    count,
    newest: meta.at,
    [`request/${address}`]: request,
    ...(keysOf(context, 'request/').length === 0 && { gathered: false }),
    ...(context.red !== null && context.look === null && { look: 'moved' }),
  })
  const target = targetOf(context)
  to.tell({
    to: address,
    message: { type: 'mr.submit', ...work, rig, target, reverts: of, reason },
  })
}
