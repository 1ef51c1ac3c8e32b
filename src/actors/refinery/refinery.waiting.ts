// Requests that have passed and may not land yet: on a frozen target, or until a person says yes.
//
// Always:    what lands afterwards is the very tree that passed; where that is not possible it is built and tested anew.

import { decisionOwner } from '../../events/address.ts'
import { type GateResultData, stops } from '../../events/define.ts'
import type { ApprovalSpec } from '../../events/landing.ts'
import type { Event } from '../machine.ts'
import { decisionId } from './refinery.branch.ts'
import {
  type Approval,
  approvalOf,
  approvalsIn,
  current,
  HAND_EMPTY,
  isFix,
  keysOf,
  own,
  PULL_GATE,
  type RefineryContext,
  requestOf,
  requeueAll,
  type Settings,
  settingsOf,
  type Tested,
  type To,
  targetOf,
  testedOf,
} from './refinery.context.ts'
import { propose, resultOf, withoutYes } from './refinery.pull.ts'
import { askNoMore, sendBack } from './refinery.queue.ts'
import { askReviewer, forgetVerdicts, resultOfReview } from './refinery.review.ts'

/** The person who has to say yes before that tree of a request may land, by the name of the gate. */
function missing(context: RefineryContext, address: string, tree: string): ApprovalSpec | null {
  const { given } = approvalOf(context, address)
  const passed = ({ name, again }: ApprovalSpec): boolean =>
    given.some((one) => one.gate === name && (!again || one.tree === tree))
  return approvalsIn(context).find((spec) => !passed(spec)) ?? null
}

const isFrozenFor = (context: RefineryContext, address: string): boolean =>
  context.frozen !== null && !isFix(context, address)

/** What has passed of that which is in hand may be pushed at this moment. */
export const mayPush = (context: RefineryContext): boolean =>
  context.stack.every(
    ({ request, tree }) =>
      !isFrozenFor(context, request) &&
      // A stack was pushed before anybody had to be asked, and it is to be known whether that happened.
      ((isUnsure(context) && context.stack.length > 1) || missing(context, request, tree) === null),
  )

/** Held before its push was answered. */
const isUnsure = ({ resume, holds }: RefineryContext): boolean => resume === 'unsure' && holds > 0

/** What persons said yes to, as results of their gates. */
export const approvedBy = (context: RefineryContext, address: string): GateResultData[] => {
  const { given } = approvalOf(context, address)
  return approvalsIn(context).flatMap(({ name }) => given.find(({ gate }) => gate === name)?.result ?? [])
}

/**
 * Out of hand, with what has passed; others go on. Of several that were stacked each has its place again, and is built
 * anew, but for a push of which nobody knows whether it happened.
 */
export function setAside(
  context: RefineryContext,
  results: readonly GateResultData[] | null,
  at: string,
  to: To,
): void {
  const { commit, tree, base, testedBy: way, stack } = context
  const address = current(context)
  const isStack = stack.length > 1
  const unsure = results === null && isUnsure(context)
  const { since = '', by = '', reason = '' } = context.frozen ?? {}
  const why = reason === '' ? '' : `: ${reason}`
  const message = `${targetOf(context)} is frozen since ${since} by ${by}${why}.`.slice(0, 1_900)
  if (isStack && !unsure) return requeueAll(context, context.frozen === null ? ASKED : message, to)
  const tested: Tested = { commit, tree, base, way, results, unsure, ...(isStack && { stack }) }
  to.set({ [`tested/${address}`]: tested, ...HAND_EMPTY })
  const gate = isStack ? null : missing(context, address, tree)
  if (gate !== null) return ask(context, address, tested, gate, at, to)
  for (const { request } of stack)
    to.tell({ to: request, message: { type: 'mr.wait', code: 'TARGET_FROZEN', message } })
}

const ASKED = 'a person says of each whether it lands'

/** The first of those that were set aside and may land now. */
export const isTested = (context: RefineryContext, address: string | null): address is string =>
  address !== null && testedOf(context, address) !== undefined

/** What has to be asked of a person: the choices, the safe one last. */
const CHOICES = ['approve', 'refuse'] as const

function ask(
  context: RefineryContext,
  address: string,
  tested: Tested,
  { name, review, ...spec }: ApprovalSpec,
  since: string,
  to: To,
): void {
  if (name === PULL_GATE) return propose(context, address, tested, since, to)
  if (review !== undefined) return askReviewer(context, address, tested, { ...spec, name, review }, since, to)
  const { commit, base, results } = tested
  const { bead } = requestOf(context, address)
  const asks = context.asks + 1
  const decision = decisionId(context, asks)
  const before = approvalOf(context, address)
  to.set({ asks, [`approval/${address}`]: { ...before, asked: { decision, gate: name, since } } })
  const passed = (results ?? []).map((result) => result.name)
  const why = `${commit.slice(0, 12)} on ${base.slice(0, 12)}${passed.length === 0 ? '' : `, passed ${passed.join(', ')}`}`
  to.tell({
    to: decisionOwner(decision),
    message: {
      type: 'decision.open',
      kind: 'approval',
      session: own(context),
      agent: own(context),
      rig: context.rig,
      bead,
      question: `May bead ${bead} land on ${targetOf(context)}? (${name})`,
      choices: [...CHOICES],
      context: { tool: null, command: null, files: [], why: why.slice(0, 1_900), cwd: null },
      waitMs: 0,
      otherwise: 'refuse',
    },
  })
  const message = `${name}: a person says whether it lands.`
  to.tell({ to: address, message: { type: 'mr.wait', code: 'APPROVAL_NEEDED', message } })
}

