// The edits of the demo's agents, applied with plain git and checked by the package's own suite.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMITS } from '../../demo/package-history.ts'
import { buildPackage } from '../../demo/repositories.ts'
import { ANY_WORK } from '../../demo/work/any-work.ts'
import type { Step, Work } from '../../demo/work/edit.ts'
import { PACKAGE_WORK } from '../../demo/work/package-work.ts'

let folder: string
let repository: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-work-'))
  repository = buildPackage(folder).source
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the package', () => {
  test('has 20 commits, at least 6 source files, and ends as its files are', () => {
    expect(git('rev-list', '--count', 'main').trim()).toBe('20')
    expect(COMMITS).toHaveLength(20)
    const files = git('ls-files').trim().split('\n')
    expect(files.filter((file) => file.startsWith('src/')).length).toBeGreaterThanOrEqual(6)
    for (const file of files) {
      const own = readFileSync(new URL(`../../demo/package/${file}`, import.meta.url), 'utf8')
      expect(readFileSync(join(repository, file), 'utf8'), file).toBe(own)
    }
  })

  test('has the same history every time', () => {
    const again = mkdtempSync(join(tmpdir(), 'demo-again-'))
    try {
      buildPackage(again)
      const head = spawnSync('git', ['-C', join(again, 'till'), 'rev-parse', 'main'], {
        encoding: 'utf8',
      }).stdout
      expect(head).toBe(git('rev-parse', 'main'))
    } finally {
      rmSync(again, { recursive: true, force: true })
    }
  })

  test('has a suite of exactly 25 tests, all green', () => {
    expect(suite()).toMatchObject({ passed: 25, failed: 0 })
  })
})

test('the seven edits are green in the order in which they can land, each with a test of its own', () => {
  onBranch('all', () => {
    let passed = 25
    for (const work of PACKAGE_WORK) {
      apply([...work.steps, ...(work.corrections ?? [])])
      const result = suite()
      expect(result.failed, work.title).toBe(0)
      expect(result.passed, work.title).toBeGreaterThan(passed)
      passed = result.passed
    }
  })
})

test('the first submission of one bead breaks an assertion that was there before', () => {
  onBranch('red', () => {
    apply(workWith(PACKAGE_WORK, ({ corrections }) => corrections !== undefined).steps)
    const { failed, output } = suite()
    expect(failed).toBeGreaterThan(0)
    expect(output).toContain('ten percent off ten is nine')
  })
})

test('the first two beads change the same lines, whichever lands first, and each goes on top of the other', () => {
  for (const [first, second] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [landed, late] = [PACKAGE_WORK[first], PACKAGE_WORK[second]] as [Work, Work]
    onBranch(`landed-${first}`, () => {
      apply(landed.steps)
      git('commit', '-qam', landed.title)
    })
    onBranch(`late-${first}`, () => {
      apply(late.steps)
      git('commit', '-qam', late.title)
      const merge = spawnSync(
        'git',
        ['merge-tree', '--write-tree', '--name-only', `landed-${first}`, 'HEAD'],
        {
          cwd: repository,
          encoding: 'utf8',
        },
      )
      expect(merge.status).toBe(1)
      expect(merge.stdout).toContain('src/receipt.js')
      git('checkout', '-q', `landed-${first}`)
      apply(late.steps)
      expect(suite()).toMatchObject({ failed: 0, passed: 27 })
      git('checkout', '-qf', 'main')
    })
  }
})

test.each([
  ['the package', PACKAGE_WORK],
  ['any repository', ANY_WORK],
] as const)('an edit that is done already changes nothing — %s', (_, works) => {
  onBranch('twice', () => {
    for (const work of works) {
      for (const step of work.steps) apply([step])
      for (const step of work.steps) {
        const text = readFileSync(join(repository, step.file), 'utf8')
        expect(step.apply(text), `${work.title}: ${step.say}`).toBe(text)
      }
    }
  })
})

test.each([
  ['the package', PACKAGE_WORK],
  ['any repository', ANY_WORK],
] as const)('seven beads: two need others, one is killed, one is corrected — %s', (_, works) => {
  expect(works).toHaveLength(7)
  expect(new Set(works.map(({ title }) => title)).size).toBe(7)
  expect(works.filter(({ needs }) => needs.length > 0)).toHaveLength(2)
  expect(works.slice(0, 3).filter(({ killed }) => killed)).toHaveLength(1)
  expect(works.filter(({ corrections }) => corrections !== undefined)).toHaveLength(1)
})

test('the edits for any repository are green together, and red before the correction', () => {
  onBranch('any', () => {
    for (const { steps } of ANY_WORK) apply(steps)
    expect(suite('gt-demo/*.test.mjs').failed).toBe(1)
    apply(workWith(ANY_WORK, ({ corrections }) => corrections !== undefined).corrections ?? [])
    expect(suite('gt-demo/*.test.mjs').failed).toBe(0)
  })
})

function workWith(works: readonly Work[], fits: (work: Work) => boolean): Work {
  const work = works.find(fits)
  if (work === undefined) throw new Error('There is no such work.')
  return work
}

/** Runs `body` on a new branch of main, and leaves main checked out and clean. */
function onBranch(name: string, body: () => void): void {
  git('checkout', '-qf', '-B', name, 'main')
  try {
    body()
  } finally {
    git('checkout', '-qf', 'main')
    git('clean', '-fdq')
  }
}

function apply(steps: readonly Step[]): void {
  for (const step of steps) {
    const file = join(repository, step.file)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, step.apply(readOrNull(file)))
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function suite(...args: string[]): { passed: number; failed: number; output: string } {
  const { stdout } = spawnSync(
    process.execPath,
    ['--test', '--test-isolation=none', '--test-reporter=tap', ...args],
    {
      cwd: repository,
      encoding: 'utf8',
      // Node's own runner, not a child of this one.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    },
  )
  const number = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1])
  return { passed: number('pass'), failed: number('fail'), output: stdout }
}

function git(...args: string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
  const { status, stdout, stderr } = spawnSync('git', [...author, ...args], {
    cwd: repository,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  return stdout
}
