// A rig (project): where its work comes from and lands, and how it is set. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { rigOwner } from '../../events/address.ts'
import { ACTIONS, type Event, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import type { Apart, RigContext, Settings, To } from './rig.context.ts'
import { fork, letGo, lose, notRejoined, park, rejoined, unpark } from './rig.forks.ts'
import { addRule, closeBranch, openBranch, set, tellAll } from './rig.settings.ts'

const { does, when } = writing<RigContext>()

/** Nobody is told of a rig that has no clone yet: places would be given for work that cannot begin. */
const setOnly = {
  actions: does('rig.set', (context, event, to) => {
    set(context, event, to)
  }),
}

const machine = setup({ types: typesOf<RigContext>(), actions: ACTIONS }).createMachine({
  id: 'rig',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    rig: input.address.slice(rigOwner('').length),
    prefix: '',
    remote: { kind: 'origin', url: '' },
    source: null,
    target: '',
    settings: {},
    parked: null,
    apart: null,
    branches: {},
    resumptions: [],
  }),
  states: {
    absent: {
      on: {
        'rig.add': { target: 'cloning', actions: does('rig.add', add) },
        '*': {
          actions: does('rig.set', ({ rig }, _, to) => to.refuse('RIG_NOT_FOUND', `There is no rig ${rig}.`)),
        },
      },
    },
    cloning: {
      on: {
        'rig.cloned': {
          target: 'active',
          actions: does('rig.cloned', (context, { head }, to) => {
            to.fact({ type: 'RigReady', rig: context.rig, head })
            tellAll(context, context.settings, to)
          }),
        },
        'rig.notCloned': { target: 'failed', actions: does('rig.notCloned', fail) },
        'effect.failed': { target: 'failed', actions: does('effect.failed', fail) },
        'rig.set': setOnly,
        'rig.forked': { target: 'failed', actions: does('rig.forked', lose) },
      },
    },
    active: {
      on: {
        'rig.forked': [
          {
            guard: when('rig.forked', (_, { remote }) => remote !== null),
            actions: does('rig.forked', fork),
          },
          { target: 'failed', actions: does('rig.forked', lose) },
        ],
        'rig.park': [
          {
            guard: when('rig.park', ({ parked }) => parked !== null),
            actions: does('rig.park', ({ rig }, _, to) =>
              to.refuse('RIG_PARKED', `The rig ${rig} is parked already.`),
            ),
          },
          {
            actions: does('rig.park', (context, { reason, meta }, to) => park(context, reason, meta.at, to)),
          },
        ],
        'rig.unpark': [
          { guard: when('rig.unpark', ({ parked }) => parked !== null), actions: does('rig.unpark', unpark) },
          {
            actions: does('rig.unpark', ({ rig }, _, to) =>
              to.refuse('RIG_NOT_PARKED', `The rig ${rig} is not parked.`),
            ),
          },
        ],
        'rig.rejoin': [
          {
            guard: when('rig.rejoin', ({ apart }) => apart !== null),
            target: 'rejoining',
            actions: does('rig.rejoin', ({ rig, apart, target }, _, to) =>
              to.effect('rig.clone', { rig, remote: (apart as Apart).remote, target }),
            ),
          },
          {
            actions: does('rig.rejoin', ({ rig }, _, to) =>
              to.refuse('RIG_NOT_APART', `The rig ${rig} lands where it always did.`),
            ),
          },
        ],
      },
    },
    /** The remote of its parent is looked at; it lands there as soon as that was reached, and not before. */
    rejoining: {
      on: {
        'rig.cloned': { target: 'active', actions: does('rig.cloned', rejoined) },
        'rig.notCloned': { target: 'active', actions: does('rig.notCloned', notRejoined) },
        'effect.failed': { target: 'active', actions: does('effect.failed', notRejoined) },
        'rig.forked': [
          {
            guard: when('rig.forked', (_, { remote }) => remote !== null),
            target: 'active',
            actions: does('rig.forked', fork),
          },
          { target: 'failed', actions: does('rig.forked', lose) },
        ],
      },
    },
    failed: {
      on: {
        // A second try under the same name.
        'rig.add': { target: 'cloning', actions: does('rig.add', add) },
        'rig.set': setOnly,
        'rig.forked': { actions: does('rig.forked', lose) },
      },
    },
  },
  on: {
    'rig.add': {
      actions: does('rig.add', ({ rig }, _, to) => to.refuse('RIG_EXISTS', `There is a rig ${rig} already.`)),
    },
    'rig.set': {
      actions: does('rig.set', (context, event, to) => tellAll(context, set(context, event, to), to)),
    },
    'rig.openBranch': { actions: does('rig.openBranch', openBranch) },
    'rig.closeBranch': { actions: does('rig.closeBranch', closeBranch) },
    // Mayor and Refinery decide nothing by it.
    'rig.addRule': { actions: does('rig.addRule', addRule) },
    '*': UNEXPECTED,
  },
})

export const rig: MachineDef = { name: 'rig', version: 5, machine, live: false }

function add({ rig, parked }: RigContext, event: Event<'rig.add'>, to: To): void {
  const { prefix, remote, source, target, settings } = event
  if (event.rig !== rig) return to.refuse('RIG_NAME_DIFFERS', `This is ${rig}, not ${event.rig}.`)
  to.set({
    prefix,
    remote,
    source,
    target,
    settings: settings as Settings,
    parked: null,
    apart: null,
    resumptions: [],
  })
  to.fact({ type: 'RigAdded', rig, prefix, remote, source, target, settings })
  to.effect('rig.clone', { rig, remote, target })
  if (parked !== null) letGo(rig, to)
}

function fail({ rig }: RigContext, { code, message }: { code: string; message: string }, to: To): void {
  to.fact({ type: 'RigFailed', rig, code, message })
}
