// The Refinery of a rig: lands one request after the other, and only what passed. Rules: SPEC.md beside this file.
//
// In the context, beside its settings: `request/<address>` a request in the queue, `of/<sandbox>` the request that
// an assignment has and how often it was submitted.

import { setup } from 'xstate'
import { beadOwner, mergeRequest, witness } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { MessageOf } from '../../events/index.ts'
import type { Json } from '../../events/record.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

type Settings = Omit<MessageOf<'refinery.configure'>, 'type'>
type RefineryContext = {
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

/** First wait before a landing that could not be carried out is tried again, ms; doubled each time. */
export const HOLD_MS = 5_000
/** Longest wait between two tries, ms. */
export const HOLD_MS_MAX = 5 * 60_000

const { does, when } = writing<RefineryContext>()

const machine = setup({
  types: typesOf<RefineryContext>(),
  actions: ACTIONS,
  delays: { hold: ({ context }) => Math.min(HOLD_MS * 2 ** (context.holds - 1), HOLD_MS_MAX) },
}).createMachine({
  id: 'refinery',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({
    rig: input.address.slice(0, input.address.indexOf('/')),
    count: 0,
    current: null,
    commit: '',
    tree: '',
    base: '',
    holds: 0,
    resume: 'building',
  }),
  states: {
    idle: {
      always: [
        {
          guard: ({ context }) => next(context) !== null && !mayLand(context),
          target: 'unguarded',
          actions: does('refinery.retry', (context, _, to) =>
            wait(context, next(context) as string, to, {
              code: 'RIG_HAS_NO_GATE',
              message: `${context.rig} has no gate, so nothing lands.`,
            }),
          ),
        },
        {
          guard: ({ context }) => next(context) !== null,
          target: 'building',
          actions: does('refinery.retry', (context, _, to) => build(context, next(context) as string, to)),
        },
      ],
    },

    /** Work waits, and no gate says what is good. */
    unguarded: {
      on: {
        'refinery.configure': {
          target: 'idle',
          actions: does('refinery.configure', (context, event, to) => {
            configure(context, event, to)
            if (event.gates.length > 0 || event.ungated) to.fact({ type: 'LandingResumed', rig: context.rig })
          }),
        },
      },
    },

    building: {
      on: {
        'merge.built': [
          {
            guard: when('merge.built', (context) => !mayLand(context)),
            target: 'idle',
            actions: does('merge.built', putBack),
          },
          {
            guard: when('merge.built', (context) => settingsOf(context)?.gates.length === 0),
            target: 'landing',
            actions: does('merge.built', (context, event, to) => {
              test(context, event, to)
              push({ ...context, ...event }, [], to)
            }),
          },
          {
            target: 'testing',
            actions: does('merge.built', (context, event, to) => {
              test(context, event, to)
              runGates(context, event.commit, to)
            }),
          },
        ],
        'merge.conflicted': { target: 'idle', actions: does('merge.conflicted', conflict) },
        'merge.empty': { target: 'idle', actions: does('merge.empty', nothingLeft) },
        'merge.notBuilt': { target: 'held', actions: does('merge.notBuilt', hold('building')) },
        'effect.failed': { target: 'held', actions: does('effect.failed', hold('building')) },
      },
    },

    testing: {
      on: {
        'gates.ran': [
          {
            guard: when('gates.ran', ({ tree }, event) => event.tree !== tree),
            target: 'held',
            actions: does('gates.ran', (context, _, to) =>
              hold('building')(
                context,
                { code: 'TREE_DIFFERS', message: 'The gates ran on another tree.' },
                to,
              ),
            ),
          },
          {
            guard: when('gates.ran', (_, { results }) =>
              results.some(({ outcome }) => outcome === 'notStarted'),
            ),
            target: 'held',
            actions: does('gates.ran', (context, { results }, to) => {
              const gate = results.find(({ outcome }) => outcome === 'notStarted')
              const message = `The gate ${gate?.name} could not be started: ${gate?.logTail}`.slice(0, 1_900)
              hold('building')(context, { code: 'GATE_NOT_STARTED', message }, to)
            }),
          },
          {
            guard: when('gates.ran', (context, { results }) => isGreen(context, results)),
            target: 'landing',
            actions: does('gates.ran', (context, { results }, to) => push(context, results, to)),
          },
          {
            // Other gates were set while these ran: the worker is not to blame.
            guard: when('gates.ran', (_, { results }) => allPassed(results)),
            target: 'idle',
            actions: does('gates.ran', putBack),
          },
          { target: 'idle', actions: does('gates.ran', fail) },
        ],
        'gates.notRun': { target: 'held', actions: does('gates.notRun', hold('building')) },
        'effect.failed': { target: 'held', actions: does('effect.failed', hold('building')) },
      },
    },

    landing: {
      on: {
        'target.advanced': { target: 'idle', actions: does('target.advanced', land) },
        'target.moved': {
          target: 'building',
          actions: does('target.moved', (context, _, to) => {
            to.tell({
              to: current(context),
              message: { type: 'mr.requeue', reason: 'the target moved while the gates ran' },
            })
            build(context, current(context), to)
          }),
        },
        'target.dirty': {
          target: 'held',
          actions: does('target.dirty', (context, { path, files }, to) => {
            const message = `${path} has its target checked out with changes of its own: ${files.slice(0, 5).join(', ')}.`
            hold('landing')(context, { code: 'TARGET_CHECKED_OUT_DIRTY', message }, to)
          }),
        },
        'target.refused': {
          target: 'held',
          actions: does('target.refused', (context, { message }, to) =>
            hold('unsure')(context, { code: 'TARGET_REFUSED', message }, to),
          ),
        },
        'effect.failed': { target: 'held', actions: does('effect.failed', hold('unsure')) },
      },
    },

    /** Could not be carried out; tried again later, or at once when a person says so. */
    held: {
      after: {
        hold: [
          {
            guard: ({ context }) => context.resume !== 'building',
            target: 'landing',
            actions: does('refinery.retry', pushAgain),
          },
          { target: 'building', actions: does('refinery.retry', buildAgain) },
        ],
      },
      on: {
        'refinery.retry': [
          {
            guard: when('refinery.retry', ({ resume }) => resume !== 'building'),
            target: 'landing',
            actions: does('refinery.retry', pushAgain),
          },
          { target: 'building', actions: does('refinery.retry', buildAgain) },
        ],
        'refinery.configure': [
          {
            // It may be in the target already, and would then be built to nothing: this is found out first.
            guard: when('refinery.configure', mayHaveLanded),
            target: 'landing',
            actions: does('refinery.configure', (context, event, to) => {
              configure(context, event, to)
              pushAgain(context, event, to)
            }),
          },
          {
            // Another way to land: what was built by the old one is built again.
            target: 'idle',
            actions: does('refinery.configure', (context, event, to) => {
              configure(context, event, to)
              to.fact({ type: 'LandingResumed', rig: context.rig })
              putBack(context, event, to)
            }),
          },
        ],
      },
    },
  },
  on: {
    MERGE_READY: { actions: does('MERGE_READY', enqueue) },
    'refinery.configure': { actions: does('refinery.configure', configure) },
    'refinery.retry': {
      actions: does('refinery.retry', ({ rig }, _, to) =>
        to.refuse('NOTHING_HELD', `Nothing waits for a second try in ${rig}.`),
      ),
    },
    '*': UNEXPECTED,
  },
})

export const refinery: MachineDef = { name: 'refinery', version: 1, machine, live: true }

type To = Deciding<RefineryContext>

const settingsOf = (context: RefineryContext): Settings | undefined =>
  context.settings as Settings | undefined
const requestOf = (context: RefineryContext, address: string): Request =>
  context[`request/${address}`] as Request
const current = (context: RefineryContext): string => context.current ?? ''

function mayLand(context: RefineryContext): boolean {
  const settings = settingsOf(context)
  return settings !== undefined && (settings.gates.length > 0 || settings.ungated)
}

/** First come, first served; one that comes back keeps its new place. */
function next(context: RefineryContext): string | null {
  let first: string | null = null
  for (const key of Object.keys(context)) {
    // What was taken out in this very decision is still there as undefined.
    if (!key.startsWith('request/') || context[key] === undefined) continue
    const address = key.slice('request/'.length)
    if (first === null || requestOf(context, address).order < requestOf(context, first).order) first = address
  }
  return first
}

function configure({ rig }: RefineryContext, event: Event<'refinery.configure'>, to: To): void {
  const { meta: _meta, type: _type, ...settings } = event
  to.set({ settings })
  const { target, gates, ungated } = settings
  to.fact({ type: 'RefineryConfigured', rig, target, gates: gates.map(({ name }) => name), ungated })
}

function enqueue(context: RefineryContext, event: Event<'MERGE_READY'>, to: To): void {
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

function build(context: RefineryContext, address: string, to: To): void {
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

function buildAgain(context: RefineryContext, _: unknown, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  build(context, current(context), to)
}

function test(context: RefineryContext, { commit, tree, base }: Event<'merge.built'>, to: To): void {
  to.set({ commit, tree, base })
  to.tell({ to: current(context), message: { type: 'mr.test', commit, tree, base } })
}

function runGates(context: RefineryContext, commit: string, to: To): void {
  const { gates, setup } = settingsOf(context) as Settings
  to.effect('gates.run', { rig: context.rig, mergeRequest: current(context), commit, gates, setup })
}

/** Every gate that is set has run on this tree and passed; nothing less lands (P8). */
function isGreen(context: RefineryContext, results: readonly GateResultData[]): boolean {
  const { gates } = settingsOf(context) as Settings
  return (
    mayLand(context) &&
    allPassed(results) &&
    gates.every(({ name }) => results.some((result) => result.name === name))
  )
}

const allPassed = (results: readonly GateResultData[]): boolean =>
  results.length > 0 && results.every(({ outcome }) => outcome === 'passed')

function push(context: RefineryContext, results: GateResultData[], to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.push', results } })
  pushTarget(context, to)
}

/** Pushed to the very place that the new settings name, with an unknown outcome. */
function mayHaveLanded(context: RefineryContext, { remote, target }: Event<'refinery.configure'>): boolean {
  const before = settingsOf(context)
  return (
    context.resume === 'unsure' &&
    before?.target === target &&
    before.remote.kind === remote.kind &&
    before.remote.url === remote.url
  )
}

function pushAgain(context: RefineryContext, _: unknown, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  pushTarget(context, to)
}

function pushTarget(context: RefineryContext, to: To): void {
  const { remote, target } = settingsOf(context) as Settings
  const { head } = requestOf(context, current(context))
  const { rig, base, commit } = context
  to.effect('target.push', { rig, mergeRequest: current(context), remote, target, base, commit, head })
}

function land(context: RefineryContext, event: Event<'target.advanced'>, to: To): void {
  const { patchId, proof } = event
  const { rig, commit, tree, base } = context
  const address = current(context)
  const { bead, sandbox, agent, branch, head } = requestOf(context, address)
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
    { to: address, message: { type: 'mr.land', commit, tree, patchId, proof } },
    { to: beadOwner(bead), message: { type: 'bead.land', commit, mergeRequest: address, agent } },
  )
  to.tell({
    to: witness(rig),
    message: { type: 'MERGED', bead, sandbox, agent, branch, head, mergeRequest: address, commit },
  })
}

function fail(context: RefineryContext, { results }: Event<'gates.ran'>, to: To): void {
  const { rig } = context
  const address = current(context)
  const { bead, sandbox, agent, branch, head } = requestOf(context, address)
  const red = results.find(({ outcome }) => outcome !== 'passed')
  const gate = red?.name ?? 'gates'
  const message =
    red === undefined
      ? 'A gate that is set did not run.'
      : red.outcome === 'timedOut'
        ? `${gate} did not end in time.`
        : `${gate} ended with exit code ${red.exitCode}.`
  leave(context, to)
  to.tell({ to: address, message: { type: 'mr.fail', gate, results, message } })
  to.tell({
    to: witness(rig),
    message: {
      type: 'MERGE_FAILED',
      bead,
      sandbox,
      agent,
      branch,
      head,
      mergeRequest: address,
      gate,
      logTail: red?.logTail ?? message,
      ...attemptsOf(context, sandbox),
    },
  })
}

function conflict(context: RefineryContext, { files }: Event<'merge.conflicted'>, to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.conflict', files } })
  askRework(context, files, 'The target changed the same lines.', to)
}

function nothingLeft(context: RefineryContext, _: Event<'merge.empty'>, to: To): void {
  to.tell({ to: current(context), message: { type: 'mr.conflict', files: [] } })
  askRework(context, [], 'The target has all of it already; nothing is left to land.', to)
}

function askRework(context: RefineryContext, conflictFiles: string[], note: string, to: To): void {
  const address = current(context)
  const { bead, sandbox, agent, branch, head } = requestOf(context, address)
  leave(context, to)
  to.tell({
    to: witness(context.rig),
    message: {
      type: 'REWORK_REQUEST',
      bead,
      sandbox,
      agent,
      branch,
      head,
      mergeRequest: address,
      conflictFiles,
      note,
      ...attemptsOf(context, sandbox),
    },
  })
}

function attemptsOf(context: RefineryContext, sandbox: string): { attempts: number; last: boolean } {
  const { attempts } = context[`of/${sandbox}`] as Tried
  return { attempts, last: attempts >= (settingsOf(context)?.attemptsMax ?? 1) }
}

/** The request begins anew, by the settings of now; it keeps its place in the queue. */
function putBack(_: RefineryContext, __: unknown, to: To): void {
  to.set({ current: null, holds: 0 })
}

/** The request leaves the queue. */
function leave(context: RefineryContext, to: To): void {
  to.set({ [`request/${current(context)}`]: undefined, current: null, holds: 0 })
}

/** Nothing lands on a guess: what cannot be carried out waits, says why, and is tried again. */
function hold(resume: Resume) {
  return (context: RefineryContext, { code, message }: { code: string; message: string }, to: To): void => {
    to.set({ resume, holds: context.holds + 1 })
    wait(context, current(context), to, { code, message })
  }
}

function wait(
  context: RefineryContext,
  address: string,
  to: To,
  why: { code: string; message: string },
): void {
  const { bead } = requestOf(context, address)
  to.fact({ type: 'LandingWaits', rig: context.rig, mergeRequest: address, bead, ...why })
  to.tell({ to: address, message: { type: 'mr.wait', ...why } })
}
