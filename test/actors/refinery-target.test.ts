// The target itself: frozen by a person, red without anybody's work, or waiting for a person's yes.

import { describe, expect, test } from 'vitest'
import { after, decisions } from '../support/decisions.ts'
import {
  BASE,
  BEAD,
  COMMIT,
  configured,
  gateResult,
  HEAD,
  MERGE_REQUEST,
  message,
  RIG,
  samplesOf,
  TREE,
} from '../support/messages.ts'
import { objectName } from '../support/records.ts'

const refinery = () => decisions(`${RIG}/refinery`)
const ready = message('MERGE_READY')
const other = samplesOf('MERGE_READY')[1] ?? ready
const second = `${RIG}/merge-requests/mr-2`
const built = message('merge.built')
const ran = (outcome: 'passed' | 'failed' | 'notStarted') =>
  message('gates.ran', { results: [gateResult(outcome)] })
const ofTarget = (outcome: 'passed' | 'failed' | 'notStarted') => ({ ...ran(outcome), mergeRequest: null })
const [green, red] = [ran('passed'), ran('failed')]
const advanced = message('target.advanced')
const freeze = message('refinery.freeze', { reason: 'the release is being cut' })
const thaw = message('refinery.thaw')
const fixes = message('refinery.fixes', { bead: BEAD, fixes: true })
const retest = message('refinery.retest')
const two = samplesOf('refinery.configure')[3] ?? configured
const testing = [configured, ready, built]
const mr = (type: string, fields: object = {}) => [MERGE_REQUEST, { type, ...fields }] as const
const witnessed = (type: string, fields: object = {}) => [`${RIG}/witness`, { type, ...fields }] as const
const build = ['merge.build', { mergeRequest: MERGE_REQUEST }] as const
const pushed = ['target.push', { base: BASE, commit: COMMIT, head: HEAD }] as const

describe('a frozen target', () => {
  test('[REFINERY-16][P8] begins no landing until it is thawed, and says who froze it and why', () => {
    refinery()
      .given(configured)
      .when(freeze)
      .gives({
        facts: [{ type: 'TargetFrozen', rig: RIG, target: 'main', reason: 'the release is being cut' }],
        context: { frozen: { by: 'overseer', reason: 'the release is being cut' } },
      })
    refinery().given(configured, freeze).when(ready).gives({ state: 'idle', effects: [] })
    refinery()
      .given(configured, freeze, ready)
      .when(thaw)
      .gives({ state: 'building', facts: [{ type: 'TargetThawed' }], effects: [build] })
  })

  test('[REFINERY-16] is frozen once, and thawed once', () => {
    refinery().given(configured, freeze).when(freeze).gives({ refused: 'TARGET_FROZEN' })
    refinery().given(configured).when(thaw).gives({ refused: 'TARGET_NOT_FROZEN' })
  })

  test('[REFINERY-17][P8] keeps what was being tested from landing; thawed, the very same commit lands', () => {
    refinery()
      .given(...testing, freeze)
      .when(green)
      .gives({ state: 'idle', tells: [mr('mr.wait', { code: 'TARGET_FROZEN' })], effects: [] })
    refinery()
      .given(...testing, freeze, green)
      .when(thaw)
      .gives({
        state: 'landing',
        tells: [mr('mr.push', { results: [gateResult('passed')] })],
        effects: [pushed],
      })
    const ungated = { ...configured, gates: [], ungated: true }
    refinery().given(ungated, ready, freeze).when(built).gives({ state: 'idle', effects: [] })
  })

  test('[REFINERY-17] keeps a push that would be tried again', () => {
    const held = [...testing, green, message('target.dirty'), freeze]
    refinery()
      .given(...held)
      .when(after('hold', 'refinery.held'))
      .gives({
        state: 'idle',
        facts: [{ type: 'LandingResumed' }],
        tells: [mr('mr.wait', { code: 'TARGET_FROZEN' })],
        effects: [],
      })
    refinery()
      .given(...held)
      .when(message('refinery.retry'))
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...held, after('hold', 'refinery.held'))
      .when(thaw)
      .gives({ state: 'landing', tells: [mr('mr.resume')], effects: [pushed] })
  })

  test('[REFINERY-17] of a push with an unknown outcome nothing is built anew, also by other gates', () => {
    const held = [...testing, green, message('target.refused'), freeze]
    refinery()
      .given(...held)
      .when(two)
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...held, two)
      .when(thaw)
      .gives({ state: 'landing', effects: [pushed] })
  })

  test('[REFINERY-17] what has passed by other gates than those of now is built and tested anew', () => {
    refinery()
      .given(...testing, freeze, green, two)
      .when(thaw)
      .gives({ state: 'building', effects: [build] })
  })

  test('[REFINERY-18] takes what a person labelled as its mending, if that passes', () => {
    refinery()
      .given(configured, freeze, ready)
      .when(fixes)
      .gives({ state: 'building', effects: [build] })
    refinery()
      .given(configured, freeze, fixes, ready, built)
      .when(green)
      .gives({ state: 'landing', effects: [pushed] })
    refinery()
      .given(configured, freeze, fixes, ready, built, red)
      .when(ofTarget('passed'))
      .gives({ state: 'idle', tells: [mr('mr.fail'), witnessed('MERGE_FAILED')] })
    refinery()
      .given(configured, freeze, fixes, message('refinery.fixes', { bead: BEAD, fixes: false }))
      .when(ready)
      .gives({ state: 'idle', effects: [] })
  })
})

