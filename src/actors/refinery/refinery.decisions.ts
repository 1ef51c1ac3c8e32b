// What a Refinery decides: the facts, tells and effects behind each arrow of refinery.machine.ts.

import { beadOwner, pullOwner, witness } from '../../events/address.ts'
import { allPassed, type GateResultData } from '../../events/define.ts'
import type { Json } from '../../events/record.ts'
import type { Event } from '../machine.ts'
import { dateAsked, dropAhead, keepIfLanded, landedBelow } from './refinery.ahead.ts'
import { requestAddress, sayAdvanced } from './refinery.branch.ts'
import {
  current,
  HAND_EMPTY,
  hasGate,
  inHand,
  keysOf,
  mayLand,
  type Part,
  type RefineryContext,
  type Resume,
  requestOf,
  type Settings,
  settingsOf,
  type Tested,
  type To,
  type Tried,
  targetOf,
  testedOf,
} from './refinery.context.ts'
import { sayNeeds } from './refinery.lining.ts'
import { isThroughPull, mergePull, methodAsked } from './refinery.pull.ts'
import { attemptsOf, leave, sendBack, submission } from './refinery.queue.ts'
import { resolveAsked } from './refinery.resolving.ts'
import { isRevert, notTakenBack, revertAsked, takenBack } from './refinery.reverts.ts'
import { closeReview } from './refinery.review.ts'
import { holding } from './refinery.stack.ts'
import { mend, noteGreen, redMessage, redOf } from './refinery.target.ts'
import { supersede } from './refinery.undo.ts'
import { approvedBy, forgetTested } from './refinery.waiting.ts'

export function configure(context: RefineryContext, event: Event<'refinery.configure'>, to: To): void {
  const { meta: _meta, type: _type, ...settings } = event
  const { rig, red, way } = context
  const { target, gates, ungated, approvals = [] } = settings
  const before = settingsOf(context)
  to.set({ settings: settings as Json })
  const names = [...gates, ...approvals].map(({ name }) => name)
  const { order } = settings
  const lined = order === undefined ? {} : { order }
  to.fact({ type: 'RefineryConfigured', rig, target, gates: names, ungated, ...lined })
  const isSameWay = before !== undefined && wayOf(before) === wayOf(settings)
  if (!isSameWay || settings.ahead !== true) dropAhead(context, 'its rig lands in another way now', to)
  if (isSameWay) return
  to.set({ way: way + 1 })
  forgetTested(context, settings, to)
  if (red === null) return
  if (!hasGate(gates)) mend(context, null, 'it has no gate any more', to)
  else to.set({ look: 'anew' })
}

/** All that what is tested depends on. */
const wayOf = ({ remote, target, gates, setup, ungated, approvals = [], landing }: Settings): string =>
  JSON.stringify([remote.kind, remote.url, target, gates, setup, ungated, approvals, landing])

export function enqueue(context: RefineryContext, event: Event<'MERGE_READY'>, to: To): void {
  const { meta, type: _type, ...work } = event
  const tried = context[`of/${work.sandbox}`] as Tried | undefined
  if (tried !== undefined && context[`request/${tried.request}`] !== undefined) {
    // The same commit of the same branch, said twice.
    if (requestOf(context, tried.request).head === work.head) return
    return to.refuse('MERGE_QUEUED', `${tried.request} is in the merge queue already.`)
  }
  const count = tried === undefined ? context.count + 1 : context.count
  const address = tried?.request ?? requestAddress(context, count)
  to.set({
    count,
    [`of/${work.sandbox}`]: { request: address, attempts: (tried?.attempts ?? 0) + 1 },
    newest: meta.at,
    [`request/${address}`]: { ...work, order: meta.seq, at: meta.at, retries: tried?.attempts ?? 0 },
    ...(keysOf(context, 'request/').length === 0 && { gathered: false }),
    // Whoever comes may have seen the target move.
    ...(context.red !== null && context.look === null && { look: 'moved' }),
  })
  const target = settingsOf(context)?.target ?? ''
  const { method: _method, ...submitted } = work
  to.tell({ to: address, message: { type: 'mr.submit', ...submitted, rig: context.rig, target } })
  supersede(context, work.bead, address, to)
  sayNeeds(context, work.bead, address, to)
}

/** Begins with `address`, alone. */
export function build(context: RefineryContext, address: string, to: To): void {
  to.set(HAND_EMPTY)
  keepIfLanded(context, to)
  buildOnto({ ...context, ...HAND_EMPTY, holds: context.holds }, address, to)
}

