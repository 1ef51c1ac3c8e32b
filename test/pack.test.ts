import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
/** What may be in the package besides files without an extension. Nothing of it has to be built. */
const EXTENSIONS = new Set([
  '',
  '.js',
  '.mjs',
  '.json',
  '.md',
  '.html',
  '.css',
  '.svg',
  '.png',
  '.mmd',
  '.toml',
])

let folder: string
let files: string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gt-pack-'))
  // Without scripts: dist/ was built before the tests, and others of them are using it.
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], ROOT)
  const [tarball = ''] = readdirSync(folder)
  run('tar', ['-xzf', tarball], folder)
  const entries = readdirSync(join(folder, 'package'), { recursive: true, withFileTypes: true })
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'package/').length))
})

afterAll(() => rmSync(folder, { recursive: true }))

test('the package holds plain JavaScript and documents, and no TypeScript', () => {
  expect(files.filter((path) => !EXTENSIONS.has(extname(path)))).toEqual([])
  expect(files).toContain('dist/bundle/daemon-main.js')
})

test('nothing but bin, dist, docs and the documents of the top folder is in the package', () => {
  const strangers = files.filter((path) => !/^(bin|dist|docs)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path))
  expect(strangers).toEqual([])
})

test('the built JavaScript imports no TypeScript', () => {
  const scripts = files.filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
  // Examples in comments of packages do.
  const imports = /^(?!\s*(?:\*|\/\/)).*\b(?:from|import)\s*\(?\s*['"](\.[^'"]*\.ts)['"]/m
  expect(scripts.filter((path) => imports.test(readFileSync(join(folder, 'package', path), 'utf8')))).toEqual(
    [],
  )
})

test('a program loads nothing of npm but native addons: all else is in the bundle, with its licence', () => {
  const programs = files.filter(
    (path) => path.startsWith('dist/') && /(-main|cli\/main|host|worker)\.js$/.test(path),
  )
  const open = programs.map((path) => join(folder, 'package', path))
  const loaded = new Set<string>()
  const named = new Set<string>()
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (loaded.has(file)) continue
    loaded.add(file)
    const imports = /^(?:import|export)\b[^'"]*?["']([^'"]+)["']|^(?!\s*(?:\*|\/\/)).*\bimport\("([^"]+)"\)/gm
    for (const [, fixed, late] of readFileSync(file, 'utf8').matchAll(imports)) {
      const name = fixed ?? late ?? ''
      if (name.startsWith('.')) open.push(join(file, '..', name))
      else if (!isBuiltin(name)) named.add(name)
    }
  }
  expect(loaded.size).toBeGreaterThan(100)
  expect([...named].toSorted()).toEqual(['classic-level', 'node-pty'])
  expect(readFileSync(join(folder, 'package/dist/bundle/LICENSES.md'), 'utf8')).toMatch(
    /^## zod \S+ \(MIT\)/m,
  )
})

test('gt is executable in the package', () => {
  expect(statSync(join(folder, 'package/bin/gt')).mode & 0o111).toBe(0o111)
})

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
