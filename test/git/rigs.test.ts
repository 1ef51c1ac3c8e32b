import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { proposeTest } from '../../src/git/tests-proposed.ts'
import { commit, FILES, sh, snapshot, tempFolder, town, write } from './town.ts'

function repository(files: Readonly<Record<string, string>> | null = FILES): string {
  const folder = join(tempFolder(), 'shop')
  mkdirSync(folder)
  sh(folder, 'init', '-q', '-b', 'main')
  if (files !== null) commit(folder, 'first', files)
  return folder
}

const inspect = (source: string, more: { local?: boolean; target?: string } = {}) =>
  createRepositories('/nonexistent').inspectRig({
    source,
    local: more.local ?? false,
    target: more.target ?? null,
  })

describe('[GIT-11] looking at a repository before it is a rig', () => {
  test('a path with an origin lands in that origin', async () => {
    const home = repository()
    const bare = join(home, '..', 'shop.git')
    sh(home, 'clone', '-q', '--bare', home, bare)
    sh(home, 'remote', 'add', 'origin', '../shop.git')
    expect(await inspect(home)).toEqual({
      remote: { kind: 'origin', url: bare },
      source: home,
      target: 'main',
      head: sh(home, 'rev-parse', 'HEAD'),
      proposedTest: { command: ['npm', 'test'], source: 'package.json (scripts.test: node --test)' },
      branches: ['main'],
    })
    expect((await inspect(home, { local: true })).remote).toEqual({ kind: 'local', url: home })
    expect((await inspect(bare)).remote).toEqual({ kind: 'origin', url: bare })
    expect((await inspect(`file://${bare}`)).remote).toEqual({ kind: 'origin', url: bare })
  })

  test('a target that was asked for is the target, and its own tree proposes the test', async () => {
    const home = repository({ 'a.txt': 'a' })
    sh(home, 'checkout', '-qb', 'next')
    const head = commit(home, 'second', { 'go.mod': 'module x' })
    sh(home, 'checkout', '-q', 'main')
    const found = await inspect(home, { local: true, target: 'next' })
    expect(found).toMatchObject({ target: 'next', head, proposedTest: { command: ['go', 'test', './...'] } })
    expect((await inspect(home, { local: true })).proposedTest).toBeNull()
  })

  test('what cannot be a rig is refused by its own code, and nothing changes', async () => {
    const home = repository()
    const empty = repository(null)
    const plain = tempFolder()
    const inside = join(home, 'src')
    const before = [snapshot(home), snapshot(empty)]
    await expect(inspect(home)).rejects.toMatchObject({
      code: 'REMOTE_HAS_NO_ORIGIN',
      message: expect.stringContaining('--local'),
    })
    await expect(inspect(empty, { local: true })).rejects.toMatchObject({ code: 'REPOSITORY_EMPTY' })
    await expect(inspect(plain)).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' })
    await expect(inspect(inside, { local: true })).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' })
    await expect(inspect(join(home, '.git'), { local: true })).rejects.toMatchObject({
      code: 'NOT_A_REPOSITORY',
    })
    await expect(inspect('/nonexistent/x')).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' })
    await expect(inspect(home, { local: true, target: 'nope' })).rejects.toMatchObject({
      code: 'TARGET_NOT_FOUND',
    })
    await expect(inspect('http://127.0.0.1:1/x.git')).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' })
    expect([snapshot(home), snapshot(empty)]).toEqual(before)
  })

  test('a password in a URL is in no message', async () => {
    const failure = await inspect('http://ann:secret@127.0.0.1:1/x.git').catch((error: Error) => error)
    expect(JSON.stringify([failure, (failure as Error).message])).not.toContain('secret')
  })
})

test('[GIT-12] the clone leaves a local repository byte for byte as it was, and can be asked again', async () => {
  const t = await town('local')
  const before = snapshot(t.home)
  const head = sh(t.home, 'rev-parse', 'HEAD')
  expect(await t.repos.cloneRig(t.at)).toEqual({ head })
  rmSync(join(t.dir, 'rigs/hermes/refinery/ready'))
  rmSync(join(t.dir, 'rigs/hermes/repo.git/HEAD'))
  expect(await createRepositories(t.dir).cloneRig(t.at)).toEqual({ head })
  expect(sh(join(t.dir, 'rigs/hermes/repo.git'), 'rev-parse', 'refs/remotes/origin/main')).toBe(head)
  expect(snapshot(t.home)).toEqual(before)
})

test('[GIT-11] the test command is read from what a repository says of itself', () => {
  const of = (files: Record<string, string>) => proposeTest(new Map(Object.entries(files)))?.command ?? null
  expect(of({ 'package.json': '{"scripts":{"test":"vitest"}}', Makefile: 'test:\n' })).toEqual([
    'npm',
    'test',
  ])
  expect(
    of({ 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' }),
  ).toBeNull()
  expect(of({ 'package.json': '{broken' })).toBeNull()
  expect(of({ Makefile: 'all:\n\tcc\ncheck test: all\n' })).toEqual(['make', 'test'])
  expect(of({ Makefile: 'test := x\ntests: y\n.PHONY: test\n' })).toBeNull()
  expect(of({ 'Cargo.toml': '' })).toEqual(['cargo', 'test'])
  expect(of({ 'go.mod': '' })).toEqual(['go', 'test', './...'])
  expect(of({ 'pyproject.toml': '[tool.pytest.ini_options]' })).toEqual(['python', '-m', 'pytest'])
  expect(of({ 'pyproject.toml': '[project]' })).toBeNull()
})

test('[GIT-11] a repository that is read from afar proposes its test command too', async () => {
  const home = repository()
  const other = repository({ 'x.txt': '' })
  sh(home, 'clone', '-q', '--bare', home, `${home}.git`)
  sh(other, 'remote', 'add', 'origin', `${home}.git`)
  write(other, { 'go.mod': '' })
  expect((await inspect(other)).proposedTest?.command).toEqual(['npm', 'test'])
})
