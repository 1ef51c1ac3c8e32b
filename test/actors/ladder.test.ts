// What the Witness does about work that does not go on, one step after the other.

import { describe, expect, test } from 'vitest'
import { type Ladder, LIMIT_NUDGES_MAX, NUDGES_MAX, nextStep } from '../../src/actors/witness/ladder.ts'
import type { StallKind } from '../../src/events/health.ts'
import { nudgeNamedIn } from '../../src/events/nudge-line.ts'
import { decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { AGENT, BASE, BEAD, COMMIT, message, RIG, SANDBOX, SESSION } from '../support/messages.ts'

const WITNESS = `${RIG}/witness`
const SECOND = `${AGENT}/sessions/1.2`
const stalled = (changed: Parameters<typeof message<'WORK_STALLED'>>[1] = {}) =>
  message('WORK_STALLED', { kind: 'idle', mark: COMMIT, ...changed })
const climbed = (step: string, more: object = {}) => ({
  type: 'LadderClimbed',
  sandbox: SANDBOX,
  step,
  ...more,
})
const intervenes = (step: string, session = SESSION) =>
  [[SANDBOX, { type: 'sandbox.intervene', session, step }]] as const
const witness = (history: readonly Saying[]) => decisions(WITNESS).given(...history)
const times = (n: number, said: Saying): Saying[] => Array.from({ length: n }, () => said)
const ladderAfter = (history: readonly Saying[]): Ladder | undefined => {
  const steps = stepsOf(WITNESS)
  for (const each of history) steps.take(each)
  return steps.state?.context[`ladder/${SANDBOX}`] as unknown as Ladder | undefined
}
const notTaken = (changed: Parameters<typeof message<'NUDGE_OVER'>>[1] = {}) =>
  message('NUDGE_OVER', {
    nudge: 'n-0000001',
    about: SANDBOX,
    taken: false,
    code: 'NUDGE_NOT_TAKEN',
    message: 'nobody took it',
    ...changed,
  })

describe('the ladder', () => {
  test('[WITNESS-8] a nudge, a second one, a fresh session, somebody else, a person: each a fact with its number', () => {
    witness([])
      .when(stalled())
      .gives({
        facts: [climbed('nudge', { n: 1, generation: 1, bead: BEAD, kind: 'idle', nudge: 'n-0000001' })],
        tells: [
          [
            'nudges/n-0000001',
            {
              type: 'nudge.send',
              to: AGENT,
              session: SESSION,
              mode: 'idle',
              report: { to: WITNESS, about: SANDBOX },
            },
          ],
        ],
      })
    witness([stalled()])
      .when(stalled({ n: 2 }))
      .gives({ facts: [climbed('secondNudge', { n: 2 })], tells: [['nudges/n-0000002', {}]] })
    witness([stalled(), stalled()])
      .when(stalled({ n: 3 }))
      .gives({ facts: [climbed('freshSession', { n: 3, nudge: null })], tells: intervenes('freshSession') })
    const fresh = stalled({ session: SECOND })
    witness(times(3, stalled()))
      .when(fresh)
      .gives({
        facts: [climbed('redispatch', { n: 4, generation: 2 })],
        tells: intervenes('redispatch', SECOND),
      })
    witness([...times(3, stalled()), fresh])
      .when(fresh)
      .gives({ facts: [climbed('decision', { n: 5 })], tells: intervenes('decision', SECOND) })
  })

  test('[WITNESS-8] a person who has it tried again finds the foot of the ladder', () => {
    const parked = [...times(3, stalled()), ...times(2, stalled({ session: SECOND }))]
    expect(ladderAfter(parked)).toBeUndefined()
    witness(parked)
      .when(stalled({ session: `${AGENT}/sessions/1.3` }))
      .gives({ facts: [climbed('nudge', { n: 1 })] })
  })

  test('[WITNESS-8] the id of a nudge is known again in the line that is typed', () => {
    const steps = stepsOf(WITNESS)
    const decision = steps.take(stalled())
    const line = /"line":"([^"]*)"/.exec(JSON.stringify(decision))?.[1] ?? ''
    expect(nudgeNamedIn(line)).toBe('n-0000001')
    expect(line.length).toBeLessThan(400)
  })

  const PROGRESS = [
    ['the worktree changed', stalled({ mark: BASE })],
    ['somebody else spoke to it', stalled({ spoken: 'n-abcdefgh' })],
    ['a tool came to an end in a silent turn', stalled({ kind: 'silent', progressed: true })],
  ] as const
  test.each(PROGRESS)('[WITNESS-9] it begins anew when %s', (_, said) => {
    witness(times(2, stalled()))
      .when(said)
      .gives({ facts: [climbed('nudge', { n: 3 })] })
  })

  test.each([
    ['answers each nudge and rests again', stalled({ spoken: 'n-0000002', progressed: true })],
    ['rests while nobody could look', stalled({ mark: null, kind: 'silent' })],
  ])('[WITNESS-9] it climbs on with one that %s', (_, said) => {
    expect(ladderAfter([...times(2, stalled()), said])?.step).toBeGreaterThan(1)
  })

  test('[WITNESS-10] a nudge that was not taken is followed by the next step at once', () => {
    witness([stalled()])
      .when(notTaken())
      .gives({ facts: [climbed('secondNudge', { n: 2 })] })
    witness([stalled(), notTaken()])
      .when(notTaken({ nudge: 'n-0000002' }))
      .gives({ tells: intervenes('freshSession') })
  })

  test.each([
    ['one that was taken', [stalled()], notTaken({ taken: true })],
    ['an earlier one', times(2, stalled()), notTaken()],
    ['one whose session has ended', [stalled()], notTaken({ code: 'AGENT_HAS_NO_SESSION' })],
    ['one that was taken back', [stalled()], notTaken({ code: 'NUDGE_WITHDRAWN' })],
    ['one about a limit', [stalled({ kind: 'limit' })], notTaken()],
    [
      'one to an agent that goes on',
      [stalled(), message('WORK_GOES_ON', { sandbox: SANDBOX, session: SESSION })],
      notTaken(),
    ],
  ])('[WITNESS-10] nothing follows %s', (_, history, said) => {
    witness(history).when(said).gives({ facts: [], tells: [] })
  })

  test('[WITNESS-11] what is said late of an earlier session changes nothing', () => {
    const fresh = [...times(3, stalled()), stalled({ session: SECOND })]
    const before = ladderAfter(fresh)
    const late = [stalled(), message('WORK_GOES_ON', { sandbox: SANDBOX, session: SESSION })]
    expect(ladderAfter([...fresh, ...late])).toEqual(before)
  })

  test('[WITNESS-11] a step that the sandbox refused was not taken', () => {
    const asked = { type: 'sandbox.intervene', session: SESSION, step: 'freshSession', reason: '' }
    const refused = message('tell.refused', {
      to: SANDBOX,
      code: 'STALL_OVER',
      messages: [{ to: SANDBOX, message: asked }],
    })
    expect(ladderAfter([...times(3, stalled()), refused])).toMatchObject({ step: 2, stalled: false })
    witness([...times(3, stalled()), refused])
      .when(stalled())
      .gives({ facts: [climbed('freshSession', { n: 4 })] })
  })

  test.each<[string, StallKind, string, string]>([
    ['nobody can type to a program that does not take input', 'start', 'it was started', 'freshSession'],
    ['a person logs in', 'stuck', 'it was stuck: loggedOut: Please run /login', 'decision'],
    ['an error may pass', 'stuck', 'it was stuck: apiError: overloaded', 'nudge'],
  ])('[WITNESS-12] %s', (_, kind, what, step) => {
    expect(nextStep({ step: 0, kind, what, nudges: 0 })).toBe(step)
  })

  test('[WITNESS-12] of a limit an agent is told that it should be over, and no session ended for it', () => {
    const limited = stalled({ kind: 'limit' })
    witness(times(LIMIT_NUDGES_MAX - 1, limited))
      .when(limited)
      .gives({ facts: [climbed('nudge')] })
    witness(times(LIMIT_NUDGES_MAX, limited))
      .when(limited)
      .gives({ facts: [climbed('decision')] })
  })

  test('[WITNESS-13] one that gets on a little after each nudge is asked of a person in the end', () => {
    const marks = Array.from({ length: NUDGES_MAX }, (_, n) =>
      stalled({ mark: String(n % 10).repeat(40), spoken: null }),
    )
    witness(marks.slice(1))
      .when(stalled({ mark: 'a'.repeat(40) }))
      .gives({ facts: [climbed('nudge')] })
    witness(marks)
      .when(stalled({ mark: 'a'.repeat(40) }))
      .gives({ facts: [climbed('decision')] })
  })

  test('[WITNESS-14] what nobody could look at is ended by nobody, and a person is told once', () => {
    const unseen = stalled({ mark: null })
    witness(times(2, unseen))
      .when(unseen)
      .gives({
        facts: [{ type: 'LadderHeld', sandbox: SANDBOX }],
        tells: [['mayor', { type: 'escalation.raise', code: 'STALLED' }]],
      })
    witness(times(3, unseen)).when(unseen).gives({ facts: [], tells: [] })
    witness(times(4, unseen))
      .when(stalled())
      .gives({ facts: [climbed('freshSession')] })
  })

  test('[WITNESS-15] what is handed in begins anew; what was given back for its stalls goes to the Deacon', () => {
    expect(ladderAfter([stalled(), message('POLECAT_DONE')])).toBeUndefined()
    const back = message('WORK_GIVEN_BACK')
    witness([stalled()])
      .when(back)
      .gives({
        tells: [['deacon', { type: 'RECOVERED_BEAD', bead: BEAD, rig: RIG, agent: AGENT, sandbox: SANDBOX }]],
      })
    witness([stalled()])
      .when({ ...back, stalled: false })
      .gives({ tells: [] })
    expect(ladderAfter([stalled(), back])).toBeUndefined()
  })
})

