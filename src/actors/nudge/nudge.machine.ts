// A nudge: one line that is typed for somebody, until it is known to have been taken. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { ACTIONS, type MachineDef, OPTIONS, typesOf, UNEXPECTED, writing } from '../machine.ts'
import {
  accepted,
  acceptedLate,
  check,
  endTurn,
  fail,
  failedAt,
  held,
  leaveUnconfirmed,
  looked,
  type NudgeContext,
  newContext,
  notTaken,
  overdue,
  send,
  startWriting,
  untyped,
  withdraw,
  written,
} from './nudge.decisions.ts'

/** Until the composer is looked at again, ms; it doubles up to the largest. */
const HELD_MS = 5_000
const HELD_MS_MAX = 60_000
/** From an Enter until the screen is asked what became of it, ms. A hook says it within a second. */
const HEARD_MS = 5_000
/** The same while the program holds the line for after its turn, ms. */
const QUEUED_MS = 60_000
/** Enters after the first. */
const ENTERS_AGAIN = 3
/** Looks that find the line gone before it counts as not taken. */
const MISSES = 3
/** How long a receipt that comes late still counts, ms. */
const LATE_MS = 5 * 60_000
/** How long a turn may go on before nobody waits for its end, ms. */
const TURN_MS = 6 * 60 * 60_000

const { does, when } = writing<NudgeContext>()

/** Ends an open nudge: at once when it is certain, else after the time in which a receipt may still come. */
const givenUp = [
  { guard: when('nudge.fail', untyped), target: '#nudge.failed', actions: does('nudge.fail', fail) },
  { target: '#nudge.unconfirmed', actions: does('nudge.fail', leaveUnconfirmed) },
]

const accept = { target: '#nudge.accepted', actions: does('nudge.accepted', accepted) } as const
const write = { target: 'writing', actions: does('nudge.go', startWriting) } as const

const machine = setup({
  types: typesOf<NudgeContext>(),
  actions: ACTIONS,
  delays: {
    overdue: ({ context }) => context.waitMs,
    cooldown: ({ context }) => Math.min(HELD_MS * 2 ** Math.max(0, context.holds - 1), HELD_MS_MAX),
    unheard: ({ context }) => (context.lineAt === 'queued' ? QUEUED_MS : HEARD_MS),
    late: LATE_MS,
    turn: TURN_MS,
  },
}).createMachine({
  id: 'nudge',
  options: OPTIONS,
  initial: 'absent',
  context: ({ input }) => newContext(input.address),
  states: {
    absent: { on: { 'nudge.send': { target: 'open', actions: does('nudge.send', send) } } },

    /** On its way. */
    open: {
      initial: 'queued',
      after: {
        overdue: [
          {
            guard: when('nudge.fail', untyped),
            target: 'failed',
            actions: does('nudge.fail', (context, _, to) => fail(context, overdue(context), to)),
          },
          {
            target: 'unconfirmed',
            actions: does('nudge.fail', (context, _, to) => leaveUnconfirmed(context, overdue(context), to)),
          },
        ],
      },
      on: {
        'nudge.accepted': accept,
        'nudge.fail': givenUp,
        // A turn before this one.
        'nudge.turnEnded': {},
        'nudge.go': {},
        'nudge.withdraw': {
          actions: does('nudge.withdraw', (_, __, to) =>
            to.refuse('NUDGE_TYPED', 'It is typed already, and may be read at any moment.'),
          ),
        },
      },
      states: {
        /** Somebody else has the composer, or it is not the time. */
        queued: {
          on: {
            'nudge.go': write,
            'nudge.withdraw': { target: '#nudge.withdrawn', actions: does('nudge.withdraw', withdraw) },
            'tell.refused': {
              target: '#nudge.failed',
              actions: does('tell.refused', failedAt),
            },
          },
        },
        writing: {
          on: {
            'nudge.written': { target: 'written', actions: does('nudge.written', written) },
            'nudge.held': { target: 'held', actions: does('nudge.held', held) },
            'nudge.notWritten': givenUp,
            // Nobody knows how far it came.
            'effect.failed': {
              target: 'held',
              actions: does('effect.failed', (context, { message }, to) =>
                held(context, { reason: message.slice(0, 500), lineAt: 'unseen' }, to),
              ),
            },
          },
        },
        /** The composer is ours, and is not free. */
        held: {
          after: { cooldown: { target: 'writing', actions: does('nudge.go', startWriting) } },
          on: {
            'nudge.go': write,
            'nudge.withdraw': {
              guard: when('nudge.withdraw', untyped),
              target: '#nudge.withdrawn',
              actions: does('nudge.withdraw', withdraw),
            },
          },
        },
        /** Enter was pressed. */
        written: {
          after: {
            unheard: [
              {
                guard: when(
                  'nudge.fail',
                  ({ enters, lineAt }) => enters > ENTERS_AGAIN && lineAt !== 'queued',
                ),
                target: '#nudge.unconfirmed',
                actions: does('nudge.fail', (context, _, to) =>
                  leaveUnconfirmed(context, notTaken(`${context.enters} Enters did not help`), to),
                ),
              },
              { target: 'checking', actions: does('nudge.fail', check) },
            ],
          },
        },
        /** The screen is asked; Enter is pressed once more when the line still stands in the composer. */
        checking: {
          on: {
            'nudge.written': { target: 'written', actions: does('nudge.written', written) },
            'nudge.held': [
              {
                guard: when(
                  'nudge.held',
                  ({ misses }, { lineAt }) => lineAt === 'gone' && misses + 1 >= MISSES,
                ),
                target: '#nudge.unconfirmed',
                actions: does('nudge.held', (context, _, to) =>
                  leaveUnconfirmed(context, notTaken('it left the composer'), to),
                ),
              },
              { target: 'written', actions: does('nudge.held', looked) },
            ],
            'nudge.notWritten': givenUp,
            'effect.failed': { target: 'written' },
          },
        },
      },
    },

    /** It was typed and nobody said that it was taken; somebody may still say so. */
    unconfirmed: {
      after: {
        late: {
          target: 'failed',
          actions: does('nudge.fail', (context, _, to) =>
            failedAt(context, notTaken('no receipt came late either'), to),
          ),
        },
      },
      on: {
        'nudge.accepted': {
          target: 'accepted',
          actions: does('nudge.accepted', acceptedLate),
        },
        'nudge.fail': { target: 'failed', actions: does('nudge.fail', failedAt) },
        'nudge.turnEnded': {},
        'nudge.go': {},
      },
    },

    /** Its turn is in hand. */
    accepted: {
      after: {
        turn: {
          target: 'ended',
          actions: does('nudge.fail', (context, _, to) => endTurn(context, 'nobody said that it ended', to)),
        },
      },
      on: {
        'nudge.accepted': {},
        'nudge.go': {},
        'nudge.turnEnded': {
          target: 'ended',
          actions: does('nudge.turnEnded', (context, { how }, to) => endTurn(context, how, to)),
        },
        'nudge.fail': {
          target: 'ended',
          actions: does('nudge.fail', (context, { message }, to) =>
            endTurn(context, message.slice(0, 1_900), to),
          ),
        },
      },
    },

    ended: { type: 'final' },
    failed: { type: 'final' },
    withdrawn: { type: 'final' },
  },
  // Of a session that has ended, the composer was not to be had, and needs not be given back.
  on: { 'tell.refused': {}, '*': UNEXPECTED },
})

export const nudge: MachineDef = { name: 'nudge', version: 2, machine, live: false }
