// Machines that do one thing each, for tests of the loop that hosts them.
//
//   things/<name>   at rest       roles/<name>   live       askers/<name>   hears of its refused tells

import { setup } from 'xstate'
import {
  ACTIONS,
  type Deciding,
  type MachineDef,
  typesOf,
  UNEXPECTED,
  writing,
} from '../../src/actors/machine.ts'
import type { Address, AnyMessage, Json, Told } from '../../src/events/record.ts'

type TinyContext = { readonly [key: string]: Json }
type Said = { readonly to: Address; readonly message: AnyMessage }

/** The vocabulary of these machines is their own. */
const does = writing<TinyContext>().does as unknown as (
  type: string,
  decide: (context: TinyContext, event: Told, to: Deciding<TinyContext>) => void,
) => never
const fact = (to: Deciding<TinyContext>, type: string, more: object = {}) =>
  to.fact({ type, ...more } as never)
const effect = (to: Deciding<TinyContext>, kind: string, params: object) =>
  (to.effect as (kind: string, params: object) => void)(kind, params)

/** How long `wait` waits, ms. */
export const WAIT_MS = 1_000

const actions: Readonly<Record<string, () => void>> = { ...ACTIONS, 'test.do': () => {} }
const begin = does('go', (_, { n = 0, kind = 'test.do' }, to) => effect(to, String(kind), { n }))

const chart = (hears: boolean) =>
  setup({ types: typesOf<TinyContext>(), actions, delays: { ring: WAIT_MS } }).createMachine({
    id: 'tiny',
    initial: 'idle',
    context: {},
    states: {
      idle: {
        on: { go: { target: 'busy', actions: begin }, wait: { target: 'waiting' }, end: { target: 'over' } },
      },
      busy: {
        on: {
          did: { target: 'idle', actions: does('did', (_, { n }, to) => fact(to, 'Did', { n })) },
          'effect.failed': {
            target: 'idle',
            actions: does('effect.failed', (_, { code }, to) => fact(to, 'Failed', { code })),
          },
          more: { actions: begin },
          leave: { target: 'idle' },
          big: {
            target: 'idle',
            actions: does('big', (_, { size }, to) => to.set({ text: 'x'.repeat(Number(size)) })),
          },
        },
      },
      waiting: {
        after: {
          ring: {
            target: 'idle',
            actions: does('ring', (_, { meta }, to) => fact(to, 'Rang', { at: meta.at })),
          },
        },
        on: { leave: { target: 'idle' } },
      },
      over: { type: 'final' },
    },
    on: {
      put: {
        actions: does('put', (_, { meta: _meta, type: _type, ...values }, to) => {
          to.set(values as TinyContext)
          fact(to, 'Put', values)
        }),
      },
      nothing: {},
      // The one fact that the loop itself listens to.
      opened: { actions: does('opened', (_, { downMs }, to) => fact(to, 'TownStarted', { downMs })) },
      refuse: { actions: does('refuse', (_, __, to) => to.refuse('NO', 'It says no.')) },
      // Goes somewhere and refuses: what it went to must be forgotten.
      stray: {
        target: '.busy',
        actions: does('stray', (_, __, to) => {
          to.set({ strayed: true })
          to.refuse('NO', 'It says no.')
        }),
      },
      tell: { actions: does('tell', (_, { messages }, to) => to.tell(...(messages as never[]))) },
      // Tells itself for ever, or so many times.
      chain: {
        actions: does('chain', (context, { n, me }, to) => {
          to.set({ told: Number(context.told ?? 0) + 1 })
          if (Number(n) > 1)
            to.tell({ to: String(me), message: { type: 'chain', n: Number(n) - 1, me } as never })
        }),
      },
      throws: {
        actions: does('throws', () => {
          throw new Error('A machine that throws')
        }),
      },
      ...(hears && {
        'tell.refused': {
          actions: does('tell.refused', (context, { to: who, code, messages }, to) => {
            to.set({ heard: Number(context.heard ?? 0) + 1, who: String(who), code: String(code) })
            fact(to, 'Heard', { messages })
            // As stubborn as can be: it asks for the same again.
            if (context.stubborn === true) to.tell(...(messages as never[]))
          }),
        },
      }),
      '*': UNEXPECTED,
    },
  })

const deaf = chart(false)
const hearing = chart(true)
const DEFS: Readonly<Record<string, MachineDef>> = {
  things: { name: 'thing', version: 1, machine: deaf, live: false },
  roles: { name: 'role', version: 1, machine: deaf, live: true },
  askers: { name: 'asker', version: 1, machine: hearing, live: true },
}

export const tinyMachines = (address: Address): MachineDef | null => DEFS[address.split('/')[0] ?? ''] ?? null

/** `say('things/a', 'put', {n: 1})`, shorter. */
export const to = (address: Address, type: string, more: object = {}): Said => ({
  to: address,
  message: { type, ...more },
})
