import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { commit, ENV, FILES, RIG, sh, snapshot, town, write } from './town.ts'

test('[GIT-13] in a worktree origin can be fetched from and not pushed to, and origin/<target> is fresh', async () => {
  const t = await town()
  const newer = commit(t.home, 'second', { 'src/c.txt': 'c' })
  sh(t.home, 'push', '-q', 'origin', 'main')
  const { path, branch, head } = await t.add('nux')
  expect(head).toBe(newer)
  expect(sh(path, 'rev-parse', 'origin/main')).toBe(newer)
  expect(sh(path, 'symbolic-ref', '--short', 'HEAD')).toBe(branch)
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect(() => sh(path, 'push', 'origin', 'HEAD:main')).toThrow(/no-push-the-refinery-lands/)
  const newest = commit(t.home, 'third', { 'src/d.txt': 'd' })
  sh(t.home, 'push', '-q', 'origin', 'main')
  sh(path, 'fetch', '-q', 'origin')
  expect(sh(path, 'rev-parse', 'origin/main')).toBe(newest)
  sh(path, 'rebase', '-q', 'origin/main')
  expect(sh(path, 'rev-parse', 'HEAD')).toBe(newest)
  expect(sh(path, 'fsck', '--no-dangling')).toBe('')
})

test('[GIT-13] for a local rig origin is the person’s own repository', async () => {
  const t = await town('local')
  const { path } = await t.add('nux')
  const newer = commit(t.home, 'second', { 'src/c.txt': 'c' })
  sh(path, 'fetch', '-q', 'origin')
  expect(sh(path, 'rev-parse', 'origin/main')).toBe(newer)
})

test('[GIT-4] [P5] a worktree that is asked for again is kept with its work', async () => {
  const t = await town()
  const { path, base } = await t.add('nux')
  const head = commit(path, 'mine', { 'src/mine.txt': '1' })
  write(path, { 'src/b.txt': 'not committed', 'src/new.txt': 'untracked' })
  rmSync(join(path, '.git'))
  expect(await t.add('nux')).toMatchObject({ base, head })
  expect(sh(path, 'status', '--porcelain')).toBe('M src/b.txt\n?? src/new.txt')
})

test('[GIT-4] one that was cut short is completed, and an existing branch is not moved', async () => {
  const t = await town()
  const { path, head } = await t.add('nux')
  const mine = commit(path, 'mine', { 'src/mine.txt': '1' })
  // The states a crash can leave: no files, no index yet, no link, nothing but the branch.
  const admin = join(t.dir, 'rigs', RIG, 'repo.git/worktrees/polecats+nux+1')
  for (const gone of [
    [path],
    [join(admin, 'index')],
    [join(admin, 'index'), join(path, '.git')],
    [path, admin],
  ]) {
    for (const place of gone) rmSync(place, { recursive: true })
    expect(
      await createRepositories(t.dir).addWorktree({
        ...t.at,
        path,
        branch: 'polecat/nux/b1',
        source: null,
        copy: [],
        setup: null,
        env: ENV,
      }),
    ).toEqual({
      base: head,
      head: mine,
    })
    expect(sh(path, 'status', '--porcelain')).toBe('')
    expect(sh(path, 'rev-parse', 'HEAD')).toBe(mine)
  }
})

test('[P5] a folder that is not ours and a branch that is out elsewhere are left alone', async () => {
  const t = await town()
  write(t.worktree('full'), { 'a.txt': 'somebody’s' })
  await expect(t.add('full')).rejects.toMatchObject({ code: 'GIT_FAILED' })
  const { branch, path } = await t.add('nux')
  await expect(t.add('ace', { branch })).rejects.toMatchObject({ code: 'GIT_FAILED' })
  await expect(t.add('nux', { branch: 'other' })).rejects.toMatchObject({ code: 'GIT_FAILED' })
  expect(existsSync(t.worktree('ace'))).toBe(false)
  expect(sh(path, 'symbolic-ref', '--short', 'HEAD')).toBe(branch)
})

test('[GIT-13] many worktrees are made at the same time', async () => {
  const t = await town()
  const made = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => t.add(name)))
  for (const { path } of made) expect(sh(path, 'status', '--porcelain')).toBe('')
})

test('[GIT-14] ignored files are copied from the person’s folder, once, and do not count as changes', async () => {
  const t = await town('local')
  write(t.home, { '.env': 'KEY=1', 'certs/dev.pem': 'pem', 'certs/sub/x': 'x' })
  const copy = ['.env', 'certs', 'absent.txt']
  const { path, branch } = await t.add('nux', { copy })
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('KEY=1')
  expect(readFileSync(join(path, 'certs/sub/x'), 'utf8')).toBe('x')
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect((await t.repos.inspectWorktree({ ...t.at, path, branch })).dirty).toEqual([])
  write(path, { '.env': 'KEY=2' })
  await t.add('nux', { copy })
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('KEY=2')
})

test('[GIT-14] work that lands in an origin gets them from the person’s own folder', async () => {
  const t = await town()
  write(t.home, { '.env': 'KEY=4' })
  const { path } = await t.add('nux', { copy: ['.env'] })
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('KEY=4')
})

