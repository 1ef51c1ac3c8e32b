// The town itself: that it exists, whether it is up, and its settings. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { MAYOR } from '../../events/address.ts'
import type { Parent } from '../../events/fork.ts'
import type { Json } from '../../events/record.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'

type TownContext = {
  townId: string
  name: string
  settings: { readonly [key: string]: Json }
  /** A person stopped everybody, and nobody has let them go on since. */
  stopped: { readonly since: string; readonly reason: string } | null
  /** The town that this one was forked of; null for one that is nobody's fork. */
  fork: Parent | null
}

const { does } = writing<TownContext>()

const start = {
  target: 'up',
  actions: does('town.start', (_, { version, downMs }, to) =>
    to.fact({ type: 'TownStarted', version, downMs }),
  ),
} as const

/** Settings that reach out of the town by themselves: a fork does not have them. */
const REACHES_OUT = 'notify.'

/** It was never up itself, whatever the other one was. */
const forked = {
  target: 'down',
  actions: does('town.forked', ({ settings }, { townId, name, parent, cancelled }, to) => {
    const kept = Object.entries(settings).filter(([key]) => !key.startsWith(REACHES_OUT))
    to.set({ townId, name, fork: parent, settings: Object.fromEntries(kept) })
    to.fact({ type: 'TownForked', townId, name, parent, cancelled: cancelled.length })
  }),
} as const

const machine = setup({ types: typesOf<TownContext>(), actions: ACTIONS }).createMachine({
  id: 'town',
  options: OPTIONS,
  initial: 'absent',
  context: { townId: '', name: '', settings: {}, stopped: null, fork: null },
  states: {
    absent: {
      on: {
        'town.install': {
          target: 'down',
          actions: does('town.install', (_, { meta: _meta, type: _type, ...made }, to) => {
            to.set({
              townId: made.townId,
              name: made.name,
              settings: made.settings as TownContext['settings'],
            })
            to.fact({ type: 'TownInstalled', ...made })
          }),
        },
      },
    },
    down: { on: { 'town.start': start, 'town.forked': forked } },
    up: {
      on: {
        // After a crash nobody said town.stop.
        'town.start': start,
        'town.forked': forked,
        'town.woke': {
          actions: does('town.woke', (_, { sleptMs }, to) => to.fact({ type: 'TownWoke', sleptMs })),
        },
        'town.stop': {
          target: 'down',
          actions: does('town.stop', (_, { reason }, to) => to.fact({ type: 'TownStopped', reason })),
        },
      },
    },
  },
  on: {
    'town.estop': {
      actions: does('town.estop', ({ stopped }, { reason, meta }, to) => {
        if (stopped !== null) return to.refuse('STOPPED_ALREADY', 'Everybody is stopped already.')
        to.set({ stopped: { since: meta.at, reason } })
        to.fact({ type: 'EverybodyStopped', reason })
        to.tell({ to: MAYOR, message: { type: 'dispatch.hold', why: 'estop', scope: 'town', id: 'town' } })
      }),
    },
    'town.erase': {
      actions: does('town.erase', (_, { reason, records }, to) =>
        to.fact({ type: 'RecordsErased', reason, records }),
      ),
    },
    'town.thaw': {
      actions: does('town.thaw', ({ stopped }, _, to) => {
        if (stopped === null) return to.refuse('NOT_STOPPED', 'Nobody is stopped.')
        to.set({ stopped: null })
        to.fact({ type: 'EverybodyThawed', stoppedAt: stopped.since })
        to.tell({ to: MAYOR, message: { type: 'dispatch.letGo', why: 'estop', scope: 'town', id: 'town' } })
      }),
    },
    'town.set': {
      actions: does('town.set', ({ settings }, { key, value }, to) => {
        const { [key]: _old, ...others } = settings
        to.set({ settings: value === null ? others : { ...settings, [key]: value as Json } })
        to.fact({ type: 'TownSettingChanged', key, value })
      }),
    },
    'town.giveToken': {
      actions: does('town.giveToken', (_, { meta: _meta, type: _type, ...given }, to) =>
        to.fact({ type: 'TokenGiven', ...given }),
      ),
    },
    'town.revokeToken': {
      actions: does('town.revokeToken', (_, { token }, to) => to.fact({ type: 'TokenRevoked', token })),
    },
    '*': UNEXPECTED,
  },
})

export const town: MachineDef = { name: 'town', version: 5, machine, live: false }
