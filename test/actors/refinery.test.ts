import { describe, test } from 'vitest'
import { HOLD_MS, HOLD_MS_MAX } from '../../src/actors/refinery/refinery.machine.ts'
import { after, decisions } from '../support/decisions.ts'
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
const ready = message('MERGE_READY')
const other = samplesOf('MERGE_READY')[1] ?? ready
const built = message('merge.built')
const ran = (...results: ReturnType<typeof gateResult>[]) => message('gates.ran', { results })
const green = ran(gateResult('passed'))
const red = ran(gateResult('failed'))
/** The base that it stands on passes by itself. */
const baseGreen = { ...green, mergeRequest: null, tree: BASE }
const advanced = message('target.advanced')
const conflicted = message('merge.conflicted')
const moved = message('target.moved')
const dirty = message('target.dirty')
const notBuilt = message('merge.notBuilt')
const retry = message('refinery.retry')
const holdOver = after('hold', 'refinery.held')
const noGates = { ...configured, gates: [] }
const building = [configured, ready]
const testing = [...building, built]
const landing = [...testing, green]
const witnessed = (type: string, fields: object = {}) =>
  [`${RIG}/witness`, { type, bead: BEAD, sandbox: SANDBOX, mergeRequest: MERGE_REQUEST, ...fields }] as const
const waits = (code: string) => ({ type: 'LandingWaits', mergeRequest: MERGE_REQUEST, bead: BEAD, code })
const mr = (type: string, fields: object = {}) => [MERGE_REQUEST, { type, ...fields }] as const
const bead = (type: string, fields: object = {}) => [`beads/${BEAD}`, { type, ...fields }] as const
const build = ['merge.build', { mergeRequest: MERGE_REQUEST, target: 'main', head: HEAD }] as const

describe('the queue', () => {
  test('[REFINERY-1] one request after the other, in the order in which they came', () => {
    refinery()
      .given(configured)
      .when(ready)
      .gives({
        state: 'building',
        tells: [mr('mr.submit', { bead: BEAD }), mr('mr.build'), bead('bead.test')],
        effects: [build],
      })
    const second = `${RIG}/merge-requests/mr-2`
    refinery()
      .given(...building)
      .when(other)
      .gives({ state: 'building', tells: [[second, { type: 'mr.submit' }]], effects: [] })
    refinery()
      .given(...landing, other)
      .when(advanced)
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: second }]] })
  })

  test('[REFINERY-1] one that comes back has a new place and its old number', () => {
    refinery()
      .given(...building, other, conflicted)
      .when(ready)
      .gives({
        state: 'building',
        tells: [mr('mr.submit')],
        context: { current: `${RIG}/merge-requests/mr-2` },
      })
  })

  test('[REFINERY-13] a request is in the queue once', () => {
    const changed = { ...ready, head: COMMIT }
    refinery()
      .given(...building)
      .when(changed)
      .gives({ refused: 'MERGE_QUEUED' })
    refinery().given(configured, other, ready).when(changed).gives({ refused: 'MERGE_QUEUED' })
  })

  test('[REFINERY-12] the last attempt is said to be the last', () => {
    refinery()
      .given(...testing, red)
      .when(baseGreen)
      .gives({ tells: [mr('mr.fail'), witnessed('MERGE_FAILED', { attempts: 1, last: false })] })
    refinery()
      .given(...testing, red, baseGreen, ready, built)
      .when(red)
      .gives({ tells: [mr('mr.fail'), witnessed('MERGE_FAILED', { attempts: 2, last: true })] })
  })
})

