// Taken away: a person took the work from its polecat, and may bring it back.

import {
  giveBack,
  isFree,
  shelve,
  undo,
  wasNotRestored,
  wasNotShelved,
  wasRestored,
  wasShelved,
} from '../keeping.ts'
import { does, ending, free, keeps, refuseToLeave, sessionGoes, state, when } from './in-several.ts'

/** Said by those who have not heard of it yet. */
const late = { 'sandbox.recover': {}, 'sandbox.giveUp': {}, 'sandbox.retry': {} }

export const takenAway = {
  /** Taken from its polecat; goes on when nobody works in the worktree any more. */
  leaving: state({
    entry: keeps,
    always: [
      {
        guard: ({ context }) => isFree(context) && context.leaving !== 'unslung',
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
      ...sessionGoes,
      ...ending,
      ...late,
    },
  }),

  shelving: state({
    on: {
      'worktree.shelved': { target: 'shelved', actions: does('worktree.shelved', wasShelved) },
      'worktree.kept': { target: 'shelved', actions: does('worktree.kept', wasNotShelved) },
      'effect.failed': { target: 'shelved', actions: does('effect.failed', wasNotShelved) },
      ...ending,
      ...late,
    },
  }),

  /** Nobody's: the bead is open, the polecat free. Not an end, for it can be brought back. */
  shelved: state({
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
  }),

  restoring: state({
    on: {
      'worktree.added': { target: 'paused', actions: does('worktree.added', wasRestored) },
      'worktree.notAdded': { target: 'shelved', actions: does('worktree.notAdded', wasNotRestored) },
      'effect.failed': { target: 'shelved', actions: does('effect.failed', wasNotRestored) },
      ...refuseToLeave('WORK_IS_ENDING', 'is just being brought back; try again in a moment'),
      ...late,
    },
  }),
}
