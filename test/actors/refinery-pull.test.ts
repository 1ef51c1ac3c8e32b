import { describe, test } from 'vitest'
import { after, decisions, type Saying } from '../support/decisions.ts'
import {
  BASE,
  BEAD,
  COMMIT,
  configured,
  gateResult,
  HEAD,
  MERGE_REQUEST,
  message,
  PULL,
  REMOTE,
  RIG,
  samplesOf,
  TREE,
} from '../support/messages.ts'

const landing = { through: 'pull-request', checks: ['build'], approvals: 1 } as const
const throughPull = { ...configured, landing }
const ready = message('MERGE_READY')
const other = samplesOf('MERGE_READY')[1] ?? ready
const built = message('merge.built')
const green = message('gates.ran', { results: [gateResult('passed')] })
const yes = samplesOf('pull.judged')[0] ?? message('pull.judged')
const no = samplesOf('pull.judged')[1] ?? yes
const merged = samplesOf('target.advanced')[1] ?? message('target.advanced')
const shown = [throughPull, ready, built, green]
const merging = [...shown, yes]
const refinery = (...given: Saying[]) => decisions(`${RIG}/refinery`).given(...given)
const proposed = [
  PULL,
  {
    type: 'pull.propose',
    mergeRequest: MERGE_REQUEST,
    bead: BEAD,
    remote: REMOTE,
    target: 'main',
    base: BASE,
    commit: COMMIT,
    results: [{ ...gateResult('passed'), logTail: '' }],
    checks: ['build'],
    approvals: 1,
  },
] as const
const aside = [MERGE_REQUEST, { type: 'mr.wait', code: 'PULL_OPENING' }] as const
const merge = [
  'pull.merge',
  { number: 7, base: BASE, commit: COMMIT, head: HEAD, method: 'squash', bead: BEAD },
] as const
const build = (request: string) =>
  ['merge.build', { mergeRequest: `${RIG}/merge-requests/${request}` }] as const

describe('[REFINERY-71] through a pull request', () => {
  test('what has passed is shown to the forge, and others go on meanwhile', () => {
    refinery(throughPull, ready, built)
      .when(green)
      .gives({ state: 'idle', tells: [proposed, aside], effects: [] })
    refinery(throughPull, ready, built, other)
      .when(green)
      .gives({ state: 'building', effects: [build('mr-2')] })
  })

  test('its yes merges the very commit that passed, and what landed is the forge’s commit', () => {
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
                { name: 'pull request', outcome: 'passed', logTail: 'passed build' },
              ],
            },
          ],
        ],
        effects: [merge],
      })
    refinery(...merging)
      .when(merged)
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetAdvanced', from: BASE, to: HEAD }],
        tells: [
          [MERGE_REQUEST, { type: 'mr.land', commit: HEAD, tree: TREE }],
          [`beads/${BEAD}`, { type: 'bead.land', commit: HEAD }],
          [PULL, { type: 'pull.landed', commit: HEAD }],
          [`${RIG}/witness`, { type: 'MERGED', commit: HEAD }],
        ],
      })
  })

  test('a yes to another commit than the one that waits is not heard', () => {
    refinery(...shown)
      .when({ ...yes, commit: TREE })
      .gives({ refused: 'DECISION_OVER' })
    refinery(throughPull).when(yes).gives({ refused: 'DECISION_OVER' })
  })
})

test('[REFINERY-46] what is taken back through a pull request is named to the forge, when it is shown and when it is merged', () => {
  const asked = message('refinery.revert')
  const revert = { of: asked.of.map(({ mergeRequest: _, ...one }) => one), reason: asked.reason }
  const made = { ...built, head: TREE }
  refinery(throughPull, asked, made)
    .when(green)
    .gives({ tells: [[PULL, { type: 'pull.propose', revert }], aside] })
  refinery(throughPull, asked, made, green)
    .when(yes)
    .gives({ effects: [['pull.merge', { head: TREE, revert }]] })
})

