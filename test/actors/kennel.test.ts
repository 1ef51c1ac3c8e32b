import { expect, test } from 'vitest'
import type { MessageOf } from '../../src/events/index.ts'
import { decisions, stepsOf } from '../support/decisions.ts'
import { AGENT, BEAD, DOG, judgement, message, RIG, SESSION } from '../support/messages.ts'
import { timersOf } from '../support/walks.ts'

const KENNEL = 'deacon/dogs'
const DAY_MS = 24 * 3_600_000
const kennel = () => decisions(KENNEL)
const [old] = timersOf(KENNEL)
if (old === undefined) throw new Error('The kennel has no timer.')
const aging = message('kennel.aging')
const set = (key: string, value: MessageOf<'kennel.set'>['value']) => message('kennel.set', { key, value })
const on = set('judgements.mode', 'on')
/** The n-th message begins that chore. */
const did = (chore: string, changed: Partial<MessageOf<'kennel.done'>> = {}) =>
  message('kennel.done', { dog: DOG, chore, ok: true, reason: '', nextMs: null, usd: null, ...changed })
const asked = (n: number) => message('judgement.ask', { ...judgement, judgement: `j-${n}` })
const safely = (why: string, n = 1) =>
  [
    `${RIG}/witness`,
    { type: 'judgement.given', judgement: `j-${n}`, choice: 'wait', by: 'safe', why },
  ] as const
const empty = (chore: string) => message('kennel.clean', { chore, what: 'trash', olderThanMs: 0 })

test('[KENNEL-1] each dog has one chore, and what is more waits in its order', () => {
  const steps = stepsOf(KENNEL)
  const told = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => {
    const decision = steps.take(empty(name))
    return decision.kind === 'accepted' ? decision.effects.length : -1
  })
  expect(told).toEqual([1, 1, 1, 1, 0, 0])
  expect(steps.state?.context).toMatchObject({ queue: [{ id: 'e' }, { id: 'f' }] })
  const next = steps.take(did('b', { dog: 'deacon/dogs/balto' }))
  expect(next).toMatchObject({
    effects: [{ params: { messages: [{ to: 'deacon/dogs/balto', message: { chore: { id: 'e' } } }] } }],
  })
  kennel()
    .given(set('limits.dogs', 1), empty('a'))
    .when(empty('b'))
    .gives({ tells: [], context: { queue: [{ id: 'b' }] } })
})

test('[KENNEL-2] one timer runs, from the time when something was left behind', () => {
  kennel()
    .when(aging)
    .gives({ state: 'aging', effects: [['timer', { delayMs: 30 * DAY_MS }]] })
  kennel().given(aging).when(aging).gives({ state: 'aging', effects: [] })
  // What a person wants emptied makes none.
  kennel().when(empty('a')).gives({ state: 'quiet', effects: [] })
})

test('[KENNEL-3] it looks again when the next thing is old, and no more when nothing is left', () => {
  kennel()
    .given(set('keep.trash', 10 * DAY_MS))
    .when(aging)
    .gives({ state: 'aging' })
  kennel()
    .given(aging)
    .when(old)
    .gives({ state: 'cleaning', tells: [[DOG, { type: 'dog.do', chore: { kind: 'clean', what: 'all' } }]] })
  kennel()
    .given(aging, old)
    .when(did('clean-2', { nextMs: 3 * DAY_MS }))
    .gives({ state: 'aging', effects: [['timer', { delayMs: 3 * DAY_MS }]] })
  kennel()
    .given(aging, old)
    .when(did('clean-2'))
    .gives({ state: 'quiet', tells: [['deacon', { type: 'deacon.tidy' }]], effects: [] })
  // Another chore that is done meanwhile says nothing of it.
  kennel()
    .given(aging, old, empty('a'))
    .when(did('a', { dog: 'deacon/dogs/balto' }))
    .gives({ state: 'cleaning', tells: [] })
})

test('[KENNEL-3] the shorter of both times counts', () => {
  kennel()
    .given(set('keep.trash', 10 * DAY_MS), old)
    .given(did('clean-2'))
    .when(aging)
    .gives({ effects: [['timer', { delayMs: 10 * DAY_MS }]] })
})

test('[KENNEL-4] a time to keep things that is changed is looked at a minute later', () => {
  const soon = { state: 'aging', effects: [['timer', { delayMs: 60_000 }]] } as const
  kennel().when(set('keep.recordings', DAY_MS)).gives(soon)
  kennel().given(aging).when(set('keep.recordings', DAY_MS)).gives(soon)
  kennel().given(aging, old, set('keep.recordings', DAY_MS)).when(did('clean-2')).gives(soon)
  kennel().when(set('limits.dogs', 2)).gives({ state: 'quiet', effects: [] })
})

