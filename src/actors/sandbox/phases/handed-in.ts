// Handed in: the work lands or comes back, and once it has landed its worktree goes.

import { nuke } from '../keeping.ts'
import { forkedAtRest, giveUp, keep, leftAtLast, remove, rework, wasRemoved } from '../sandbox.decisions.ts'
import { current, does, free, keeps, refuseToLeave, sessionGoes, state, taken } from './in-several.ts'

const landing = refuseToLeave('WORK_IS_LANDING', 'is handed in, and lands or comes back by itself')

export const handedIn = {
  /** With the Witness and the Refinery. */
  submitted: state({
    on: {
      ...landing,
      ...sessionGoes,
      'sandbox.rework': { target: 'paused', actions: does('sandbox.rework', rework) },
      'sandbox.giveUp': { target: 'parked', actions: does('sandbox.giveUp', giveUp) },
      // A person said that it does not land: as if it was nuked, so that it can be brought back.
      'sandbox.reject': { target: 'leaving', actions: does('sandbox.reject', nuke) },
      'sandbox.close': {
        target: 'closing',
        actions: does('sandbox.close', (_, { commit }, to) => to.set({ landed: commit })),
      },
    },
  }),

  /** To be worked on again, once the session before has ended. */
  reworking: state({
    on: {
      ...taken,
      'sandbox.forked': { target: 'paused', actions: does('sandbox.forked', forkedAtRest) },
      'sandbox.sessionEnded': {
        guard: current('sandbox.sessionEnded'),
        target: 'paused',
        actions: does('sandbox.sessionEnded', leftAtLast),
      },
    },
  }),

  /** Landed; the worktree goes once the session has ended. */
  closing: state({
    entry: keeps,
    always: {
      guard: free,
      target: 'removing',
      actions: does('sandbox.close', (context, _, to) => remove(context, to)),
    },
    on: {
      ...sessionGoes,
      ...landing,
    },
  }),

  removing: state({
    on: {
      ...landing,
      'worktree.removed': {
        target: 'removed',
        actions: does('worktree.removed', wasRemoved),
      },
      'worktree.kept': { target: 'kept', actions: does('worktree.kept', keep) },
      'effect.failed': { target: 'kept', actions: does('effect.failed', keep) },
    },
  }),
}
