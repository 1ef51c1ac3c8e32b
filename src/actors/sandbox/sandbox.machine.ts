// A sandbox: one assignment of a polecat, with its worktree, its branch and its attempts. Rules: SPEC.md.

import { setup } from 'xstate'
import { beadOwner, MAYOR, workerOf } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import {
  afterPause,
  askRecovery,
  begin,
  defer,
  fail,
  giveUp,
  keep,
  noteRework,
  open,
  park,
  recover,
  release,
  remove,
  rework,
  type SandboxContext,
  submit,
  withdraw,
} from './sandbox.decisions.ts'

const { does, when } = writing<SandboxContext>()

const current = (
  type: 'sandbox.done' | 'sandbox.giveBack' | 'sandbox.sessionEnded' | 'sandbox.sessionStarted',
) => when(type, ({ session }, event) => session === event.session)

/** Said by, or of, a session that this assignment no longer knows. */
const over = {
  actions: does('sandbox.done', ({ sandbox }, _, to) =>
    to.refuse('ASSIGNMENT_OVER', `The session that says so no longer works in ${sandbox}.`),
  ),
}

const machine = setup({
  types: typesOf<SandboxContext>(),
  actions: ACTIONS,
  delays: { cooldown: ({ context }) => context.waitMs },
}).createMachine({
  id: 'sandbox',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    sandbox: input.address,
    agent: workerOf(input.address)?.agent ?? '',
    rig: workerOf(input.address)?.rig ?? '',
    bead: '',
    branch: '',
    path: '',
    base: '',
    preset: null,
    attempt: 0,
    reason: 'first',
    previous: {},
    session: null,
    sessions: 0,
    head: '',
    landed: '',
    waitMs: 0,
    note: '',
  }),
  states: {
    absent: { on: { 'sandbox.open': { target: 'preparing', actions: does('sandbox.open', open) } } },

    preparing: {
      on: {
        'worktree.added': {
          target: 'working',
          actions: does('worktree.added', (context, { base, head, path }, to) => {
            const { sandbox, branch } = context
            to.set({ base, path, head })
            to.fact({ type: 'WorktreeAdded', sandbox, path, branch, base })
            begin({ ...context, base, path }, 'first', {}, to)
          }),
        },
        'worktree.notAdded': { target: 'failed', actions: does('worktree.notAdded', fail) },
        'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
      },
    },

    working: {
      on: {
        'sandbox.sessionStarted': {
          guard: current('sandbox.sessionStarted'),
          actions: does('sandbox.sessionStarted', ({ bead, attempt }, { session }, to) =>
            to.tell({ to: beadOwner(bead), message: { type: 'bead.start', session, attempt } }),
          ),
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
            actions: does('sandbox.giveBack', (context, { note }, to) =>
              park(context, note, 'ESCALATED', to),
            ),
          },
          {
            guard: current('sandbox.giveBack'),
            target: 'deferring',
            actions: does('sandbox.giveBack', (_, { note }, to) => to.set({ note })),
          },
          over,
        ],
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'stalled',
          actions: does('sandbox.sessionEnded', askRecovery),
        },
        'sandbox.pause': {
          target: 'paused',
          actions: does('sandbox.pause', ({ sandbox, bead, session }, _, to) => {
            to.fact({ type: 'SandboxPaused', sandbox, bead })
            if (session === null) return
            to.tell({ to: session, message: { type: 'session.stop', reason: 'the town goes down' } })
          }),
        },
      },
    },

    /** The town is down, or was when its session ended. */
    paused: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.done': over,
        'sandbox.resume': [
          {
            guard: when('sandbox.resume', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.resume', (context, _, to) =>
              begin(context, 'handoff', afterPause(context), to),
            ),
          },
          {
            // The town was back before the old session had ended.
            target: 'reworking',
            actions: does('sandbox.resume', (context, _, to) =>
              to.set({ reason: 'handoff', previous: afterPause(context) }),
            ),
          },
        ],
      },
    },

    /** The session died before it was done; the Deacon says whether and when to begin again. */
    stalled: {
      on: {
        'sandbox.recover': [
          {
            guard: when('sandbox.recover', (_, { waitMs }) => waitMs === 0),
            target: 'working',
            actions: does('sandbox.recover', recover),
          },
          {
            target: 'cooling',
            actions: does('sandbox.recover', ({ sandbox, bead }, { waitMs }, to) => {
              to.set({ waitMs })
              to.fact({ type: 'RecoveryScheduled', sandbox, bead, waitMs })
            }),
          },
        ],
        'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
      },
    },

    cooling: {
      after: { cooldown: { target: 'working', actions: does('sandbox.recover', recover) } },
      on: { 'sandbox.retry': { target: 'working', actions: does('sandbox.retry', recover) } },
    },

    /** With the Witness and the Refinery. */
    submitted: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.rework': [
          {
            guard: when('sandbox.rework', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.rework', rework),
          },
          { target: 'reworking', actions: does('sandbox.rework', noteRework) },
        ],
        'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
        'sandbox.close': [
          {
            guard: when('sandbox.close', ({ session }) => session === null),
            target: 'removing',
            actions: does('sandbox.close', (context, event, to) =>
              remove({ ...context, landed: event.commit }, to),
            ),
          },
          {
            target: 'closing',
            actions: does('sandbox.close', (_, { commit }, to) => to.set({ landed: commit })),
          },
        ],
      },
    },

    /** To be worked on again, once the session before has ended. */
    reworking: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'working',
          actions: does('sandbox.sessionEnded', (context, _, to) =>
            begin(context, context.reason, context.previous, to),
          ),
        },
      },
    },

    /** Landed; the worktree goes once the session has ended. */
    closing: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'removing',
          actions: does('sandbox.sessionEnded', (context, _, to) => remove(context, to)),
        },
      },
    },

    removing: {
      on: {
        'worktree.removed': {
          target: 'removed',
          actions: does('worktree.removed', (context, { checkpoint }, to) => {
            to.fact({ type: 'WorktreeRemoved', sandbox: context.sandbox, checkpoint })
            release(context, 'landed', to)
          }),
        },
        'worktree.kept': { target: 'kept', actions: does('worktree.kept', keep) },
        'effect.failed': { target: 'kept', actions: does('effect.failed', keep) },
      },
    },

    /** Waits for a person; the worktree stays, and so does the hook. */
    parked: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', (_, __, to) => to.set({ session: null })),
        },
        'sandbox.retry': [
          {
            guard: when('sandbox.retry', ({ session }) => session === null),
            target: 'working',
            actions: does('sandbox.retry', (context, _, to) => {
              const { bead, previous, note } = context
              to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead, note: 'begun again' } })
              begin(context, 'handoff', { ...previous, note }, to)
            }),
          },
          {
            actions: does('sandbox.retry', ({ agent }, _, to) =>
              to.refuse('SESSION_STILL_ENDING', `The last session of ${agent} has not ended yet; try again.`),
            ),
          },
        ],
        // The bead needs this assignment no more.
        'sandbox.giveUp': [
          {
            guard: when('sandbox.giveUp', ({ session }) => session === null),
            target: 'kept',
            actions: does('sandbox.giveUp', (context, { reason }, to) => withdraw(context, reason, to)),
          },
          {
            target: 'withdrawing',
            actions: does('sandbox.giveUp', (_, { reason }, to) => to.set({ note: reason })),
          },
        ],
      },
    },

    /** Handed back by the worker; over once its session has ended, so that nobody works under one name twice. */
    deferring: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'kept',
          actions: does('sandbox.sessionEnded', (context, _, to) => defer(context, to)),
        },
      },
    },

    /** Not needed any more; over once its session has ended. */
    withdrawing: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'kept',
          actions: does('sandbox.sessionEnded', (context, _, to) => withdraw(context, context.note, to)),
        },
      },
    },

    removed: { type: 'final' },
    /** The assignment is over, and its worktree and branch stay where they are. */
    kept: { type: 'final' },
    failed: { type: 'final' },
  },
  on: {
    'sandbox.done': over,
    'sandbox.giveBack': over,
    // It said `gt done` before the news of its start arrived, or is of the past.
    'sandbox.sessionStarted': {},
    '*': UNEXPECTED,
  },
})

export const sandbox: MachineDef = { name: 'sandbox', version: 1, machine, live: false }
