import { expect, test } from 'vitest'
import type { GateResultData } from '../../src/events/define.ts'
import { createGates, gateReport } from '../../src/projections/gates.ts'
import { gateResult, message, RIG } from '../support/messages.ts'
import { History, objectName } from '../support/records.ts'

type Run = readonly [tree: string, ...results: Partial<GateResultData>[]]

const A = objectName('a')
const B = objectName('b')

function fold(...runs: readonly Run[]) {
  const projection = createGates()
  const history = new History()
  for (const [tree, ...results] of runs) {
    const record = history.add(`${RIG}/refinery`, [])
    const whole = results.map((more) => ({ ...gateResult('passed'), version: 'v1', ...more }))
    projection.apply({ ...record, message: message('gates.ran', { tree, results: whole }) as never })
  }
  return projection
}
const red = { outcome: 'failed', exitCode: 1 } as const
const tests = (...names: string[]) => ({ tests: { ran: 9, red: names, skipped: 0, complete: true } })
const known = { cached: { at: '2027-03-01T08:00:00.000Z', durationMs: 7 } }

test('[PR-28] of each version of a gate its runs, reds and what did not run are counted', () => {
  const { rows } = fold(
    [A, {}, { name: 'lint', ...red, required: false, kind: 'lint' }],
    [B, red],
    [B, { outcome: 'timedOut', exitCode: null, durationMs: 600 }],
    [B, { outcome: 'notStarted', exitCode: null }],
    [B, { outcome: 'skipped', exitCode: null }],
    [A, known],
    [A, { version: 'v2' }],
  )
  expect(gateReport(rows)).toMatchObject([
    { gate: 'lint', version: 'v1', kind: 'lint', required: false, runs: 1, red: 1, redRate: 1, flaky: 0 },
    { gate: 'test', version: 'v2', runs: 1, passed: 1, red: 0, lastTree: A },
    {
      ...{ rig: RIG, gate: 'test', version: 'v1', runs: 4, passed: 1, red: 2, timedOut: 1, notStarted: 1 },
      ...{ skipped: 1, cached: 1, flaky: 0, redRate: 0.5, meanMs: 280, lastOutcome: 'passed' },
    },
  ])
  expect(gateReport(rows, { rig: 'barn' })).toEqual([])
})

test('[PR-29] flaky is what was red and then green on the very same tree, by the same definition, having run', () => {
  const flakyOf = (...runs: Run[]) => gateReport(fold(...runs).rows).map(({ flaky }) => flaky)
  expect(flakyOf([A, red], [A, {}])).toEqual([1])
  expect(flakyOf([A, red], [A, red], [A, {}], [A, {}])).toEqual([1])
  expect(flakyOf([A, red], [B, {}])).toEqual([0])
  expect(flakyOf([A, {}], [A, red])).toEqual([0])
  expect(flakyOf([A, red], [A, known])).toEqual([0])
  expect(flakyOf([A, red], [A, { outcome: 'notStarted' }], [A, { outcome: 'skipped' }])).toEqual([0])
  expect(flakyOf([A, red], [A, { version: 'v2' }])).toEqual([0, 0])
})

test('[PR-29] the same holds for each test of which a report says that it was red', () => {
  const of = (...runs: Run[]) =>
    gateReport(fold(...runs).rows)[0]?.tests.map(({ name, red, flaky }) => [name, red, flaky])
  expect(of([A, { ...red, ...tests('a', 'b') }], [A, tests()])).toEqual([
    ['a', 1, 1],
    ['b', 1, 1],
  ])
  // The gate is red both times, and one test was not.
  expect(of([A, { ...red, ...tests('a', 'b') }], [A, { ...red, ...tests('b') }], [A, {}])).toEqual([
    ['b', 2, 1],
    ['a', 1, 1],
  ])
  // Without a report of the second run nobody knows which test was green in it.
  expect(of([A, { ...red, ...tests('a') }], [A, red])).toEqual([['a', 1, 0]])
})

test('[PR-28] [PR-3] rows stay few, and are the same when they were saved and loaded', () => {
  const many = Array.from(
    { length: 60 },
    (_, n): Run => [
      n.toString(16).padStart(40, '0'),
      { ...red, ...tests(`only ${n}`, `also ${n}`) },
      { name: 'lint', version: `v${n}` },
    ],
  )
  const projection = fold(...many)
  const items = gateReport(projection.rows)
  expect(items.filter(({ gate }) => gate === 'lint').map(({ version }) => version)).toHaveLength(20)
  expect(items.at(-1)?.tests).toHaveLength(100)
  expect(projection.rows.get(`${RIG} test v1`)?.redTrees).toHaveLength(50)
  const again = createGates()
  again.load(JSON.parse(JSON.stringify(projection.save())))
  expect(again.rows).toEqual(projection.rows)
})
