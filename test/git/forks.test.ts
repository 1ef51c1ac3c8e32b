import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apartRemote, forkRig, isUnfinished } from '../../src/git/forks.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import { commit, ENV, merge, RIG, sh, snapshot, tempFolder, town } from './town.ts'

const GONE = 'f'.repeat(40)

/** A rig with one worktree at work: something committed, something loose, and both under a checkpoint. */
async function parent() {
  const one = await town()
  const added = await one.add('nux')
  const done = commit(added.path, 'half', { 'half.txt': 'half\n' })
  writeFileSync(join(added.path, 'loose.txt'), 'loose\n')
  const kept = await one.repos.checkpoint({ rig: RIG, path: added.path, branch: added.branch, name: 'nux' })
  const fork = tempFolder()
  const make = (worktrees: Parameters<typeof forkRig>[0]['worktrees'], head = added.base) =>
    forkRig({ rig: RIG, parent: one.dir, fork, target: 'main', head, worktrees })
  const path = join(fork, 'rigs', RIG, 'polecats/nux/1')
  const worktree = { path, branch: added.branch, name: 'nux' }
  return { ...one, added, done, kept: kept.commit, fork, make, path, worktree }
}

test('[GIT-33] [FORK-9] a worktree is restored from its checkpoint, uncommitted files too, and the parent is not touched', async () => {
  const { dir, remote, home, added, done, kept, fork, make, path, worktree } = await parent()
  // What came after that moment is not in it.
  const later = commit(home, 'later', { 'later.txt': '' })
  sh(home, 'push', '-q', 'origin', 'main')
  const before = [snapshot(join(dir, 'rigs')), snapshot(remote.url)]
  const restored = await make([{ ...worktree, known: [{ commit: kept, kind: 'checkpoint' }] }])
  expect([snapshot(join(dir, 'rigs')), snapshot(remote.url)]).toEqual(before)
  expect(restored).toEqual([{ path, from: 'checkpoint', commit: kept, why: '' }])
  expect(readFileSync(join(path, 'loose.txt'), 'utf8')).toBe('loose\n')
  expect(sh(path, 'rev-parse', 'HEAD')).toBe(done)
  expect(sh(path, 'status', '--porcelain')).toBe('?? loose.txt')
  const { url } = apartRemote(fork, RIG)
  expect(sh(url, 'for-each-ref', '--format=%(refname) %(objectname)')).toBe(`refs/heads/main ${added.base}`)
  expect(sh(path, 'remote', 'get-url', 'origin')).toBe(url)
  expect(later).not.toBe(added.base)
  // It stands by itself.
  rmSync(dir, { recursive: true, force: true })
  expect(sh(path, 'fsck', '--connectivity-only')).toBe('')
  const repos = createRepositories(fork)
  expect(
    await repos.inspectWorktree({ rig: RIG, path, branch: worktree.branch, target: 'main' }),
  ).toMatchObject({ head: done, commits: 1, dirty: ['loose.txt'] })
})

test('[GIT-33] [FORK-9] a checkpoint that is gone is said, and what is left is taken: the branch, or nothing', async () => {
  const { done, make, path, worktree, fork } = await parent()
  const gone = { commit: GONE, kind: 'checkpoint' } as const
  const other = { ...worktree, path: join(fork, 'rigs', RIG, 'polecats/ace/1'), branch: 'polecat/ace/b2' }
  const restored = await make([
    { ...worktree, known: [gone, { commit: done, kind: 'branch' }] },
    { ...other, known: [gone] },
  ])
  expect(restored).toEqual([
    {
      path,
      from: 'branch',
      commit: done,
      why: `The checkpoint ffffffffffff is gone. It is as the branch at ${done.slice(0, 12)} has it.`,
    },
    {
      path: other.path,
      from: 'nothing',
      commit: null,
      why: 'The checkpoint ffffffffffff is gone. It begins where main stood.',
    },
  ])
  expect(readdirSync(path)).not.toContain('loose.txt')
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect(readdirSync(other.path)).toContain('.git')
})

