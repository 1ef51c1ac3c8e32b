import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const CI = join(import.meta.dirname, '..', '..', '.ci', 'run')
const CALLS = ['ci', 'run demo', 'ci', 'test', 'run verify -- --no-tests', 'run test:agents']

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gt-ci-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('[P10] the first commands of CI are the two that a newcomer types', () => {
  const lines = readFileSync(CI, 'utf8').split('\n')
  const first = lines.indexOf('npm ci && npm run demo')
  expect(lines[first + 1]).toBe('npm ci && npm test')
  expect(lines.slice(0, first).filter((line) => !/^(#|set |npm\(\))/.test(line))).toEqual([])
})

test('CI passes when every step does', () => {
  expect(runFailingAt(0)).toEqual({ calls: CALLS, passed: true })
})

test.each([1, 2, 3, 4, 5, 6])('CI stops and fails at step %i, also on the left of an &&', (step) => {
  expect(runFailingAt(step)).toEqual({ calls: CALLS.slice(0, step), passed: false })
})

/** Runs .ci/run with an `npm` that writes down what it was asked, and fails at its n-th call. */
function runFailingAt(step: number): { calls: string[]; passed: boolean } {
  const log = join(folder, 'calls')
  writeFileSync(log, '')
  const npm = `#!/bin/sh\necho "$*" >>'${log}'\ntest "$(wc -l <'${log}')" -ne ${step}\n`
  writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 })
  const { status } = spawnSync('bash', [CI], { env: { PATH: `${folder}:/usr/bin:/bin` }, stdio: 'ignore' })
  return { calls: readFileSync(log, 'utf8').trim().split('\n'), passed: status === 0 }
}
