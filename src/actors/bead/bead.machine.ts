// A bead: one unit of work, from made to landed. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { beadOwner, MAYOR } from '../../events/address.ts'
import { PRIORITY_DEFAULT } from '../../events/bead.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import {
  addNeed,
  atRefinery,
  type BeadContext,
  block,
  close,
  create,
  defer,
  dropNeed,
  endAssignment,
  handIn,
  hook,
  isIts,
  land,
  landed,
  mustWait,
  needMet,
  needReopened,
  needTakenBack,
  queue,
  refuseAsHooked,
  refuseToWait,
  rehook,
  reopen,
  revert,
  revertAndReopen,
  rework,
  start,
  submit,
  test,
  unblock,
  unhook,
  update,
  updateAtRefinery,
} from './bead.decisions.ts'

const { does, when } = writing<BeadContext>()

const unhooked = {
  guard: when('bead.unhook', isIts),
  target: '#bead.open',
  actions: does('bead.unhook', unhook),
} as const

/** The Refinery is told what changes of its turn. */
const changedAtRefinery = {
  'bead.update': { actions: does('bead.update', atRefinery(updateAtRefinery)) },
  'bead.addNeed': { actions: does('bead.addNeed', atRefinery(addNeed)) },
  'bead.dropNeed': { actions: does('bead.dropNeed', atRefinery(dropNeed)) },
  'bead.needMet': { actions: does('bead.needMet', atRefinery(needMet)) },
  'bead.needReopened': { actions: does('bead.needReopened', atRefinery(needTakenBack)) },
} as const

const begun = { 'bead.needReopened': { actions: does('bead.needReopened', needTakenBack) } } as const

