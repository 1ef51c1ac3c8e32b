import { expect, test } from 'vitest'
import { decisions, stepsOf } from '../support/decisions.ts'
import {
  AGENT,
  BASE,
  BEAD,
  COMMIT,
  gateResult,
  HEAD,
  MERGE_REQUEST,
  message,
  TREE,
} from '../support/messages.ts'

const mr = () => decisions(MERGE_REQUEST)
const submit = message('mr.submit')
const build = message('mr.build')
const tested = message('mr.test')
const push = message('mr.push')
const land = message('mr.land')
const building = [submit, build]
const testing = [...building, tested]
const landing = [...testing, push]

test('[MR-1] each submission queues the same request and counts', () => {
  mr()
    .when(submit)
    .gives({
      state: 'queued',
      facts: [{ type: 'MergeRequested', bead: BEAD, agent: AGENT, head: HEAD }],
      context: { attempts: 1 },
    })
  mr()
    .given(...building, message('mr.conflict'))
    .when(submit)
    .gives({ state: 'queued', context: { attempts: 2 } })
})

test('[MR-2] it follows the Refinery', () => {
  mr()
    .given(submit)
    .when(build)
    .gives({ state: 'building', facts: [{ type: 'MergeBuilding' }] })
  mr()
    .given(...building)
    .when(tested)
    .gives({ state: 'testing', facts: [{ type: 'MergeTesting', commit: COMMIT, tree: TREE, base: BASE }] })
  mr()
    .given(...testing)
    .when(push)
    .gives({ state: 'landing', facts: [{ type: 'MergeLanding', results: [gateResult('passed')] }] })
})

test('[MR-4] its base that is red by itself, and a push that was put off', () => {
  mr()
    .given(...testing)
    .when(message('mr.requeue', { reason: 'main itself is red' }))
    .gives({ state: 'queued', facts: [{ type: 'MergeRequeued', reason: 'main itself is red' }] })
  mr()
    .given(...landing)
    .when(message('mr.resume'))
    .gives({ state: 'landing', facts: [{ type: 'MergeLanding', results: [gateResult('passed')] }] })
})

test('[MR-3] a conflict and a red gate wait for the next submission', () => {
  mr()
    .given(...building)
    .when(message('mr.conflict'))
    .gives({ state: 'conflicted', facts: [{ type: 'MergeConflicted', files: ['cart.js'] }] })
  mr()
    .given(...testing)
    .when(message('mr.fail'))
    .gives({ state: 'failed', facts: [{ type: 'MergeFailed', gate: 'test', results: [{ exitCode: 1 }] }] })
  mr()
    .given(...building, message('mr.conflict'))
    .when(build)
    .gives({ refused: 'UNEXPECTED' })
})

test('[MR-4] a target that moved queues it again', () => {
  mr()
    .given(...landing)
    .when(message('mr.requeue'))
    .gives({ state: 'queued', facts: [{ type: 'MergeRequeued' }], context: { attempts: 1 } })
})

test('[MR-4] what does not fit onto those that are built below it is queued again', () => {
  mr()
    .given(...building)
    .when(message('mr.requeue', { reason: 'it does not fit onto sh-2' }))
    .gives({ state: 'queued', facts: [{ type: 'MergeRequeued', reason: 'it does not fit onto sh-2' }] })
})

test('[MR-5] what it waits for changes nothing else', () => {
  for (const [history, state] of [
    [[submit], 'queued'],
    [building, 'building'],
    [testing, 'testing'],
    [landing, 'landing'],
  ] as const) {
    mr()
      .given(...history)
      .when(message('mr.wait', { code: 'RIG_HAS_NO_GATE', message: 'shop has no gate.' }))
      .gives({ state, facts: [{ type: 'MergeWaiting', code: 'RIG_HAS_NO_GATE' }] })
    mr()
      .given(...history, message('mr.wait'))
      .when(build)
      .gives({ state: 'building' })
  }
})

