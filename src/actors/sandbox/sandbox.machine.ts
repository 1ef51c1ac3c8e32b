// A sandbox: one assignment of a polecat, with its worktree, its branch and its attempts. Rules: SPEC.md.

import { setup } from 'xstate'
import { beadOwner, MAYOR, workerOf } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import {
  askToKeep,
  giveBack,
  isFree,
  nuke,
  shelve,
  undo,
  unsling,
  wasKept,
  wasKeptAtWork,
  wasNotKept,
  wasNotRestored,
  wasNotShelved,
  wasRestored,
  wasShelved,
} from './keeping.ts'
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
  wasAdded,
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

/** A person may take the assignment from its polecat; a session that it has is ended first. */
const taken = {
  'sandbox.nuke': { target: 'leaving', actions: does('sandbox.nuke', nuke) },
  'sandbox.unsling': { target: 'leaving', actions: does('sandbox.unsling', unsling) },
} as const

const refuseToLeave = (code: string, why: string) => {
  const refuse = { actions: does('sandbox.nuke', ({ bead }, _, to) => to.refuse(code, `${bead} ${why}.`)) }
  return { 'sandbox.nuke': refuse, 'sandbox.unsling': refuse }
}
const landing = refuseToLeave('WORK_IS_LANDING', 'is handed in, and lands or comes back by itself')
const ending = refuseToLeave('WORK_IS_ENDING', 'leaves its polecat already, or has left')

/** Said by those who have not heard of it yet. */
const late = { 'sandbox.recover': {}, 'sandbox.giveUp': {}, 'sandbox.retry': {} }

/** Begins with the checkpoint that is due. */
const keeps = does('sandbox.sessionEnded', askToKeep)

