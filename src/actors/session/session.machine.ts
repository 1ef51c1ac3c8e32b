// A session: one process of a worker, from asked for to ended. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { deliver, delivered } from './composer.ts'
import { newContext, type SessionContext } from './session.context.ts'
import {
  done,
  ended,
  handOff,
  notStarted,
  notStopped,
  open,
  report,
  started,
  stop,
  stopAgain,
} from './session.decisions.ts'
import { answered, asked, hears, isActive, uses } from './session.hearing.ts'
import { overdue } from './watching.ts'

/**
 * How long a program may stay after it said `gt done`, ms. It is about to end by itself; a program that does not
 * is ended, because its worktree is needed for what comes next.
 */
const DONE_GRACE_MS = 3_000
/** Until a stop that could not be carried out is tried again, ms. */
const STOP_AGAIN_MS = 10_000

const { does, when } = writing<SessionContext>()

const doneAlready = {
  actions: does('session.done', ({ bead }, _, to) =>
    to.refuse('SUBMITTED_ALREADY', `The work on ${bead} is submitted already.`),
  ),
}

const nothingLeft = {
  actions: does('session.handOff', ({ bead }, _, to) =>
    to.refuse('SUBMITTED_ALREADY', `The work on ${bead} is out of its hands: there is nothing to hand over.`),
  ),
}

/** What is heard of an agent while its program may be at work. */
const hearing = {
  'session.heard': { actions: does('session.heard', hears) },
  'session.active': { actions: does('session.active', isActive) },
  'session.used': { actions: does('session.used', uses) },
  'session.asked': { actions: does('session.asked', asked) },
  'session.answered': { actions: does('session.answered', answered) },
  'session.deliver': { actions: does('session.deliver', deliver) },
  'session.delivered': { actions: does('session.delivered', delivered) },
}

const tooLate = {
  actions: does('session.deliver', ({ session }, _, to) =>
    to.refuse('AGENT_HAS_NO_SESSION', `${session} is about to end.`),
  ),
}

const machine = setup({
  types: typesOf<SessionContext>(),
  actions: ACTIONS,
  delays: { doneGrace: DONE_GRACE_MS, stopAgain: STOP_AGAIN_MS },
}).createMachine({
  id: 'session',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => newContext(input.address),
  states: {
    absent: { on: { 'session.open': { target: 'starting', actions: does('session.open', open) } } },

    starting: {
      on: {
        'session.started': [
          {
            // It was quicker than the news of its start.
            guard: when('session.started', ({ done, handedOff }) => done || handedOff),
            target: 'finishing',
            actions: does('session.started', started),
          },
          { target: 'running', actions: does('session.started', started) },
        ],
        'session.notStarted': { target: 'ended', actions: does('session.notStarted', notStarted) },
        // Whether it runs is not known; a second one beside it would be worse than none.
        'effect.failed': {
          target: 'stopping',
          actions: does('effect.failed', (context, { message }, to) =>
            stop(context, { reason: `nobody knows whether it started: ${message}`.slice(0, 1_900) }, to),
          ),
        },
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stop': { target: 'stopping', actions: does('session.stop', stop) },
        'session.done': [
          { guard: when('session.done', ({ done }) => done), ...doneAlready },
          { actions: does('session.done', done) },
        ],
        'session.handOff': [
          { guard: when('session.handOff', ({ done }) => done), ...nothingLeft },
          { actions: does('session.handOff', handOff) },
        ],
        'session.report': { actions: does('session.report', report) },
        ...hearing,
      },
    },

    running: {
      on: {
        'session.done': { target: 'finishing', actions: does('session.done', done) },
        'session.handOff': { target: 'finishing', actions: does('session.handOff', handOff) },
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stop': { target: 'stopping', actions: does('session.stop', stop) },
        'session.report': { actions: does('session.report', report) },
        'session.overdue': { actions: does('session.overdue', overdue) },
        ...hearing,
      },
    },

    /** Said `gt done`, or handed its work over; about to end by itself. */
    finishing: {
      after: {
        doneGrace: {
          target: 'stopping',
          actions: does('session.stop', (context, _, to) =>
            stop(
              context,
              { reason: context.done ? 'it stayed after gt done' : 'its work is handed over' },
              to,
            ),
          ),
        },
      },
      on: {
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stop': { target: 'stopping', actions: does('session.stop', stop) },
        'session.done': { guard: when('session.done', ({ done }) => done), ...doneAlready },
        'session.handOff': { guard: when('session.handOff', ({ done }) => done), ...nothingLeft },
        ...hearing,
        'session.deliver': tooLate,
      },
    },

    stopping: {
      after: {
        stopAgain: { target: 'stopping', reenter: true, actions: does('session.stop', stopAgain) },
      },
      on: {
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stopped': { target: 'ended', actions: does('session.stopped', ended) },
        // Nobody could be asked; stopAgain tries once more.
        'effect.failed': { actions: does('effect.failed', notStopped) },
        // Where it stands matters no more; what it used does.
        'session.heard': {},
        'session.active': {},
        'session.used': hearing['session.used'],
        'session.answered': {},
        'session.deliver': tooLate,
        'session.delivered': {},
      },
    },

    ended: { type: 'final' },
  },
  on: {
    'session.done': {
      actions: does('session.done', ({ session }, _, to) =>
        to.refuse('ASSIGNMENT_OVER', `${session} is being ended; what it did stays in its worktree.`),
      ),
    },
    'session.handOff': {
      actions: does('session.handOff', ({ session }, _, to) =>
        to.refuse('ASSIGNMENT_OVER', `${session} is being ended; what it did stays in its worktree.`),
      ),
    },
    '*': UNEXPECTED,
  },
})

export const session: MachineDef = {
  name: 'session',
  version: 4,
  // Nobody noted then whether a conversation had begun: the transcript, named by the first hook, says so.
  migrate: ({ value, context }, from) => {
    if (from >= 3) return { value, context }
    const begun = typeof context.transcript === 'string'
    return { value, context: { ...context, handedOff: false, greeted: begun, talked: begun } }
  },
  machine,
  live: false,
}
