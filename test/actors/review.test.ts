import { describe, test } from 'vitest'
import { TRIES_MAX } from '../../src/actors/review/review.context.ts'
import { after, decisions, type Saying } from '../support/decisions.ts'
import {
  BASE,
  BEAD,
  COMMIT,
  MERGE_REQUEST,
  message,
  REVIEW,
  REVIEW_SESSION,
  RIG,
  TREE,
} from '../support/messages.ts'

const ask = message('review.ask')
const ready = message('review.ready')
const removed = message('review.removed')
const ended = message('review.sessionEnded')
const verdict = (ok: boolean, fields: object = {}) => message('review.verdict', { ok, ...fields })
const overdue = after('overdue', 'review.reviewing')
const review = (...given: Saying[]) => decisions(REVIEW).given(...given)
const second = `${REVIEW}/sessions/2`
const secondEnded = message('review.sessionEnded', { session: second })
const reviewing = [ask, ready]
/** Both tries have come to nothing. */
const missed = [...reviewing, ended, removed, ready, secondEnded, removed]
const question = `d-${RIG}-mr-1-r1`
const answer = (choice: string) =>
  message('session.answered', { decision: question, choice, by: 'overseer', note: 'I looked' })

const told = (fields: object) =>
  [
    `${RIG}/refinery`,
    { type: 'review.judged', review: REVIEW, gate: 'quality', commit: COMMIT, ...fields },
  ] as const
const stopped = [REVIEW_SESSION, { type: 'session.stop' }] as const
const checkout = ['review.checkout', { rig: RIG, review: REVIEW, base: BASE, commit: COMMIT }] as const
const remove = ['review.remove', { rig: RIG, review: REVIEW }] as const

describe('a reviewer looks', () => {
  test('[REVIEW-1] what is asked is checked out, and a session of its own is given that commit, its bead and a time', () => {
    review()
      .when(ask)
      .gives({ state: 'preparing', effects: [checkout] })
    review(ask)
      .when(ready)
      .gives({
        state: 'reviewing',
        facts: [
          { type: 'ReviewBegan', session: REVIEW_SESSION, preset: 'claude', commit: COMMIT, tree: TREE },
        ],
        tells: [
          [REVIEW_SESSION, { type: 'session.open', bead: BEAD, base: BASE, branch: '', preset: 'claude' }],
        ],
        effects: [['timer', { delayMs: 900_000 }]],
      })
  })

  test('[REVIEW-2] its verdict is a fact with its findings, is told at once, and its checkout goes when it has ended', () => {
    const findings = [{ path: 'src/cart.ts', line: 12, text: 'the last one' }]
    review(...reviewing)
      .when(verdict(false, { note: 'it drops an item', findings }))
      .gives({
        state: 'ending',
        facts: [
          { type: 'ReviewGiven', session: REVIEW_SESSION, ok: false, findings, model: 'm-1', tree: TREE },
        ],
        tells: [
          told({
            ok: false,
            by: REVIEW_SESSION,
            said: 'refused by the reviewer (m-1): it drops an item\nsrc/cart.ts:12: the last one',
          }),
          [REVIEW_SESSION, { type: 'session.done', status: 'COMPLETED', head: COMMIT }],
        ],
      })
    review(...reviewing, verdict(true))
      .when(ended)
      .gives({ state: 'removing', facts: [], tells: [], effects: [remove] })
    review(...reviewing, verdict(true), ended)
      .when(removed)
      .gives({ state: 'idle', effects: [] })
  })

  test('[REVIEW-3] nobody else says yes: another session, one whose time is over, or the same one twice', () => {
    const other = verdict(true, { session: second })
    for (const given of [reviewing, [...reviewing, overdue], [ask], [], missed])
      review(...given)
        .when(other)
        .gives({ refused: 'ASSIGNMENT_OVER' })
    for (const given of [
      [...reviewing, overdue],
      [...reviewing, verdict(false)],
    ])
      review(...given)
        .when(verdict(true))
        .gives({ refused: 'ASSIGNMENT_OVER' })
  })
})

describe('[REVIEW-4] no verdict is no yes', () => {
  test.each([
    ['its time is over', overdue, 'REVIEW_TIMED_OUT', 'ending'],
    ['its session ends', ended, 'REVIEW_NOT_GIVEN', 'removing'],
    [
      'its agent cannot be started',
      message('review.sessionEnded', { ending: { kind: 'notStarted', message: 'there is no such agent' } }),
      'REVIEW_NOT_GIVEN',
      'removing',
    ],
  ] as const)('%s: it is tried once more', (_, said, code, state) => {
    review(...reviewing)
      .when(said)
      .gives({ state, facts: [{ type: 'ReviewMissed', attempt: 1, last: false, code }] })
    const over = said === overdue ? [ended] : []
    review(...reviewing, said, ...over)
      .when(removed)
      .gives({ state: 'preparing', effects: [checkout] })
  })

  test('a checkout that cannot be made counts as a try', () => {
    review(ask)
      .when(message('review.notReady'))
      .gives({
        state: 'removing',
        facts: [{ type: 'ReviewMissed', attempt: 1, session: null, code: 'GIT_FAILED' }],
      })
  })

  test(`after ${TRIES_MAX} tries a person is asked, and the Refinery is told nothing`, () => {
    review(...missed.slice(0, -1))
      .when(removed)
      .gives({
        state: 'asking',
        tells: [
          [
            `decisions/${question}`,
            {
              type: 'decision.open',
              kind: 'approval',
              bead: BEAD,
              choices: ['pass', 'send back', 'review again'],
            },
          ],
          [MERGE_REQUEST, { type: 'mr.wait', code: 'REVIEW_UNDECIDED' }],
        ],
        effects: [],
      })
  })
})

