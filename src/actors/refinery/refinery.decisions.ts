// What a Refinery decides: the facts, tells and effects behind each arrow of refinery.machine.ts.

import { beadOwner, mergeRequest, witness } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { MessageOf } from '../../events/index.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding, Event } from '../machine.ts'

type Settings = Omit<MessageOf<'refinery.configure'>, 'type'>
export type RefineryContext = {
  readonly [key: string]: Json | undefined
  readonly rig: string
  /** Merge requests so far. */
  readonly count: number
  /** The one being landed. */
  readonly current: string | null
  readonly commit: string
  readonly tree: string
  readonly base: string
  /** Holds in a row; the next try comes later each time. */
  readonly holds: number
  readonly resume: Resume
  /** Why no landing begins; null when they do. */
  readonly stopped: string | null
}
type Request = {
  bead: string
  sandbox: string
  agent: string
  branch: string
  head: string
  attempt: number
  order: number
}
/** Where a held request goes on. `unsure`: pushed, and nobody knows whether that happened. */
type Resume = 'building' | 'landing' | 'unsure'
type Tried = { request: string; attempts: number }

type To = Deciding<RefineryContext>

export const settingsOf = (context: RefineryContext): Settings | undefined =>
  context.settings as Settings | undefined
const requestOf = (context: RefineryContext, address: string): Request =>
  context[`request/${address}`] as Request
export const current = (context: RefineryContext): string => context.current ?? ''

export function mayLand(context: RefineryContext): boolean {
  const settings = settingsOf(context)
  return settings !== undefined && (settings.gates.length > 0 || settings.ungated)
}

/** First come, first served; one that comes back keeps its new place. */
export function next(context: RefineryContext): string | null {
  let first: string | null = null
  for (const key of Object.keys(context)) {
    // What was taken out in this very decision is still there as undefined.
    if (!key.startsWith('request/') || context[key] === undefined) continue
    const address = key.slice('request/'.length)
    if (first === null || requestOf(context, address).order < requestOf(context, first).order) first = address
  }
  return first
}

/** Something waits, and nobody said that nothing may begin. */
export const mayBegin = (context: RefineryContext): boolean =>
  next(context) !== null && context.stopped === null

export function configure({ rig }: RefineryContext, event: Event<'refinery.configure'>, to: To): void {
  const { meta: _meta, type: _type, ...settings } = event
  to.set({ settings })
  const { target, gates, ungated } = settings
  to.fact({ type: 'RefineryConfigured', rig, target, gates: gates.map(({ name }) => name), ungated })
}

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
  to.tell({ to: current(context), message: { type: 'mr.push', results } })
  pushTarget(context, to)
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
  const { rig, commit, tree, base } = context
  const submitted = submission(context)
  const { bead, sandbox, agent, mergeRequest: address } = submitted
  leave(context, to)
  to.set({ [`of/${sandbox}`]: undefined })
  to.fact({
    type: 'TargetAdvanced',
    rig,
    target: settingsOf(context)?.target ?? '',
    from: base,
    to: commit,
    mergeRequest: address,
  })
  to.tell(
    { to: address, message: { type: 'mr.land', commit, tree, patchId, proof, ...(lines && { lines }) } },
    { to: beadOwner(bead), message: { type: 'bead.land', commit, mergeRequest: address, agent } },
  )
  to.tell({ to: witness(rig), message: { type: 'MERGED', ...submitted, commit } })
}

export function fail(context: RefineryContext, { results }: Event<'gates.ran'>, to: To): void {
  const submitted = submission(context)
  const red = results.find(({ outcome }) => outcome !== 'passed')
  const gate = red?.name ?? 'gates'
  const message =
    red === undefined
      ? 'A gate that is set did not run.'
      : red.outcome === 'timedOut'
        ? `${gate} did not end in time.`
        : `${gate} ended with exit code ${red.exitCode}.`
  leave(context, to)
  to.tell({ to: submitted.mergeRequest, message: { type: 'mr.fail', gate, results, message } })
  to.tell({
    to: witness(context.rig),
    message: {
      type: 'MERGE_FAILED',
      ...submitted,
      gate,
      logTail: red?.logTail ?? message,
      ...attemptsOf(context, submitted.sandbox),
    },
  })
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
  const submitted = submission(context)
  leave(context, to)
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

/** What the Witness is told of the request that is being landed, whatever became of it. */
function submission(context: RefineryContext) {
  const mergeRequest = current(context)
  const { bead, sandbox, agent, branch, head } = requestOf(context, mergeRequest)
  return { bead, sandbox, agent, branch, head, mergeRequest }
}

function attemptsOf(context: RefineryContext, sandbox: string): { attempts: number; last: boolean } {
  const { attempts } = context[`of/${sandbox}`] as Tried
  return { attempts, last: attempts >= (settingsOf(context)?.attemptsMax ?? 1) }
}

/** The request begins anew, by the settings of now; it keeps its place in the queue. */
export function putBack(_: RefineryContext, __: unknown, to: To): void {
  to.set({ current: null, holds: 0 })
}

/** The request leaves the queue. */
function leave(context: RefineryContext, to: To): void {
  to.set({ [`request/${current(context)}`]: undefined, current: null, holds: 0 })
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
