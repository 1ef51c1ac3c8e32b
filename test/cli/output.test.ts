import { expect, test } from 'vitest'
import { createOutput } from '../../src/cli/output.ts'

test.each`
  isTTY    | columns      | cells
  ${true}  | ${100}       | ${100}
  ${true}  | ${300}       | ${120}
  ${true}  | ${0}         | ${80}
  ${true}  | ${undefined} | ${80}
  ${false} | ${40}        | ${80}
`('a terminal ($isTTY) of $columns columns is written on as $cells', ({ isTTY, columns, cells }) => {
  const stdout = { write: () => true, isTTY, columns }
  const output = createOutput({ stdout, stderr: stdout }, { json: false, quiet: false }, {})
  expect(output.columns).toBe(cells)
})
