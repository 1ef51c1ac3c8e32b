import { expect, test } from 'vitest'
import { compareTags } from '../../scripts/spec-tags.ts'

const spec = (text: string, path = 'src/run/SPEC.md') => ({ path, text })
const tests = (text: string) => [{ path: 'test/run.test.ts', text }]
const RULES = [
  spec('# Run\n- **R3** Usage above the budget halts the run.\n* **BEAD-4** A bead is closed once.\n'),
]

test('rules and tags that name each other are no problem', () => {
  const text =
    "test('[R3] usage above', f)\ndescribe(`[BEAD-4][P2] a bead`, f)\ntest.each(rows)(\n  '[R3, P1] %s', f)"
  expect(compareTags(RULES, tests(text))).toEqual([])
})

test('a rule that no test is named for is reported with its file', () => {
  const problems = compareTags(RULES, tests("test('[R3] usage', f)"))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/src\/run\/SPEC\.md.*BEAD-4/)
})

test('a tag outside the name of a test does not count', () => {
  expect(
    compareTags([spec('- **R3** x')], tests("test('usage', f) // [R3]\nconst a = ['[R3]']")),
  ).toHaveLength(1)
})

test('a tag that names neither rule nor promise is reported', () => {
  const problems = compareTags([], tests("test('[R9] [P10] [P11] x', f)"))
  expect(problems.map((problem) => problem.match(/\[(\w+)\]/)?.[1])).toEqual(['R9', 'P11'])
})

test('an id that two specifications declare is reported', () => {
  const problems = compareTags(
    [spec('- **R1** x'), spec('- **R1** y', 'src/other/SPEC.md')],
    tests("test('[R1] x', f)"),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/src\/other\/SPEC\.md.*src\/run\/SPEC\.md/)
})

test('a rule mentioned inside a sentence is no declaration', () => {
  expect(compareTags([spec('- As **R7** says, nothing happens.\nSee **R8**.')], [])).toEqual([])
})