const machine = setup({ types: typesOf<BeadContext>(), actions: ACTIONS }).createMachine({
  id: 'bead',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => ({
    id: input.address.slice('beads/'.length),
    rig: '',
    needs: [],
    openNeeds: [],
    neededBy: [],
    agent: null,
    sandbox: null,
    fixes: false,
    priority: PRIORITY_DEFAULT,
    epic: null,
    told: false,
  }),
  states: {
    absent: {
      on: {
        'bead.create': { target: 'open', actions: does('bead.create', create) },
        '*': {
          actions: does('bead.close', ({ id }, _, to) =>
            to.refuse('BEAD_NOT_FOUND', `There is no bead ${id}.`),
          ),
        },
      },
    },
    open: {
      on: {
        'bead.queue': [
          { guard: when('bead.queue', mustWait), actions: does('bead.queue', refuseToWait) },
          { target: 'queued', actions: does('bead.queue', queue) },
        ],
        'bead.rehook': { target: 'hooked', actions: does('bead.rehook', rehook) },
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.close': { target: 'closed', actions: does('bead.close', close) },
        'bead.handIn': { target: 'in_progress.submitted', actions: does('bead.handIn', handIn) },
      },
    },
    queued: {
      on: {
        'bead.queue': {
          actions: does('bead.queue', ({ id }, _, to) =>
            to.refuse('BEAD_QUEUED', `${id} is in the dispatch queue already.`),
          ),
        },
        'bead.unqueue': {
          target: 'open',
          actions: does('bead.unqueue', ({ id }, { reason }, to) => {
            to.fact({ type: 'BeadUnqueued', bead: id, reason })
          }),
        },
        'bead.hook': { target: 'hooked', actions: does('bead.hook', hook) },
        'bead.close': {
          target: 'closed',
          actions: does('bead.close', (context, event, to) => {
            to.tell({
              to: MAYOR,
              message: { type: 'dispatch.withdraw', bead: context.id, reason: event.reason },
            })
            close(context, event, to)
          }),
        },
        'bead.land': {
          target: 'closed',
          actions: does('bead.land', (context, event, to) => {
            const reason = 'its work has landed'
            to.tell({ to: MAYOR, message: { type: 'dispatch.withdraw', bead: context.id, reason } })
            land(context, event, to)
          }),
        },
      },
    },
    hooked: {
      on: {
        ...begun,
        'bead.start': { target: 'in_progress', actions: does('bead.start', start) },
        // Its worker was quicker than the news of its start.
        'bead.submit': { target: 'in_progress.submitted', actions: does('bead.submit', submit) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.unhook': unhooked,
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
      },
    },
    in_progress: {
      initial: 'working',
      on: {
        ...begun,
        'bead.unhook': unhooked,
        'bead.block': { target: 'blocked', actions: does('bead.block', block) },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
      },
      states: {
        working: {
          on: {
            'bead.start': { actions: does('bead.start', start) },
            'bead.submit': {
              target: 'submitted',
              actions: does('bead.submit', submit),
            },
          },
        },
        submitted: {
          on: {
            ...changedAtRefinery,
            'bead.test': { target: 'testing', actions: does('bead.test', test) },
            'bead.rework': { target: 'working', actions: does('bead.rework', rework) },
          },
        },
        testing: {
          on: {
            ...changedAtRefinery,
            'bead.test': { actions: does('bead.test', test) },
            'bead.rework': { target: 'working', actions: does('bead.rework', rework) },
          },
        },
      },
    },
    blocked: {
      on: {
        'bead.unblock': { target: 'open', actions: does('bead.unblock', unblock) },
        'bead.unhook': {
          guard: when('bead.unhook', (context, event) => context.agent !== null && isIts(context, event)),
          target: 'open',
          actions: does('bead.unhook', (context, event, to) => {
            unhook(context, event, to)
            to.fact({ type: 'BeadUnblocked', bead: context.id })
          }),
        },
        // A person had the same worker try again.
        'bead.start': {
          guard: when('bead.start', ({ agent }) => agent !== null),
          target: 'in_progress',
          actions: does('bead.start', (context, event, to) => {
            to.fact({ type: 'BeadUnblocked', bead: context.id })
            start(context, event, to)
          }),
        },
        'bead.submit': {
          guard: when('bead.submit', ({ agent }) => agent !== null),
          target: 'in_progress.submitted',
          actions: does('bead.submit', (context, event, to) => {
            to.fact({ type: 'BeadUnblocked', bead: context.id })
            submit(context, event, to)
          }),
        },
        'bead.defer': { target: 'deferred', actions: does('bead.defer', defer) },
        'bead.block': { actions: does('bead.block', block) },
        'bead.queue': [
          {
            guard: when('bead.queue', ({ agent }) => agent === null),
            actions: does('bead.queue', ({ id }, _, to) =>
              to.refuse('BEAD_BLOCKED', `${id} waits for a person.`),
            ),
          },
          { actions: does('bead.queue', refuseAsHooked) },
        ],
        'bead.close': {
          target: 'closed',
          actions: does('bead.close', (context, event, to) => {
            endAssignment(context, `${context.id} was closed: ${event.reason}`, to)
            close(context, event, to)
          }),
        },
      },
    },
    deferred: {
      on: {
        'bead.queue': [
          { guard: when('bead.queue', mustWait), actions: does('bead.queue', refuseToWait) },
          { target: 'queued', actions: does('bead.queue', queue) },
        ],
        'bead.reopen': { target: 'open', actions: does('bead.reopen', reopen) },
        'bead.close': { target: 'closed', actions: does('bead.close', close) },
      },
    },
    closed: {
      on: {
        // Closed by hand while its work was under way: it is in the target all the same.
        'bead.land': { actions: does('bead.land', landed) },
        'bead.revert': { target: 'open', actions: does('bead.revert', revertAndReopen) },
        ...begun,
        'bead.reopen': { target: 'open', actions: does('bead.reopen', reopen) },
        'bead.neededBy': {
          actions: does('bead.neededBy', (context, { bead }, to) => {
            to.set({ neededBy: [...new Set([...context.neededBy, bead])] })
            to.tell({ to: beadOwner(bead), message: { type: 'bead.needMet', need: context.id } })
          }),
        },
        'bead.queue': {
          actions: does('bead.queue', ({ id }, _, to) =>
            to.refuse('BEAD_CLOSED', `${id} is closed; open it again first (gt bead reopen ${id}).`),
          ),
        },
        'bead.close': {
          actions: does('bead.close', ({ id }, _, to) =>
            to.refuse('BEAD_CLOSED', `${id} is closed already.`),
          ),
        },
      },
    },
  },
  on: {
    'bead.create': {
      actions: does('bead.create', ({ id }, _, to) =>
        to.refuse('BEAD_EXISTS', `There is a bead ${id} already.`),
      ),
    },
    'bead.queue': { actions: does('bead.queue', refuseAsHooked) },
    'bead.rehook': {
      actions: does('bead.rehook', ({ id, agent }, _, to) =>
        to.refuse(
          'BEAD_NOT_OPEN',
          agent === null ? `${id} is not open any more.` : `${id} is on the hook of ${agent}.`,
        ),
      ),
    },
    // Of an assignment that it has no more.
    'bead.unhook': {},
    'bead.reopen': {
      actions: does('bead.reopen', ({ id }, _, to) => to.refuse('BEAD_NOT_CLOSED', `${id} is not closed.`)),
    },
    // What is in the target is landed, whatever was said of the bead meanwhile.
    'bead.land': { target: '.closed', actions: does('bead.land', land) },
    'bead.revert': { actions: does('bead.revert', revert) },
    'bead.close': {
      actions: does('bead.close', ({ id, agent }, _, to) =>
        to.refuse(
          'BEAD_HOOKED',
          `${id} is on the hook of ${agent ?? 'somebody'}; it closes when its work lands.`,
        ),
      ),
    },
    'bead.update': { actions: does('bead.update', update) },
    'bead.comment': {
      actions: does('bead.comment', ({ id }, { text }, to) =>
        to.fact({ type: 'BeadCommented', bead: id, text }),
      ),
    },
    'bead.neededBy': {
      actions: does('bead.neededBy', ({ neededBy }, { bead }, to) =>
        to.set({ neededBy: [...new Set([...neededBy, bead])] }),
      ),
    },
    'bead.unneededBy': {
      actions: does('bead.unneededBy', ({ neededBy }, { bead }, to) =>
        to.set({ neededBy: neededBy.filter((id) => id !== bead) }),
      ),
    },
    'bead.addNeed': { actions: does('bead.addNeed', addNeed) },
    'bead.dropNeed': { actions: does('bead.dropNeed', dropNeed) },
    'bead.needMet': { actions: does('bead.needMet', needMet) },
    'bead.needReopened': { actions: does('bead.needReopened', needReopened) },
    '*': UNEXPECTED,
  },
})

export const bead: MachineDef = { name: 'bead', version: 6, machine, live: false }
