// What builds and tests the next stacks for a Refinery, while the one below them is tested. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
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

type AheadContext = {
  rig: string
  /** What was asked for last; null before. */
  asked: {
    readonly target: string
    readonly onto: string
    readonly requests: readonly string[]
    /** Time of its being asked, or of the last stack that was of use. */
    readonly since: string
  } | null
  /** What has passed and may still be of use, the lowest first. */
  passed: readonly Stack[]
  /** Trees of those that were of use before anybody said that they have passed. */
  told: readonly string[]
}
type Stack = { readonly commit: string; readonly tree: string; readonly mergeRequests: readonly string[] }
type To = Deciding<AheadContext>

const { does, when } = writing<AheadContext>()

const begin = { target: 'running', actions: does('ahead.begin', ask) } as const

const machine = setup({ types: typesOf<AheadContext>(), actions: ACTIONS }).createMachine({
  id: 'ahead',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({
    rig: input.address.slice(0, input.address.indexOf('/')),
    asked: null,
    passed: [],
    told: [],
  }),
  states: {
    idle: { on: { 'ahead.begin': begin, 'ahead.drop': {}, 'ahead.over': {} } },
    running: {
      on: {
        // The Refinery takes back what it asked for before it asks for more.
        'ahead.begin': {},
        'ahead.drop': { target: 'idle', actions: does('ahead.drop', drop) },
        'ahead.over': [
          {
            guard: when('ahead.over', (_, { next }) => next === true),
            actions: does('ahead.over', overInTime),
          },
          { target: 'idle', actions: does('ahead.over', overInTime) },
        ],
        'ahead.ran': [
          {
            guard: when('ahead.ran', (context, event) => leftOf(context, event).length > 0),
            target: 'passed',
            actions: does('ahead.ran', ran),
          },
          { target: 'idle', actions: does('ahead.ran', ran) },
        ],
        'ahead.notRun': { target: 'idle', actions: does('ahead.notRun', notRun) },
        'effect.failed': { target: 'idle', actions: does('effect.failed', notRun) },
      },
    },
    /** They are of use when the stacks that come next are the same. */
    passed: {
      on: {
        'ahead.begin': begin,
        'ahead.drop': { target: 'idle' },
        'ahead.over': [
          {
            guard: when('ahead.over', ({ passed }, { next }) => next === true && passed.length > 1),
            actions: does('ahead.over', over),
          },
          { target: 'idle', actions: does('ahead.over', over) },
        ],
      },
    },
  },
  on: { '*': UNEXPECTED },
})

export const ahead: MachineDef = {
  name: 'ahead',
  version: 2,
  machine,
  live: false,
  // In the first there was one stack, or null.
  migrate: ({ value, context }, from) => ({
    value,
    context: from < 2 ? { ...context, passed: context.passed == null ? [] : [context.passed] } : context,
  }),
}

function ask({ rig }: AheadContext, { meta, type: _type, ...asked }: Event<'ahead.begin'>, to: To): void {
  const { target, onto, requests } = asked
  const named = requests.map(({ mergeRequest }) => mergeRequest)
  to.set({ asked: { target, onto, requests: named, since: meta.at }, passed: [], told: [] })
  to.effect('stack.ahead', { rig, ...asked })
}

function drop(context: AheadContext, { reason, meta }: Event<'ahead.drop'>, to: To): void {
  end(context, { outcome: 'cancelled', reason, meta }, to)
}

type Ran = Event<'ahead.ran'>

function ran(context: AheadContext, event: Ran, to: To): void {
  const { outcome, commit, tree, mergeRequests, below = [], meta } = event
  to.set({ passed: leftOf(context, event) })
  const untold = below.filter((stack) => !context.told.includes(stack.tree))
  for (const stack of untold) end(context, { ...stack, outcome: 'passed', reason: '', meta }, to)
  if (tree !== null && context.told.includes(tree)) return
  end(context, { outcome, commit, tree, mergeRequests, reason: '', meta }, to)
}

/** What has passed and was of no use yet. */
function leftOf({ told }: AheadContext, { outcome, commit, tree, mergeRequests, below = [] }: Ran): Stack[] {
  const highest =
    outcome === 'passed' && commit !== null && tree !== null ? [{ commit, tree, mergeRequests }] : []
  const lower = below.map(({ durationMs: _durationMs, ...stack }) => stack)
  return [...lower, ...highest].filter((stack) => !told.includes(stack.tree))
}

/** Before the run is over: what is in the cache has passed. */
function overInTime(context: AheadContext, { tree, cached, stack, meta }: Event<'ahead.over'>, to: To): void {
  const { asked, told } = context
  if (asked === null) return
  if (!cached || stack === undefined)
    return end(context, { outcome: 'cancelled', reason: 'the real run was sooner', meta }, to)
  const { commit, mergeRequests } = stack
  end(context, { outcome: 'passed', commit, tree, mergeRequests, reason: '', meta }, to)
  used(context, { commit, tree, mergeRequests }, to)
  const requests = asked.requests.filter((one) => !mergeRequests.includes(one))
  to.set({ asked: { ...asked, onto: commit, requests, since: meta.at }, told: [...told, tree] })
}

function notRun(
  context: AheadContext,
  { message, meta }: Event<'ahead.notRun' | 'effect.failed'>,
  to: To,
): void {
  end(context, { outcome: 'failed', reason: message.slice(0, 1_900), meta }, to)
}

type Ending = {
  readonly outcome: 'passed' | 'red' | 'conflicted' | 'cancelled' | 'failed'
  readonly commit?: string | null
  readonly tree?: string | null
  readonly mergeRequests?: readonly string[]
  readonly durationMs?: number
  readonly reason: string
  readonly meta: Event['meta']
}

function end(
  { rig, asked }: AheadContext,
  { outcome, commit = null, tree = null, mergeRequests, durationMs, reason, meta }: Ending,
  to: To,
): void {
  if (asked === null) return
  const { target, onto, requests, since } = asked
  to.fact({
    type: 'StackTestedAhead',
    rig,
    target,
    onto,
    commit,
    tree,
    mergeRequests: [...(mergeRequests ?? requests)],
    durationMs: durationMs ?? Math.max(0, Date.parse(meta.at) - Date.parse(since)),
    outcome,
    reason,
  })
}

function over(context: AheadContext, { tree, cached, next }: Event<'ahead.over'>, to: To): void {
  const { passed } = context
  const stack = passed.find((one) => one.tree === tree)
  to.set({ passed: next === true ? passed.filter((one) => one !== stack) : [] })
  if (cached && stack !== undefined) used(context, stack, to)
}

function used({ rig, asked }: AheadContext, { commit, tree, mergeRequests }: Stack, to: To): void {
  if (asked === null) return
  const { target, onto } = asked
  to.fact({ type: 'StackAheadUsed', rig, target, onto, commit, tree, mergeRequests: [...mergeRequests] })
}
