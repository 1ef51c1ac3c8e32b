// The review of a merge request: an agent of its own looks at what has passed, and says yes or no. Rules: SPEC.md.

import { setup } from 'xstate'
import { mergeRequestOfReview } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { askOf, type ReviewContext, type To } from './review.context.ts'
import {
  again,
  askNoMore,
  askPerson,
  begin,
  close,
  decide,
  give,
  hold,
  isAgain,
  isAnswered,
  isForPerson,
  isOwn,
  isReady,
  letGo,
  mayBegin,
  miss,
  prepare,
  remove,
  stop,
  take,
  withdraw,
} from './review.decisions.ts'

const { does, when } = writing<ReviewContext>()

/** What is asked, and what keeps it from going on; a session that looks is not touched by it. */
const noting = {
  'review.ask': { actions: does('review.ask', take) },
  'review.withdraw': { actions: does('review.withdraw', withdraw) },
  'review.close': { actions: does('review.close', close) },
  'review.pause': { actions: does('review.pause', hold) },
  'review.resume': { actions: does('review.resume', letGo) },
}

/** The checkout goes, whatever became of it. */
const removing = { target: 'removing' } as const

const notReady = (type: 'review.notReady' | 'effect.failed') => ({
  ...removing,
  actions: does(type, (context, { code, message }, to) => {
    if (context.ask?.commit === context.checkedOut)
      miss(context, { code, message: `its checkout could not be made: ${message}` }, to)
  }),
})

const ends = { target: 'ending' } as const

const asked = {
  ...noting,
  'review.ask': {
    target: 'idle',
    actions: does('review.ask', (context, event, to) => {
      askNoMore(context, 'another commit is to be reviewed', to)
      take(context, event, to)
    }),
  },
  'review.withdraw': {
    target: 'idle',
    actions: does('review.withdraw', (context, event, to) => {
      askNoMore(context, 'nobody waits for the review any more', to)
      withdraw(context, event, to)
    }),
  },
  'review.close': {
    target: 'idle',
    actions: does('review.close', (context, event, to) => {
      askNoMore(context, 'it has landed', to)
      close(context, event, to)
    }),
  },
} as const

const machine = setup({
  types: typesOf<ReviewContext>(),
  actions: ACTIONS,
  delays: { overdue: ({ context }) => context.ask?.review.timeoutMs ?? 0 },
}).createMachine({
  id: 'review',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({
    review: input.address,
    rig: input.address.slice(0, input.address.indexOf('/')),
    mergeRequest: mergeRequestOfReview(input.address),
    ask: null,
    checkedOut: '',
    missed: 0,
    sessions: 0,
    session: null,
    decisions: 0,
    decision: null,
    why: '',
    held: [],
    over: false,
  }),
  states: {
    /** No session and no checkout. What is asked for begins as soon as nothing holds it. */
    idle: {
      always: [
        { guard: ({ context }) => context.over, target: 'landed' },
        {
          guard: ({ context }) => isForPerson(context),
          target: 'asking',
          actions: does('review.ask', askPerson),
        },
        {
          guard: ({ context }) => mayBegin(context),
          target: 'preparing',
          actions: does('review.ask', prepare),
        },
      ],
      on: noting,
    },

    preparing: {
      on: {
        'review.ready': [
          {
            guard: when('review.ready', isReady),
            target: 'reviewing',
            actions: does('review.ready', begin),
          },
          removing,
        ],
        'review.notReady': notReady('review.notReady'),
        'effect.failed': notReady('effect.failed'),
        ...noting,
      },
    },

    /** A session looks. */
    reviewing: {
      after: {
        overdue: {
          ...ends,
          actions: does('review.ask', (context, _, to) => {
            const minutes = Math.round(askOf(context).review.timeoutMs / 6_000) / 10
            const message = `it gave no verdict within ${minutes} min`
            miss(context, { code: 'REVIEW_TIMED_OUT', message }, to)
            stop(context, { reason: 'its time is over' }, to)
          }),
        },
      },
      on: {
        'review.verdict': [
          {
            guard: when('review.verdict', isOwn),
            ...ends,
            actions: does('review.verdict', give),
          },
          { actions: does('review.verdict', refuse) },
        ],
        'review.sessionEnded': {
          guard: when('review.sessionEnded', isOwn),
          ...removing,
          actions: does('review.sessionEnded', (context, { ending }, to) => {
            const how = ending.kind === 'notStarted' ? ending.message : `its session ended: ${ending.kind}`
            miss(context, { code: 'REVIEW_NOT_GIVEN', message: how }, to)
            to.set({ session: null })
          }),
        },
        'review.ask': {
          ...ends,
          actions: does('review.ask', (context, event, to) => {
            take(context, event, to)
            stop(context, { reason: 'another commit is to be reviewed' }, to)
          }),
        },
        'review.withdraw': {
          ...ends,
          actions: does('review.withdraw', (context, event, to) => {
            withdraw(context, event, to)
            stop(context, { reason: 'nobody waits for its verdict any more' }, to)
          }),
        },
        'review.close': {
          ...ends,
          actions: does('review.close', (context, event, to) => {
            close(context, event, to)
            stop(context, { reason: 'what it reviews has landed' }, to)
          }),
        },
        'review.pause': {
          ...ends,
          actions: does('review.pause', (context, event, to) => {
            hold(context, event, to)
            stop(context, { reason: `it rests: ${event.reason}`, graceMs: event.graceMs }, to)
          }),
        },
        'review.resume': noting['review.resume'],
      },
    },

    /** Its session is about to end. */
    ending: {
      on: {
        'review.sessionEnded': {
          guard: when('review.sessionEnded', isOwn),
          ...removing,
          actions: does('review.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        ...noting,
      },
    },

    removing: {
      entry: does('review.ask', remove),
      on: {
        'review.removed': { target: 'idle', actions: does('review.removed', removed) },
        // The next checkout takes its place.
        'review.notRemoved': { target: 'idle', actions: does('review.notRemoved', removed) },
        'effect.failed': { target: 'idle', actions: does('effect.failed', removed) },
        ...noting,
      },
    },

    /** A person says what becomes of it. */
    asking: {
      on: {
        'session.answered': [
          {
            guard: when('session.answered', isAgain),
            target: 'idle',
            actions: does('session.answered', again),
          },
          {
            guard: when('session.answered', isAnswered),
            target: 'idle',
            actions: does('session.answered', decide),
          },
        ],
        ...asked,
      },
    },

    landed: { type: 'final' },
  },
  on: {
    'review.verdict': { actions: does('review.verdict', refuse) },
    'session.answered': {
      actions: does('session.answered', (_, { decision }, to) =>
        to.refuse('DECISION_OVER', `${decision} is about nothing that waits.`),
      ),
    },
    // Nobody waits for it any more.
    'tell.refused': {},
    '*': UNEXPECTED,
  },
})

export const review: MachineDef = { name: 'review', version: 1, machine, live: false }

function removed(_: ReviewContext, __: unknown, to: To): void {
  to.set({ checkedOut: '' })
}

function refuse({ review: own }: ReviewContext, _: unknown, to: To): void {
  to.refuse('ASSIGNMENT_OVER', `Nobody waits for a verdict of this session of ${own} any more.`)
}