test('[MR-6][P8] a landing leaves a receipt', () => {
  mr()
    .given(...landing)
    .when({ ...land, meta: { at: '2027-03-01T09:00:00.000Z' } })
    .gives({
      state: 'landed',
      facts: [
        {
          type: 'MergeLanded',
          attempts: 1,
          receipt: {
            commit: COMMIT,
            tree: TREE,
            base: BASE,
            gates: [gateResult('passed')],
            patchProof: 'patch-id p1',
            patchId: 'p1',
            landedAt: '2027-03-01T09:00:00.000Z',
          },
        },
      ],
    })
})

test('[MR-10] what settled its conflicts is said when it is tested and in its receipt, of the commit that counts', () => {
  const resolved = { by: 'rerere' as const, files: ['cart.js'] }
  const settled = message('mr.test', { resolved })
  mr()
    .given(...testing.slice(0, -1))
    .when(settled)
    .gives({ facts: [{ type: 'MergeTesting', resolved }] })
  mr()
    .given(...testing.slice(0, -1), settled, message('mr.push'))
    .when(land)
    .gives({ facts: [{ receipt: { resolved } }] })
  const steps = stepsOf(MERGE_REQUEST)
  const anew = [message('mr.requeue'), build, message('mr.test'), message('mr.push')]
  for (const said of [...testing.slice(0, -1), settled, ...anew]) steps.take(said)
  const landed = steps.take(land)
  if (landed.kind === 'refused') throw new Error(landed.refusal.message)
  expect(landed.facts[0]?.receipt).not.toHaveProperty('resolved')
})

test('[MR-6] a landing together with others names the commit on which the gates ran', () => {
  const tested = { commit: HEAD, tree: BASE }
  mr()
    .given(...testing, message('mr.push', { tested }))
    .when(land)
    .gives({ facts: [{ receipt: { commit: COMMIT, tree: TREE, tested, gates: [gateResult('passed')] } }] })
  // Of the push that counts, not of one before it.
  const alone = [message('mr.requeue'), build, message('mr.test'), message('mr.push')]
  const steps = stepsOf(MERGE_REQUEST)
  for (const said of [...testing, message('mr.push', { tested }), ...alone]) steps.take(said)
  const landed = steps.take(land)
  if (landed.kind === 'refused') throw new Error(landed.refusal.message)
  expect(landed.facts[0]?.receipt).not.toHaveProperty('tested')
})

test('[MR-7] a landed request takes nothing more', () => {
  mr()
    .given(...landing, land)
    .when(submit)
    .gives({ refused: 'OWNER_ENDED' })
  mr()
    .given(...testing)
    .when(land)
    .gives({ refused: 'UNEXPECTED' })
})

test('[MR-8] it is rejected, or superseded, wherever it stands in line, and takes nothing more', () => {
  const reject = message('mr.reject')
  for (const before of [[submit], building, testing, landing]) {
    mr()
      .given(...before)
      .when(reject)
      .gives({ state: 'rejected', facts: [{ type: 'MergeRejected', bead: BEAD, agent: AGENT }] })
    mr()
      .given(...before)
      .when(message('mr.supersede'))
      .gives({ state: 'superseded', facts: [{ type: 'MergeSuperseded', by: 'shop/merge-requests/mr-2' }] })
  }
  mr().given(submit, reject).when(submit).gives({ refused: 'OWNER_ENDED' })
  mr()
    .given(...landing, land)
    .when(reject)
    .gives({ refused: 'OWNER_ENDED' })
})

test('[MR-9] one without a branch says what it takes back, and why', () => {
  const of = [{ mergeRequest: 'shop/merge-requests/mr-0', bead: 'sh-0', base: BASE, commit: HEAD }]
  mr()
    .when({ ...submit, reverts: of, reason: 'it breaks the checkout' })
    .gives({ facts: [{ type: 'MergeRequested', reverts: of, reason: 'it breaks the checkout' }] })
})
