import { expect, test } from 'vitest'
import { effectSpec } from '../../src/events/index.ts'
import { after, decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { AGENT, BEAD, message, RIG, SESSION, samplesOf } from '../support/messages.ts'

const asked = message('decision.open')
const overdue = after('overdue', 'decision.open')
const answer = (choice: string, always = false): Saying =>
  message('decision.answer', { choice, always, note: '' })
const whose = { decision: 'd-1', session: SESSION, agent: AGENT, bead: BEAD }
const decision = (...given: Saying[]) => decisions('decisions/d-1').given(...given)
const told = (choice: string) => [SESSION, { type: 'session.answered', decision: 'd-1', choice }] as const

test('[DECISION-1] it opens with a notice, sent once, that says what is asked and how to answer', () => {
  decision()
    .when(asked)
    .gives({
      state: 'open',
      facts: [{ type: 'DecisionOpened', ...whose, question: asked.question, waitMs: 600_000 }],
      effects: [
        ['notice.send', { decision: 'd-1', agent: AGENT, title: 'nux (sh-1): may I use Bash?' }],
        ['timer', { delayMs: 600_000 }],
      ],
    })
  expect(effectSpec('notice.send')?.settle).toBe('once')
  const steps = stepsOf('decisions/d-1')
  const opened = steps.take({
    ...asked,
    question: 'May nux run this?',
    context: { ...asked.context, command: 'rm \u202e -rf x\n\u001b[2J', why: 'to tidy', files: ['a.ts'] },
  })
  const sent = opened.kind === 'accepted' ? opened.effects.find(({ kind }) => kind === 'notice.send') : null
  expect(sent?.params.body).toBe(
    'May nux run this?\nrm \u{fffd} -rf x\n\u{fffd}[2J\na.ts\nWhy: to tidy\ngt answer d-1 allow|deny\nAfter 10 min it is settled without you.',
  )
})

test('[DECISION-8] one without a time stays open, and whoever asked is told by whom it was settled', () => {
  const approval = samplesOf('decision.open')[1] ?? asked
  decision()
    .when(approval)
    .gives({ state: 'standing', facts: [{ type: 'DecisionOpened' }], effects: [['notice.send']] })
  decision(approval)
    .when(answer('approve'))
    .gives({
      state: 'answered',
      tells: [[`${RIG}/refinery`, { type: 'session.answered', choice: 'approve', by: 'overseer' }]],
    })
  decision(approval).when(answer('allow')).gives({ refused: 'CHOICE_UNKNOWN' })
  decision(approval)
    .when({ ...message('decision.withdraw'), meta: { by: `${RIG}/refinery` } })
    .gives({ state: 'withdrawn', tells: [] })
})

test('[DECISION-1] a notice is short, however long the command is', () => {
  const opened = stepsOf('decisions/d-1').take({
    ...asked,
    context: { ...asked.context, command: 'x'.repeat(10_000) },
  })
  const sent = opened.kind === 'accepted' ? opened.effects.find(({ kind }) => kind === 'notice.send') : null
  expect(String(sent?.params.body).length).toBeLessThan(4_000)
  expect(sent?.params.body).toContain('gt answer d-1 allow|deny')
})

test('[DECISION-1] whether the person could be told is noted, and it stays open', () => {
  decision(asked)
    .when(message('notice.sent', { ways: ['webhook'], failed: [] }))
    .gives({ state: 'open', facts: [{ type: 'OperatorNotified', decision: 'd-1', ways: ['webhook'] }] })
  decision(asked)
    .when(message('notice.notSent'))
    .gives({ state: 'open', facts: [{ type: 'OperatorNotNotified', code: 'NOTICE_FAILED' }] })
  decision(asked)
    .when(message('effect.failed', { kind: 'notice.send' }))
    .gives({ state: 'open', facts: [{ type: 'OperatorNotNotified' }] })
})

test('[DECISION-2] an answer that is none of its choices is refused, and it stays open', () => {
  decision(asked).when(answer('maybe')).gives({ refused: 'CHOICE_UNKNOWN', state: 'open' })
  const steps = stepsOf('decisions/d-1')
  steps.take(asked)
  const refused = steps.take(answer('maybe'))
  expect(refused).toMatchObject({ refusal: { details: { choices: ['allow', 'deny'] } } })
})

test('[DECISION-3] after its time it is settled as was said beforehand', () => {
  decision(asked)
    .when(overdue)
    .gives({
      state: 'expired',
      facts: [{ type: 'DecisionExpired', ...whose, choice: 'deny' }],
      tells: [told('deny')],
      // Whoever asks again is answered from it.
      context: { choice: 'deny' },
    })
})

test('[DECISION-4] it is settled once, by whatever comes first', () => {
  for (const first of [answer('allow'), overdue, message('decision.withdraw')])
    for (const second of [answer('deny'), overdue, message('decision.withdraw'), message('notice.sent')])
      decision(asked, first).when(second).gives({ refused: 'OWNER_ENDED' })
})

test('[DECISION-5] its session is told the answer', () => {
  decision(asked)
    .when(answer('allow'))
    .gives({
      state: 'answered',
      facts: [{ type: 'DecisionAnswered', ...whose, choice: 'allow', always: false }],
      tells: [told('allow')],
      effects: [],
    })
})

test('[DECISION-5] its session is told that it was withdrawn, unless it said so itself', () => {
  decision(asked)
    .when(message('decision.withdraw', { reason: 'over' }))
    .gives({
      state: 'withdrawn',
      facts: [{ type: 'DecisionWithdrawn', reason: 'over' }],
      tells: [told('deny')],
    })
  decision(asked)
    .when({ ...message('decision.withdraw'), meta: { by: SESSION } })
    .gives({ state: 'withdrawn', tells: [] })
})

test('[DECISION-6] an answer for always tells the rig the rule that says just what was shown', () => {
  const rule = (verdict: string) =>
    [`rigs/${RIG}`, { type: 'rig.addRule', rule: { tool: 'Bash', pattern: 'npm install', verdict } }] as const
  decision(asked)
    .when(answer('allow', true))
    .gives({ tells: [told('allow'), rule('allow')], facts: [{ always: true }] })
  decision(asked)
    .when(answer('deny', true))
    .gives({ tells: [told('deny'), rule('deny')] })
  decision(asked)
    .when(answer('allow', false))
    .gives({ tells: [told('allow')], facts: [{ always: false }] })
})

test('[DECISION-6] where no rule says just that, an answer for always is refused, and one for this once is taken', () => {
  const vague = { ...asked, context: { ...asked.context, tool: 'mcp__mail__send', command: null } }
  for (const open of [vague, { ...asked, rig: null }, { ...asked, kind: 'plan' as const }])
    decision(open).when(answer('allow', true)).gives({ refused: 'ALWAYS_NOT_POSSIBLE', state: 'open' })
  decision(vague).when(answer('allow')).gives({ state: 'answered' })
})
