// At work: the worktree is made, and attempt follows attempt until one is handed in.

import type { Event } from '../../machine.ts'
import { isFree, nuke, unsling } from '../keeping.ts'
import {
  askRecovery,
  begin,
  fail,
  firstAttempt,
  forkedAtWork,
  giveUp,
  handOff,
  handOffToPerson,
  handsOverInVain,
  hold,
  leftAtLast,
  park,
  pause,
  recover,
  recoverLater,
  started,
  submit,
  wasAdded,
} from '../sandbox.decisions.ts'
import {
  beginAfresh,
  endSession,
  giveToAnother,
  goesOn,
  isLooking,
  isOfNow,
  looked,
  stalled,
} from '../stalls.ts'
import { current, does, keeps, over, sessionGoes, stallOver, state, taken, when } from './in-several.ts'

/** What is to be done about a session that still gives no sign. */
const intervenes = (step: Event<'sandbox.intervene'>['step']) =>
  when(
    'sandbox.intervene',
    (context, event) =>
      event.step === step && isOfNow(context, event) && context.stalled?.session === event.session,
  )

const notLooked = does('worktree.notCheckpointed', (context, _, to) => looked(context, null, to))

/** Its session gives no sign, and what the Witness says of that. */
const stalls = {
  'sandbox.stalled': [
    { guard: when('sandbox.stalled', isOfNow), actions: does('sandbox.stalled', stalled) },
    {},
  ],
  'worktree.checkpointed': [
    {
      guard: when('worktree.checkpointed', isLooking),
      actions: does('worktree.checkpointed', (context, { commit }, to) => looked(context, commit, to)),
    },
    {},
  ],
  'worktree.notCheckpointed': [
    { guard: when('worktree.notCheckpointed', isLooking), actions: notLooked },
    {},
  ],
  'effect.failed': [{ guard: when('effect.failed', isLooking), actions: notLooked }, {}],
  'sandbox.goesOn': { actions: does('sandbox.goesOn', goesOn) },
  'sandbox.intervene': [
    {
      guard: intervenes('freshSession'),
      target: 'handingOff',
      actions: does('sandbox.intervene', beginAfresh),
    },
    {
      guard: intervenes('redispatch'),
      target: 'leaving',
      actions: does('sandbox.intervene', giveToAnother),
    },
    {
      guard: intervenes('decision'),
      target: 'parked',
      actions: does('sandbox.intervene', (context, { session, reason }, to) => {
        park(context, reason, 'STALLED', to)
        endSession(session, 'it did not go on, and a person is asked', to)
      }),
    },
    stallOver,
  ],
} as const

export const atWork = {
  preparing: state({
    on: {
      'worktree.added': [
        {
          guard: when('worktree.added', ({ leaving }) => leaving !== null),
          target: 'leaving',
          actions: does('worktree.added', wasAdded),
        },
        { target: 'paused', actions: does('worktree.added', firstAttempt) },
      ],
      'worktree.notAdded': { target: 'failed', actions: does('worktree.notAdded', fail) },
      'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
      // Its worktree is being made: it is taken away when that is there.
      'sandbox.nuke': { actions: does('sandbox.nuke', nuke) },
      'sandbox.unsling': { actions: does('sandbox.unsling', unsling) },
    },
  }),

  working: state({
    on: {
      ...taken,
      'sandbox.sessionStarted': {
        guard: current('sandbox.sessionStarted'),
        actions: does('sandbox.sessionStarted', started),
      },
      'sandbox.done': [
        { guard: current('sandbox.done'), target: 'submitted', actions: does('sandbox.done', submit) },
        over,
      ],
      'sandbox.giveBack': [
        {
          guard: when(
            'sandbox.giveBack',
            ({ session }, event) => session === event.session && event.status === 'ESCALATED',
          ),
          target: 'parked',
          actions: does('sandbox.giveBack', (context, { note }, to) => park(context, note, 'ESCALATED', to)),
        },
        {
          guard: current('sandbox.giveBack'),
          target: 'deferring',
          actions: does('sandbox.giveBack', (_, { note }, to) => to.set({ note })),
        },
        over,
      ],
      'sandbox.handOff': [
        {
          guard: when(
            'sandbox.handOff',
            (context, event) => context.session === event.session && handsOverInVain(context, event),
          ),
          target: 'parked',
          actions: does('sandbox.handOff', handOffToPerson),
        },
        {
          guard: current('sandbox.handOff'),
          target: 'handingOff',
          actions: does('sandbox.handOff', handOff),
        },
      ],
      'sandbox.sessionEnded': {
        guard: current('sandbox.sessionEnded'),
        target: 'stalled',
        actions: does('sandbox.sessionEnded', askRecovery),
      },
      'sandbox.pause': [
        {
          guard: when('sandbox.pause', (_, { keepTurn }) => keepTurn === true),
          actions: does('sandbox.pause', hold),
        },
        { target: 'paused', actions: does('sandbox.pause', pause) },
      ],
      'sandbox.forked': { target: 'paused', actions: does('sandbox.forked', forkedAtWork) },
      ...stalls,
    },
  }),

  /**
   * The next attempt is noted, and begins when no reason is left that keeps it. Each attempt comes through here; one
   * that nothing keeps does not stay.
   */
  paused: state({
    entry: keeps,
    always: [
      {
        guard: ({ context }) => context.held.length === 0 && isFree(context),
        target: 'working',
        actions: does('sandbox.resume', begin),
      },
      // Its reasons are gone before the old session is.
      {
        guard: ({ context }) => context.held.length === 0 && context.session !== null,
        target: 'reworking',
      },
    ],
    on: {
      ...sessionGoes,
      'sandbox.done': over,
      ...taken,
    },
  }),

  /** A fresh session begins in the same worktree once the one before has ended. */
  handingOff: state({
    on: {
      ...taken,
      'sandbox.forked': { target: 'paused', actions: does('sandbox.forked', forkedAtWork) },
      'sandbox.sessionEnded': {
        guard: current('sandbox.sessionEnded'),
        target: 'paused',
        actions: does('sandbox.sessionEnded', (context, event, to) =>
          leftAtLast(context, { ...event, resume: null }, to),
        ),
      },
    },
  }),

  /** The session died before it was done; the Deacon says whether and when to begin again. */
  stalled: state({
    entry: keeps,
    on: {
      'sandbox.recover': [
        {
          guard: when('sandbox.recover', (_, { waitMs }) => waitMs === 0),
          target: 'paused',
          actions: does('sandbox.recover', recover),
        },
        { target: 'cooling', actions: does('sandbox.recover', recoverLater) },
      ],
      'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
      ...taken,
    },
  }),

  cooling: state({
    entry: keeps,
    after: { cooldown: { target: 'paused', actions: does('sandbox.recover', recover) } },
    on: { 'sandbox.retry': { target: 'paused', actions: does('sandbox.retry', recover) }, ...taken },
  }),
}
