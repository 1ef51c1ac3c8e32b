import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const PURE_ROOMS = ['src/actors/refinery', 'src/projections', 'src/events', 'src/system']

/** What would let the core read the world, and a line that does it. */
const VIOLATIONS: Readonly<Record<string, string>> = {
  'the clock': 'export const now = Date.now()',
  'the clock by another spelling': "export const now = Date['now']()",
  'the clock taken apart': 'export const { now } = Date',
  'a date without an argument': 'export const now = new Date()',
  'a date without parentheses': 'export const now = new Date',
  'the date as text': 'export const now = Date()',
  'the monotonic clock': 'export const now = performance.now()',
  'a timer': 'setTimeout(() => {}, 1)',
  'an interval': 'setInterval(() => {}, 1)',
  'a turn of the event loop': 'setImmediate(() => {})',
  'a microtask': 'queueMicrotask(() => {})',
  'a timer behind a signal': 'export const signal = AbortSignal.timeout(1)',
  randomness: 'export const chance = Math.random()',
  'a random id': 'export const id = crypto.randomUUID()',
  'the process': 'export const pid = process.pid',
  'the environment': 'export const home = process.env.HOME',
  'the network': "export const page = fetch('http://localhost')",
  'the terminal': "console.log('x')",
  'all of it by a detour': 'export const later = globalThis.setTimeout',
  'a file': "import { readFileSync } from 'node:fs'\nexport const text = readFileSync('x')",
  'a file, loaded late': "export const fs = import('node:fs')",
  'a child process': "export { spawn } from 'node:child_process'",
  'a timer from a module': "export { setTimeout } from 'node:timers/promises'",
  'hashing from a module':
    "import { createHash } from 'node:crypto'\nexport const hash = createHash('sha256')",
}

const ALLOWED = `export const later = (at: string): Date => new Date(Date.parse(at) + Date.UTC(1970, 0, 2))
export const twice = (n: number): number => Math.round(n * 2)
`

const slug = (name: string) => name.replaceAll(/\W+/g, '-')

let folder: string
/** For each planted file that breaks a rule, what was said about it. */
let reported: Map<string, string[]>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gt-purity-'))
  for (const file of ['biome.json', 'purity.grit', '.gitignore'])
    copyFileSync(join(ROOT, file), join(folder, file))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const room of [...PURE_ROOMS, 'src/git']) {
    for (const [name, line] of Object.entries(VIOLATIONS)) plant(`${room}/${slug(name)}.ts`, `${line}\n`)
    plant(`${room}/allowed.ts`, ALLOWED)
  }
  reported = lint()
})

afterAll(() => rmSync(folder, { recursive: true }))

describe.each(PURE_ROOMS)('[P3] in %s', (room) => {
  test.each(Object.keys(VIOLATIONS))('%s is an error', (name) => {
    expect(reported.get(`${room}/${slug(name)}.ts`)).toBeDefined()
  })

  test('a time that came in with a message may be computed with', () => {
    expect(reported.get(`${room}/allowed.ts`)).toBeUndefined()
  })
})

test('a room at the edge may read the world', () => {
  expect([...reported.keys()].filter((path) => path.startsWith('src/git/'))).toEqual([])
})

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function lint(): Map<string, string[]> {
  const biome = join(ROOT, 'node_modules', '.bin', 'biome')
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error']
  const { stdout } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  const found = new Map<string, string[]>()
  for (const { category, location } of JSON.parse(stdout).diagnostics) {
    const path = typeof location.path === 'string' ? location.path : location.path.file
    found.set(path, [...(found.get(path) ?? []), category])
  }
  return found
}