/** The next one may be given the worktree, or nobody needs it any more. */
const free = ({ context }: { context: SandboxContext }): boolean => isFree(context)

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
    keeping: false,
    leaving: null,
    shelf: null,
  }),
  states: {
    absent: { on: { 'sandbox.open': { target: 'preparing', actions: does('sandbox.open', open) } } },

    preparing: {
      on: {
        'worktree.added': [
          {
            guard: when('worktree.added', ({ leaving }) => leaving !== null),
            target: 'leaving',
            actions: does('worktree.added', wasAdded),
          },
          {
            target: 'paused',
            actions: does('worktree.added', (context, event, to) => {
              wasAdded(context, event, to)
              note(context, 'first', {}, to)
            }),
          },
        ],
        'worktree.notAdded': { target: 'failed', actions: does('worktree.notAdded', fail) },
        'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
        // Its worktree is being made: it is taken away when that is there.
        'sandbox.nuke': { actions: does('sandbox.nuke', nuke) },
        'sandbox.unsling': { actions: does('sandbox.unsling', unsling) },
      },
    },

    working: {
      on: {
        ...taken,
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
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        'sandbox.done': over,
        ...taken,
      },
    },

    /** A fresh session begins in the same worktree once the one before has ended. */
    handingOff: {
      on: {
        ...taken,
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'paused',
          actions: does('sandbox.sessionEnded', (context, event, to) =>
            leftAtLast(context, { ...event, resume: null }, to),
          ),
        },
      },
    },

    /** The session died before it was done; the Deacon says whether and when to begin again. */
    stalled: {
      entry: keeps,
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
        ...taken,
      },
    },

    cooling: {
      entry: keeps,
      after: { cooldown: { target: 'paused', actions: does('sandbox.recover', recover) } },
      on: { 'sandbox.retry': { target: 'paused', actions: does('sandbox.retry', recover) }, ...taken },
    },

    /** With the Witness and the Refinery. */
    submitted: {
      on: {
        ...landing,
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        'sandbox.rework': { target: 'paused', actions: does('sandbox.rework', rework) },
        'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
        'sandbox.close': {
          target: 'closing',
          actions: does('sandbox.close', (_, { commit }, to) => to.set({ landed: commit })),
        },
      },
    },

    /** To be worked on again, once the session before has ended. */
    reworking: {
      on: {
        ...taken,
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          target: 'paused',
          actions: does('sandbox.sessionEnded', leftAtLast),
        },
      },
    },

    /** Landed; the worktree goes once the session has ended. */
    closing: {
      entry: keeps,
      always: {
        guard: free,
        target: 'removing',
        actions: does('sandbox.close', (context, _, to) => remove(context, to)),
      },
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        ...landing,
      },
    },

    removing: {
      on: {
        ...landing,
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
      entry: keeps,
      on: {
        ...taken,
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
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
        'sandbox.giveUp': {
          target: 'withdrawing',
          actions: does('sandbox.giveUp', (_, { reason }, to) => to.set({ note: reason })),
        },
      },
    },

    /** Handed back by the worker; over once its session has ended, so that nobody works under one name twice. */
    deferring: {
      always: {
        guard: free,
        target: 'kept',
        actions: does('sandbox.sessionEnded', (context, _, to) => defer(context, to)),
      },
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        ...ending,
      },
    },

    /** Not needed any more; over once its session has ended. */
    withdrawing: {
      entry: keeps,
      always: {
        guard: free,
        target: 'kept',
        actions: does('sandbox.sessionEnded', (context, _, to) => withdraw(context, context.note, to)),
      },
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        ...ending,
      },
    },

    /** Taken from its polecat; goes on when nobody works in the worktree any more. */
    leaving: {
      entry: keeps,
      always: [
        {
          guard: ({ context }) => isFree(context) && context.leaving === 'nuked',
          target: 'shelving',
          actions: does('sandbox.nuke', (context, _, to) => shelve(context, to)),
        },
        {
          guard: free,
          target: 'shelved',
          actions: does('sandbox.unsling', (context, _, to) => giveBack(context, true, to)),
        },
      ],
      on: {
        'sandbox.sessionEnded': {
          guard: current('sandbox.sessionEnded'),
          actions: [does('sandbox.sessionEnded', left), keeps],
        },
        ...ending,
        ...late,
      },
    },

    shelving: {
      on: {
        'worktree.shelved': { target: 'shelved', actions: does('worktree.shelved', wasShelved) },
        'worktree.kept': { target: 'shelved', actions: does('worktree.kept', wasNotShelved) },
        'effect.failed': { target: 'shelved', actions: does('effect.failed', wasNotShelved) },
        ...ending,
        ...late,
      },
    },

    /** Nobody's: the bead is open, the polecat free. Not an end, for it can be brought back. */
    shelved: {
      on: {
        'sandbox.undo': [
          {
            guard: when('sandbox.undo', ({ shelf }) => shelf !== null),
            target: 'restoring',
            actions: does('sandbox.undo', undo),
          },
          { target: 'paused', actions: does('sandbox.undo', undo) },
        ],
        ...ending,
        ...late,
      },
    },

    restoring: {
      on: {
        'worktree.added': { target: 'paused', actions: does('worktree.added', wasRestored) },
        'worktree.notAdded': { target: 'shelved', actions: does('worktree.notAdded', wasNotRestored) },
        'effect.failed': { target: 'shelved', actions: does('effect.failed', wasNotRestored) },
        ...refuseToLeave('WORK_IS_ENDING', 'is just being brought back; try again in a moment'),
        ...late,
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
    'worktree.checkpointed': {
      guard: ({ context }) => context.keeping,
      actions: does('worktree.checkpointed', wasKept),
    },
    'worktree.notCheckpointed': {
      guard: ({ context }) => context.keeping,
      actions: does('worktree.notCheckpointed', wasNotKept),
    },
    'sandbox.checkpointed': {
      guard: ({ context }) => context.path !== '',
      actions: does('sandbox.checkpointed', wasKeptAtWork),
    },
    'effect.failed': {
      guard: when('effect.failed', ({ keeping }, { kind }) => keeping && kind === 'worktree.checkpoint'),
      actions: does('effect.failed', wasNotKept),
    },
    'sandbox.undo': {
      actions: does('sandbox.undo', ({ sandbox }, _, to) =>
        to.refuse('NOTHING_TO_UNDO', `Nothing of ${sandbox} was taken away.`),
      ),
    },
    'sandbox.pause': { actions: does('sandbox.pause', hold) },
    'sandbox.resume': { actions: does('sandbox.resume', letGo) },
    // It said `gt done` before the news of its start arrived, or is of the past.
    'sandbox.sessionStarted': {},
    '*': UNEXPECTED,
  },
})

export const sandbox: MachineDef = {
  name: 'sandbox',
  version: 4,
  // Nothing but the town's going down paused anybody in the first.
  migrate: ({ value, context }, from) => ({
    value,
    context: from === 1 && value === 'paused' ? { ...context, held: ['town'] } : context,
  }),
  machine,
  live: false,
}
