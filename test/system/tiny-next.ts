// The tiny machine in its next version: a state has another name, and the context two keys more.

import { setup } from 'xstate'
import { ACTIONS, typesOf, UNEXPECTED } from '../../src/actors/machine.ts'
import type { Json } from '../../src/events/record.ts'
import { WAIT_MS } from './tiny.ts'

export const nextThing = setup({
  types: typesOf<{ readonly [key: string]: Json }>(),
  actions: ACTIONS,
  delays: { ring: WAIT_MS },
}).createMachine({
  id: 'tiny',
  initial: 'idle',
  context: { colour: 'grey', size: 1 },
  states: {
    idle: { on: { go: { target: 'working' } } },
    working: { on: { did: { target: 'idle' } } },
    waiting: { after: { ring: { target: 'idle' } } },
    over: { type: 'final' },
  },
  on: { '*': UNEXPECTED },
})