describe('what may land', () => {
  test('[REFINERY-2][P8] without a gate nothing lands until there is one', () => {
    refinery()
      .given(noGates)
      .when(ready)
      .gives({
        state: 'unguarded',
        facts: [waits('RIG_HAS_NO_GATE')],
        tells: [mr('mr.submit'), mr('mr.wait', { code: 'RIG_HAS_NO_GATE' })],
        effects: [],
      })
    refinery()
      .given(noGates, ready)
      .when(configured)
      .gives({
        state: 'building',
        facts: [{ type: 'RefineryConfigured' }, { type: 'LandingResumed' }],
        effects: [build],
      })
    refinery().given(noGates, ready).when(noGates).gives({ state: 'unguarded', effects: [] })
    refinery().when(ready).gives({ state: 'unguarded' })
  })

  test('[REFINERY-2] a rig that lands ungated was said to', () => {
    refinery()
      .given({ ...noGates, ungated: true }, ready)
      .when(built)
      .gives({ state: 'landing', effects: [['target.push', { commit: COMMIT }]] })
  })

  test('[REFINERY-3][P8] what passed every gate is pushed, on the base that it was built upon', () => {
    refinery()
      .given(...building)
      .when(built)
      .gives({ state: 'testing', effects: [['gates.run', { commit: COMMIT, gates: [{ name: 'test' }] }]] })
    refinery()
      .given(...testing)
      .when(green)
      .gives({
        state: 'landing',
        tells: [mr('mr.push', { results: [gateResult('passed')] })],
        effects: [['target.push', { base: BASE, commit: COMMIT, head: HEAD }]],
      })
    refinery()
      .given(...testing)
      .when(ran())
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...testing)
      .when(ran(gateResult('passed'), gateResult('failed', 'lint')))
      .gives({ state: 'checking', effects: [['gates.run', { commit: BASE }]] })
  })

  test('[REFINERY-4] a red gate and one that timed out are told with name and log', () => {
    refinery()
      .given(...testing, red)
      .when(baseGreen)
      .gives({
        state: 'idle',
        tells: [
          mr('mr.fail', { gate: 'test', message: 'test ended with exit code 1.' }),
          witnessed('MERGE_FAILED', { gate: 'test', logTail: 'not ok 1' }),
        ],
      })
    refinery()
      .given(...testing, ran(gateResult('timedOut')))
      .when(baseGreen)
      .gives({ tells: [mr('mr.fail', { message: 'test did not end in time.' }), witnessed('MERGE_FAILED')] })
  })

  test('[REFINERY-5] a conflict, and nothing left to land, are rework', () => {
    refinery()
      .given(...building)
      .when(conflicted)
      .gives({
        state: 'idle',
        tells: [mr('mr.conflict'), witnessed('REWORK_REQUEST', { conflictFiles: ['cart.js'], last: false })],
      })
    refinery()
      .given(...building)
      .when(message('merge.empty'))
      .gives({ state: 'idle', tells: [mr('mr.conflict', { files: [] }), witnessed('REWORK_REQUEST')] })
  })

  test('[REFINERY-35] what is gone, and what git refuses, goes back with what git says; anything else is held', () => {
    for (const code of ['BRANCH_MISSING', 'WORK_UNUSABLE'])
      refinery()
        .given(configured, ready)
        .when({ ...notBuilt, code, message: 'git refuses it' })
        .gives({
          state: 'idle',
          tells: [
            mr('mr.conflict', { files: [] }),
            witnessed('REWORK_REQUEST', { conflictFiles: [], note: 'git refuses it', attempts: 1 }),
          ],
        })
    refinery()
      .given(configured, ready)
      .when({ ...notBuilt, code: 'REMOTE_UNREACHABLE' })
      .gives({ state: 'held' })
  })

  test('[REFINERY-10] what says nothing of the work holds it', () => {
    refinery()
      .given(...testing)
      .when(ran(gateResult('notStarted')))
      .gives({ state: 'held', facts: [waits('GATE_NOT_STARTED')] })
    refinery()
      .given(...testing)
      .when({ ...green, tree: BASE })
      .gives({ state: 'held', facts: [waits('TREE_DIFFERS')] })
  })

  test('[REFINERY-11][P8] gates that change meanwhile are those that count', () => {
    const two = samplesOf('refinery.configure')[3] ?? configured
    refinery()
      .given(...testing, two)
      .when(green)
      .gives({ state: 'building', effects: [build] })
    refinery()
      .given(...testing, noGates)
      .when(green)
      .gives({ state: 'unguarded', effects: [] })
    refinery()
      .given(...building, noGates)
      .when(built)
      .gives({ state: 'unguarded', effects: [] })
    refinery()
      .given(...building, notBuilt)
      .when(noGates)
      .gives({ state: 'unguarded' })
  })
})

