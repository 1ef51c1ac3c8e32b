import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { cut, table, widthOf } from '../../src/cli/layout.ts'
import { safe } from '../../src/cli/sanitize.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** What the commands that agents use all the time load at once: one run of gt, and each of them. */
const HOT = [
  'src/cli/main.ts',
  'src/cli/run.ts',
  'src/client/session.ts',
  'hook',
  'prime',
  'done',
  'report',
].map((file) => (file.endsWith('.ts') ? join(ROOT, file) : join(ROOT, 'src/cli/commands', `${file}.ts`)))

function loaded(file: string, seen: Map<string, string[]>): void {
  if (seen.has(file)) return
  const names = Array.from(
    readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type\b)[^'"]*?from '([^']+)'/gm),
    ([, name]) => name as string,
  )
  seen.set(file, names)
  for (const name of names) if (name.startsWith('.')) loaded(join(dirname(file), name), seen)
}

test('what starts at once with a command of an agent is small: no schema, no http, nothing of npm', () => {
  const seen = new Map<string, string[]>()
  for (const file of HOT) loaded(file, seen)
  const packages = new Set([...seen.values()].flat().filter((name) => !name.startsWith('.')))
  expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([])
  expect(packages).not.toContain('node:http')
  const rooms = new Set(
    [...seen.keys()].map((file) =>
      file
        .slice(ROOT.length + 1)
        .split('/')
        .slice(0, 2)
        .join('/'),
    ),
  )
  expect([...rooms].toSorted()).toEqual(['src/cli', 'src/client', 'src/events'])
  expect(seen.size).toBeLessThan(24)
})

test('wide letters count two cells, and a cut says that it is one', () => {
  expect(widthOf('漢字')).toBe(4)
  expect(cut('漢字漢字', 5)).toBe('漢字…')
  for (const line of table(['A', 'B'], [['x'.repeat(90), 'y'.repeat(90)]]))
    expect(widthOf(line)).toBeLessThanOrEqual(80)
})

test('what a terminal would act on becomes one visible mark', () => {
  expect(safe('a\u001b[2Jb\u009bc\u202ed\te\nf\rg')).toBe('a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\te\nf\u{fffd}g')
})
