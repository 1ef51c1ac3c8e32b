// A crew member: a workplace of a person's own, with one session at a time. Rules: SPEC.md beside this file.
//
// The Mayor's desk is one as well, without a rig and without a worktree: it is there from the start.

import { setup } from 'xstate'
import { crewPlace, DESK } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { type CrewContext, newCrew } from './crew.context.ts'
import { add, begin, end, forked, hold, letGo, unwant, WHY, want } from './crew.decisions.ts'
import {
  askToKeep,
  depart,
  isFree,
  left,
  shelve,
  wasKept,
  wasKeptAtWork,
  wasNotKept,
  wasNotShelved,
  wasShelved,
} from './keeping.ts'

const { does, when } = writing<CrewContext>()

const isDesk = when('crew.start', ({ keeper }) => keeper === DESK)
const current = when('crew.sessionEnded', ({ session }, event) => session === event.session)

const holding = {
  'crew.pause': { actions: does('crew.pause', hold) },
  'crew.resume': { actions: does('crew.resume', letGo) },
}

/** Begins with the checkpoint that is due. */
const keeps = does('crew.sessionEnded', askToKeep)

/** A person removes it; whoever is wanted is at work, or will be. */
const removedBy = (go: typeof depart) => ({
  'crew.remove': [
    {
      guard: when('crew.remove', ({ keeper }) => keeper === DESK),
      actions: does('crew.remove', (_, __, to) =>
        to.refuse('CREW_NOT_FOUND', 'The Mayor is no crew member, and stays.'),
      ),
    },
    {
      guard: when('crew.remove', ({ wanted }, { yes }) => wanted && !yes),
      actions: does('crew.remove', ({ agent }, _, to) =>
        to.refuse('CREW_AT_WORK', `${agent} runs; it is removed when it has stopped.`),
      ),
    },
    { target: 'leaving', actions: does('crew.remove', go) },
  ],
})

const isLeaving = {
  actions: does('crew.remove', ({ agent }, _, to) =>
    to.refuse('CREW_NOT_READY', `${agent} is just being removed; try again in a moment.`),
  ),
}
const leaves = { 'crew.remove': isLeaving, 'crew.start': isLeaving, 'crew.stop': isLeaving, ...holding }

const notRemoved = (type: 'worktree.kept' | 'effect.failed') => ({
  target: 'idle',
  actions: does(type, wasNotShelved),
})

const notAdded = (type: 'worktree.notAdded' | 'effect.failed') => ({
  target: 'absent',
  actions: does(type, ({ agent }, { code, message }, to) =>
    to.fact({ type: 'CrewNotAdded', agent, code, message }),
  ),
})

