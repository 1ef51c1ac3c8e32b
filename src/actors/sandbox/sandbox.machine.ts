// A sandbox: one assignment of a polecat, with its worktree, its branch and its attempts. Rules: SPEC.md.
//
// Its states are in phases/, told in the order in which work goes through them.

import { type MachineDef, OPTIONS, UNEXPECTED } from '../machine.ts'
import { wasKept, wasKeptAtWork, wasNotKept } from './keeping.ts'
import { atWork } from './phases/at-work.ts'
import { handedIn } from './phases/handed-in.ts'
import { does, over, parts, stallOver, when } from './phases/in-several.ts'
import { setAside } from './phases/set-aside.ts'
import { takenAway } from './phases/taken-away.ts'
import { newContext } from './sandbox.context.ts'
import { forked, hold, letGo, open } from './sandbox.decisions.ts'

const machine = parts.createMachine({
  id: 'sandbox',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => newContext(input.address),
  states: {
    absent: { on: { 'sandbox.open': { target: 'preparing', actions: does('sandbox.open', open) } } },

    // preparing, working, paused, handingOff, stalled, cooling
    ...atWork,
    // submitted, reworking, closing, removing
    ...handedIn,
    // parked, deferring, withdrawing
    ...setAside,
    // leaving, shelving, shelved, restoring
    ...takenAway,

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
    'sandbox.forked': { actions: does('sandbox.forked', forked) },
    // Said of a session that has ended, or is held.
    'sandbox.stalled': {},
    'sandbox.goesOn': {},
    'sandbox.intervene': stallOver,
    // It said `gt done` before the news of its start arrived, or is of the past.
    'sandbox.sessionStarted': {},
    '*': UNEXPECTED,
  },
})

export const sandbox: MachineDef = {
  name: 'sandbox',
  version: 7,
  // Nothing but the town's going down paused anybody in the first.
  migrate: ({ value, context }, from) => ({
    value,
    context: from === 1 && value === 'paused' ? { ...context, held: ['town'] } : context,
  }),
  machine,
  live: false,
}