test('[GIT-14] for a remote elsewhere they come from the rig’s copy folder', async () => {
  const t = await town()
  write(join(t.dir, 'rigs', RIG, 'copy'), { '.env': 'KEY=3' })
  const { path } = await t.add('nux', { copy: ['.env'] })
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('KEY=3')
})

test('[GIT-14] no copy leads out of its folders', async () => {
  const t = await town('local')
  const secret = join(t.dir, 'secret')
  writeFileSync(secret, 'secret')
  symlinkSync(secret, join(t.home, 'link.log'))
  mkdirSync(join(t.home, 'dir.log'))
  symlinkSync(t.dir, join(t.home, 'dir.log/out'))
  for (const copy of ['../secret', secret, 'a/../../secret', '', '.git/config', 'link.log', 'dir.log']) {
    await expect(t.add('nux', { copy: [copy] })).rejects.toMatchObject({ code: 'NAME_INVALID' })
  }
  expect(existsSync(join(t.worktree('nux'), 'link.log'))).toBe(false)
})

test('[GIT-14] no copy follows a link of the tree to elsewhere', async () => {
  const t = await town('local', FILES)
  const outside = join(t.dir, 'outside')
  mkdirSync(outside)
  symlinkSync(outside, join(t.home, 'conf'))
  commit(t.home, 'a link')
  rmSync(join(t.home, 'conf'))
  write(t.home, { 'conf/x.log': 'x' })
  await expect(t.add('nux', { copy: ['conf/x.log'] })).rejects.toMatchObject({ code: 'NAME_INVALID' })
  expect(snapshot(outside).size).toBe(0)
})

test('[GIT-15] setup runs once in a worktree, with the given environment only', async () => {
  const t = await town()
  const setup = {
    command: ['sh', '-c', 'echo "$WHO/$SECRET/$PWD" >> ran.log'],
    timeoutMs: 10_000,
    inputs: [],
  }
  process.env.SECRET = 'leaked'
  const env = { ...ENV, WHO: 'nux' }
  const { path } = await t.add('nux', { setup, env })
  await t.add('nux', { setup, env })
  delete process.env.SECRET
  expect(readFileSync(join(path, 'ran.log'), 'utf8')).toBe(`nux//${path}\n`)
})

test('[GIT-15] a setup that fails says so with its output, and runs again', async () => {
  const t = await town()
  const setup = { command: ['sh', '-c', 'echo why; test -f go.log'], timeoutMs: 10_000, inputs: [] }
  await expect(t.add('nux', { setup })).rejects.toMatchObject({
    code: 'SETUP_FAILED',
    details: { outcome: 'failed', exitCode: 1, logTail: 'why' },
  })
  write(t.worktree('nux'), { 'go.log': '' })
  await t.add('nux', { setup })
})

test('[GIT-16] the state of a worktree names what is changed, deleted, staged and untracked, and no more', async () => {
  const t = await town('origin', {
    ...FILES,
    'src/gone.txt': 'x',
    'src/staged.txt': 'x',
    'src/touched.txt': 'x',
  })
  const { path, branch, base } = await t.add('nux')
  write(path, {
    'src/a.txt': 'changed',
    'src/staged.txt': 'y',
    'new dir/ü.txt': 'x',
    'debug.log': 'ignored',
    'src/touched.txt': 'x',
  })
  rmSync(join(path, 'src/gone.txt'))
  sh(path, 'add', 'src/staged.txt')
  write(path, { 'src/staged.txt': 'x' })
  expect(await t.repos.inspectWorktree({ ...t.at, path, branch })).toEqual({
    head: base,
    branch,
    dirty: ['new dir/ü.txt', 'src/a.txt', 'src/gone.txt', 'src/staged.txt'],
    commits: 0,
    target: base,
  })
  sh(path, 'checkout', '-q', '--detach')
  expect((await t.repos.inspectWorktree({ ...t.at, path, branch })).branch).toBeNull()
  for (let n = 0; n < 30; n++) write(path, { [`many/${n}`]: '' })
  expect((await t.repos.inspectWorktree({ ...t.at, path, branch })).dirty).toHaveLength(20)
})

test('[GIT-16] flags in the agent’s index do not hide a change', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  sh(path, 'update-index', '--assume-unchanged', 'src/a.txt')
  sh(path, 'update-index', '--skip-worktree', 'src/b.txt')
  write(path, { 'src/a.txt': '1', 'src/b.txt': '2' })
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect((await t.repos.inspectWorktree({ ...t.at, path, branch })).dirty).toEqual(['src/a.txt', 'src/b.txt'])
})

test('[GIT-16] a worktree or branch that is gone is named so', async () => {
  const t = await town()
  await expect(
    t.repos.inspectWorktree({ ...t.at, path: t.worktree('nux'), branch: 'x' }),
  ).rejects.toMatchObject({ code: 'WORKTREE_MISSING' })
  const { path } = await t.add('nux')
  await expect(t.repos.inspectWorktree({ ...t.at, path, branch: 'x' })).rejects.toMatchObject({
    code: 'BRANCH_MISSING',
  })
})
