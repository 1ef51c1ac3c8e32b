import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const LAUNCHER = join(import.meta.dirname, '..', 'bin', 'gt')
const ONE_SENTENCE = /^gt: [^\n]+\.\n$/

let folder: string
let clone: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gt launcher ')))
  clone = join(folder, 'a clone')
  write(join(clone, 'dist/src/cli/main.js'), 'console.log(JSON.stringify(process.argv.slice(2)))')
  mkdirSync(join(clone, 'bin'))
  copyFileSync(LAUNCHER, join(clone, 'bin/gt'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('with the pinned runtime', () => {
  beforeEach(() => pin(clone))

  test('gt runs by its path from another folder, and hands over its arguments as they came', () => {
    const { stdout, status } = run(join(clone, 'bin/gt'), ['a b', '', "it's", '$HOME', '*'])
    expect(JSON.parse(stdout)).toEqual(['a b', '', "it's", '$HOME', '*'])
    expect(status).toBe(0)
  })

  test.each(['bin/gt', './bin/gt', 'bin/../bin/gt', 'bin/./gt'])('gt runs as %s in the clone', (path) => {
    expect(run(path, ['x'], { cwd: clone }).stdout).toBe('["x"]\n')
  })

  test.each(['sh', 'bash'])('gt runs under %s', (shell) => {
    expect(run(shell, ['gt', 'x'], { cwd: join(clone, 'bin') }).stdout).toBe('["x"]\n')
  })

  test('gt runs through a chain of symbolic links, absolute and relative, under another name', () => {
    mkdirSync(join(folder, 'on path'))
    symlinkSync(join(clone, 'bin/gt'), join(folder, 'absolute'))
    symlinkSync('../absolute', join(folder, 'on path/other-name'))
    expect(run('other-name', ['x'], { path: `${join(folder, 'on path')}:/usr/bin:/bin` }).stdout).toBe(
      '["x"]\n',
    )
  })

  test('gt runs where a package manager links the whole clone into node_modules', () => {
    const bin = join(folder, 'project/node_modules/.bin')
    mkdirSync(bin, { recursive: true })
    symlinkSync('../../a clone', join(folder, 'project/node_modules/gastown'))
    symlinkSync('../gastown/bin/gt', join(bin, 'gt'))
    expect(run(join(bin, 'gt'), ['x']).stdout).toBe('["x"]\n')
  })

  test('gt replaces the shell: the process that was started is the one that runs', () => {
    write(join(clone, 'dist/src/cli/main.js'), 'console.log(process.pid, process.ppid)')
    const started = run('/bin/sh', ['-c', `echo $$; exec '${join(clone, 'bin/gt')}'`])
    const [shell, now] = started.stdout.split('\n')
    expect(now?.split(' ')[0]).toBe(shell)
  })

  test('gt adds nothing to the environment, and keeps the working directory', () => {
    write(join(clone, 'dist/src/cli/main.js'), 'console.log(JSON.stringify([process.env, process.cwd()]))')
    const [env, cwd] = JSON.parse(run(join(clone, 'bin/gt'), [], { cwd: folder }).stdout)
    // A shell may set these for itself; no other name may appear.
    const names = Object.keys(env).filter(
      (name) => !['PWD', 'OLDPWD', 'SHLVL', '_', '__CF_USER_TEXT_ENCODING'].includes(name),
    )
    expect(names).toEqual(['PATH'])
    expect(cwd).toBe(folder)
  })

  test('the exit code of gt is that of the command', () => {
    write(join(clone, 'dist/src/cli/main.js'), 'process.exit(124)')
    expect(run(join(clone, 'bin/gt'), []).status).toBe(124)
  })

  test('a clone that was not built is one sentence that says what to do', () => {
    rmSync(join(clone, 'dist'), { recursive: true })
    const { stdout, stderr, status } = run(join(clone, 'bin/gt'), ['status'])
    expect(stderr).toMatch(ONE_SENTENCE)
    expect(stderr).toContain('npm ci')
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
  })
})

test('gt finds a runtime that npm put beside the package', () => {
  const installed = join(folder, 'project/node_modules/gastown')
  write(join(installed, 'dist/src/cli/main.js'), 'console.log(process.execPath)')
  mkdirSync(join(installed, 'bin'))
  copyFileSync(LAUNCHER, join(installed, 'bin/gt'))
  pin(join(folder, 'project'))
  expect(run(join(installed, 'bin/gt'), []).stdout).toContain('node')
})

describe('without the pinned runtime', () => {
  test.each(['v22.18.0', 'v24.0.0', 'v26.10.0'])('a node on PATH of %s does', (version) => {
    const path = nodeOnPath(version)
    expect(run(join(clone, 'bin/gt'), ['x'], { path }).stdout).toContain('dist/src/cli/main.js x')
  })

  test.each(['v20.20.2', 'v22.17.1', 'v18.0.0'])(
    'a node on PATH of %s is too old, said in one sentence',
    (version) => {
      const { stdout, stderr, status } = run(join(clone, 'bin/gt'), ['x'], { path: nodeOnPath(version) })
      expect(stderr).toMatch(ONE_SENTENCE)
      expect(stderr).toContain(version)
      expect(stderr).toContain('22.18')
      expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
    },
  )

  test('no node at all is one sentence that says what to do', () => {
    const { stdout, stderr, status } = run(join(clone, 'bin/gt'), ['x'], { path: join(folder, 'nothing') })
    expect(stderr).toMatch(ONE_SENTENCE)
    expect(stderr).toContain('npm ci')
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
  })
})

test('a package whose runtime was held back by npm says how to approve it', () => {
  const bin = join(folder, 'project/node_modules/gastown/bin')
  write(join(bin, '../dist/src/cli/main.js'), '')
  mkdirSync(bin)
  copyFileSync(LAUNCHER, join(bin, 'gt'))
  const { stderr, status } = run(join(bin, 'gt'), [], { path: nodeOnPath('v20.20.2') })
  expect(stderr).toMatch(ONE_SENTENCE)
  expect(stderr).toContain(`npm rebuild node\` in ${join(folder, 'project')},`)
  expect(status).toBe(1)
})

/** The runtime where npm puts it; these tests stand in the one that runs them. */
function pin(root: string): void {
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true })
  symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'))
}

/** A folder with a `node` that says it is `version`, and otherwise prints its arguments. */
function nodeOnPath(version: string): string {
  const node = join(folder, 'path', 'node')
  write(node, `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo "$@"; fi\n`)
  chmodSync(node, 0o755)
  return dirname(node)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function run(program: string, args: readonly string[], at: { cwd?: string; path?: string } = {}) {
  const { path = '/usr/bin:/bin', cwd = folder } = at
  // The shell is found through `path` where a test names a program without a folder.
  return spawnSync(program, args, { cwd, env: { PATH: path }, encoding: 'utf8' })
}
