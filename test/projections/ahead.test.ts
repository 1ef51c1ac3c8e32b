// How often what was tested ahead was of use.

import { expect, test } from 'vitest'
import type { Fact } from '../../src/events/index.ts'
import { aheadReport, createAhead } from '../../src/projections/ahead.ts'
import { SAMPLES } from '../support/facts.ts'
import { History } from '../support/records.ts'

test('[AHEAD-2, AHEAD-4] runs ahead are counted by what came of them, and those of use besides', () => {
  const projection = createAhead()
  const history = new History()
  const of = (fact: Fact) => projection.apply(history.add('shop/ahead', [fact]))
  const { StackTestedAhead, StackAheadUsed } = SAMPLES
  for (const outcome of ['passed', 'passed', 'red', 'cancelled'] as const)
    of({ ...StackTestedAhead, outcome })
  of(StackAheadUsed)
  of({ ...StackTestedAhead, rig: 'barn', outcome: 'failed', durationMs: 0 })
  expect(aheadReport(projection.rows)).toEqual([
    expect.objectContaining({ rig: 'barn', runs: 1, failed: 1, used: 0, meanMs: 0 }),
    {
      rig: 'shop',
      runs: 4,
      passed: 2,
      red: 1,
      conflicted: 0,
      cancelled: 1,
      failed: 0,
      used: 1,
      meanMs: 1_200,
    },
  ])
  expect(aheadReport(projection.rows, { rig: 'barn' })).toHaveLength(1)
})