test('[KENNEL-5] of a cleaning that failed a person is told once, until one is done again', () => {
  const failed = (chore: string) => did(chore, { ok: false, reason: 'the disk is full' })
  const told = ['mayor', { type: 'escalation.raise', code: 'CHORE_FAILED' }] as const
  kennel()
    .given(aging, old)
    .when(failed('clean-2'))
    .gives({ state: 'aging', tells: [told], effects: [['timer', { delayMs: DAY_MS }]] })
  kennel().given(aging, old, failed('clean-2'), old).when(failed('clean-4')).gives({ tells: [] })
  kennel()
    .given(aging, old, failed('clean-2'), old, did('clean-4', { nextMs: 1 }), old)
    .when(failed('clean-6'))
    .gives({ tells: [told] })
})

test('[KENNEL-6] what a person wants emptied is done once, however often it is said', () => {
  kennel()
    .when(empty('a'))
    .gives({ tells: [[DOG, { chore: { kind: 'clean', id: 'a', what: 'trash', olderThanMs: 0 } }]] })
  kennel().given(empty('a')).when(empty('a')).gives({ tells: [] })
})

test('[KENNEL-7] the safe way is taken at once where no model may be asked', () => {
  kennel()
    .when(asked(1))
    .gives({ tells: [safely('judgements are off')] })
  kennel()
    .given(on, set('judgements.budget', 0))
    .when(asked(1))
    .gives({ tells: [safely('the budget of the day, $0, is used up')] })
  kennel()
    .given(on, set('limits.dogs', 1), empty('a'))
    .when(asked(1))
    .gives({ tells: [safely('every dog is at work')] })
  kennel()
    .given(on)
    .when(message('judgement.ask', { ...judgement, safe: 'pray' }))
    .gives({ tells: [[`${RIG}/witness`, { by: 'safe', choice: 'pray' }]] })
})

test('[KENNEL-7] a question goes to a dog with what is known and the time that it may take', () => {
  kennel()
    .given(on, set('judgements.wait', 30_000))
    .when(asked(1))
    .gives({
      tells: [
        [
          DOG,
          {
            type: 'dog.do',
            chore: {
              kind: 'judge',
              waitMs: 30_000,
              about: AGENT,
              bead: BEAD,
              session: SESSION,
              safe: 'wait',
            },
          },
        ],
      ],
    })
})

test('[KENNEL-8] the budget is of a day, and what has no price takes all of it', () => {
  const at = (time: string) => ({ meta: { at: `2027-03-0${time}` } })
  const spent = { ...did('judge-2', { usd: 0.7 }), ...at('1T20:00:00.000Z') }
  const first = [on, { ...asked(1), ...at('1T19:00:00.000Z') }]
  kennel()
    .given(...first, spent)
    .when({ ...asked(2), ...at('1T21:00:00.000Z') })
    .gives({ tells: [[DOG, { type: 'dog.do' }]] })
  kennel()
    .given(...first, { ...spent, usd: null })
    .when({ ...asked(2), ...at('1T21:00:00.000Z') })
    .gives({ tells: [safely('the budget of the day, $1, is used up', 2)] })
  kennel()
    .given(...first, { ...spent, usd: null })
    .when({ ...asked(2), ...at('2T00:00:00.000Z') })
    .gives({ tells: [[DOG, { type: 'dog.do' }]] })
})

test('[KENNEL-9] a dog that could not be told is free again', () => {
  const refused = message('tell.refused', { to: DOG, code: 'DOG_BUSY', messages: [] })
  kennel()
    .given(on, asked(1))
    .when(refused)
    .gives({ tells: [safely('no dog could be told')], context: { working: {} } })
  kennel()
    .given(aging, old)
    .when(refused)
    .gives({ state: 'aging', context: { cleaning: null } })
})

test('[KENNEL-2] [P7] a quiet town of 24 hours has no timer, and nothing is asked of a model or started', () => {
  const steps = stepsOf(KENNEL)
  // All that a town says to its dogs in a day in which work lands: of the first assignment alone.
  const deacon = stepsOf('deacon')
  const said = Array.from({ length: 48 }, (_, n) =>
    deacon.take(message('deacon.forget', { bead: `sh-${n}` })),
  )
  const tells = said.flatMap((one) => (one.kind === 'accepted' ? one.effects : []))
  expect(tells).toHaveLength(1)
  const decision = steps.take(aging)
  const effects = decision.kind === 'accepted' ? decision.effects : []
  expect(effects.map(({ kind }) => kind)).toEqual(['timer'])
  expect(effects[0]?.params.delayMs).toBeGreaterThan(DAY_MS)
})