const machine = setup({ types: typesOf<CrewContext>(), actions: ACTIONS }).createMachine({
  id: 'crew',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => newCrew(input),
  states: {
    absent: {
      on: {
        'crew.add': { target: 'preparing', actions: does('crew.add', add) },
        'crew.remove': {
          actions: does('crew.remove', ({ agent }, _, to) =>
            to.refuse('CREW_NOT_FOUND', `There is no crew member ${agent}.`),
          ),
        },
        // Said by those who have not heard that it was removed.
        'crew.pause': {},
        'crew.resume': {},
        'crew.checkpointed': {},
        'crew.start': [
          { guard: isDesk, target: 'idle', actions: does('crew.start', want) },
          {
            actions: does('crew.start', ({ agent }, _, to) =>
              to.refuse('CREW_NOT_FOUND', `There is no crew member ${agent}.`),
            ),
          },
        ],
      },
    },

    preparing: {
      on: {
        'worktree.added': {
          target: 'idle',
          actions: does('worktree.added', ({ agent, branch }, { path, base }, to) => {
            to.set({ path, base })
            to.fact({ type: 'CrewReady', agent, path, branch, base })
          }),
        },
        'worktree.notAdded': notAdded('worktree.notAdded'),
        'effect.failed': notAdded('effect.failed'),
      },
    },

    /** No session. One that is wanted begins as soon as nothing holds it. */
    idle: {
      entry: keeps,
      always: {
        guard: ({ context }) => context.wanted && context.held.length === 0 && !context.keeping,
        target: 'working',
        actions: does('crew.start', begin),
      },
      on: {
        'crew.start': [
          {
            guard: when('crew.start', ({ held }) => held.length > 0),
            actions: does('crew.start', ({ agent, held }, _, to) =>
              to.refuse('STOPPED', `${agent} may not start now: ${WHY[held[0] ?? 'town']}.`),
            ),
          },
          { actions: does('crew.start', want) },
        ],
        'crew.stop': [
          // Held, and to go on afterwards: not any more.
          { guard: when('crew.stop', ({ wanted }) => wanted), actions: does('crew.stop', unwant) },
          {
            actions: does('crew.stop', ({ agent }, _, to) =>
              to.refuse('AGENT_HAS_NO_SESSION', `${agent} does not run now.`),
            ),
          },
        ],
        ...removedBy(depart),
        ...holding,
      },
    },

    working: {
      on: {
        'crew.forked': { target: 'idle', actions: does('crew.forked', forked) },
        ...removedBy((context, event, to) => {
          depart(context, event, to)
          end(context, { reason: 'a person removes it' }, to)
        }),
        'crew.start': {
          actions: does('crew.start', ({ agent }, _, to) =>
            to.refuse('CREW_AT_WORK', `${agent} runs already.`),
          ),
        },
        'crew.stop': {
          target: 'ending',
          actions: does('crew.stop', (context, event, to) => {
            unwant(context, event, to)
            end(context, event, to)
          }),
        },
        'crew.pause': {
          target: 'ending',
          actions: does('crew.pause', (context, event, to) => {
            const { reason, graceMs } = event
            hold(context, event, to)
            to.fact({ type: 'CrewPaused', agent: context.agent, reason })
            end(context, { reason: WHY[reason], graceMs }, to)
          }),
        },
        'crew.sessionEnded': {
          guard: current,
          target: 'idle',
          actions: does('crew.sessionEnded', (context, event, to) => {
            to.set({ wanted: false })
            left(context, event, to)
          }),
        },
      },
    },

    /** Its session was told to end. */
    ending: {
      on: {
        'crew.forked': { target: 'idle', actions: does('crew.forked', forked) },
        'crew.sessionEnded': { guard: current, target: 'idle', actions: does('crew.sessionEnded', left) },
        // Wanted again before the old session is gone.
        'crew.start': { actions: does('crew.start', want) },
        'crew.stop': { actions: does('crew.stop', unwant) },
        ...removedBy(depart),
        ...holding,
      },
    },

    /** Removed by a person; goes on when nobody works in its worktree any more. */
    leaving: {
      entry: keeps,
      always: {
        guard: ({ context }) => isFree(context),
        target: 'removing',
        actions: does('crew.remove', shelve),
      },
      on: {
        'crew.sessionEnded': { guard: current, actions: [does('crew.sessionEnded', left), keeps] },
        ...leaves,
      },
    },

    removing: {
      on: {
        'worktree.shelved': { target: 'absent', actions: does('worktree.shelved', wasShelved) },
        'worktree.kept': notRemoved('worktree.kept'),
        'effect.failed': notRemoved('effect.failed'),
        ...leaves,
      },
    },
  },
  on: {
    'worktree.checkpointed': {
      guard: when('worktree.checkpointed', ({ keeping }) => keeping),
      actions: does('worktree.checkpointed', wasKept),
    },
    'worktree.notCheckpointed': {
      guard: when('worktree.notCheckpointed', ({ keeping }) => keeping),
      actions: does('worktree.notCheckpointed', wasNotKept),
    },
    'effect.failed': {
      guard: when('effect.failed', ({ keeping }, { kind }) => keeping && kind === 'worktree.checkpoint'),
      actions: does('effect.failed', wasNotKept),
    },
    'crew.checkpointed': { actions: does('crew.checkpointed', wasKeptAtWork) },
    'crew.forked': { actions: does('crew.forked', forked) },
    'crew.add': {
      actions: does('crew.add', ({ agent }, _, to) => to.refuse('CREW_EXISTS', `${agent} is there already.`)),
    },
    '*': UNEXPECTED,
  },
})

export const crew: MachineDef = {
  name: 'crew',
  version: 2,
  // Since 2 its worktrees are numbered.
  migrate: ({ value, context }, from) => ({
    value,
    context:
      from > 1 || value === 'absent' || context.rig === null
        ? context
        : { ...context, places: 1, place: crewPlace(String(context.keeper), 1) },
  }),
  machine,
  live: false,
}
