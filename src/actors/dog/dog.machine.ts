// A dog: does one chore at a time for the Deacon, and says what came of it. Rules: SPEC.md beside this file.

import { setup } from 'xstate'
import { KENNEL } from '../../events/address.ts'
import type { Chore } from '../../events/dogs.ts'
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
import { giveSafe, judged } from './judging.ts'

export type DogContext = {
  dog: string
  /** Null while it rests. */
  chore: Chore | null
  /** Tries of it. */
  tries: number
  /** Until the next try, ms. */
  againMs: number
}
type To = Deciding<DogContext>

/** Until a chore that failed is tried again, ms; so often at most. */
const AGAIN_MS = [5 * 60_000, 30 * 60_000] as const

const { does, when } = writing<DogContext>()

const failed = (type: 'chore.notDone' | 'effect.failed') => [
  {
    guard: when(type, (context) => mayTryAgain(context)),
    target: 'resting',
    actions: does(type, fail),
  } as const,
  { target: '#dog.idle', actions: does(type, fail) } as const,
]

const machine = setup({
  types: typesOf<DogContext>(),
  actions: ACTIONS,
  delays: { again: ({ context }) => context.againMs },
}).createMachine({
  id: 'dog',
  options: OPTIONS,
  initial: 'idle',
  context: ({ input }) => ({ dog: input.address, chore: null, tries: 0, againMs: 0 }),
  states: {
    idle: { on: { 'dog.do': { target: 'working', actions: does('dog.do', begin) } } },
    working: {
      initial: 'doing',
      on: {
        'dog.do': {
          actions: does('dog.do', ({ dog, chore }, _, to) =>
            to.refuse('DOG_BUSY', `${dog} is at ${chore?.id ?? 'another chore'}.`),
          ),
        },
      },
      states: {
        doing: {
          on: {
            'chore.cleaned': { target: '#dog.idle', actions: does('chore.cleaned', cleaned) },
            'chore.judged': { target: '#dog.idle', actions: does('chore.judged', answer) },
            'chore.notDone': failed('chore.notDone'),
            'effect.failed': failed('effect.failed'),
          },
        },
        /** It failed, and is tried again. */
        resting: {
          after: {
            again: { target: 'doing', actions: does('dog.do', (context, _, to) => doIt(context, to)) },
          },
        },
      },
    },
  },
  on: { '*': UNEXPECTED },
})

export const dog: MachineDef = { name: 'dog', version: 1, machine, live: false }

function begin({ dog }: DogContext, { chore }: Event<'dog.do'>, to: To): void {
  to.set({ chore, tries: 1 })
  to.fact({ type: 'ChoreBegun', dog, chore: chore.id, kind: chore.kind })
  doIt({ chore }, to)
}

function doIt({ chore }: Pick<DogContext, 'chore'>, to: To): void {
  if (chore === null) return
  if (chore.kind === 'clean') {
    const { what, olderThanMs } = chore
    return to.effect('chore.clean', { what, olderThanMs })
  }
  const { kind: _kind, id: _id, ...question } = chore
  to.effect('chore.judge', question)
}

function cleaned({ dog, chore }: DogContext, event: Event<'chore.cleaned'>, to: To): void {
  if (chore === null) return
  const { recordings, gone, trash, nextMs } = event
  const { sessions } = recordings
  if (sessions.length > 0) to.fact({ type: 'RecordingsReaped', count: sessions.length, ...recordings })
  if (gone.count > 0) to.fact({ type: 'RecordingsGone', ...gone })
  for (const each of trash)
    if (each.entries.length + each.stays.length + each.notes + each.bytes > 0)
      to.fact({ type: 'TrashReaped', chore: chore.id, count: each.entries.length, ...each })
  to.fact({ type: 'ChoreDone', dog, chore: chore.id, kind: chore.kind })
  rest({ dog, chore }, { ok: true, reason: '', nextMs, usd: null }, to)
}

function answer(context: DogContext, event: Event<'chore.judged'>, to: To): void {
  const { dog, chore } = context
  if (chore?.kind !== 'judge') return
  const usd = judged(dog, chore, event, to)
  to.fact({ type: 'ChoreDone', dog, chore: chore.id, kind: chore.kind })
  rest({ dog, chore }, { ok: true, reason: '', nextMs: null, usd }, to)
}

/** A judgement is asked once: whoever waits for it goes on. */
function mayTryAgain({ chore, tries }: DogContext): boolean {
  return chore?.kind === 'clean' && tries <= AGAIN_MS.length
}

function fail(
  context: DogContext,
  { code, message }: Event<'chore.notDone' | 'effect.failed'>,
  to: To,
): void {
  const { dog, chore, tries } = context
  if (chore === null) return
  const againMs = mayTryAgain(context) ? (AGAIN_MS[tries - 1] ?? null) : null
  const { id, kind } = chore
  to.fact({ type: 'ChoreFailed', dog, chore: id, kind, code, message, n: tries, againMs })
  if (againMs !== null) return to.set({ tries: tries + 1, againMs })
  if (chore.kind === 'judge') giveSafe(chore, message.slice(0, 1_000), to)
  // Whether a question that failed had cost anything nobody knows.
  rest({ dog, chore }, { ok: false, reason: message.slice(0, 1_500), nextMs: null, usd: null }, to)
}

function rest(
  { dog, chore }: { readonly dog: string; readonly chore: Chore },
  done: Omit<Event<'kennel.done'>, 'type' | 'meta' | 'dog' | 'chore'>,
  to: To,
): void {
  to.set({ chore: null, tries: 0 })
  to.tell({ to: KENNEL, message: { type: 'kennel.done', dog, chore: chore.id, ...done } })
}