describe('[REVIEW-5] what a person says', () => {
  test.each([
    ['pass', true],
    ['send back', false],
  ] as const)('%s is told as their word', (choice, ok) => {
    review(...missed)
      .when(answer(choice))
      .gives({
        state: 'idle',
        facts: [{ type: 'ReviewGiven', session: null, by: 'overseer', ok, note: 'I looked' }],
        tells: [told({ ok, by: 'overseer' })],
      })
  })

  test('review again begins anew, with both tries', () => {
    review(...missed)
      .when(answer('review again'))
      .gives({
        state: 'preparing',
        tells: [[MERGE_REQUEST, { type: 'mr.wait', code: 'REVIEW_NEEDED' }]],
        effects: [checkout],
      })
  })

  test('an answer to another question is refused', () => {
    review(...missed)
      .when(message('session.answered', { decision: 'd-9' }))
      .gives({ refused: 'DECISION_OVER' })
  })
})

test('[REVIEW-6] an advice that nobody gave is told as a no that stops nothing, and nobody is asked', () => {
  const advice = { ...ask, required: false }
  review(advice, ...missed.slice(1, -2))
    .when(secondEnded)
    .gives({
      state: 'removing',
      facts: [{ type: 'ReviewMissed', last: true }],
      tells: [told({ ok: false, by: REVIEW })],
    })
  review(advice, ...missed.slice(1, -1))
    .when(removed)
    .gives({ state: 'idle', tells: [], effects: [] })
})

describe('[REVIEW-7] what is asked changes', () => {
  test('another commit takes the place of the one before, whose session is ended first', () => {
    const next = { ...ask, commit: TREE }
    review(...reviewing)
      .when(next)
      .gives({ state: 'ending', tells: [stopped] })
    review(...reviewing, next, ended)
      .when(removed)
      .gives({ state: 'preparing', effects: [['review.checkout', { commit: TREE }]] })
    // Its checkout is being made: it is of the other one.
    review(ask, next)
      .when(ready)
      .gives({ state: 'removing', facts: [], effects: [remove] })
    review(...missed)
      .when(next)
      .gives({ state: 'preparing', tells: [[`decisions/${question}`, { type: 'decision.withdraw' }]] })
  })

  test('when nobody waits any more its session is ended, and nobody is asked', () => {
    const withdraw = message('review.withdraw')
    review(...reviewing)
      .when(withdraw)
      .gives({ state: 'ending', facts: [], tells: [stopped] })
    review(...reviewing, withdraw, ended)
      .when(removed)
      .gives({ state: 'idle', effects: [] })
    review(...missed)
      .when(withdraw)
      .gives({ state: 'idle', tells: [[`decisions/${question}`, { type: 'decision.withdraw' }]] })
  })

  test('it is over when what it reviews has landed', () => {
    review(...reviewing, verdict(true), message('review.close'), ended)
      .when(removed)
      .gives({ state: 'landed', effects: [] })
  })
})

describe('[REVIEW-8] it rests', () => {
  const pause = message('review.pause', { reason: 'estop', graceMs: 700 })
  const resume = message('review.resume', { reason: 'estop' })

  test('a session that looks is ended, that is no try, and another one begins when the reason is gone', () => {
    review(...reviewing)
      .when(pause)
      .gives({
        state: 'ending',
        facts: [],
        tells: [[REVIEW_SESSION, { type: 'session.stop', graceMs: 700 }]],
      })
    review(...reviewing, pause, ended)
      .when(removed)
      .gives({ state: 'idle', effects: [] })
    review(...reviewing, pause, ended, removed)
      .when(resume)
      .gives({ state: 'preparing', effects: [checkout] })
    review(...reviewing, pause, ended, removed, resume)
      .when(ready)
      .gives({ facts: [{ type: 'ReviewBegan', attempt: 1, session: second }] })
  })

  test('nothing begins meanwhile', () => {
    review(pause).when(ask).gives({ state: 'idle', effects: [] })
    review(ask, pause)
      .when(ready)
      .gives({ state: 'removing', tells: [], effects: [remove] })
  })
})
