import { describe, expect, test } from 'vitest'
import { after, decisions, type Saying, stepsOf } from '../support/decisions.ts'
import {
  AGENT,
  BASE,
  BEAD,
  COMMIT,
  configured,
  gateResult,
  HEAD,
  MERGE_REQUEST,
  message,
  RIG,
  SANDBOX,
  samplesOf,
  TREE,
} from '../support/messages.ts'

const refinery = () => decisions(`${RIG}/refinery`)
const score = { ...configured, order: 'score' as const }
const ready = message('MERGE_READY')
const other = samplesOf('MERGE_READY')[1] ?? ready
const third = {
  ...ready,
  bead: 'sh-3',
  sandbox: 'shop/polecats/slit/sandboxes/1',
  agent: 'shop/polecats/slit',
}
const built = message('merge.built')
const green = message('gates.ran', { results: [gateResult('passed')] })
const red = message('gates.ran', { results: [gateResult('failed')] })
const advanced = message('target.advanced')
const says = (bead: string, priority: number, needs: readonly string[] = []) =>
  message('refinery.bead', { bead, priority, needs: [...needs] })
const mr = (n: number, type: string, fields: object = {}) =>
  [`${RIG}/merge-requests/mr-${n}`, { type, ...fields }] as const
const builds = (n: number) => ['merge.build', { mergeRequest: `${RIG}/merge-requests/mr-${n}` }] as const
const building = [configured, ready]
const testing = [...building, built]
const landing = [...testing, green]

describe('the order', () => {
  test('[REFINERY-40] of the highest sum, where that is asked for, and else as they came', () => {
    const line = [ready, says('sh-3', 0), other, third, built, green]
    refinery()
      .given(score, ...line)
      .when(advanced)
      .gives({ state: 'building', effects: [builds(3)] })
    refinery()
      .given(configured, ...line)
      .when(advanced)
      .gives({ state: 'building', effects: [builds(2)] })
  })

  test('[REFINERY-40] a second submission counts less', () => {
    const back = [message('merge.conflicted'), message('refinery.hold'), other, { ...ready, head: COMMIT }]
    refinery()
      .given(score, ready, ...back)
      .when(message('refinery.letGo'))
      .gives({ effects: [builds(2)] })
  })

  test('[REFINERY-43] follows what a bead says while it stands in line', () => {
    refinery()
      .given(score, ready, other, third, built, green, says('sh-3', 1), says('sh-2', 0))
      .when(advanced)
      .gives({ effects: [builds(2)] })
    refinery()
      .given(score, ready, other, third, built, green, says('sh-3', 0), says('sh-3', 2))
      .when(advanced)
      .gives({ effects: [builds(2)] })
  })

  test('[REFINERY-42] one that needs another waits for it, and says for which; others go on', () => {
    const needs = says('sh-2', 2, [BEAD, 'sh-7'])
    refinery()
      .given(configured, ready, needs)
      .when(other)
      .gives({
        tells: [
          mr(2, 'mr.submit'),
          mr(2, 'mr.wait', {
            code: 'NEEDS_OPEN',
            message: `It needs ${BEAD}, which is in the queue as mr-1; sh-7, which is not closed.`,
          }),
        ],
      })
    refinery()
      .given(configured, ready, needs, other, third, built, green)
      .when(advanced)
      .gives({ effects: [builds(3)] })
    refinery().given(configured, needs).when(other).gives({ state: 'idle', effects: [] })
  })

  test('[REFINERY-42] it goes on when what it needs is closed, and waits when that is found out later', () => {
    refinery()
      .given(configured, says('sh-2', 2, ['sh-7']), other)
      .when(says('sh-2', 2))
      .gives({ state: 'building', tells: [mr(1, 'mr.requeue'), mr(1, 'mr.build'), ['beads/sh-2', {}]] })
    refinery()
      .given(configured, ready, other)
      .when(says('sh-2', 2, ['sh-7']))
      .gives({ tells: [mr(2, 'mr.wait', { code: 'NEEDS_OPEN' })] })
    refinery()
      .given(configured, ready)
      .when(says(BEAD, 2, ['sh-7']))
      .gives({ state: 'building', tells: [] })
  })

  test('[REFINERY-45] the same submission twice is one, and another of its bead takes its place', () => {
    refinery()
      .given(...building)
      .when(ready)
      .gives({ state: 'building', facts: [], tells: [], effects: [] })
    const anew = { ...other, sandbox: 'shop/polecats/slit/sandboxes/4' }
    refinery()
      .given(configured, ready, other)
      .when(anew)
      .gives({ tells: [mr(3, 'mr.submit'), mr(2, 'mr.supersede', { by: `${RIG}/merge-requests/mr-3` })] })
    refinery()
      .given(configured, ready, other, anew, built, green)
      .when(advanced)
      .gives({ effects: [builds(3)] })
    refinery()
      .given(configured, other)
      .when(anew)
      .gives({ tells: [mr(2, 'mr.submit')] })
  })
})

