import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULTS } from '../../src/events/faults.ts'

const ROOT = join(import.meta.dirname, '..', '..')

test('docs/errors.md has a row for each code, with its status and what to do', () => {
  const text = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8')
  const rows = Array.from(
    text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.+) \|$/gm),
    ([, code, status, remedy]) => [code, Number(status), remedy?.replaceAll('\\|', '|')],
  )
  expect(rows.toSorted(([left], [right]) => (String(left) < String(right) ? -1 : 1))).toEqual(
    Object.entries(FAULTS)
      .map(([code, { status, remedy }]) => [code, status, remedy])
      .toSorted(([left], [right]) => (String(left) < String(right) ? -1 : 1)),
  )
})

test('each code that a machine or a route refuses with stands in the table', () => {
  const used = new Set<string>()
  for (const path of globSync('src/{actors,api,client,cli,system}/**/*.ts', { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, path), 'utf8')
    for (const [, code] of text.matchAll(/(?:refuse|Fault|SystemError)\(\s*'([A-Z][A-Z_]+)'/g))
      used.add(code as string)
  }
  expect(used.size).toBeGreaterThan(30)
  expect([...used].filter((code) => !(code in FAULTS))).toEqual([])
})

test('each remedy is one short text that ends like a sentence', () => {
  for (const [code, { remedy, status }] of Object.entries(FAULTS)) {
    expect(remedy, code).toMatch(/^\S.{10,260}\.$/)
    expect(status, code).toBeGreaterThanOrEqual(400)
  }
})
