// A session: one process of a worker, from asked for to ended. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { sandboxOfSession, workerOf } from '../../events/address.ts'
import type { AttemptReason } from '../../events/define.ts'
import type { SessionEndingData } from '../../events/worker.ts'
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

type SessionContext = {
  session: string
  agent: string
  rig: string
  bead: string
  worktree: string
  branch: string
  base: string
  preset: string | null
  attempt: number
  reason: AttemptReason
  pid: number | null
  /** The agent said `gt done`. */
  done: boolean
}

/**
 * How long a program may stay after it said `gt done`, ms. It is about to end by itself; a program that does not
 * is ended, because its worktree is needed for what comes next.
 */
export const DONE_GRACE_MS = 3_000
/** Between the polite signals and SIGKILL, ms. */
const STOP_GRACE_MS = 5_000
/** Until a stop that could not be carried out is tried again, ms. */
export const STOP_AGAIN_MS = 10_000

const { does, when } = writing<SessionContext>()

const doneAlready = {
  actions: does('session.done', ({ bead }, _, to) =>
    to.refuse('SUBMITTED_ALREADY', `The work on ${bead} is submitted already.`),
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
  context: ({ input }) => ({
    session: input.address,
    agent: workerOf(input.address)?.agent ?? '',
    rig: workerOf(input.address)?.rig ?? '',
    bead: '',
    worktree: '',
    branch: '',
    base: '',
    preset: null,
    attempt: 0,
    reason: 'first',
    pid: null,
    done: false,
  }),
  states: {
    absent: { on: { 'session.open': { target: 'starting', actions: does('session.open', open) } } },

    starting: {
      on: {
        'session.started': [
          {
            // It was quicker than the news of its start.
            guard: when('session.started', ({ done }) => done),
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
        'session.report': { actions: does('session.report', report) },
      },
    },

    running: {
      on: {
        'session.done': { target: 'finishing', actions: does('session.done', done) },
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stop': { target: 'stopping', actions: does('session.stop', stop) },
        'session.report': { actions: does('session.report', report) },
      },
    },

    /** Said `gt done`; about to end by itself. */
    finishing: {
      after: {
        doneGrace: {
          target: 'stopping',
          actions: does('session.stop', (context, _, to) =>
            stop(context, { reason: 'it stayed after gt done' }, to),
          ),
        },
      },
      on: {
        'session.exited': { target: 'ended', actions: does('session.exited', ended) },
        'session.stop': { target: 'stopping', actions: does('session.stop', stop) },
        'session.done': doneAlready,
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
        'effect.failed': {},
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
    '*': UNEXPECTED,
  },
})

export const session: MachineDef = { name: 'session', version: 1, machine, live: false }

type To = Deciding<SessionContext>

function open(context: SessionContext, event: Event<'session.open'>, to: To): void {
  const { session, agent, rig } = context
  const { meta: _meta, type: _type, ...given } = event
  const { bead, worktree, branch, preset, attempt, reason } = given
  to.set(given)
  to.fact({ type: 'SessionOpened', session, agent, bead, attempt, reason })
  to.effect('session.start', { rig, session, bead, worktree, branch, preset })
}

function started(context: SessionContext, { pid, command }: Event<'session.started'>, to: To): void {
  const { session, agent, bead } = context
  to.set({ pid })
  to.fact({ type: 'SessionStarted', session, agent, bead, pid, command })
  to.tell({ to: sandboxOfSession(session), message: { type: 'sandbox.sessionStarted', session } })
}

function notStarted(context: SessionContext, event: { code: string; message: string }, to: To): void {
  const { session, agent, bead } = context
  const { code, message } = event
  to.fact({ type: 'SessionFailed', session, agent, bead, code, message })
  end(context, { kind: 'notStarted', message }, to)
}

function done(context: SessionContext, { status, head, note }: Event<'session.done'>, to: To): void {
  const { session, agent, bead } = context
  to.set({ done: true })
  to.fact({ type: 'AgentDone', session, agent, bead, status, head, note })
}

function report({ session, agent, bead }: SessionContext, { report }: Event<'session.report'>, to: To): void {
  to.fact({ type: 'AgentReported', session, agent, bead, report })
}

function stop({ session, agent }: SessionContext, { reason }: { reason: string }, to: To): void {
  to.fact({ type: 'SessionStopping', session, agent, reason })
  to.effect('session.stop', { session, graceMs: STOP_GRACE_MS })
}

function stopAgain({ session }: SessionContext, _: unknown, to: To): void {
  to.effect('session.stop', { session, graceMs: STOP_GRACE_MS })
}

function ended(context: SessionContext, { ending }: { ending: SessionEndingData }, to: To): void {
  const { session, agent, bead, done } = context
  to.fact({ type: 'SessionEnded', session, agent, bead, ending, done })
  end(context, ending, to)
}

function end({ session, done }: SessionContext, ending: SessionEndingData, to: To): void {
  to.tell({ to: sandboxOfSession(session), message: { type: 'sandbox.sessionEnded', session, ending, done } })
}