describe('rejecting', () => {
  const reject = message('refinery.reject')
  const rejected = [`${RIG}/witness`, { type: 'MERGE_REJECTED', bead: BEAD, sandbox: SANDBOX }] as const
  const out = [mr(1, 'mr.reject', { reason: 'it is not wanted any more' }), rejected]

  test('[REFINERY-44] takes a request out, in line or in hand', () => {
    refinery()
      .given(configured, other, ready)
      .when({ ...reject, mergeRequest: `${RIG}/merge-requests/mr-2` })
      .gives({ state: 'building', tells: [mr(2, 'mr.reject'), rejected] })
    for (const before of [building, testing, [...building, message('merge.notBuilt')], [...testing, red]])
      refinery()
        .given(...before)
        .when(reject)
        .gives({ state: 'idle', tells: out, context: { current: null, stack: [] } })
    refinery()
      .given(...testing, other)
      .when(reject)
      .gives({ state: 'building', effects: [builds(2)] })
  })

  test('[REFINERY-44] what was in hand with it keeps its places', () => {
    const two = { ...configured, batch: 2 }
    const second = { ...built, mergeRequest: `${RIG}/merge-requests/mr-2`, base: COMMIT, commit: HEAD }
    refinery()
      .given(message('refinery.hold'), two, ready, other, message('refinery.letGo'), built, second)
      .when(reject)
      .gives({
        state: 'building',
        tells: [mr(2, 'mr.requeue'), ...out, mr(2, 'mr.build'), ['beads/sh-2', { type: 'bead.test' }]],
      })
  })

  test('[REFINERY-50] what was being built is not taken for the next one', () => {
    const answers = [
      built,
      message('merge.conflicted'),
      message('merge.empty'),
      message('merge.notBuilt'),
      { ...message('effect.failed'), kind: 'merge.build', params: { mergeRequest: MERGE_REQUEST } },
    ]
    for (const late of answers)
      refinery()
        .given(...building, other, reject)
        .when(late as typeof built)
        .gives({ state: 'building', effects: [], tells: [], facts: [] })
    refinery()
      .given(...building, other, reject, built)
      .when({ ...built, mergeRequest: `${RIG}/merge-requests/mr-2`, commit: HEAD })
      .gives({ state: 'testing', effects: [['gates.run', { commit: HEAD }]] })
  })

  test('[REFINERY-44] nothing that may have been pushed is rejected, nor what stands nowhere', () => {
    refinery()
      .given(...landing)
      .when(reject)
      .gives({ refused: 'MERGE_LANDING' })
    refinery()
      .given(...landing, message('target.refused'))
      .when(reject)
      .gives({ refused: 'MERGE_LANDING' })
    refinery().given(configured).when(reject).gives({ refused: 'NOT_IN_QUEUE' })
    refinery()
      .given(...landing, advanced)
      .when(reject)
      .gives({ refused: 'NOT_IN_QUEUE' })
  })

  test('[REFINERY-44] nobody is asked any more about what was rejected', () => {
    const asking = { ...configured, approvals: [{ name: 'review', again: false }] }
    refinery()
      .given(asking, ready, built, green)
      .when(reject)
      .gives({ tells: [['decisions/d-shop-1', { type: 'decision.withdraw' }], ...out] })
  })
})

test('[REFINERY-48] what conflicts is tried by the ways of its rig, and the request is told what settled it', () => {
  const resolve = ['rebase', 'rerere'] as const
  const trying = { ...configured, resolve: [...resolve] }
  refinery()
    .given(trying)
    .when(ready)
    .gives({ effects: [['merge.build', { resolve }]] })
  const resolved = { by: 'rerere', files: ['cart.js'] } as const
  refinery()
    .given(trying, ready)
    .when({ ...built, resolved: { by: 'rerere', files: ['cart.js'] } })
    .gives({ state: 'testing', tells: [mr(1, 'mr.test', { resolved })] })
  const asked = (given: Saying, said: Saying): unknown => {
    const steps = stepsOf(`${RIG}/refinery`)
    steps.take(given)
    const decision = steps.take(said)
    return decision.kind === 'refused'
      ? null
      : decision.effects.find(({ kind }) => kind === 'merge.build')?.params
  }
  expect(asked({ ...configured, resolve: [] }, ready)).not.toHaveProperty('resolve')
  expect(asked(trying, message('refinery.revert'))).not.toHaveProperty('resolve')
})