describe('a red target', () => {
  const checking = [...testing, red]
  const paused = [...checking, ofTarget('failed')]
  const elsewhere = objectName('e')
  const seen = message('target.seen', { head: elsewhere })

  test('[REFINERY-19][P8] a red gate has the base tested with the same gates, before anybody is blamed', () => {
    refinery()
      .given(...testing)
      .when(red)
      .gives({
        state: 'checking',
        tells: [],
        effects: [['gates.run', { mergeRequest: null, commit: BASE, gates: [{ name: 'test' }] }]],
      })
    refinery()
      .given(...checking)
      .when(ofTarget('passed'))
      .gives({
        state: 'idle',
        facts: [],
        tells: [mr('mr.fail'), witnessed('MERGE_FAILED', { gate: 'test' })],
      })
  })

  test('[REFINERY-19] a base that has passed by these gates is not tested again', () => {
    refinery()
      .given(...checking, ofTarget('passed'), ready, built)
      .when(red)
      .gives({ state: 'idle', tells: [mr('mr.fail'), witnessed('MERGE_FAILED')], effects: [] })
    // What landed has passed.
    refinery()
      .given(...testing, green, advanced, other, { ...built, mergeRequest: second, base: COMMIT })
      .when({ ...red, mergeRequest: second })
      .gives({
        state: 'idle',
        tells: [[second, { type: 'mr.fail' }], witnessed('MERGE_FAILED')],
        effects: [],
      })
    // By other gates it has not.
    refinery()
      .given(...checking, ofTarget('passed'), two, ready, built)
      .when(red)
      .gives({ state: 'checking' })
  })

  test('[REFINERY-20] when the base is red too nobody is blamed, and the queue rests', () => {
    refinery()
      .given(...checking)
      .when(ofTarget('failed'))
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetRed', gate: 'test', commit: BASE, first: BASE, green: null }],
        tells: [mr('mr.requeue')],
        effects: [],
      })
    // It has its place, and its attempts.
    refinery()
      .given(...paused, other, message('target.seen', { head: elsewhere }), ofTarget('passed'))
      .when(message('merge.conflicted'))
      .gives({
        tells: [
          mr('mr.conflict'),
          witnessed('REWORK_REQUEST', { attempts: 1 }),
          [second, { type: 'mr.build' }],
          [expect.stringMatching(/^beads\//), { type: 'bead.test' }],
        ],
      })
  })

  test('[REFINERY-20] nor is who began as what mends it, and is that no more', () => {
    const unfixes = message('refinery.fixes', { bead: BEAD, fixes: false })
    refinery()
      .given(...paused, fixes, built, unfixes)
      .when(red)
      .gives({ state: 'idle', facts: [], tells: [mr('mr.requeue')], effects: [] })
  })

  test('[REFINERY-20] the last commit that passed is named with the first that did not', () => {
    refinery()
      .given(...testing, green, advanced, other, { ...built, mergeRequest: second, base: TREE })
      .given({ ...red, mergeRequest: second })
      .when(ofTarget('failed'))
      .gives({ facts: [{ type: 'TargetRed', commit: TREE, first: TREE, green: COMMIT }] })
  })

  test('[REFINERY-21] whoever comes has it looked at: it is tested where it has moved', () => {
    refinery()
      .given(...paused)
      .when(other)
      .gives({ state: 'looking', effects: [['target.look', { target: 'main' }]] })
    refinery()
      .given(...paused, other)
      .when(message('target.seen', { head: BASE }))
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...paused, other)
      .when(seen)
      .gives({ state: 'checking', effects: [['gates.run', { mergeRequest: null, commit: elsewhere }]] })
    refinery()
      .given(...paused, other, seen)
      .when(ofTarget('passed'))
      .gives({
        state: 'building',
        facts: [{ type: 'TargetMended', commit: elsewhere }],
        effects: [build],
      })
    refinery()
      .given(...paused, other, seen)
      .when(ofTarget('failed'))
      .gives({ state: 'idle', facts: [{ type: 'TargetRed', commit: elsewhere, first: BASE }], effects: [] })
    refinery()
      .given(...paused, other)
      .when(message('target.notSeen'))
      .gives({ state: 'idle', facts: [{ type: 'TargetNotTested' }] })
  })

  test('[REFINERY-21] a person has it tested where it stands', () => {
    refinery().given(configured).when(retest).gives({ refused: 'TARGET_NOT_RED' })
    refinery()
      .given(...paused)
      .when(retest)
      .gives({ state: 'looking' })
    refinery()
      .given(...paused, retest)
      .when(message('target.seen', { head: BASE }))
      .gives({ state: 'checking', effects: [['gates.run', { commit: BASE }]] })
    refinery()
      .given(...paused)
      .when(message('refinery.retry'))
      .gives({ state: 'looking' })
  })

  test('[REFINERY-21] other gates have it tested by them; none make it red no more', () => {
    refinery()
      .given(...paused)
      .when(two)
      .gives({ state: 'looking' })
    refinery()
      .given(...paused)
      .when({ ...configured, gates: [], ungated: true })
      .gives({
        state: 'building',
        facts: [{ type: 'RefineryConfigured' }, { type: 'TargetMended', commit: null }],
      })
  })

  test('[REFINERY-18] what is to mend it lands on it, or goes back to its worker', () => {
    const mending = [configured, fixes, ready, built]
    refinery()
      .given(...mending, red)
      .when(ofTarget('failed'))
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetRed' }],
        tells: [mr('mr.fail'), witnessed('MERGE_FAILED')],
      })
    // It is known to be red: its test is not made twice.
    refinery()
      .given(...mending, red, ofTarget('failed'), fixes, ready, message('target.seen', { head: BASE }), built)
      .when(red)
      .gives({ state: 'idle', tells: [mr('mr.fail'), witnessed('MERGE_FAILED')], effects: [] })
    refinery()
      .given(...paused, fixes, built, green)
      .when(advanced)
      .gives({ state: 'idle', facts: [{ type: 'TargetAdvanced' }, { type: 'TargetMended', commit: COMMIT }] })
  })

  test('[REFINERY-10] a base that could not be tested holds the request', () => {
    for (const news of [ofTarget('notStarted'), message('gates.notRun'), message('effect.failed')])
      refinery()
        .given(...checking)
        .when(news)
        .gives({ state: 'held', facts: [{ type: 'LandingWaits' }] })
    refinery()
      .given(...paused, other, seen)
      .when(message('gates.notRun'))
      .gives({ state: 'idle', facts: [{ type: 'TargetNotTested' }] })
  })

  test('[REFINERY-11] gates that change meanwhile say nothing of the base', () => {
    refinery()
      .given(...checking, two)
      .when(ofTarget('failed'))
      .gives({ state: 'building', facts: [], effects: [build] })
  })
})

