// The Deacon: who may begin again after a death, and when it is enough. Rules: SPEC.md beside this file.
//
// In the context: `bead/<id>` the recoveries of its assignment; `again/<id>` how often it was given out again;
// `respawns/<id>` both together; `agent/<address>` deaths of its sessions; `deaths` the last ones of all;
// `wait/<what>` what is done later (waiting.ts).

import { setup } from 'xstate'
import { DEACON } from '../../events/address.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import { openBooks } from '../mayor/books.ts'
import { leftBehind, tidied } from './deacon.dogs.ts'
import { deathsDue, isPaused, isQuarantined, release, resumeDispatch } from './deaths.ts'
import { forgetBead, notQueued, recover, recoveryDue, redispatch } from './recovery.ts'
import { type DeaconContext, dueOf } from './waiting.ts'

const { does } = writing<DeaconContext>()

const machine = setup({ types: typesOf<DeaconContext>(), actions: ACTIONS }).createMachine({
  id: DEACON,
  options: OPTIONS,
  initial: 'watching',
  context: {},
  states: { watching: {} },
  on: {
    RECOVERY_NEEDED: { actions: does('RECOVERY_NEEDED', recover) },
    RECOVERED_BEAD: { actions: does('RECOVERED_BEAD', redispatch) },
    'tell.refused': { actions: does('tell.refused', notQueued) },
    'deacon.forget': {
      actions: does('deacon.forget', (context, event, to) => {
        forgetBead(context, event, to)
        leftBehind(context, to)
      }),
    },
    'deacon.tidy': { actions: does('deacon.tidy', (_context, _event, to) => tidied(to)) },
    'deacon.townStarted': {
      actions: does('deacon.townStarted', (_, { meta }, to) => to.set({ upAt: meta.at })),
    },
    'deacon.due': {
      actions: does('deacon.due', (context, { meta }, to) => {
        const books = openBooks(context, to)
        for (const what of dueOf(books, meta.at, to)) {
          recoveryDue(books, what, to)
          deathsDue(books, what, to)
        }
      }),
    },
    'deacon.release': {
      actions: does('deacon.release', (context, { agent }, to) => {
        const books = openBooks(context, to)
        if (!isQuarantined(books, agent))
          return to.refuse('NOT_QUARANTINED', `${agent} is not in quarantine.`)
        release(books, agent, 'person', to)
      }),
    },
    'deacon.letGo': {
      actions: does('deacon.letGo', (context, _, to) => {
        const books = openBooks(context, to)
        if (!isPaused(books)) return to.refuse('NOT_STOPPED', 'Nobody is stopped.')
        resumeDispatch(books, 'person', to)
      }),
    },
    '*': UNEXPECTED,
  },
})

export const deacon: MachineDef = { name: 'deacon', version: 2, machine, live: true }
