// The Refinery of a rig: lands requests, one or a stack of them at a time, and only what passed. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { epicOf } from '../../events/address.ts'
import type { Json } from '../../events/record.ts'
import { ACTIONS, type Event, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { dropAhead } from './refinery.ahead.ts'
import { ofTheBranch } from './refinery.branch.ts'
import { ofTheTarget } from './refinery.checking.ts'
import { hasGate, mayLand, putBack, type RefineryContext, type To } from './refinery.context.ts'
import {
  build,
  buildAgain,
  configure,
  enqueue,
  hold,
  isProved,
  land,
  mayHaveLanded,
  pushAgain,
  pushTested,
  startOver,
  wait,
} from './refinery.decisions.ts'
import { noteBead } from './refinery.lining.ts'
import { mayBegin, next } from './refinery.queue.ts'
import { batchWaitMs, isToGather } from './refinery.stack.ts'
import { freeze, look, mayLook, noteFix, retest, thaw } from './refinery.target.ts'
import { reject, rejectable, revert } from './refinery.undo.ts'
import { answered, isTested, judged, mayPush, notMerged, reviewed, setAside } from './refinery.waiting.ts'
import { ofTheWork } from './refinery.working.ts'

/** First wait before a landing that could not be carried out is tried again, ms; doubled each time. */
export const HOLD_MS = 5_000
/** Longest wait between two tries, ms. */
export const HOLD_MS_MAX = 5 * 60_000

const { does, when } = writing<RefineryContext>()

/** Its push was answered, or not begun: nothing goes on with it while its target is frozen. */
const isKept = (context: RefineryContext): boolean => context.resume !== 'building' && !mayPush(context)

function keep(context: RefineryContext, { meta }: Event<'refinery.retry'>, to: To): void {
  to.fact({ type: 'LandingResumed', rig: context.rig })
  setAside(context, null, meta.at, to)
}

const machine = setup({
  types: typesOf<RefineryContext>(),
  actions: ACTIONS,
  delays: {
    hold: ({ context }) => Math.min(HOLD_MS * 2 ** (context.holds - 1), HOLD_MS_MAX),
    batchWait: ({ context }) => batchWaitMs(context),
  },
}).createMachine({
  id: 'refinery',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({
    rig: input.address.slice(0, input.address.indexOf('/')),
    epic: epicOf(input.address),
    sealed: null,
    count: 0,
    newest: '',
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
    stack: [],
    leftOut: [],
    good: { count: 0, results: [] },
    reds: [],
    again: false,
    flaky: [],
    gathered: false,
    ahead: null,
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
          guard: ({ context }) => mayBegin(context) && isToGather(context),
          target: 'gathering',
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
            if (hasGate(event.gates) || event.ungated) to.fact({ type: 'LandingResumed', rig: context.rig })
          }),
        },
      },
    },

    ...ofTheWork,

    ...ofTheTarget,

    landing: {
      on: {
        'target.advanced': [
          {
            guard: when('target.advanced', isProved),
            target: 'idle',
            actions: does('target.advanced', land),
          },
          {
            target: 'held',
            actions: does('target.advanced', (context, _, to) =>
              hold('unsure')(
                context,
                { code: 'NOT_PROVED', message: 'Not each of those that were pushed is proved to be there.' },
                to,
              ),
            ),
          },
        ],
        'target.moved': {
          target: 'building',
          actions: does('target.moved', (context, _, to) =>
            startOver(context, 'the target moved while the gates ran', to),
          ),
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
        'pull.notMerged': { target: 'idle', actions: does('pull.notMerged', notMerged) },
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
        ...rejectable,
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
    ...ofTheBranch({ enqueue, noteFix, noteBead }),
    'refinery.configure': { actions: does('refinery.configure', configure) },
    'refinery.hold': {
      actions: does('refinery.hold', (context, { reason }, to) => {
        to.set({ stopped: reason })
        dropAhead(context, reason, to)
      }),
    },
    'refinery.letGo': { actions: does('refinery.letGo', (_, __, to) => to.set({ stopped: null })) },
    'refinery.retry': {
      actions: does('refinery.retry', ({ rig, red }, _, to) => {
        if (red !== null) to.set({ look: 'anew' })
        else to.refuse('NOTHING_HELD', `Nothing waits for a second try in ${rig}.`)
      }),
    },
    'refinery.freeze': { actions: does('refinery.freeze', freeze) },
    'refinery.thaw': { actions: does('refinery.thaw', thaw) },
    'refinery.reject': { actions: does('refinery.reject', reject) },
    'refinery.revert': { actions: does('refinery.revert', revert) },
    'refinery.retest': { actions: does('refinery.retest', retest) },
    'session.answered': { actions: does('session.answered', answered) },
    'pull.judged': { actions: does('pull.judged', judged) },
    'review.judged': { actions: does('review.judged', reviewed) },
    '*': UNEXPECTED,
  },
})

export const refinery: MachineDef = {
  name: 'refinery',
  version: 6,
  machine,
  live: true,
  // Before version 4 it had one in hand, which is a stack of one once it is built.
  migrate: ({ value, context }, from) => {
    const { current, commit, tree, base } = context
    const isBuilt = from < 4 && typeof current === 'string' && commit !== '' && value !== 'building'
    return isBuilt
      ? { value, context: { ...context, stack: [{ request: current, commit, tree, base } as Json] } }
      : { value, context }
  },
}
