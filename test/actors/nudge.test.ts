import { describe, expect, test } from 'vitest'
import { after, decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { AGENT, message, SESSION } from '../support/messages.ts'

const NUDGE = 'nudges/n-1'
const ENTERS_AGAIN = 3
const MISSES = 3
const MINUTE_MS = 60_000
const send = message('nudge.send')
const go = message('nudge.go')
const written = message('nudge.written')
const accepted = message('nudge.accepted')
const held = (lineAt: string, reason = 'a dialog is open'): Saying =>
  ({ type: 'nudge.held', reason, lineAt }) as Saying
const unheard = after('unheard', 'nudge.open.written')
const cooldown = after('cooldown', 'nudge.open.held')
const overdue = after('overdue', 'nudge.open')
const late = after('late', 'nudge.unconfirmed')

const nudge = () => decisions(NUDGE)
const given = (...more: Saying[]) => nudge().given(send, ...more)
const back = [SESSION, { type: 'session.delivered', nudge: 'n-1' }] as const
const write = (unseen: boolean) => ['nudge.write', { nudge: 'n-1', line: 'gt n-1: …', unseen }] as const
const whose = { nudge: 'n-1', to: AGENT, session: SESSION }

test('[NUDGE-1] it asks its session for the composer, and writes when that is given', () => {
  nudge()
    .when(send)
    .gives({
      state: { open: 'queued' },
      facts: [{ type: 'NudgeQueued', ...whose, text: 'Look at the cart.' }],
      tells: [[SESSION, { type: 'session.deliver', nudge: 'n-1', mode: 'idle' }]],
      effects: [['timer', { delayMs: send.waitMs }]],
    })
  given()
    .when(go)
    .gives({ state: { open: 'writing' }, facts: [{ type: 'NudgeWriting' }], effects: [write(false)] })
})

describe('[NUDGE-2] a composer that is not free', () => {
  test('is looked at again after 5 seconds, then after 10, 20, 40, and 60 at most', () => {
    const steps = stepsOf(NUDGE)
    for (const said of [send, go]) steps.take(said)
    const waits: unknown[] = []
    for (let n = 0; n < 6; n += 1) {
      const decision = steps.take(held('untyped'))
      if (decision.kind === 'accepted')
        waits.push(
          ...decision.effects.filter(({ kind }) => kind === 'timer').map(({ params }) => params.delayMs),
        )
      steps.take(cooldown)
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  test('is told of once for each reason', () => {
    given(go)
      .when(held('untyped'))
      .gives({ state: { open: 'held' }, facts: [{ type: 'NudgeHeld', reason: 'a dialog is open' }] })
    given(go, held('untyped'), cooldown)
      .when(held('untyped'))
      .gives({ state: { open: 'held' }, facts: [] })
    given(go, held('untyped'), cooldown)
      .when(held('untyped', 'somebody is typing there'))
      .gives({ facts: [{ type: 'NudgeHeld', reason: 'somebody is typing there' }] })
  })

  test('is looked at at once when the session says so', () => {
    given(go, held('untyped'))
      .when(go)
      .gives({ state: { open: 'writing' }, effects: [write(false)] })
  })
})

describe('[NUDGE-3] the line is not written blindly a second time', () => {
  test('what was written and not seen is told to the next look', () => {
    given(go, held('unseen'))
      .when(cooldown)
      .gives({ effects: [write(true)] })
    given(go, held('composer'))
      .when(cooldown)
      .gives({ effects: [write(true)] })
  })

  test('also when nobody knows whether it was written', () => {
    given(go, message('effect.failed'))
      .when(cooldown)
      .gives({ effects: [write(true)] })
  })

  test('what was not written is written', () => {
    given(go, held('untyped'))
      .when(cooldown)
      .gives({ effects: [write(false)] })
  })
})

test('[NUDGE-4] without a receipt Enter alone is pressed again, at most 3 times', () => {
  given(go)
    .when(written)
    .gives({
      state: { open: 'written' },
      facts: [{ type: 'NudgeWritten', enters: 1 }],
      effects: [['timer', { delayMs: 5_000 }]],
    })
  given(go, written)
    .when(unheard)
    .gives({
      state: { open: 'checking' },
      facts: [],
      effects: [['nudge.enter', { nudge: 'n-1', line: 'gt n-1: …' }]],
    })
  const again = Array.from({ length: ENTERS_AGAIN }, () => [unheard, written]).flat()
  given(go, written, ...again.slice(0, -1))
    .when(written)
    .gives({ state: { open: 'written' }, facts: [{ type: 'NudgeWritten', enters: 4 }] })
  given(go, written, ...again)
    .when(unheard)
    .gives({
      state: 'unconfirmed',
      facts: [{ type: 'NudgeUnconfirmed', code: 'NUDGE_NOT_TAKEN' }],
      tells: [back],
    })
})

test('[NUDGE-5] a line that the program holds for later is waited for', () => {
  const held5 = Array.from({ length: 5 }, () => [unheard, held('queued', 'queued by the runtime')]).flat()
  given(go, written, ...held5)
    .when(unheard)
    .gives({ state: { open: 'checking' } })
  given(go, written, ...held5)
    .when(accepted)
    .gives({ state: 'accepted' })
})

test('[NUDGE-6] a line that is gone with no receipt for 3 looks counts as not taken', () => {
  const gone = Array.from({ length: MISSES - 1 }, () => [unheard, held('gone')]).flat()
  given(go, written, ...gone, unheard)
    .when(held('gone'))
    .gives({ state: 'unconfirmed', tells: [back] })
  given(go, written, ...gone, unheard, held('composer'), unheard)
    .when(held('gone'))
    .gives({ state: { open: 'written' } })
})

describe('[NUDGE-7] when its time is over', () => {
  const failed = { state: 'failed', facts: [{ type: 'NudgeFailed', code: 'NUDGE_TIMED_OUT' }], tells: [back] }

  test('what was not typed fails', () => {
    given().when(overdue).gives(failed)
    given(go, held('untyped')).when(overdue).gives(failed)
  })

  test('what was typed, or may have been, may still be taken for 5 minutes', () => {
    for (const way of [[go], [go, held('unseen')], [go, written], [go, written, unheard]]) {
      given(...way)
        .when(overdue)
        .gives({
          state: 'unconfirmed',
          facts: [{ type: 'NudgeUnconfirmed' }],
          tells: [back],
          effects: [['timer', { delayMs: 5 * MINUTE_MS }]],
        })
      given(...way, overdue)
        .when(accepted)
        .gives({ state: 'accepted', facts: [{ type: 'NudgeAccepted', via: 'hook' }], tells: [] })
      given(...way, overdue)
        .when(late)
        .gives({ state: 'failed', facts: [{ type: 'NudgeFailed' }], tells: [] })
    }
  })
})

test('[NUDGE-8] [NUDGE-9] a receipt ends the wait in every open state, and gives the composer back once', () => {
  for (const way of [[], [go], [go, held('unseen')], [go, written], [go, written, unheard]]) {
    given(...way)
      .when(accepted)
      .gives({
        state: 'accepted',
        facts: [{ type: 'NudgeAccepted', ...whose, via: 'hook' }],
        tells: [back],
        effects: [['timer']],
      })
    given(...way, accepted)
      .when(accepted)
      .gives({ state: 'accepted', facts: [], tells: [], effects: [] })
  }
})

test('[NUDGE-9] the composer is given back once, however it comes to an end', () => {
  const gone = [unheard, held('gone'), unheard, held('gone'), unheard, held('gone')]
  const fail = message('nudge.fail')
  const lives: Saying[][] = [
    [overdue],
    [go, held('untyped'), overdue],
    [message('nudge.withdraw')],
    [go, held('untyped'), message('nudge.withdraw')],
    [go, written, accepted, accepted],
    [go, written, overdue, late],
    [go, written, overdue, accepted],
    [go, written, overdue, fail],
    [go, written, ...gone, late],
    [go, fail, accepted, message('nudge.turnEnded')],
  ]
  for (const life of lives) {
    const steps = stepsOf(NUDGE)
    const all = [send, ...life].map((each) => JSON.stringify(steps.take(each)))
    expect(all.join().split('"session.delivered"').length - 1, JSON.stringify(life)).toBe(1)
  }
})

test('[NUDGE-10] it ends with its turn, or with its session', () => {
  given(go, accepted)
    .when(message('nudge.turnEnded'))
    .gives({ state: 'ended', facts: [{ type: 'NudgeTurnEnded', how: 'ended' }] })
  given(go, accepted)
    .when(message('nudge.fail'))
    .gives({ state: 'ended', facts: [{ type: 'NudgeTurnEnded', how: 'It has ended.' }] })
  given(go)
    .when(accepted)
    .gives({ effects: [['timer', { delayMs: 6 * 60 * MINUTE_MS }]] })
  given(go, accepted).when(after('turn', 'nudge.accepted')).gives({ state: 'ended' })
})

test('[NUDGE-11] a session that refuses it or ends fails it at once, as long as nothing is typed', () => {
  given()
    .when(message('tell.refused'))
    .gives({
      state: 'failed',
      facts: [{ type: 'NudgeFailed', code: message('tell.refused').code }],
      tells: [],
    })
  given()
    .when(message('nudge.fail'))
    .gives({ state: 'failed', facts: [{ code: 'AGENT_HAS_NO_SESSION' }] })
  given(go, written).when(message('nudge.fail')).gives({ state: 'unconfirmed' })
  given(go).when(message('nudge.notWritten')).gives({ state: 'unconfirmed' })
})

test('[NUDGE-12] it is withdrawn while nothing of it is typed', () => {
  const withdraw = message('nudge.withdraw')
  const gone = { state: 'withdrawn', facts: [{ type: 'NudgeWithdrawn' }], tells: [back] }
  given().when(withdraw).gives(gone)
  given(go, held('untyped')).when(withdraw).gives(gone)
  for (const way of [[go], [go, held('unseen')], [go, written]])
    given(...way)
      .when(withdraw)
      .gives({ refused: 'NUDGE_TYPED' })
})