/** Builds it upon what is stacked. */
export function buildOnto(context: RefineryContext, address: string, to: To): void {
  const settings = settingsOf(context) as Settings
  const onto = context.stack.at(-1)?.commit
  const { bead, agent, branch, head, attempt } = requestOf(context, address)
  const { remote, target } = settings
  const { holds, stack, leftOut, base } = context
  to.set({
    current: address,
    commit: '',
    tree: '',
    base: onto === undefined ? '' : base,
    stack,
    leftOut,
    holds,
  })
  to.tell({ to: address, message: { type: 'mr.build' } })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.test', mergeRequest: address } })
  to.effect('merge.build', {
    rig: context.rig,
    mergeRequest: address,
    remote,
    target,
    bead,
    agent,
    branch,
    head,
    attempt,
    ...(onto !== undefined && { onto }),
    ...methodAsked(context, address),
    ...revertAsked(context, address),
    ...resolveAsked(context, address),
    ...dateAsked(context),
  })
}

export function buildAgain(context: RefineryContext, _: unknown, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  build(context, current(context), to)
}

export function runGates(context: RefineryContext, commit: string, to: To, again = false): void {
  const { gates, setup } = settingsOf(context) as Settings
  const mergeRequest = current(context)
  to.set({ testedBy: context.way })
  const { rig, base } = context
  const from = gates.some(({ paths }) => paths !== undefined) ? { base } : {}
  to.effect('gates.run', { rig, mergeRequest, commit, gates, setup, ...from, ...(again && { again }) })
}

/** Every gate that is set has run on this tree and passed; nothing less lands (P8). */
export function isGreen(context: RefineryContext, results: readonly GateResultData[]): boolean {
  const { gates } = settingsOf(context) as Settings
  return (
    mayLand(context) &&
    allPassed(results) &&
    gates.every(({ name, paths }) =>
      results.some((result) => result.name === name && (result.outcome !== 'skipped' || paths !== undefined)),
    )
  )
}

/** All that is stacked, by what its highest has passed. */
export function push(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  const { stack, commit, tree } = context
  for (const { request, tree: own } of stack) {
    const all = [...results, ...approvedBy(context, request)]
    const tested = own === tree ? {} : { tested: { commit, tree } }
    to.tell({ to: request, message: { type: 'mr.push', results: all, ...tested } })
  }
  pushTarget(context, to)
}

/** What has passed before, and may land now: the very same commits. */
export function pushTested(context: RefineryContext, address: string, to: To): void {
  const { commit, tree, base, way, results, stack } = testedOf(context, address) as Tested
  const parts = stack ?? [{ request: address, commit, tree, base }]
  const now = { ...context, ...holding(parts), base, testedBy: way }
  to.set({ ...holding(parts), base, testedBy: way, [`tested/${address}`]: undefined })
  if (results !== null) return push(now, results, to)
  for (const { request } of parts) to.tell({ to: request, message: { type: 'mr.resume' } })
  pushTarget(now, to)
}

/** Pushed to the very place that the new settings name, with an unknown outcome. */
export function mayHaveLanded(
  context: RefineryContext,
  { remote, target }: Event<'refinery.configure'>,
): boolean {
  const before = settingsOf(context)
  return (
    context.resume === 'unsure' &&
    before?.target === target &&
    before.remote.kind === remote.kind &&
    before.remote.url === remote.url
  )
}

export function pushAgain(context: RefineryContext, _: unknown, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  pushTarget(context, to)
}

function pushTarget(context: RefineryContext, to: To): void {
  if (isThroughPull(context)) return mergePull(context, to)
  const { remote, target } = settingsOf(context) as Settings
  const { rig, base, commit, stack } = context
  const headOf = (request: string): string => requestOf(context, request).head
  const mergeRequest = current(context)
  const push = { rig, mergeRequest, remote, target, base, commit, head: headOf(mergeRequest) }
  const parts = stack.map(({ request, commit: own }) => ({
    mergeRequest: request,
    commit: own,
    head: headOf(request),
  }))
  to.effect('target.push', { ...push, ...(parts.length > 1 && { parts }) })
}

/** The proof of each of them is there. */
export const isProved = ({ stack }: RefineryContext, { parts = [] }: Event<'target.advanced'>): boolean =>
  stack.length < 2 || stack.every(({ request }) => parts.some(({ mergeRequest }) => mergeRequest === request))

export function land(context: RefineryContext, event: Event<'target.advanced'>, to: To): void {
  const { rig, tree, base, stack } = context
  const { commit } = event.merged ?? context
  const requests = stack.map(({ request }) => request)
  to.fact({
    type: 'TargetAdvanced',
    rig,
    target: targetOf(context),
    from: base,
    to: commit,
    mergeRequest: current(context),
    ...(stack.length > 1 && { mergeRequests: requests }),
  })
  const isTested = event.merged === undefined || event.merged.tree === tree
  if (isTested) passed(context, commit, to)
  for (const part of stack) landPart(context, part, event, to)
  landedBelow(context, commit, to)
  to.set(HAND_EMPTY)
}