describe('a gate that a person passes', () => {
  const asking = { ...configured, approvals: [{ name: 'review', again: false }] }
  const asked = [asking, ready, built, green]
  const DECISION = `d-${RIG}-1`
  const answer = (choice: string, note = '') =>
    message('session.answered', { decision: DECISION, choice, by: 'overseer', ...(note !== '' && { note }) })
  const yes = answer('approve')

  test('[REFINERY-22] is asked for when all else is green, and others go on meanwhile', () => {
    refinery()
      .given(asking, ready, built)
      .when(green)
      .gives({
        state: 'idle',
        tells: [
          [
            `decisions/${DECISION}`,
            {
              type: 'decision.open',
              kind: 'approval',
              bead: BEAD,
              choices: ['approve', 'refuse'],
              waitMs: 0,
            },
          ],
          mr('mr.wait', { code: 'APPROVAL_NEEDED' }),
        ],
        effects: [],
      })
    refinery()
      .given(...asked)
      .when(other)
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: second }]] })
    refinery()
      .given({ ...asking, gates: [] }, ready)
      .when(built)
      .gives({
        state: 'idle',
        tells: [mr('mr.test'), [`decisions/${DECISION}`, {}], mr('mr.wait')],
        effects: [],
      })
  })

  test('[REFINERY-23] yes lands the very tree that passed, and says so in its gates', () => {
    refinery()
      .given(...asked)
      .when(yes)
      .gives({
        state: 'landing',
        tells: [
          mr('mr.push', {
            results: [
              gateResult('passed'),
              { name: 'review', outcome: 'passed', logTail: 'approved by overseer' },
            ],
          }),
        ],
        effects: [pushed],
      })
  })

  test('[REFINERY-23] a target that moved has it built and tested anew; the yes holds for what was submitted', () => {
    const rebuilt = { ...built, base: TREE, tree: HEAD }
    refinery()
      .given(...asked, yes, message('target.moved'), rebuilt)
      .when({ ...green, tree: HEAD })
      .gives({ state: 'landing' })
    const again = { ...configured, approvals: [{ name: 'review', again: true }] }
    refinery()
      .given(again, ready, built, green, yes, message('target.moved'), rebuilt)
      .when({ ...green, tree: HEAD })
      .gives({ state: 'idle', tells: [[`decisions/d-${RIG}-2`, { type: 'decision.open' }], mr('mr.wait')] })
  })

  test('[REFINERY-23] what is submitted anew is asked about anew', () => {
    refinery()
      .given(...asked, yes, message('target.moved'), message('merge.conflicted'), ready, built)
      .when(green)
      .gives({ state: 'idle', tells: [[`decisions/d-${RIG}-2`, { type: 'decision.open' }], mr('mr.wait')] })
  })

  test('[REFINERY-24] no sends it back like a red gate, with the reason', () => {
    refinery()
      .given(...asked)
      .when(answer('refuse', 'not before the release'))
      .gives({
        state: 'idle',
        tells: [
          mr('mr.fail', { gate: 'review', message: 'review: refused by overseer: not before the release' }),
          witnessed('MERGE_FAILED', { gate: 'review', attempts: 1, last: false }),
        ],
      })
  })

  test('[REFINERY-22] a question that is over is refused', () => {
    refinery()
      .given(...asked, yes)
      .when(yes)
      .gives({ refused: 'DECISION_OVER' })
  })

  test('[REFINERY-23] on a frozen target a yes lands nothing until it is thawed', () => {
    refinery()
      .given(...asked, freeze)
      .when(yes)
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...asked, freeze, yes)
      .when(thaw)
      .gives({ state: 'landing', effects: [pushed] })
  })

  test('[REFINERY-22] another way to land takes the question back', () => {
    refinery()
      .given(...asked)
      .when(configured)
      .gives({
        state: 'building',
        tells: [
          [`decisions/${DECISION}`, { type: 'decision.withdraw' }],
          mr('mr.build'),
          [`beads/${BEAD}`, { type: 'bead.test' }],
        ],
        effects: [build],
      })
  })
})
