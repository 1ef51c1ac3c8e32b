import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nameProblem } from '../../src/events/names.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import { ENV, sh, snapshot, tempFolder, town } from './town.ts'

const BAD = [
  ...[
    '',
    '-x',
    '--upload-pack=x',
    '..',
    '.',
    '../x',
    'a/../b',
    'a..b',
    '@{-1}',
    '@',
    'x@{1}',
    'HEAD',
    'refs/heads/x',
  ],
  ...[
    'a\0b',
    'a\nb',
    'a\tb',
    'a b',
    '\u202Ecod',
    'a\u200Bb',
    'x'.repeat(300),
    '/abs',
    'a//b',
    'a/',
    'x.lock',
    'a/.b',
  ],
  ...[
    'a/-b',
    '.hidden',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '$(id)',
    '`id`',
    'a;b',
    'a|b',
    'a&b',
    '"a"',
  ],
]

test('[GIT-10] a name that would be a bad path, ref or option has a problem, whatever it names', () => {
  for (const kind of ['rig', 'bead', 'agent', 'branch', 'target'] as const) {
    for (const name of BAD) expect([kind, name, nameProblem(kind, name)]).not.toEqual([kind, name, null])
  }
  // A slash makes another folder of a rig, and is ordinary in a branch.
  expect(nameProblem('rig', 'a/b')).not.toBeNull()
})

test('[GIT-10] ordinary names have no problem', () => {
  for (const name of ['main', 'feature/x-1', 'polecat/nux/sh-4f', 'release/1.2', 'ünï', 'a@b']) {
    expect(nameProblem('branch', name)).toBeNull()
    expect(sh('/', 'check-ref-format', '--branch', name)).toBe(name)
  }
  expect(nameProblem('rig', 'hermes')).toBeNull()
  expect(nameProblem('bead', 'bd-a3f8.1')).toBeNull()
})

test('[GIT-10] what is wrong is told in one printable line', () => {
  for (const name of BAD) expect(nameProblem('rig', name) ?? '').toMatch(/^The rig name "[^\n\p{C}]*" .*\.$/u)
})

test('[GIT-10] bad names are refused by each operation with NAME_INVALID, and nothing is touched', async () => {
  const t = await town()
  const before = snapshot(t.dir)
  const path = t.worktree('nux')
  const add = { ...t.at, path, branch: 'ok', source: null, copy: [], setup: null, env: ENV }
  for (const bad of BAD) {
    const calls: Promise<unknown>[] = [
      t.repos.addWorktree({ ...add, branch: bad }),
      t.repos.addWorktree({ ...add, target: bad }),
      t.repos.addWorktree({ ...add, rig: bad }),
      t.repos.targetHead({ ...t.at, target: bad }),
      t.repos.checkpoint({ rig: t.at.rig, path, branch: 'ok', name: bad }),
      t.repos.inspectRig({ source: t.home, local: true, target: bad }),
      t.repos.runGates({ rig: t.at.rig, commit: bad, setup: null, gates: [], env: ENV }),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      expect([bad, outcome]).toMatchObject([bad, { status: 'rejected', reason: { code: 'NAME_INVALID' } }])
    }
  }
  for (const bad of [
    '/etc/x',
    '../../x',
    '..',
    'repo.git',
    'repo.git/objects',
    'refinery',
    'refinery/tree',
    '.',
  ]) {
    await expect(t.repos.addWorktree({ ...add, path: bad })).rejects.toMatchObject({ code: 'NAME_INVALID' })
  }
  expect(snapshot(t.dir)).toEqual(before)
})

test('[GIT-10] an address that is an option or a remote helper starts nothing', async () => {
  const folder = tempFolder()
  const repos = createRepositories(folder)
  const canary = join(folder, 'canary')
  for (const source of [
    `ext::touch ${canary}`,
    `--upload-pack=touch ${canary}`,
    '-u',
    '',
    'a\nb',
    `fd::${canary}`,
  ]) {
    await expect(repos.inspectRig({ source, local: false, target: null })).rejects.toMatchObject({
      code: 'NAME_INVALID',
    })
  }
  expect(existsSync(canary)).toBe(false)
  expect(readdirSync(folder)).toEqual([])
})
