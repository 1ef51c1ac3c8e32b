// The next stack is built and tested while one is: what is asked for, when it is taken back, and what is told of it.

import { describe, expect, test } from 'vitest'
import { decisions, type Saying, stepsOf } from '../support/decisions.ts'
import {
  BASE,
  COMMIT,
  configured,
  gateResult,
  MERGE_REQUEST,
  message,
  RIG,
  TREE,
} from '../support/messages.ts'
import { objectName, timeOf } from '../support/records.ts'
import { advanced, beadOf, built, commit, each, head, mr, ready, tree } from '../support/stacks.ts'

const two = { ...configured, batch: 2, ahead: true }
const refinery = () => decisions(`${RIG}/refinery`)
const AHEAD = `${RIG}/ahead`
const ran = (n: number, outcome: Parameters<typeof gateResult>[0], more: object = {}) =>
  message('gates.ran', { mergeRequest: mr(n), tree: tree(n), results: [{ ...gateResult(outcome), ...more }] })
const KNOWN = { cached: { at: timeOf(1), durationMs: 5 } }
const dropped = (reason: RegExp) =>
  [AHEAD, { type: 'ahead.drop', reason: expect.stringMatching(reason) }] as const
const gates = (n: number) => ['gates.run', { mergeRequest: mr(n), commit: commit(n) }] as const
/** 1 and 2 are tested, 3 to 5 stand in line. */
const testing: readonly Saying[] = [two, ...each(5, ready), built(1), built(2)]
/** When the last of them was told. */
const AT = timeOf(testing.length)
/** 3 and 4 stand upon what landed, and are tested. */
const testingNext: readonly Saying[] = [...testing, ran(2, 'passed'), advanced(1, 2), built(3), built(4)]

const aheadIn = (said: readonly Saying[]): unknown => {
  const steps = stepsOf(`${RIG}/refinery`)
  for (const one of said) steps.take(one)
  return steps.state?.context.ahead
}

describe('a Refinery that tests a stack', () => {
  test('[REFINERY-80] asks for those that come next, built upon it and tested, beside its own run', () => {
    refinery()
      .given(...testing.slice(0, -1))
      .when(built(2))
      .gives({
        state: 'testing',
        tells: [
          [mr(2), { type: 'mr.test' }],
          [
            AHEAD,
            {
              type: 'ahead.begin',
              target: 'main',
              onto: commit(2),
              date: AT,
              batch: 2,
              stacks: 4,
              requests: [3, 4, 5].map((n) => ({ mergeRequest: mr(n), bead: beadOf(n), head: head(n) })),
              gates: two.gates,
              setup: null,
            },
          ],
        ],
        effects: [gates(2)],
      })
  })

  test('[REFINERY-80] asks for nothing where the rig says nothing, and when nobody else stands in line', () => {
    for (const said of [
      [{ ...configured, batch: 2 }, ...each(5, ready), built(1)],
      [two, ...each(2, ready), built(1)],
    ])
      refinery()
        .given(...said)
        .when(built(2))
        .gives({ state: 'testing', tells: [[mr(2), { type: 'mr.test' }]] })
  })

  test('[REFINERY-81] asks for the next stacks by the order, and for one stack more than are built, as some may not fit', () => {
    const urgent = message('refinery.bead', { bead: beadOf(6), priority: 0, needs: [] })
    const needy = message('refinery.bead', { bead: beadOf(3), priority: 2, needs: ['sh-9'] })
    const said = [{ ...two, order: 'score' as const }, ...each(14, ready), built(1), urgent, needy]
    const next = [6, 4, 5, 7, 8, 9, 10, 11, 12, 13]
    expect(aheadIn([...said, built(2)])).toMatchObject({ requests: next.map(mr), stacks: 4 })
  })

  test('[REFINERY-81] asks for nothing where a yes is needed, on a closed target, and when it is told to hold', () => {
    const fixes = each(3, (n) => message('refinery.fixes', { bead: beadOf(n), fixes: true }))
    for (const said of [
      [{ ...two, approvals: [{ name: 'review', again: false }] }, ...each(3, ready)],
      [two, message('refinery.freeze'), ...fixes, ...each(3, ready)],
      [two, ...each(3, ready), message('refinery.hold')],
    ])
      expect(aheadIn([...said, built(1)])).toBeNull()
  })
})

