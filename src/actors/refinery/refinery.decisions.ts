// What a Refinery decides: the facts, tells and effects behind each arrow of refinery.machine.ts.

import { beadOwner, mergeRequest, witness } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { Json } from '../../events/record.ts'
import type { Event } from '../machine.ts'
import {
  attemptsOf,
  current,
  leave,
  mayLand,
  type RefineryContext,
  type Resume,
  requestOf,
  type Settings,
  sendBack,
  settingsOf,
  submission,
  type Tested,
  type To,
  type Tried,
  testedOf,
} from './refinery.context.ts'
import { mend, noteGreen, redMessage, redOf } from './refinery.target.ts'
import { approvedBy, forgetTested } from './refinery.waiting.ts'

export function configure(context: RefineryContext, event: Event<'refinery.configure'>, to: To): void {
  const { meta: _meta, type: _type, ...settings } = event
  const { rig, red, way } = context
  const { target, gates, ungated, approvals = [] } = settings
  const before = settingsOf(context)
  to.set({ settings: settings as Json })
  const names = [...gates, ...approvals].map(({ name }) => name)
  to.fact({ type: 'RefineryConfigured', rig, target, gates: names, ungated })
  if (before !== undefined && wayOf(before) === wayOf(settings)) return
  to.set({ way: way + 1 })
  forgetTested(context, settings, to)
  if (red === null) return
  if (gates.length === 0) mend(context, null, 'it has no gate any more', to)
  else to.set({ look: 'anew' })
}

/** All that what is tested depends on. */
const wayOf = ({ remote, target, gates, setup, ungated, approvals = [] }: Settings): string =>
  JSON.stringify([remote.kind, remote.url, target, gates, setup, ungated, approvals])

export function enqueue(context: RefineryContext, event: Event<'MERGE_READY'>, to: To): void {
  const { meta, type: _type, ...work } = event
  const tried = context[`of/${work.sandbox}`] as Tried | undefined
  if (tried !== undefined && context[`request/${tried.request}`] !== undefined) {
    return to.refuse('MERGE_QUEUED', `${tried.request} is in the merge queue already.`)
  }
  const count = tried === undefined ? context.count + 1 : context.count
  const address = tried?.request ?? mergeRequest(context.rig, `mr-${count}`)
  to.set({
    count,
    [`of/${work.sandbox}`]: { request: address, attempts: (tried?.attempts ?? 0) + 1 },
    [`request/${address}`]: { ...work, order: meta.seq },
    // Whoever comes may have seen the target move.
    ...(context.red !== null && context.look === null && { look: 'moved' }),
  })
  const target = settingsOf(context)?.target ?? ''
  to.tell({ to: address, message: { type: 'mr.submit', ...work, rig: context.rig, target } })
}

export function build(context: RefineryContext, address: string, to: To): void {
  const settings = settingsOf(context) as Settings
  const { bead, agent, branch, head, attempt } = requestOf(context, address)
  const { remote, target } = settings
  to.set({ current: address, commit: '', tree: '', base: '' })
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
  })
}

export function buildAgain(context: RefineryContext, _: unknown, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  build(context, current(context), to)
}

export function test(context: RefineryContext, { commit, tree, base }: Event<'merge.built'>, to: To): void {
  to.set({ commit, tree, base })
  to.tell({ to: current(context), message: { type: 'mr.test', commit, tree, base } })
}

export function runGates(context: RefineryContext, commit: string, to: To): void {
  const { gates, setup } = settingsOf(context) as Settings
  to.set({ testedBy: context.way })
  to.effect('gates.run', { rig: context.rig, mergeRequest: current(context), commit, gates, setup })
}

/** Every gate that is set has run on this tree and passed; nothing less lands (P8). */
export function isGreen(context: RefineryContext, results: readonly GateResultData[]): boolean {
  const { gates } = settingsOf(context) as Settings
  return (
    mayLand(context) &&
    allPassed(results) &&
    gates.every(({ name }) => results.some((result) => result.name === name))
  )
}

export const allPassed = (results: readonly GateResultData[]): boolean =>
  results.length > 0 && results.every(({ outcome }) => outcome === 'passed')

export function push(context: RefineryContext, results: GateResultData[], to: To): void {
  const address = current(context)
  const all = [...results, ...approvedBy(context, address)]
  to.tell({ to: address, message: { type: 'mr.push', results: all } })
  pushTarget(context, to)
}

/** What has passed before, and may land now: the very same commit. */
export function pushTested(context: RefineryContext, address: string, to: To): void {
  const { commit, tree, base, way, results } = testedOf(context, address) as Tested
  const now = { current: address, commit, tree, base, testedBy: way }
  to.set({ ...now, [`tested/${address}`]: undefined })
  if (results !== null) return push({ ...context, ...now }, [...results], to)
  to.tell({ to: address, message: { type: 'mr.resume' } })
  pushTarget({ ...context, ...now }, to)
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
  const { remote, target } = settingsOf(context) as Settings
  const { head } = requestOf(context, current(context))
  const { rig, base, commit } = context
  to.effect('target.push', { rig, mergeRequest: current(context), remote, target, base, commit, head })
}

export function land(context: RefineryContext, event: Event<'target.advanced'>, to: To): void {
  const { patchId, proof, lines } = event
  const { rig, commit, tree, base, testedBy } = context
  const submitted = submission(context, current(context))
  const { bead, sandbox, agent, mergeRequest: address } = submitted
  leave(context, address, to)
  to.set({ [`of/${sandbox}`]: undefined })
  to.fact({
    type: 'TargetAdvanced',
    rig,
    target: settingsOf(context)?.target ?? '',
    from: base,
    to: commit,
    mergeRequest: address,
  })
  if ((settingsOf(context)?.gates.length ?? 0) > 0) noteGreen(context, commit, testedBy, to)
  to.tell(
    { to: address, message: { type: 'mr.land', commit, tree, patchId, proof, ...(lines && { lines }) } },
    { to: beadOwner(bead), message: { type: 'bead.land', commit, mergeRequest: address, agent } },
  )
  to.tell({ to: witness(rig), message: { type: 'MERGED', ...submitted, commit } })
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

function askRework(context: RefineryContext, conflictFiles: string[], note: string, to: To): void {
  const submitted = submission(context, current(context))
  leave(context, submitted.mergeRequest, to)
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

/** Nothing lands on a guess: what cannot be carried out waits, says why, and is tried again. */
export function hold(resume: Resume) {
  return (context: RefineryContext, { code, message }: { code: string; message: string }, to: To): void => {
    to.set({ resume, holds: context.holds + 1 })
    wait(context, current(context), to, { code, message })
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
