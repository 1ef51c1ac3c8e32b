// Set aside: the work waits for a person, or its assignment ends without having landed.

import { defer, tryAgain, withdraw } from '../sandbox.decisions.ts'
import { does, ending, free, keeps, sessionGoes, state, taken, when } from './in-several.ts'

export const setAside = {
  /** Waits for a person; the worktree stays, and so does the hook. */
  parked: state({
    entry: keeps,
    on: {
      ...taken,
      ...sessionGoes,
      'sandbox.retry': [
        {
          guard: when('sandbox.retry', ({ session }) => session === null),
          target: 'paused',
          actions: does('sandbox.retry', tryAgain),
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
  }),

  /** Handed back by the worker; over once its session has ended, so that nobody works under one name twice. */
  deferring: state({
    always: {
      guard: free,
      target: 'kept',
      actions: does('sandbox.sessionEnded', (context, _, to) => defer(context, to)),
    },
    on: {
      ...sessionGoes,
      ...ending,
    },
  }),

  /** Not needed any more; over once its session has ended. */
  withdrawing: state({
    entry: keeps,
    always: {
      guard: free,
      target: 'kept',
      actions: does('sandbox.sessionEnded', (context, _, to) => withdraw(context, context.note, to)),
    },
    on: {
      ...sessionGoes,
      ...ending,
    },
  }),
}
