// A nudge: one line that is typed for somebody, until it is known to have been taken. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { nudgeOwner, OVERSEER } from '../../events/address.ts'
import type { NudgeLineAt, NudgeMode } from '../../events/nudge.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

type NudgeContext = {
  nudge: string
  to: string
  session: string
  line: string
  mode: NudgeMode
  waitMs: number
  /** Who said it. */
  sender: string
  lineAt: NudgeLineAt
  /** Times the composer was ours. */
  attempt: number
  /** Times in a row that nothing could be typed. */
  holds: number
  /** Why it waits, as told last. */
  reason: string
  /** Times that Enter was pressed. */
  enters: number
  /** Times in a row that it was found gone with nothing heard. */
  misses: number
}

/** Until the composer is looked at again, ms; it doubles up to the largest. */
const HELD_MS = 5_000
const HELD_MS_MAX = 60_000
/** From an Enter until the screen is asked what became of it, ms. A hook says it within a second. */
const HEARD_MS = 5_000
/** The same while the program holds the line for after its turn, ms. */
const QUEUED_MS = 60_000
/** Enters after the first. */
export const ENTERS_AGAIN = 3
/** Looks that find the line gone before it counts as not taken. */
export const MISSES = 3
/** How long a receipt that comes late still counts, ms. */
const LATE_MS = 5 * 60_000
/** How long a turn may go on before nobody waits for its end, ms. */
const TURN_MS = 6 * 60 * 60_000

const { does, when } = writing<NudgeContext>()

const NOT_TAKEN = 'NUDGE_NOT_TAKEN'
const TIMED_OUT = 'NUDGE_TIMED_OUT'

/** Nothing of it can be in the terminal, so that it is certain that nobody will take it. */
const untyped = ({ lineAt }: Readonly<NudgeContext>): boolean => lineAt === 'untyped'

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
  context: ({ input }) => ({
    nudge: input.address.slice(nudgeOwner('').length),
    to: '',
    session: '',
    line: '',
    mode: 'idle',
    waitMs: 0,
    sender: OVERSEER,
    lineAt: 'untyped',
    attempt: 0,
    holds: 0,
    reason: '',
    enters: 0,
    misses: 0,
  }),
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
              actions: does('tell.refused', (context, { code, message }, to) => {
                to.fact({ type: 'NudgeFailed', ...whose(context), code, message })
              }),
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
          actions: does('nudge.accepted', (context, { via }, to) =>
            to.fact({ type: 'NudgeAccepted', ...whose(context), via }),
          ),
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

export const nudge: MachineDef = { name: 'nudge', version: 1, machine, live: false }

type To = Deciding<NudgeContext>
type Failure = { code: string; message: string }

const whose = ({ nudge, to, session }: Readonly<NudgeContext>) => ({ nudge, to, session })

const notTaken = (why: string): Failure => ({
  code: NOT_TAKEN,
  message: `It was typed, and nobody said that it was taken: ${why}.`,
})

const overdue = ({ waitMs, reason, lineAt }: Readonly<NudgeContext>): Failure => ({
  code: TIMED_OUT,
  message: `${lineAt === 'untyped' ? 'It was not typed' : 'It was not taken'} within ${Math.round(waitMs / 1_000)} s${
    reason === '' ? '' : `: ${reason}`
  }.`,
})

function send(context: NudgeContext, event: Event<'nudge.send'>, to: To): void {
  const { to: whom, session, text, line, mode, waitMs, meta } = event
  const { nudge } = context
  to.set({ to: whom, session, line, mode, waitMs, sender: meta.by })
  to.fact({ type: 'NudgeQueued', nudge, to: whom, session, text, line, mode })
  to.tell({ to: session, message: { type: 'session.deliver', nudge, mode } })
}

/** From here on nobody knows whether something of it is in the terminal, until the answer says so. */
function startWriting(context: NudgeContext, _: unknown, to: To): void {
  const { nudge, session, line, mode, lineAt, attempt } = context
  to.set({ attempt: attempt + 1, lineAt: 'unseen' })
  if (attempt === 0) to.fact({ type: 'NudgeWriting', ...whose(context), attempt: 1 })
  to.effect('nudge.write', { nudge, session, line, mode, unseen: lineAt !== 'untyped' })
}

function held(
  context: NudgeContext,
  { reason, lineAt }: { reason: string; lineAt: NudgeLineAt },
  to: To,
): void {
  to.set({ holds: context.holds + 1, lineAt })
  waitsBecause(context, reason, to)
}

/** Said once for each reason, however often it is looked. */
function waitsBecause(context: NudgeContext, reason: string, to: To): void {
  if (reason === context.reason) return
  to.set({ reason })
  to.fact({ type: 'NudgeHeld', ...whose(context), reason })
}

function written(context: NudgeContext, _: unknown, to: To): void {
  const enters = context.enters + 1
  to.set({ enters, lineAt: 'composer', reason: '', holds: 0, misses: 0 })
  to.fact({ type: 'NudgeWritten', ...whose(context), enters })
}

function check({ nudge, session, line }: NudgeContext, _: unknown, to: To): void {
  to.effect('nudge.enter', { nudge, session, line })
}

function looked(context: NudgeContext, { reason, lineAt }: Event<'nudge.held'>, to: To): void {
  to.set({ lineAt, misses: lineAt === 'gone' ? context.misses + 1 : 0 })
  waitsBecause(context, reason, to)
}

function accepted(context: NudgeContext, { via }: Event<'nudge.accepted'>, to: To): void {
  to.fact({ type: 'NudgeAccepted', ...whose(context), via })
  giveBack(context, to)
}

function fail(context: NudgeContext, failure: Failure, to: To): void {
  failedAt(context, failure, to)
  giveBack(context, to)
}

function failedAt(context: NudgeContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'NudgeFailed', ...whose(context), code, message })
}

function leaveUnconfirmed(context: NudgeContext, { code, message }: Failure, to: To): void {
  to.fact({ type: 'NudgeUnconfirmed', ...whose(context), code, message })
  giveBack(context, to)
}

function withdraw(context: NudgeContext, _: unknown, to: To): void {
  to.fact({ type: 'NudgeWithdrawn', ...whose(context) })
  giveBack(context, to)
}

function endTurn(context: NudgeContext, how: string, to: To): void {
  to.fact({ type: 'NudgeTurnEnded', ...whose(context), how })
}

/** The composer is free for the next one. */
function giveBack({ nudge, session }: NudgeContext, to: To): void {
  to.tell({ to: session, message: { type: 'session.delivered', nudge } })
}