/** What landed has passed; but of a gate that runs for some paths alone nobody knows what it says of the rest. */
function passed(context: RefineryContext, commit: string, to: To): void {
  const gates = settingsOf(context)?.gates ?? []
  if (!hasGate(gates)) return
  if (gates.every(({ paths }) => paths === undefined)) noteGreen(context, commit, context.testedBy, to)
  else if (context.red !== null) to.set({ look: 'anew' })
}

function landPart(context: RefineryContext, part: Part, event: Event<'target.advanced'>, to: To): void {
  const { request } = part
  const { commit, tree } = event.merged ?? part
  const { patchId, proof, lines } = event.parts?.find((one) => one.mergeRequest === request) ?? event
  const submitted = submission(context, request)
  const { bead, sandbox, agent } = submitted
  const undone = takenBack(context, request, commit, to)
  closeReview(context, request, to)
  leave(context, request, to)
  to.set({ [`of/${sandbox}`]: undefined })
  to.tell(
    { to: request, message: { type: 'mr.land', commit, tree, patchId, proof, ...(lines && { lines }) } },
    { to: beadOwner(bead), message: { type: 'bead.land', commit, mergeRequest: request, agent } },
    ...undone,
  )
  if (event.merged !== undefined)
    to.tell({ to: pullOwner(request), message: { type: 'pull.landed', commit } })
  sayAdvanced(context, bead, to)
  if (isRevert(context, request)) return
  to.tell({ to: witness(context.rig), message: { type: 'MERGED', ...submitted, commit } })
}

export function fail(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  const red = redOf(results)
  const message = redMessage(results)
  const said = {
    gate: red?.name ?? 'gates',
    results: [...results],
    message,
    logTail: red?.logTail ?? message,
  }
  sendBack(context, current(context), said, to)
}

export function conflict(context: RefineryContext, { files }: Event<'merge.conflicted'>, to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.conflict', files } })
  askRework(context, files, 'The target changed the same lines.', to)
}

export function nothingLeft(context: RefineryContext, _: Event<'merge.empty'>, to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.conflict', files: [] } })
  askRework(context, [], 'The target has all of it already; nothing is left to land.', to)
}

/** Trying again helps nothing: it is not there, or no git takes it. */
export const isOfTheWork = (context: RefineryContext, { code }: Event<'merge.notBuilt'>): boolean =>
  (code === 'BRANCH_MISSING' || code === 'WORK_UNUSABLE') && !isRevert(context, current(context))

export function unusable(context: RefineryContext, { message }: Event<'merge.notBuilt'>, to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.conflict', files: [] } })
  askRework(context, [], message.slice(0, 1_900), to)
}

function askRework(context: RefineryContext, conflictFiles: string[], note: string, to: To): void {
  const submitted = submission(context, current(context))
  leave(context, submitted.mergeRequest, to)
  const { mergeRequest: address } = submitted
  if (isRevert(context, address)) {
    const message = conflictFiles.length > 0 ? 'what landed later changed the same lines.' : NOT_IN_TARGET
    return notTakenBack(context, address, { files: conflictFiles, message }, to)
  }
  to.tell({
    to: witness(context.rig),
    message: {
      type: 'REWORK_REQUEST',
      ...submitted,
      conflictFiles,
      note,
      ...attemptsOf(context, submitted.sandbox),
    },
  })
}

/** Of what is to be taken back. */
const NOT_IN_TARGET = 'the target has nothing of it any more.'

/** Nothing lands on a guess: what cannot be carried out waits, says why, and is tried again. */
export function hold(resume: Resume) {
  return (context: RefineryContext, { code, message }: { code: string; message: string }, to: To): void => {
    const holds = context.holds + 1
    dropAhead(context, message, to)
    const pushed = context.stack.map(({ request }) => request)
    // It begins anew with the lowest; the others come onto it again.
    const [first = current(context), ...others] = resume === 'building' ? inHand(context) : [current(context)]
    const reason = `it could not be tested: ${message}`.slice(0, 1_900)
    for (const address of others) to.tell({ to: address, message: { type: 'mr.requeue', reason } })
    if (resume === 'building') to.set({ ...HAND_EMPTY, current: first })
    to.set({ resume, holds })
    wait(context, first, to, { code, message })
    if (resume === 'building') return
    for (const address of pushed.filter((one) => one !== first))
      to.tell({ to: address, message: { type: 'mr.wait', code, message } })
  }
}

export function wait(
  context: RefineryContext,
  address: string,
  to: To,
  why: { code: string; message: string },
): void {
  const { bead } = requestOf(context, address)
  to.fact({ type: 'LandingWaits', rig: context.rig, mergeRequest: address, bead, ...why })
  to.tell({ to: address, message: { type: 'mr.wait', ...why } })
}

/** What is in hand begins anew with its lowest, on the target as it is now. */
export function startOver(context: RefineryContext, reason: string, to: To): void {
  const [first = current(context)] = inHand(context)
  for (const address of inHand(context)) to.tell({ to: address, message: { type: 'mr.requeue', reason } })
  build(context, first, to)
}
