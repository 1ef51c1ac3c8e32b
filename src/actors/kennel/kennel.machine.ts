// The kennel: the Deacon's dogs, what they have to do, and when something is old. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { type KennelContext, NEW } from './kennel.context.ts'
import {
  agingBegins,
  changeSetting,
  clean,
  done,
  isAge,
  isOfOwn,
  isOwn,
  isTidy,
  judge,
  lookForOld,
  refused,
} from './kennel.decisions.ts'

const { does, when } = writing<KennelContext>()

/** A time to keep things has changed: what is old now is found soon. */
const lookSooner = {
  guard: when('kennel.set', (_, event) => isAge(event)),
  target: 'aging',
  reenter: true,
  actions: does('kennel.set', changeSetting),
} as const

const machine = setup({
  types: typesOf<KennelContext>(),
  actions: ACTIONS,
  delays: { old: ({ context }) => context.dueMs },
}).createMachine({
  id: 'kennel',
  options: OPTIONS,
  initial: 'quiet',
  context: NEW,
  states: {
    /** Nothing is left behind that will be old: no timer runs. */
    quiet: {
      on: {
        'kennel.aging': { target: 'aging', actions: does('kennel.aging', agingBegins) },
        'kennel.set': [lookSooner, { actions: does('kennel.set', changeSetting) }],
      },
    },
    aging: {
      after: { old: { target: 'cleaning', actions: does('kennel.aging', lookForOld) } },
      on: { 'kennel.set': [lookSooner, { actions: does('kennel.set', changeSetting) }] },
    },
    cleaning: {
      on: {
        'kennel.done': [
          {
            guard: when('kennel.done', isTidy),
            target: 'quiet',
            actions: does('kennel.done', done),
          },
          {
            guard: when('kennel.done', isOwn),
            target: 'aging',
            actions: does('kennel.done', done),
          },
          { actions: does('kennel.done', done) },
        ],
        'tell.refused': [
          {
            guard: when('tell.refused', isOfOwn),
            target: 'aging',
            actions: does('tell.refused', refused),
          },
          { actions: does('tell.refused', refused) },
        ],
      },
    },
  },
  on: {
    // It knows.
    'kennel.aging': {},
    'kennel.set': { actions: does('kennel.set', changeSetting) },
    'kennel.clean': { actions: does('kennel.clean', clean) },
    'kennel.recalled': {
      actions: does('kennel.recalled', (_, { session }, to) =>
        to.fact({ type: 'RecordingRecalled', session }),
      ),
    },
    'kennel.done': { actions: does('kennel.done', done) },
    'judgement.ask': { actions: does('judgement.ask', judge) },
    'tell.refused': { actions: does('tell.refused', refused) },
    '*': UNEXPECTED,
  },
})

export const kennel: MachineDef = { name: 'kennel', version: 1, machine, live: false }
