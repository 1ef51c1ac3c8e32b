import { describe, test } from 'vitest'
import { decisions, type Saying } from '../support/decisions.ts'
import {
  BASE,
  BEAD,
  COMMIT,
  configured,
  gateResult,
  HEAD,
  MERGE_REQUEST,
  message,
  REVIEW,
  REVIEW_SESSION,
  RIG,
  samplesOf,
  TREE,
} from '../support/messages.ts'

const spec = { preset: 'claude', timeoutMs: 900_000, instructions: 'look for money' }
const quality = { name: 'quality', again: false, review: spec }
const person = { name: 'person', again: false }
/** The person is set first, and asked last. */
const asking = { ...configured, approvals: [person, quality] }
const alone = { ...configured, approvals: [quality] }
const ready = message('MERGE_READY')
const other = samplesOf('MERGE_READY')[1] ?? ready
const built = message('merge.built')
const green = message('gates.ran', { results: [gateResult('passed')] })
const judged = (ok: boolean, fields: object = {}) =>
  message('review.judged', {
    ok,
    said: ok ? 'passed by the reviewer' : 'refused: it drops an item',
    ...fields,
  })
const yes = judged(true)
const no = judged(false)
const refinery = (...given: Saying[]) => decisions(`${RIG}/refinery`).given(...given)
const asked = (fields: object = {}) => [REVIEW, { type: 'review.ask', ...fields }] as const
const aside = [MERGE_REQUEST, { type: 'mr.wait', code: 'REVIEW_NEEDED' }] as const
const pushed = ['target.push', { commit: COMMIT }] as const
const shown = [alone, ready, built, green]

describe('[REFINERY-85] a reviewer is asked', () => {
  test('with what has passed, its tree and how to look at it; others go on meanwhile', () => {
    refinery(alone, ready, built)
      .when(green)
      .gives({
        state: 'idle',
        tells: [
          asked({
            refinery: `${RIG}/refinery`,
            mergeRequest: MERGE_REQUEST,
            gate: 'quality',
            bead: BEAD,
            base: BASE,
            commit: COMMIT,
            tree: TREE,
            required: true,
            review: spec,
            results: [{ ...gateResult('passed'), logTail: '' }],
          }),
          aside,
        ],
        effects: [],
      })
    refinery(alone, ready, built, other)
      .when(green)
      .gives({
        state: 'building',
        effects: [['merge.build', { mergeRequest: `${RIG}/merge-requests/mr-2` }]],
      })
  })

  test('and before any person, who is asked when it has passed', () => {
    refinery(asking, ready, built)
      .when(green)
      .gives({ tells: [asked({ gate: 'quality' }), aside] })
    refinery(asking, ready, built, green)
      .when(yes)
      .gives({
        state: 'idle',
        tells: [
          [`decisions/d-${RIG}-1`, { type: 'decision.open', kind: 'approval' }],
          [MERGE_REQUEST, { code: 'APPROVAL_NEEDED' }],
        ],
      })
  })
})

