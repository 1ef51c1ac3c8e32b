import { expect, test } from 'vitest'
import { decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { message, PLAN, planned, RIG } from '../support/messages.ts'

const OWNER = `plans/${PLAN}`
const NUDGE = 'nudges/n-abcdefgh'
const plan = (...given: Saying[]) => decisions(OWNER).given(...given)
const proposed = message('plan.propose')
const bySession = message('plan.propose', { agent: 'mayor', session: 'mayor/sessions/1' })
const answered = (choice: string, more: object = {}): Saying =>
  message('session.answered', { decision: 'd-abcdefgh', choice, ...more })
const filed = message('plan.filed')
const whose = { plan: PLAN, agent: 'mayor' }
const refused = (code: string): Saying =>
  message('tell.refused', {
    to: 'beads/sh-a',
    code,
    message: 'It is there.',
    messages: [{ to: 'beads/sh-a', message: { type: 'bead.queue' } }],
  })

test('[PLAN-1] a proposal makes nothing, nor does the answer to another decision', () => {
  plan()
    .when(proposed)
    .gives({
      state: 'proposed',
      facts: [{ type: 'PlanProposed', ...whose, beads: ['sh-a', 'sh-b'] }],
      tells: [],
      effects: [],
    })
  plan(proposed)
    .when(message('session.answered', { decision: 'd-1', choice: 'sling' }))
    .gives({ refused: 'DECISION_NOT_FOUND' })
})

test('[PLAN-2] a yes makes all its beads in one turn, with needs, acceptance and the news of it', () => {
  plan(proposed)
    .when(answered('file'))
    .gives({
      state: 'filing',
      tells: [
        ['beads/sh-a', { type: 'bead.create', rig: RIG, title: 'Do a', needs: [] }],
        ['beads/sh-a', { type: 'bead.neededBy', bead: 'sh-b' }],
        [
          'beads/sh-b',
          {
            type: 'bead.create',
            needs: ['sh-a'],
            description: 'All of it.\n\n## Acceptance\n\n- [ ] it works',
          },
        ],
        [OWNER, { type: 'plan.filed' }],
      ],
    })
  plan(proposed, answered('file'))
    .when(filed)
    .gives({
      state: 'filed',
      facts: [{ type: 'PlanFiled', ...whose, beads: ['sh-a', 'sh-b'], slung: false }],
      tells: [],
    })
})

test('[PLAN-2] when one of its beads is refused the plan says why', () => {
  plan(proposed, answered('sling'))
    .when(refused('UNEXPECTED'))
    .gives({
      state: 'notFiled',
      facts: [{ type: 'PlanNotFiled', ...whose, code: 'UNEXPECTED' }],
      tells: [],
    })
})

test('[PLAN-3] with sling each bead is queued after all of them are made, and one that was refused is named', () => {
  plan(proposed, answered('sling'))
    .when(filed)
    .gives({
      facts: [{ type: 'PlanFiled', slung: true }],
      tells: [
        ['beads/sh-a', { type: 'bead.queue', rig: RIG, now: false }],
        ['mayor', { type: 'dispatch.request', bead: 'sh-a', group: PLAN }],
        ['beads/sh-b', { type: 'bead.queue' }],
        ['mayor', { type: 'dispatch.request', bead: 'sh-b' }],
      ],
    })
  plan(proposed, answered('file')).when(filed).gives({ tells: [] })
  const steps = stepsOf(OWNER)
  const [last] = [proposed, answered('sling'), filed].map((each) => steps.take(each)).reverse()
  // A turn for each: one that is refused keeps no other back.
  expect(last).toMatchObject({
    effects: [
      { params: { messages: [{ to: 'beads/sh-a' }, { to: 'mayor' }] } },
      { params: { messages: [{ to: 'beads/sh-b' }, { to: 'mayor' }] } },
    ],
  })
  plan(proposed, answered('sling'), filed)
    .when(refused('RIG_NOT_FOUND'))
    .gives({ state: 'filed', facts: [{ type: 'PlannedBeadNotSlung', bead: 'sh-a', code: 'RIG_NOT_FOUND' }] })
})

test('[PLAN-4] any other answer makes nothing', () => {
  plan(proposed)
    .when(answered('no', { note: 'smaller, please' }))
    .gives({ state: 'refused', facts: [{ type: 'PlanRefused', reason: 'smaller, please' }], tells: [] })
})

test('[PLAN-5] whoever proposed it in a session is told what came of it', () => {
  const told = (text: string) =>
    [NUDGE, { type: 'nudge.send', to: 'mayor', session: 'mayor/sessions/1', text }] as const
  plan(bySession, answered('file'))
    .when(filed)
    .gives({
      tells: [told(`The answer to your plan ${PLAN} is yes, filed: a is sh-a, b is sh-b.`)],
    })
  plan(bySession)
    .when(answered('no', { note: 'smaller, please' }))
    .gives({
      tells: [told(`The answer to your plan ${PLAN} is no. The person says: smaller, please`)],
    })
  plan(bySession, answered('file'))
    .when(refused('UNEXPECTED'))
    .gives({
      tells: [
        told(
          `The answer to your plan ${PLAN} is yes, but none of it could be filed (It is there.) Propose it again.`,
        ),
      ],
    })
})

test('[PLAN-6] one that stands in its place ends it, and an answer to it comes too late', () => {
  const replaced = message('plan.replace', { by: 'p-bcdfghjk' })
  plan(proposed)
    .when(replaced)
    .gives({ state: 'replaced', facts: [{ type: 'PlanReplaced', by: 'p-bcdfghjk' }] })
  plan(proposed, replaced).when(answered('sling')).gives({ refused: 'OWNER_ENDED' })
  plan(proposed, answered('file')).when(replaced).gives({ refused: 'UNEXPECTED' })
})

test('[PLAN-2] a bead without description has its acceptance alone, and one without either has nothing', () => {
  const beads = [
    { ...planned('a', []), description: '' },
    { ...planned('b', []), description: ' ', acceptance: [] },
  ]
  plan(message('plan.propose', { beads }))
    .when(answered('file'))
    .gives({
      tells: [
        ['beads/sh-a', { description: '## Acceptance\n\n- [ ] it works' }],
        ['beads/sh-b', { description: '' }],
        [OWNER, {}],
      ],
    })
})