describe('its nudges', () => {
  const send = message('nudge.send', { report: { to: WITNESS, about: SANDBOX } })
  const over = (taken: boolean, more: object = {}) =>
    [WITNESS, { type: 'NUDGE_OVER', nudge: 'n-0000abc', about: SANDBOX, taken, ...more }] as const
  const nudge = (...history: readonly Saying[]) => decisions('nudges/n-0000abc').given(send, ...history)

  test('[NUDGE-13] whoever is to be told hears once whether it was taken', () => {
    nudge()
      .when(message('nudge.accepted'))
      .gives({ tells: [over(true), [SESSION, { type: 'session.delivered' }]] })
    nudge()
      .when(message('nudge.withdraw'))
      .gives({ tells: [over(false, { code: 'NUDGE_WITHDRAWN' }), [SESSION, {}]] })
    nudge()
      .when(message('nudge.fail', { code: 'AGENT_HAS_NO_SESSION', message: 'gone' }))
      .gives({ tells: [over(false, { code: 'AGENT_HAS_NO_SESSION' }), [SESSION, {}]] })
    const unconfirmed = [message('nudge.go'), message('nudge.fail')]
    nudge(...unconfirmed)
      .when(message('nudge.accepted'))
      .gives({ tells: [over(true)] })
  })
})