describe('what was asked for ahead', () => {
  test('[REFINERY-82] is taken back when the stack is red', () => {
    const green = [message('gates.ran', { mergeRequest: null, tree: BASE, results: [gateResult('passed')] })]
    refinery()
      .given(...testing)
      .when(ran(2, 'failed'))
      .gives({ state: 'checking', tells: [dropped(/red/)] })
    // Its base is known to be green: nothing stands between the red and the second run.
    refinery()
      .given(...testing, ran(2, 'failed'), ...green, ran(2, 'passed'), advanced(1, 2), built(3))
      .when(built(4))
      .gives({ context: { ahead: { onto: commit(4) } } })
    const [one] = [{ ...two, batch: 1 }]
    refinery()
      .given(one, ...each(4, ready), built(1), ran(1, 'passed'), advanced(1), built(2))
      .given(ran(2, 'passed'), advanced(2), built(3))
      .when(ran(3, 'failed'))
      .gives({ state: 'building', context: { ahead: null } })
  })

  test('[REFINERY-82] is taken back when the target is frozen, its gates change, it is told to hold, or one leaves', () => {
    const cases: [Saying, RegExp][] = [
      [message('refinery.freeze'), /frozen/],
      [message('refinery.hold'), /./],
      [{ ...two, setup: { command: ['make'], timeoutMs: 1, inputs: [] } }, /another way/],
      [{ ...two, ahead: false }, /another way/],
      [message('refinery.reject', { mergeRequest: mr(4), reason: 'no' }), /left the queue/],
    ]
    for (const [said, reason] of cases) {
      const steps = stepsOf(`${RIG}/refinery`)
      for (const one of testing) steps.take(one)
      const decision = steps.take(said)
      expect(JSON.stringify(decision), said.type).toContain('ahead.drop')
      expect(steps.state?.context.ahead).toBeNull()
      expect(steps.state?.value).toBe('testing')
      refinery()
        .given(...testing, said)
        .when(ran(2, 'passed'))
        .gives({ context: { ahead: null } })
      expect(JSON.stringify(decision)).toMatch(reason)
    }
    // What changes nothing of that leaves it.
    expect(aheadIn([...testing, { ...two, attemptsMax: 9 }])).toMatchObject({ onto: commit(2) })
  })

  test('[REFINERY-82] is taken back when the target has moved, and when its stack is held', () => {
    const passed = [...testing, ran(2, 'passed')]
    for (const said of [message('target.moved'), message('target.refused'), message('effect.failed')])
      expect(aheadIn([...passed, said])).toBeNull()
    expect(aheadIn([...testing, message('gates.notRun')])).toBeNull()
    refinery()
      .given(...passed, advanced(1, 2))
      .when(built(3, BASE))
      .gives({
        state: 'building',
        tells: [dropped(/moved/), [mr(3), {}], [mr(4), {}], ['beads/sh-4', {}]],
        context: { ahead: null },
      })
  })

  test('[REFINERY-82] is taken back when one comes before it; those that come next then are asked for', () => {
    const urgent = message('refinery.bead', { bead: beadOf(6), priority: 0, needs: [] })
    const score = { ...two, order: 'score' as const }
    const said = [score, ...each(5, ready), built(1), built(2), ready(6), urgent, ran(2, 'passed')]
    refinery()
      .given(...said, advanced(1, 2), built(6, commit(2)))
      .when(
        message('merge.built', { mergeRequest: mr(3), commit: commit(3), tree: tree(3), base: commit(6) }),
      )
      .gives({
        state: 'testing',
        tells: [
          [mr(3), { type: 'mr.test' }],
          dropped(/other requests/),
          [AHEAD, { type: 'ahead.begin', onto: commit(3), requests: [{ bead: 'sh-4' }, { bead: 'sh-5' }] }],
        ],
      })
  })

  test('[REFINERY-83] is built again as it was, when its turn comes: upon the same commit, of the same time', () => {
    refinery()
      .given(...testing, ran(2, 'passed'))
      .when(advanced(1, 2))
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: mr(3), date: AT }]] })
    refinery()
      .given(...testing, ran(2, 'passed'), advanced(1, 2))
      .when(built(3))
      .gives({ effects: [['merge.build', { mergeRequest: mr(4), onto: commit(3), date: AT }]] })
    // What is built on a target that moved is built now.
    const steps = stepsOf(`${RIG}/refinery`)
    for (const said of [...testing, ran(2, 'passed')]) steps.take(said)
    expect(JSON.stringify(steps.take(message('target.moved')))).not.toContain('"date"')
  })

  test('[REFINERY-83] goes on with the stack upon the one that landed, as long as it is full and was known', () => {
    const six = [two, ...each(9, ready), built(1), built(2), ran(2, 'passed'), advanced(1, 2)]
    const upon = { onto: commit(4), at: timeOf(12), requests: [5, 6, 7, 8, 9].map(mr), stacks: 3 }
    refinery()
      .given(...six, built(3), built(4))
      .when(ran(4, 'passed', KNOWN))
      .gives({
        state: 'landing',
        tells: [
          [
            AHEAD,
            {
              ...{ type: 'ahead.over', tree: tree(4), cached: true, next: true },
              stack: { commit: commit(4), mergeRequests: [mr(3), mr(4)] },
            },
          ],
          [mr(3), {}],
          [mr(4), {}],
        ],
        context: { ahead: { ...upon, landed: false } },
      })
    // It is built as it was, like the one below it, and nothing else is asked for.
    const landed = [...six, built(3), built(4), ran(4, 'passed', KNOWN), advanced(3, 4)]
    refinery()
      .given(...landed)
      .when(built(5))
      .gives({ effects: [['merge.build', { mergeRequest: mr(6), onto: commit(5), date: timeOf(12) }]] })
    refinery()
      .given(...landed, built(5))
      .when(built(6))
      .gives({ state: 'testing', tells: [[mr(6), { type: 'mr.test' }]], effects: [gates(6)] })
    // What nobody knew has shown that it is built otherwise.
    for (const [said, more] of [
      [six, {}],
      [six.filter((one) => one.type !== 'MERGE_READY' || Number(one.bead.slice(3)) < 6), KNOWN],
    ] as const)
      expect(aheadIn([...said, built(3), built(4), ran(4, 'passed', more)])).toBeNull()
    // The last of them has no next one.
    const all = [two, ...each(14, ready), built(1), built(2), ran(2, 'passed'), advanced(1, 2)]
    for (const n of [4, 6, 8, 10]) {
      all.push(built(n - 1), built(n), ran(n, 'passed', KNOWN))
      expect(aheadIn(all), `${n}`).toEqual(n < 10 ? expect.objectContaining({ onto: commit(n) }) : null)
      all.push(advanced(n - 1, n))
    }
  })

  test('[REFINERY-83] asks for no other while it is tested', () => {
    const [last] = testingNext.slice(-1)
    refinery()
      .given(...testingNext.slice(0, -1))
      .when(last as Saying)
      .gives({ state: 'testing', tells: [[mr(4), { type: 'mr.test' }]], effects: [gates(4)] })
    expect(
      aheadIn([
        ...testingNext,
        ...[6, 7].map(ready),
        ran(4, 'passed', KNOWN),
        advanced(3, 4),
        built(5),
        built(6),
      ]),
    ).toMatchObject({ onto: commit(6), requests: [mr(7)] })
  })

  test('[REFINERY-84] has been of use when the real run takes its results from the cache', () => {
    for (const [more, cached] of [
      [KNOWN, true],
      [{}, false],
    ] as const)
      refinery()
        .given(...testingNext)
        .when(ran(4, 'passed', more))
        .gives({
          state: 'landing',
          tells: [
            [
              AHEAD,
              {
                ...{ type: 'ahead.over', tree: tree(4), cached },
                stack: { commit: commit(4), mergeRequests: [mr(3), mr(4)] },
              },
            ],
            [mr(3), {}],
            [mr(4), {}],
          ],
          context: { ahead: null },
        })
  })
})

