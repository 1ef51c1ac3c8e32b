// The Mayor: owner of the dispatch queue, and the one who is told what needs a person. Rules: SPEC.md.

import { setup } from 'xstate'
import { MAYOR } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { type MayorContext, openBooks } from './books.ts'
import {
  changeEntry,
  freePlace,
  hold,
  letGo,
  look,
  openRig,
  request,
  retake,
  startRefused,
  withdraw,
} from './dispatch.ts'
import { close, notTold, raise, settleEscalations, told } from './escalations.ts'
import { see } from './room.ts'

const { does } = writing<MayorContext>()

const machine = setup({ types: typesOf<MayorContext>(), actions: ACTIONS }).createMachine({
  id: MAYOR,
  options: OPTIONS,
  initial: 'dispatching',
  context: {},
  states: { dispatching: {} },
  on: {
    'dispatch.openRig': { actions: does('dispatch.openRig', openRig) },
    'dispatch.closeRig': {
      actions: does('dispatch.closeRig', (context, { rig }, to) => openBooks(context, to).drop(`rig/${rig}`)),
    },
    'dispatch.request': { actions: does('dispatch.request', request) },
    'dispatch.ready': {
      actions: does('dispatch.ready', (context, event, to) =>
        changeEntry(
          context,
          event.bead,
          { ready: true, ...(event.priority !== undefined && { priority: event.priority }) },
          event,
          to,
        ),
      ),
    },
    'dispatch.unready': {
      actions: does('dispatch.unready', (context, event, to) =>
        changeEntry(context, event.bead, { ready: false, waiting: null }, event, to),
      ),
    },
    'dispatch.look': { actions: does('dispatch.look', look) },
    'dispatch.withdraw': { actions: does('dispatch.withdraw', withdraw) },
    'dispatch.hold': { actions: does('dispatch.hold', hold) },
    'dispatch.letGo': { actions: does('dispatch.letGo', letGo) },
    'disk.seen': { actions: does('disk.seen', see) },
    'dispatch.freePlace': {
      actions: does('dispatch.freePlace', (context, { rig, name, meta }, to) =>
        freePlace(context, rig, name, meta.at, to),
      ),
    },
    'dispatch.retake': { actions: does('dispatch.retake', retake) },
    'tell.refused': { actions: does('tell.refused', startRefused) },
    'escalation.raise': { actions: does('escalation.raise', raise) },
    'escalation.settle': {
      actions: does('escalation.settle', (context, { bead, note }, to) =>
        settleEscalations(openBooks(context, to), bead, note, to),
      ),
    },
    'escalation.close': { actions: does('escalation.close', close) },
    'notice.sent': {
      actions: does('notice.sent', (context, { decision, ways, failed }, to) => {
        for (const about of told(context, decision))
          to.fact({ type: 'OperatorNotified', ...about, ways, failed })
      }),
    },
    'notice.notSent': {
      actions: does('notice.notSent', (context, event, to) => notTold(context, event.decision, event, to)),
    },
    'effect.failed': {
      actions: does('effect.failed', (context, event, to) =>
        notTold(context, String(event.params.decision), event, to),
      ),
    },
    '*': UNEXPECTED,
  },
})

export const mayor: MachineDef = { name: 'mayor', version: 5, machine, live: true }