/** The request that a decision is about; null when it was withdrawn. */
const askedBy = (context: RefineryContext, decision: string): string | null =>
  keysOf(context, 'approval/').find((address) => approvalOf(context, address).asked?.decision === decision) ??
  null

export function answered(context: RefineryContext, event: Event<'session.answered'>, to: To): void {
  const { decision, choice, note = '', by = '', meta } = event
  const address = askedBy(context, decision)
  if (address === null) return to.refuse('DECISION_OVER', `${decision} is about nothing that waits.`)
  const { gate, since } = approvalOf(context, address).asked as NonNullable<Approval['asked']>
  const yes = choice === CHOICES[0]
  const said = `${yes ? 'approved' : 'refused'} by ${by}${note === '' ? '' : `: ${note}`}`.slice(0, 1_900)
  const result: GateResultData = {
    name: gate,
    command: ['gt', 'answer', decision, choice],
    exitCode: null,
    durationMs: Math.max(0, Date.parse(meta.at) - Date.parse(since)),
    logTail: said,
    outcome: yes ? 'passed' : 'failed',
  }
  settle(context, address, result, meta.at, to)
}

/** What the forge and its reviewers say of a pull request. */
export function judged(context: RefineryContext, event: Event<'pull.judged'>, to: To): void {
  const { pull, commit, meta } = event
  const address = askedBy(context, pull)
  if (address === null || testedOf(context, address)?.commit !== commit)
    return to.refuse('DECISION_OVER', `${pull} is about nothing that waits.`)
  const { since } = approvalOf(context, address).asked as NonNullable<Approval['asked']>
  settle(context, address, resultOf(event, since), meta.at, to)
}

/** What a reviewer says, or a person where there was no verdict. */
export function reviewed(context: RefineryContext, event: Event<'review.judged'>, to: To): void {
  const { review, gate, commit, meta } = event
  const address = askedBy(context, review)
  const asked = address === null ? null : approvalOf(context, address).asked
  if (address === null || asked?.gate !== gate || testedOf(context, address)?.commit !== commit)
    return to.refuse('DECISION_OVER', `${review} is about nothing that waits.`)
  settle(context, address, resultOfReview(context, event, asked.since), meta.at, to)
}

/** The forge said yes, and did not merge it: it is asked again; others go on. */
export function notMerged(context: RefineryContext, { meta }: Event<'pull.notMerged'>, to: To): void {
  const address = current(context)
  const now = withoutYes(context, address)
  to.set({ [`approval/${address}`]: approvalOf(now, address) })
  setAside(now, null, meta.at, to)
}

/** Who was asked has answered. */
function settle(context: RefineryContext, address: string, result: GateResultData, at: string, to: To): void {
  const { asked, given } = approvalOf(context, address)
  const { gate } = asked as NonNullable<Approval['asked']>
  const tested = testedOf(context, address) as Tested
  const unasked = { ...context, [`approval/${address}`]: { asked: null, given } }
  if (stops(result)) return reject(unasked, address, result, to)
  const others = given.filter((one) => one.gate !== gate)
  const approval: Approval = { asked: null, given: [...others, { gate, tree: tested.tree, result }] }
  const now = { ...context, [`approval/${address}`]: approval }
  to.set({ [`approval/${address}`]: approval })
  const further = missing(now, address, tested.tree)
  if (further !== null) ask(now, address, tested, further, at, to)
}

/** Like any gate that is red: back to its worker, with the reason. */
function reject(context: RefineryContext, address: string, result: GateResultData, to: To): void {
  const { name: gate, logTail } = result
  const results = [...(testedOf(context, address)?.results ?? []), result]
  sendBack(context, address, { gate, results, message: `${gate}: ${logTail}`.slice(0, 1_900), logTail }, to)
}

/**
 * Another way to land is set: what was tested by the one before is built and tested anew, and nobody is asked about it
 * any more. What may be in the target already is found out first, where it still lands there.
 */
export function forgetTested(context: RefineryContext, settings: Settings, to: To): void {
  const { remote, target } = settings
  const before = settingsOf(context)
  const isSamePlace =
    before?.target === target && before.remote.kind === remote.kind && before.remote.url === remote.url
  for (const address of keysOf(context, 'tested/')) {
    if (testedOf(context, address)?.unsure === true && isSamePlace) continue
    to.set({ [`tested/${address}`]: undefined })
    const { asked, given } = approvalOf(context, address)
    if (asked === null) continue
    to.set({ [`approval/${address}`]: { asked: null, given } })
    askNoMore(context, address, 'its rig lands in another way from now on', to)
  }
  forgetVerdicts(context, settings, to)
}
