// What builds and tests the next stack for a Refinery, while the one below it is tested. Rules: SPEC.md beside this file.

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
    /** Time of its being asked. */
    readonly since: string
  } | null
  /** What has passed; null while nothing has that may still be of use. */
  passed: { readonly commit: string; readonly tree: string; readonly mergeRequests: readonly string[] } | null
}
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
    passed: null,
  }),
  states: {
    idle: { on: { 'ahead.begin': begin, 'ahead.drop': {}, 'ahead.over': {} } },
    running: {
      on: {
        // The Refinery takes back what it asked for before it asks for more.
        'ahead.begin': {},
        'ahead.drop': { target: 'idle', actions: does('ahead.drop', drop) },
        'ahead.over': {
          target: 'idle',
          actions: does('ahead.over', (context, { meta }, to) =>
            end(context, { outcome: 'cancelled', reason: 'the real run was sooner', meta }, to),
          ),
        },
        'ahead.ran': [
          {
            guard: when('ahead.ran', (_, { outcome }) => outcome === 'passed'),
            target: 'passed',
            actions: does('ahead.ran', ran),
          },
          { target: 'idle', actions: does('ahead.ran', ran) },
        ],
        'ahead.notRun': { target: 'idle', actions: does('ahead.notRun', notRun) },
        'effect.failed': { target: 'idle', actions: does('effect.failed', notRun) },
      },
    },
    /** It is of use when the stack that comes next is the same. */
    passed: {
      on: {
        'ahead.begin': begin,
        'ahead.drop': { target: 'idle' },
        'ahead.over': { target: 'idle', actions: does('ahead.over', over) },
      },
    },
  },
  on: { '*': UNEXPECTED },
})

export const ahead: MachineDef = { name: 'ahead', version: 1, machine, live: false }

function ask({ rig }: AheadContext, { meta, type: _type, ...asked }: Event<'ahead.begin'>, to: To): void {
  const { target, onto, requests } = asked
  const named = requests.map(({ mergeRequest }) => mergeRequest)
  to.set({ asked: { target, onto, requests: named, since: meta.at }, passed: null })
  to.effect('stack.ahead', { rig, ...asked })
}

function drop(context: AheadContext, { reason, meta }: Event<'ahead.drop'>, to: To): void {
  end(context, { outcome: 'cancelled', reason, meta }, to)
}

function ran(context: AheadContext, event: Event<'ahead.ran'>, to: To): void {
  const { outcome, commit, tree, mergeRequests, meta } = event
  if (outcome === 'passed' && commit !== null && tree !== null)
    to.set({ passed: { commit, tree, mergeRequests } })
  end(context, { outcome, commit, tree, mergeRequests, reason: '', meta }, to)
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
  readonly mergeRequests?: string[]
  readonly reason: string
  readonly meta: Event['meta']
}

function end(
  { rig, asked }: AheadContext,
  { outcome, commit = null, tree = null, mergeRequests, reason, meta }: Ending,
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
    mergeRequests: mergeRequests ?? [...requests],
    durationMs: Math.max(0, Date.parse(meta.at) - Date.parse(since)),
    outcome,
    reason,
  })
}

function over({ rig, asked, passed }: AheadContext, { tree, cached }: Event<'ahead.over'>, to: To): void {
  to.set({ passed: null })
  if (asked === null || passed === null || !cached || passed.tree !== tree) return
  const { target, onto } = asked
  const { commit, mergeRequests } = passed
  to.fact({ type: 'StackAheadUsed', rig, target, onto, commit, tree, mergeRequests: [...mergeRequests] })
}