describe('[REFINERY-86] yes', () => {
  test('lands the very tree that was seen, with the verdict among its gates, and the review is over', () => {
    refinery(...shown)
      .when(yes)
      .gives({
        state: 'landing',
        tells: [
          [
            MERGE_REQUEST,
            {
              type: 'mr.push',
              results: [
                gateResult('passed'),
                {
                  name: 'quality',
                  kind: 'review',
                  outcome: 'passed',
                  command: ['gt', 'review', 'pass', REVIEW_SESSION],
                },
              ],
            },
          ],
        ],
        effects: [pushed],
      })
    refinery(...shown, yes)
      .when(message('target.advanced'))
      .gives({
        tells: [
          [REVIEW, { type: 'review.close' }],
          [MERGE_REQUEST, { type: 'mr.land' }],
          [`beads/${BEAD}`, { type: 'bead.land' }],
          [`${RIG}/witness`, { type: 'MERGED' }],
        ],
      })
  })

  const moved = message('target.moved', { head: HEAD })
  const onNew = { ...built, commit: HEAD, tree: BASE, base: HEAD }
  const greenThere = { ...green, tree: BASE }
  test('holds for what was submitted when the target moved, unless it is asked again for each tree', () => {
    refinery(...shown, yes, moved, onNew)
      .when(greenThere)
      .gives({ state: 'landing', effects: [['target.push', { commit: HEAD }]] })
    const again = { ...configured, approvals: [{ ...quality, again: true }] }
    refinery(again, ready, built, green, yes, moved, onNew)
      .when(greenThere)
      .gives({ state: 'idle', tells: [asked({ commit: HEAD, tree: BASE }), aside] })
  })

  test('of another agent, or by other instructions, holds for nothing any more', () => {
    const stricter = {
      ...configured,
      approvals: [{ ...quality, review: { ...spec, instructions: 'all of it' } }],
    }
    refinery(...shown, yes, message('target.dirty'), stricter, built)
      .when(green)
      .gives({ state: 'idle', tells: [asked({ review: { instructions: 'all of it' } }), aside] })
  })
})

test('[REFINERY-87] no is a red gate: back to the worker with what was found', () => {
  refinery(...shown)
    .when(no)
    .gives({
      state: 'idle',
      facts: [],
      tells: [
        [
          MERGE_REQUEST,
          {
            type: 'mr.fail',
            gate: 'quality',
            message: 'quality: refused: it drops an item',
            results: [gateResult('passed'), { name: 'quality', outcome: 'failed' }],
          },
        ],
        [
          `${RIG}/witness`,
          { type: 'MERGE_FAILED', gate: 'quality', logTail: 'refused: it drops an item', attempts: 1 },
        ],
      ],
      effects: [],
    })
})

describe('[REFINERY-88] an advice', () => {
  const advice = { ...configured, approvals: [{ ...quality, required: false }] }
  test('is waited for, and its no lands with the others', () => {
    refinery(advice, ready, built, green)
      .when(no)
      .gives({
        state: 'landing',
        tells: [
          [
            MERGE_REQUEST,
            {
              type: 'mr.push',
              results: [gateResult('passed'), { name: 'quality', outcome: 'failed', required: false }],
            },
          ],
        ],
        effects: [pushed],
      })
  })

  test('alone lands nothing; a review that is required does', () => {
    refinery({ ...advice, gates: [] })
      .when(ready)
      .gives({ state: 'unguarded', facts: [{ type: 'LandingWaits', code: 'RIG_HAS_NO_GATE' }] })
    refinery({ ...alone, gates: [] })
      .when(ready)
      .gives({ state: 'building' })
  })
})

describe('[REFINERY-89] nobody waits', () => {
  test.each([
    ['about another commit', { commit: TREE }],
    ['about another gate', { gate: 'person' }],
    ['of a review that nobody asked for', { review: `${RIG}/reviews/mr-9` }],
  ])('a verdict %s is refused', (_, fields) => {
    refinery(...shown)
      .when(judged(true, fields))
      .gives({ refused: 'DECISION_OVER' })
  })

  test('a second verdict is refused', () => {
    refinery(...shown, no)
      .when(yes)
      .gives({ refused: 'DECISION_OVER' })
  })

  test('the reviewer is told when a request leaves the queue, and when its rig lands in another way', () => {
    const withdrawn = [REVIEW, { type: 'review.withdraw' }] as const
    refinery(...shown)
      .when(message('refinery.reject'))
      .gives({ tells: [withdrawn, [MERGE_REQUEST, { type: 'mr.reject' }], [`${RIG}/witness`, {}]] })
    refinery(...shown)
      .when({ ...configured, target: 'next' })
      .gives({ tells: [withdrawn, [MERGE_REQUEST, { type: 'mr.build' }], [`beads/${BEAD}`, {}]] })
  })
})