test('[GIT-33] [FORK-9] a rig of which the target is gone is refused with the commit that is missed', async () => {
  const { make } = await parent()
  await expect(make([], GONE)).rejects.toMatchObject({
    code: 'FORK_RIG_LOST',
    message: expect.stringContaining('ffffffffffff'),
  })
})

test('[GIT-33] a restored worktree has its setup run and its ignored files copied when a program first starts there, once', async () => {
  const { done, make, path, worktree, fork } = await parent()
  await make([{ ...worktree, known: [{ commit: done, kind: 'branch' }] }])
  expect(readdirSync(path), 'a fork that is made runs nothing of the project').not.toContain('made.txt')
  const own = join(fork, 'rigs', RIG, 'copy')
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, '.env'), 'A=1\n')
  const repos = createRepositories(fork)
  const finish = (command: string[]) =>
    repos.finishWorktree({
      rig: RIG,
      path,
      source: null,
      copy: ['.env'],
      setup: { command, timeoutMs: 20_000, inputs: [] },
      env: ENV,
    })
  expect(isUnfinished(fork, RIG, path)).toBe(true)
  await expect(finish(['false'])).rejects.toMatchObject({ code: 'SETUP_FAILED' })
  expect(isUnfinished(fork, RIG, path), 'what failed is tried again').toBe(true)
  const count = ['/bin/sh', '-c', 'echo x >> made.txt']
  await finish(count)
  await finish([...count, 'changed'])
  expect(readFileSync(join(path, 'made.txt'), 'utf8')).toBe('x\n')
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('A=1\n')
  expect(isUnfinished(fork, RIG, path)).toBe(false)
})

test('[GIT-34] a rig does not go back to the real remote while a branch stands on what landed in the fork alone', async () => {
  const { remote, done, make, path, worktree, fork } = await parent()
  await make([{ ...worktree, known: [{ commit: done, kind: 'branch' }] }])
  const repos = createRepositories(fork)
  const apart = apartRemote(fork, RIG)
  const rejoin = () => repos.cloneRig({ rig: RIG, remote, target: 'main' })
  const real = (await repos.cloneRig({ rig: RIG, remote: apart, target: 'main' })).head
  // The restored branch lands in the fork; another one begins on top of it.
  const built = await repos.buildMerge({
    ...merge(worktree.branch, done),
    rig: RIG,
    remote: apart,
    target: 'main',
  })
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: id } = built
  await repos.pushTarget({ rig: RIG, remote: apart, target: 'main', base, commit: id, head: done })
  expect((await rejoin()).head, 'one that stands where the real target stands is no hindrance').toBe(real)
  await repos.cloneRig({ rig: RIG, remote: apart, target: 'main' })
  const second = { ...worktree, path: join(fork, 'rigs', RIG, 'polecats/ace/1'), branch: 'polecat/ace/b2' }
  await repos.addWorktree({
    rig: RIG,
    remote: apart,
    target: 'main',
    path: second.path,
    branch: second.branch,
    source: null,
    copy: [],
    setup: null,
    env: ENV,
  })
  commit(second.path, 'on top', { 'top.txt': '' })
  await expect(rejoin()).rejects.toMatchObject({
    code: 'REJOIN_WORK_OPEN',
    message: expect.stringMatching(/^polecat\/ace\/b2 stands on what has landed in this fork alone/),
  })
  expect(sh(path, 'remote', 'get-url', 'origin'), 'nothing has changed').toBe(apart.url)
  // Once the real target has what landed here, there is nothing left to hinder it.
  sh(apart.url, 'push', '-q', remote.url, 'main')
  expect((await rejoin()).head).toBe(id)
  expect(sh(path, 'remote', 'get-url', 'origin')).toBe(remote.url)
})