test('[REFINERY-72] a no of the forge is a red gate, with what was said', () => {
  refinery(...shown)
    .when(no)
    .gives({
      state: 'idle',
      tells: [
        [MERGE_REQUEST, { type: 'mr.fail', gate: 'build', message: 'build: it fell' }],
        [`${RIG}/witness`, { type: 'MERGE_FAILED', gate: 'build', logTail: 'it fell', attempts: 1 }],
      ],
    })
})

test('[REFINERY-73] on a target that has moved it is built, tested and shown anew, and the yes counts no more', () => {
  const moved = message('target.moved')
  refinery(...merging)
    .when(moved)
    .gives({ state: 'building', effects: [build('mr-1')] })
  const rebuilt = { ...built, commit: HEAD, tree: BASE }
  refinery(...merging, moved, rebuilt)
    .when({ ...green, tree: BASE })
    .gives({ state: 'idle', tells: [[PULL, { type: 'pull.propose', commit: HEAD }], aside], effects: [] })
})

describe('[REFINERY-74] a forge that does not merge', () => {
  test('after its yes is asked again, and others go on', () => {
    const not = message('pull.notMerged')
    refinery(...merging)
      .when(not)
      .gives({ state: 'idle', tells: [[PULL, { type: 'pull.propose', commit: COMMIT }], aside] })
    refinery(...merging, not)
      .when(yes)
      .gives({ state: 'landing', effects: [merge] })
  })

  test('because it cannot be reached is asked whether it has, with the same commit', () => {
    const refused = message('target.refused')
    refinery(...merging)
      .when(refused)
      .gives({ state: 'held' })
    refinery(...merging, refused)
      .when(after('hold', 'refinery.held'))
      .gives({ state: 'landing', effects: [merge] })
  })
})

test('[REFINERY-75] when the rig lands in another way nothing more is asked of the forge', () => {
  refinery(...shown)
    .when(configured)
    .gives({
      state: 'building',
      tells: [
        [PULL, { type: 'pull.withdraw' }],
        [MERGE_REQUEST, { type: 'mr.build' }],
        [`beads/${BEAD}`, { type: 'bead.test' }],
      ],
      effects: [build('mr-1')],
    })
})

test('[REFINERY-75] when a request is taken out of the queue, or another of its bead comes, its pull request is asked about no more', () => {
  const withdrawn = [PULL, { type: 'pull.withdraw' }] as const
  refinery(...shown)
    .when({ ...message('refinery.reject'), mergeRequest: MERGE_REQUEST })
    .gives({
      state: 'idle',
      tells: [
        withdrawn,
        [MERGE_REQUEST, { type: 'mr.reject' }],
        [`${RIG}/witness`, { type: 'MERGE_REJECTED' }],
      ],
      effects: [],
    })
  refinery(...shown)
    .when({ ...ready, sandbox: 'shop/polecats/slit/sandboxes/4' })
    .gives({
      tells: [
        [`${RIG}/merge-requests/mr-2`, { type: 'mr.submit' }],
        withdrawn,
        [MERGE_REQUEST, { type: 'mr.supersede' }],
        [`${RIG}/merge-requests/mr-2`, { type: 'mr.build' }],
        [`beads/${BEAD}`, { type: 'bead.test' }],
      ],
    })
})

test('[REFINERY-76] a forge alone says nothing of the work: a rig without a gate lands nothing', () => {
  refinery({ ...throughPull, gates: [] })
    .when(ready)
    .gives({ state: 'unguarded', facts: [{ type: 'LandingWaits', code: 'RIG_HAS_NO_GATE' }] })
})

test('[REFINERY-70] the method is asked for when it is built; a forge makes its merge commit itself', () => {
  const asked = (landing: object) => refinery({ ...configured, landing }).when(ready)
  asked({ method: 'rebase' }).gives({ effects: [['merge.build', { method: 'rebase' }]] })
  asked({ method: 'merge' }).gives({ effects: [['merge.build', { method: 'merge' }]] })
  refinery({ ...configured, landing: { ...landing, method: 'merge' } }, ready, built, green)
    .when(yes)
    .gives({ effects: [['pull.merge', { method: 'merge' }]] })
})
