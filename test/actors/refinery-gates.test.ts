// What the results of gates mean to a Refinery: required or not, run, skipped or known.

import { test } from 'vitest'
import type { GateResultData } from '../../src/events/define.ts'
import { decisions } from '../support/decisions.ts'
import { BASE, COMMIT, configured, gateResult, MERGE_REQUEST, message, RIG } from '../support/messages.ts'

const refinery = () => decisions(`${RIG}/refinery`)
const ready = message('MERGE_READY')
const built = message('merge.built')
const advanced = message('target.advanced')
const [check] = configured.gates
const gates = (...all: object[]) => ({
  ...configured,
  gates: all.map((more) => ({ name: 'test', command: ['npm', 'test'], timeoutMs: 1, ...check, ...more })),
})
const ran = (...results: GateResultData[]) => message('gates.ran', { results })
const result = (outcome: 'passed' | 'failed' | 'notStarted', more: Partial<GateResultData> = {}) => ({
  ...gateResult(outcome),
  ...more,
})
const style = { name: 'style', required: false }

test('[REFINERY-60] [P8] the red of a gate that is not required lands all the same, and is told', () => {
  const both = gates({}, style)
  const shown = [result('passed'), result('failed', style)]
  refinery()
    .given(both, ready, built)
    .when(ran(...shown))
    .gives({
      state: 'landing',
      tells: [[MERGE_REQUEST, { type: 'mr.push', results: shown }]],
      effects: [['target.push', { commit: COMMIT }]],
    })
  refinery()
    .given(both, ready, built)
    .when(ran(result('passed'), result('notStarted', style)))
    .gives({ state: 'landing' })
  // It has to have run, though.
  refinery()
    .given(both, ready, built)
    .when(ran(result('passed')))
    .gives({ state: 'building' })
  refinery()
    .given(both, ready, built)
    .when(ran(result('failed'), result('passed', style)))
    .gives({ state: 'checking' })
})

test('[REFINERY-61] [P8] gates that are not required are none: nothing lands', () => {
  refinery()
    .given(gates(style))
    .when(ready)
    .gives({ state: 'unguarded', facts: [{ type: 'LandingWaits', code: 'RIG_HAS_NO_GATE' }] })
})

test('[REFINERY-62] [P8] a gate that was skipped has passed if it runs for some paths, and in no other case', () => {
  const skipped = { ...result('passed'), outcome: 'skipped' as const, exitCode: null }
  const some = { paths: ['src'] }
  refinery()
    .given(gates(some), ready)
    .when(built)
    .gives({ state: 'testing', effects: [['gates.run', { commit: COMMIT, base: BASE, gates: [some] }]] })
  refinery().given(gates(some), ready, built).when(ran(skipped)).gives({ state: 'landing' })
  refinery().given(gates({}), ready, built).when(ran(skipped)).gives({ state: 'building' })
})

test('[REFINERY-63] what landed by gates for some paths says nothing of the whole target: it is tested before anybody is blamed', () => {
  const next = { ...ready, bead: 'sh-2', sandbox: `${RIG}/polecats/ace/sandboxes/1` }
  const second = { mergeRequest: `${RIG}/merge-requests/mr-2` }
  const upon = { ...built, ...second, base: COMMIT }
  const red = { ...ran(result('failed')), ...second }
  const landed = [ready, built, ran(result('passed')), advanced, next, upon]
  refinery()
    .given(gates({ paths: ['src'] }), ...landed)
    .when(red)
    .gives({ state: 'checking', effects: [['gates.run', { mergeRequest: null, commit: COMMIT }]] })
  refinery()
    .given(gates({}), ...landed)
    .when(red)
    .gives({ state: 'idle' })
  const ofBase = { ...ran(result('failed')), mergeRequest: null, tree: BASE }
  const mends = message('refinery.fixes', { bead: ready.bead, fixes: true })
  const fixed = [ready, built, ran(result('failed')), ofBase, mends, built, ran(result('passed'))]
  refinery()
    .given(gates({ paths: ['src'] }), ...fixed)
    .when(advanced)
    .gives({ state: 'looking', effects: [['target.look', {}]] })
})
