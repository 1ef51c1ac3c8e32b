// A sandbox: one assignment of a polecat, with its worktree, its branch and its attempts. Rules: SPEC.md.

import { setup } from 'xstate'
import { beadOwner, MAYOR, workerOf } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import {
  askRecovery,
  begin,
  defer,
  fail,
  giveUp,
  handOff,
  handOffToPerson,
  handsOverInVain,
  hold,
  keep,
  left,
  leftAtLast,
  leftForNext,
  letGo,
  note,
  open,
  park,
  pause,
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
  type:
    | 'sandbox.done'
    | 'sandbox.giveBack'
    | 'sandbox.handOff'
    | 'sandbox.sessionEnded'
    | 'sandbox.sessionStarted',
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
    held: [],
    handoff: null,
    handoffs: 0,
    mark: '',
    resume: null,
  }),
  states: {
    absent: { on: { 'sandbox.open': { target: 'preparing', actions: does('sandbox.open', open) } } },

    preparing: {
      on: {
        'worktree.added': {
          target: 'paused',
          actions: does('worktree.added', (context, { base, head, path }, to) => {
            const { sandbox, branch } = context
            to.set({ base, path, head })
            to.fact({ type: 'WorktreeAdded', sandbox, path, branch, base })
            note(context, 'first', {}, to)
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
      },
    },

    /**
     * The next attempt is noted, and begins when no reason is left that keeps it. Each attempt comes through here; one
     * that nothing keeps does not stay.
     */
    paused: {
      always: [
        {
          guard: ({ context }) => context.held.length === 0 && context.session === null,
          target: 'working',
          actions: does('sandbox.resume', begin),
        },
        // Its reasons are gone before the old session is.
        { guard: ({ context }) => context.held.length === 0, target: 'reworking' },
      ],
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', left),
        },
        'sandbox.done': over,
      },
    },

    /** A fresh session begins in the same worktree once the one before has ended. */
    handingOff: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'paused',
          actions: does('sandbox.sessionEnded', leftForNext),
        },
      },
    },

    /** The session died before it was done; the Deacon says whether and when to begin again. */
    stalled: {
      on: {
        'sandbox.recover': [
          {
            guard: when('sandbox.recover', (_, { waitMs }) => waitMs === 0),
            target: 'paused',
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
      after: { cooldown: { target: 'paused', actions: does('sandbox.recover', recover) } },
      on: { 'sandbox.retry': { target: 'paused', actions: does('sandbox.retry', recover) } },
    },

    /** With the Witness and the Refinery. */
    submitted: {
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: does('sandbox.sessionEnded', left),
        },
        'sandbox.rework': { target: 'paused', actions: does('sandbox.rework', rework) },
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
          target: 'paused',
          actions: does('sandbox.sessionEnded', leftAtLast),
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
          actions: does('sandbox.sessionEnded', left),
        },
        'sandbox.retry': [
          {
            guard: when('sandbox.retry', ({ session }) => session === null),
            target: 'paused',
            actions: does('sandbox.retry', (context, _, to) => {
              const { bead, previous } = context
              to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead, note: 'begun again' } })
              note(context, 'handoff', { ...previous, note: context.note }, to)
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
    'sandbox.handOff': over,
    'sandbox.pause': { actions: does('sandbox.pause', hold) },
    'sandbox.resume': { actions: does('sandbox.resume', letGo) },
    // It said `gt done` before the news of its start arrived, or is of the past.
    'sandbox.sessionStarted': {},
    '*': UNEXPECTED,
  },
})

export const sandbox: MachineDef = {
  name: 'sandbox',
  version: 3,
  // Nothing but the town's going down paused anybody in the first.
  migrate: ({ value, context }, from) => ({
    value,
    context: from === 1 && value === 'paused' ? { ...context, held: ['town'] } : context,
  }),
  machine,
  live: false,
}