describe('landing', () => {
  test('[REFINERY-6] request and bead land in one turn, then the Witness is told', () => {
    refinery()
      .given(...landing)
      .when(advanced)
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetAdvanced', from: BASE, to: COMMIT, mergeRequest: MERGE_REQUEST }],
        tells: [
          mr('mr.land', { commit: COMMIT, tree: TREE, proof: 'patch-id p1' }),
          bead('bead.land', { commit: COMMIT, agent: AGENT }),
          witnessed('MERGED', { commit: COMMIT }),
        ],
      })
  })

  test('[REFINERY-7] a target that moved is built upon again', () => {
    refinery()
      .given(...landing)
      .when(moved)
      .gives({
        state: 'building',
        tells: [mr('mr.requeue'), mr('mr.build'), bead('bead.test')],
        effects: [build],
      })
  })

  const NOT_PUSHED = [
    [dirty, 'TARGET_CHECKED_OUT_DIRTY'],
    [message('target.refused'), 'TARGET_REFUSED'],
  ] as const

  test.each(NOT_PUSHED)(
    '[REFINERY-9] a push that did not succeed is tried again with the same commit: $1',
    (news, code) => {
      refinery()
        .given(...landing)
        .when(news)
        .gives({ state: 'held', facts: [waits(code)] })
      refinery()
        .given(...landing, news)
        .when(holdOver)
        .gives({ state: 'landing', effects: [['target.push', { base: BASE, commit: COMMIT }]] })
    },
  )
})

describe('new settings', () => {
  const refused = message('target.refused')
  const elsewhere = { ...configured, target: 'next' }

  test('[REFINERY-14][P8] find out first whether a push happened that was not answered', () => {
    refinery()
      .given(...landing, refused)
      .when(configured)
      .gives({ state: 'landing', effects: [['target.push', { base: BASE, commit: COMMIT }]] })
    refinery()
      .given(...landing, refused)
      .when(elsewhere)
      .gives({ state: 'building', effects: [['merge.build', { target: 'next' }]] })
    refinery()
      .given(...landing, dirty)
      .when(configured)
      .gives({ state: 'building', effects: [build] })
  })
})

describe('holding', () => {
  const timer = (delayMs: number) => [['timer', { delayMs }]] as const

  const NOT_CARRIED_OUT = [
    [building, notBuilt],
    [building, message('effect.failed', { kind: 'merge.build' })],
    [testing, message('gates.notRun')],
    [landing, message('effect.failed', { kind: 'target.push' })],
  ] as const

  test.each(NOT_CARRIED_OUT)(
    '[REFINERY-8] what could not be carried out is held with its code: $1.type',
    (given, news) => {
      refinery()
        .given(...given)
        .when(news)
        .gives({
          state: 'held',
          facts: [waits('GIT_FAILED')],
          tells: [mr('mr.wait')],
          effects: timer(HOLD_MS),
        })
    },
  )

  test('[REFINERY-8] it is tried again, each time later, at most 5 minutes', () => {
    const again = [holdOver, notBuilt]
    refinery()
      .given(...building, notBuilt)
      .when(holdOver)
      .gives({ state: 'building', effects: [build] })
    refinery()
      .given(...building, notBuilt, holdOver)
      .when(notBuilt)
      .gives({ effects: timer(2 * HOLD_MS) })
    refinery()
      .given(...building, notBuilt, ...Array.from({ length: 9 }, () => again).flat(), holdOver)
      .when(notBuilt)
      .gives({ effects: timer(HOLD_MS_MAX) })
  })

  test('[REFINERY-8] a person has it tried at once', () => {
    refinery()
      .given(...building, notBuilt)
      .when(retry)
      .gives({ state: 'building', facts: [{ type: 'LandingResumed' }], effects: [build] })
    refinery()
      .given(...landing, dirty)
      .when(retry)
      .gives({ state: 'landing' })
    refinery()
      .given(...building)
      .when(retry)
      .gives({ refused: 'NOTHING_HELD' })
  })
})

test('[REFINERY-15] told to hold, it ends what it has in hand and begins nothing', () => {
  const hold = message('refinery.hold')
  const letGo = message('refinery.letGo')
  refinery().given(configured, hold).when(ready).gives({ state: 'idle', effects: [] })
  refinery()
    .given(...landing, other, hold)
    .when(advanced)
    .gives({ state: 'idle', effects: [] })
  refinery()
    .given(...building, notBuilt, hold)
    .when(holdOver)
    .gives({ state: 'building', effects: [build] })
  refinery()
    .given(configured, hold, ready)
    .when(letGo)
    .gives({ state: 'building', effects: [build] })
})