describe('what runs ahead', () => {
  const owner = () => decisions(AHEAD)
  const begin = message('ahead.begin')
  const passed = message('ahead.ran', { outcome: 'passed' })
  const fact = (outcome: string, more: object = {}) => ({
    type: 'StackTestedAhead',
    rig: RIG,
    target: 'main',
    onto: COMMIT,
    outcome,
    mergeRequests: [MERGE_REQUEST],
    durationMs: 1_000,
    ...more,
  })

  test('[AHEAD-1] builds and tests what it is asked for', () => {
    const { type: _type, ...asked } = begin
    owner()
      .when(begin)
      .gives({ state: 'running', facts: [], effects: [['stack.ahead', { rig: RIG, ...asked }]] })
  })

  test('[AHEAD-2] says of each run what came of it and how long it took', () => {
    const { type: _type, ...failure } = message('ahead.notRun')
    const cases: [Saying, string, object][] = [
      [passed, 'passed', fact('passed', { commit: COMMIT, tree: TREE })],
      [message('ahead.ran', { outcome: 'red' }), 'idle', fact('red', { tree: TREE })],
      [
        message('ahead.ran', { outcome: 'conflicted', commit: null, tree: null, mergeRequests: [] }),
        'idle',
        fact('conflicted', { tree: null, mergeRequests: [] }),
      ],
      [message('ahead.notRun'), 'idle', fact('failed', { reason: failure.message })],
      [message('effect.failed'), 'idle', fact('failed')],
      [message('ahead.drop'), 'idle', fact('cancelled', { commit: null, reason: 'the target moved' })],
      [message('ahead.over'), 'idle', fact('cancelled')],
    ]
    for (const [said, state, expected] of cases)
      owner()
        .given(begin)
        .when(said)
        .gives({ state, facts: [expected] })
  })

  test('[AHEAD-3] waits for no answer that was taken back: its effect is closed with the state', () => {
    owner().given(begin, message('ahead.drop')).when(passed).gives({ refused: 'UNEXPECTED', state: 'idle' })
    owner().given(begin, message('ahead.drop')).when(begin).gives({ state: 'running' })
  })

  const tip = (n: number) => objectName(String(n))
  const many = message('ahead.begin', {
    stacks: 4,
    requests: each(4, (n) => ({ ...(begin.requests[0] as object), mergeRequest: mr(n) })) as never,
  })
  const below = each(2, (n) => ({ commit: tip(n), tree: tip(n), mergeRequests: [mr(n)], durationMs: n }))
  const top = { commit: tip(3), tree: tip(3), mergeRequests: [mr(3)] }
  const over = (n: number, more: object) =>
    message('ahead.over', {
      ...{ tree: tip(n), cached: true, stack: { commit: tip(n), mergeRequests: [mr(n)] } },
      ...more,
    })
  const used = (n: number) => ({
    type: 'StackAheadUsed',
    commit: tip(n),
    tree: tip(n),
    mergeRequests: [mr(n)],
  })

  test('[AHEAD-5] goes on when one of several stacks was of use, and says of each what came of it', () => {
    const one = (n: number) => fact('passed', { tree: tip(n), mergeRequests: [mr(n)], durationMs: n })
    const [first, second] = [one(1), one(2)]
    owner()
      .given(many)
      .when(message('ahead.ran', { ...top, outcome: 'red', below }))
      .gives({
        state: 'passed',
        facts: [first, second, fact('red', { tree: tip(3), mergeRequests: [mr(3)] })],
      })
    // The first was of use before they had all been tested: it is not said again.
    owner()
      .given(many)
      .when(over(1, { next: true }))
      .gives({ state: 'running', facts: [{ ...first, durationMs: 1_000 }, used(1)] })
    owner()
      .given(many, over(1, { next: true }))
      .when(message('ahead.ran', { ...top, outcome: 'passed', below }))
      .gives({ state: 'passed', facts: [{ tree: tip(2) }, { tree: tip(3) }] })
    owner()
      .given(many, over(1, { next: true }))
      .when(message('ahead.drop'))
      .gives({
        state: 'idle',
        facts: [{ outcome: 'cancelled', onto: tip(1), mergeRequests: [2, 3, 4].map(mr) }],
      })
  })

  test('[AHEAD-5] keeps what has passed for the stacks that come next, until the last', () => {
    const tested = [many, message('ahead.ran', { ...top, outcome: 'passed', below })]
    owner()
      .given(...tested)
      .when(over(1, { next: true }))
      .gives({ state: 'passed', facts: [used(1)] })
    owner()
      .given(...tested, over(1, { next: true }), over(2, { next: true }))
      .when(over(3, {}))
      .gives({ state: 'idle', facts: [used(3)] })
    // What was of use before they had all been tested is not waited for again.
    owner()
      .given(many, over(1, { next: true }), ...tested.slice(1), over(2, { next: true }))
      .when(over(3, { next: true }))
      .gives({ state: 'idle', facts: [used(3)] })
    owner()
      .given(...tested)
      .when(message('ahead.over', { tree: tip(1), cached: false }))
      .gives({ state: 'idle', facts: [] })
    owner()
      .given(many)
      .when(over(1, {}))
      .gives({ state: 'idle', facts: [{ outcome: 'passed' }, used(1)] })
    owner()
      .given(many)
      .when(over(1, { cached: false }))
      .gives({ state: 'idle', facts: [{ outcome: 'cancelled' }] })
  })

  test('[AHEAD-4] was of use when its very tree landed from the cache, and not otherwise', () => {
    const used = {
      type: 'StackAheadUsed',
      onto: COMMIT,
      commit: COMMIT,
      tree: TREE,
      mergeRequests: [MERGE_REQUEST],
    }
    const over = (more: object) => message('ahead.over', { tree: TREE, cached: true, ...more })
    owner()
      .given(begin, passed)
      .when(over({}))
      .gives({ state: 'idle', facts: [used] })
    for (const not of [over({ cached: false }), over({ tree: BASE }), message('ahead.drop')])
      owner().given(begin, passed).when(not).gives({ state: 'idle', facts: [] })
    owner().given(begin, passed).when(begin).gives({ state: 'running' })
  })
})