describe('taking back', () => {
  const revert = message('refinery.revert')
  const [of] = revert.of
  const made = { ...built, head: TREE }
  const begun = [configured, revert]
  const address = MERGE_REQUEST

  test('[REFINERY-46] is a request of its own, built like any other', () => {
    refinery()
      .given(configured)
      .when(revert)
      .gives({
        state: 'building',
        tells: [
          mr(1, 'mr.submit', { bead: 'sh-9', agent: 'overseer', reverts: [of], reason: revert.reason }),
          mr(1, 'mr.build'),
          ['beads/sh-9', { type: 'bead.test' }],
        ],
        effects: [
          [
            'merge.build',
            { revert: { of: [{ bead: 'sh-0', commit: HEAD, base: BASE }] }, agent: 'overseer' },
          ],
        ],
      })
    refinery()
      .given(...begun, made)
      .when(green)
      .gives({ effects: [['target.push', { commit: COMMIT, head: TREE }]] })
  })

  test('[REFINERY-46] when it has landed each bead is told in the same turn', () => {
    refinery()
      .given(...begun, made, green)
      .when(advanced)
      .gives({
        state: 'idle',
        facts: [
          { type: 'TargetAdvanced' },
          {
            type: 'MergeReverted',
            mergeRequest: of?.mergeRequest,
            bead: 'sh-0',
            commit: HEAD,
            by: address,
            as: COMMIT,
            reason: revert.reason,
          },
        ],
        tells: [
          mr(1, 'mr.land'),
          ['beads/sh-9', { type: 'bead.land', commit: COMMIT }],
          ['beads/sh-0', { type: 'bead.revert', commit: COMMIT, mergeRequest: address }],
        ],
      })
  })

  test('[REFINERY-97] of several each bead is told in their order, and the receipt of all is one', () => {
    const [one] = revert.of
    const second = { mergeRequest: `${RIG}/merge-requests/mr-8`, bead: 'sh-8', base: HEAD, commit: TREE }
    const several = { ...revert, of: [second, ...(one === undefined ? [] : [one])] }
    refinery()
      .given(configured, several, made, green)
      .when(advanced)
      .gives({
        facts: [
          { type: 'TargetAdvanced' },
          { type: 'MergeReverted', bead: 'sh-8', commit: TREE, by: address },
          { type: 'MergeReverted', bead: 'sh-0', commit: HEAD, by: address },
        ],
        tells: [
          mr(1, 'mr.land'),
          ['beads/sh-9', { type: 'bead.land' }],
          ['beads/sh-8', { type: 'bead.revert' }],
          ['beads/sh-0', { type: 'bead.revert' }],
        ],
      })
  })

  test('[REFINERY-46] nothing is taken back twice at a time', () => {
    refinery()
      .given(...begun)
      .when({ ...revert, bead: 'sh-8' })
      .gives({ refused: 'REVERT_QUEUED' })
  })

  const failures = [
    ['a conflict', [message('merge.conflicted')], mr(1, 'mr.conflict'), ['cart.js']],
    ['nothing left to take out', [message('merge.empty')], mr(1, 'mr.conflict'), []],
    ['a red gate', [made, red, { ...green, mergeRequest: null, tree: BASE }], mr(1, 'mr.fail'), []],
  ] as const
  test.each(failures)('[REFINERY-47] %s leaves a bead that is open', (_, said, told, files) => {
    const last = said[said.length - 1] ?? said[0]
    refinery()
      .given(...begun, ...said.slice(0, -1))
      .when(last)
      .gives({
        state: 'idle',
        facts: [{ type: 'RevertFailed', bead: 'sh-9', beads: ['sh-0'], files }],
        tells: [told, ['beads/sh-9', { type: 'bead.comment' }], ['beads/sh-9', { type: 'bead.unhook' }]],
      })
  })

  test('[REFINERY-47] rejected, its bead is open, and no worker hears of it', () => {
    refinery()
      .given(...begun)
      .when(message('refinery.reject'))
      .gives({ tells: [mr(1, 'mr.reject'), ['beads/sh-9', { type: 'bead.unhook' }]] })
    refinery()
      .given(...begun, message('merge.notBuilt'))
      .when(after('hold', 'refinery.held'))
      .gives({ effects: [['merge.build', { revert: {} }]] })
  })
})

test('[REFINERY-44] a worker whose work is rejected is told by name', () => {
  refinery()
    .given(...building)
    .when(message('refinery.reject'))
    .gives({ tells: [mr(1, 'mr.reject'), [`${RIG}/witness`, { agent: AGENT }]] })
})
