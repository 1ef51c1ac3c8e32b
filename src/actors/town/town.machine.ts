// The town itself: that it exists, whether it is up, and its settings. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import type { Json } from '../../events/record.ts'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'

type TownContext = {
  townId: string
  name: string
  settings: { readonly [key: string]: Json }
}

const { does } = writing<TownContext>()

const start = {
  target: 'up',
  actions: does('town.start', (_, { version, downMs }, to) =>
    to.fact({ type: 'TownStarted', version, downMs }),
  ),
} as const

const machine = setup({ types: typesOf<TownContext>(), actions: ACTIONS }).createMachine({
  id: 'town',
  options: OPTIONS,
  initial: 'absent',
  context: { townId: '', name: '', settings: {} },
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
    down: { on: { 'town.start': start } },
    up: {
      on: {
        // After a crash nobody said town.stop.
        'town.start': start,
        'town.stop': {
          target: 'down',
          actions: does('town.stop', (_, { reason }, to) => to.fact({ type: 'TownStopped', reason })),
        },
      },
    },
  },
  on: {
    'town.set': {
      actions: does('town.set', ({ settings }, { key, value }, to) => {
        const { [key]: _old, ...others } = settings
        to.set({ settings: value === null ? others : { ...settings, [key]: value as Json } })
        to.fact({ type: 'TownSettingChanged', key, value })
      }),
    },
    '*': UNEXPECTED,
  },
})

export const town: MachineDef = { name: 'town', version: 1, machine, live: false }
