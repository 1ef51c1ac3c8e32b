// The Refinery of a rig: lands one request after the other, and only what passed. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { ACTIONS, type Event, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { gateNotStarted, isStale, notStarted, ofTheTarget } from './refinery.checking.ts'
import {
  current,
  mayBegin,
  mayLand,
  next,
  putBack,
  type RefineryContext,
  settingsOf,
  type To,
} from './refinery.context.ts'
import {
  allPassed,
  build,
  buildAgain,
  configure,
  conflict,
  enqueue,
  fail,
  hold,
  isGreen,
  land,
  mayHaveLanded,
  nothingLeft,
  push,
  pushAgain,
  pushTested,
  runGates,
  test,
  wait,
} from './refinery.decisions.ts'
import {
  freeze,
  isBaseUnknown,
  look,
  mayLook,
  noteFix,
  redOf,
  retest,
  testTarget,
  thaw,
} from './refinery.target.ts'
import { answered, isTested, mayPush, setAside } from './refinery.waiting.ts'

/** First wait before a landing that could not be carried out is tried again, ms; doubled each time. */
export const HOLD_MS = 5_000
/** Longest wait between two tries, ms. */
export const HOLD_MS_MAX = 5 * 60_000

const { does, when } = writing<RefineryContext>()

/** Its push was answered, or not begun: nothing goes on with it while its target is frozen. */
const isKept = (context: RefineryContext): boolean =>
  context.resume !== 'building' && !mayPush(context, context.tree)

function keep(context: RefineryContext, { meta }: Event<'refinery.retry'>, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  setAside(context, null, meta.at, to)
}

const hasNoGate = (context: RefineryContext): boolean => settingsOf(context)?.gates.length === 0

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
    stopped: null,
    frozen: null,
    red: null,
    green: [],
    way: 0,
    testedBy: 0,
    asks: 0,
    look: null,
    looking: 'moved',
    results: [],
  }),
  states: {
    idle: {
      always: [
        {
          guard: ({ context }) => mayBegin(context) && !mayLand(context),
          target: 'unguarded',
          actions: does('refinery.retry', (context, _, to) =>
            wait(context, next(context) as string, to, {
              code: 'RIG_HAS_NO_GATE',
              message: `${context.rig} has no gate, so nothing lands.`,
            }),
          ),
        },
        {
          guard: ({ context }) => mayLook(context),
          target: 'looking',
          actions: does('refinery.retry', look),
        },
        {
          guard: ({ context }) => mayBegin(context) && isTested(context, next(context)),
          target: 'landing',
          actions: does('refinery.retry', (context, _, to) =>
            pushTested(context, next(context) as string, to),
          ),
        },
        {
          guard: ({ context }) => mayBegin(context),
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
            guard: when('merge.built', (context, { tree }) => hasNoGate(context) && mayPush(context, tree)),
            target: 'landing',
            actions: does('merge.built', (context, event, to) => {
              test(context, event, to)
              push({ ...context, ...event }, [], to)
            }),
          },
          {
            guard: when('merge.built', hasNoGate),
            target: 'idle',
            actions: does('merge.built', (context, event, to) => {
              const { commit, tree, base, meta } = event
              test(context, event, to)
              setAside({ ...context, commit, tree, base, testedBy: context.way }, [], meta.at, to)
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
            // Another way to land was set while these ran: the worker is not to blame.
            guard: when('gates.ran', isStale),
            target: 'idle',
            actions: does('gates.ran', putBack),
          },
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
            guard: when('gates.ran', (_, event) => notStarted(event) !== undefined),
            target: 'held',
            actions: does('gates.ran', (context, event, to) =>
              hold('building')(context, gateNotStarted(event), to),
            ),
          },
          {
            guard: when(
              'gates.ran',
              (context, { results }) => isGreen(context, results) && mayPush(context, context.tree),
            ),
            target: 'landing',
            actions: does('gates.ran', (context, { results }, to) => push(context, results, to)),
          },
          {
            guard: when('gates.ran', (context, { results }) => isGreen(context, results)),
            target: 'idle',
            actions: does('gates.ran', (context, { results, meta }, to) =>
              setAside(context, results, meta.at, to),
            ),
          },
          {
            guard: when('gates.ran', (_, { results }) => allPassed(results)),
            target: 'idle',
            actions: does('gates.ran', putBack),
          },
          {
            // Red; whose fault it is depends on what it stands on.
            guard: when(
              'gates.ran',
              (context, { results }) => redOf(results) !== undefined && isBaseUnknown(context),
            ),
            target: 'checking',
            actions: does('gates.ran', (context, { results }, to) => {
              to.set({ results })
              testTarget(context, context.base, to)
            }),
          },
          {
            target: 'idle',
            actions: does('gates.ran', (context, { results }, to) => fail(context, results, to)),
          },
        ],
        'gates.notRun': { target: 'held', actions: does('gates.notRun', hold('building')) },
        'effect.failed': { target: 'held', actions: does('effect.failed', hold('building')) },
      },
    },

    ...ofTheTarget,

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
            guard: ({ context }) => isKept(context),
            target: 'idle',
            actions: does('refinery.retry', keep),
          },
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
          { guard: when('refinery.retry', isKept), target: 'idle', actions: does('refinery.retry', keep) },
          {
            guard: when('refinery.retry', ({ resume }) => resume !== 'building'),
            target: 'landing',
            actions: does('refinery.retry', pushAgain),
          },
          { target: 'building', actions: does('refinery.retry', buildAgain) },
        ],
        'refinery.configure': [
          {
            guard: when(
              'refinery.configure',
              (context, event) => mayHaveLanded(context, event) && isKept(context),
            ),
            target: 'idle',
            actions: does('refinery.configure', (context, event, to) => {
              configure(context, event, to)
              to.fact({ type: 'LandingResumed', rig: context.rig })
              setAside(context, null, event.meta.at, to)
            }),
          },
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
    'refinery.hold': { actions: does('refinery.hold', (_, { reason }, to) => to.set({ stopped: reason })) },
    'refinery.letGo': { actions: does('refinery.letGo', (_, __, to) => to.set({ stopped: null })) },
    'refinery.retry': {
      actions: does('refinery.retry', ({ rig, red }, _, to) => {
        if (red !== null) to.set({ look: 'anew' })
        else to.refuse('NOTHING_HELD', `Nothing waits for a second try in ${rig}.`)
      }),
    },
    'refinery.freeze': { actions: does('refinery.freeze', freeze) },
    'refinery.thaw': { actions: does('refinery.thaw', thaw) },
    'refinery.fixes': { actions: does('refinery.fixes', noteFix) },
    'refinery.retest': { actions: does('refinery.retest', retest) },
    'session.answered': { actions: does('session.answered', answered) },
    '*': UNEXPECTED,
  },
})

export const refinery: MachineDef = { name: 'refinery', version: 3, machine, live: true }
