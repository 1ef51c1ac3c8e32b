import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chartedDocuments } from '../../scripts/charts.ts'
import { describe, mermaid } from '../../src/actors/chart.ts'
import { MACHINES } from '../../src/actors/index.ts'

test.each(chartedDocuments())(
  'the charts in $path are those of the code (npm run charts)',
  ({ path, text }) => {
    expect(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')).toBe(text)
  },
)

test('a chart shows nested states, guards, delays and ends', () => {
  const bead = mermaid(MACHINES.bead)
  expect(bead).toContain('state "in_progress" as in_progress {\n    [*] --> in_progress__working\n')
  const sandbox = mermaid(MACHINES.sandbox)
  expect(sandbox).toContain('sandbox.recover [guarded]')
  expect(sandbox).toMatch(/cooling --> paused : .*after cooldown/)
  expect(sandbox).toContain('removed --> [*]')
})

test('a description is plain JSON with states, messages and delays', () => {
  for (const def of Object.values(MACHINES)) {
    const described = describe(def)
    expect(JSON.parse(JSON.stringify(described))).toEqual(described)
    expect(described.states.map(({ name }) => name)).toContain(described.initial)
  }
  expect(describe(MACHINES.session)).toMatchObject({
    initial: 'absent',
    delays: [
      { name: 'doneGrace', ms: 3_000 },
      { name: 'stopAgain', ms: 10_000 },
    ],
  })
  expect(describe(MACHINES.polecat).messages).toEqual([
    'polecat.asked',
    'polecat.hook',
    'polecat.rehook',
    'polecat.release',
  ])
})
