import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, gitOutcome } from '../../src/git/git.ts'
import { commit, merge, RIG, sh, tempFolder, town } from './town.ts'

test('[GIT-1] local git reads neither the operator’s nor the system’s configuration; remote git reads the operator’s', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, '.gitconfig'), '[user]\n\tname = operator\n')
  const home = process.env.HOME
  process.env.HOME = folder
  try {
    const ask = (access: 'local' | 'remote') =>
      gitOutcome(['config', '--get', 'user.name'], { cwd: '/', access })
    expect((await ask('local')).stdout.toString()).toBe('')
    expect((await ask('remote')).stdout.toString()).toBe('operator\n')
  } finally {
    process.env.HOME = home
  }
})

test('[GIT-1] git’s bytes, exit code and complaint come back as they are, and a silent command is not waited for', async () => {
  const folder = tempFolder()
  sh(folder, 'init', '-q')
  const bytes = Buffer.from([0, 255, 10, 195, 40])
  const id = await git(['hash-object', '-w', '--stdin'], { cwd: folder, input: bytes })
  expect((await gitOutcome(['cat-file', 'blob', id], { cwd: folder })).stdout).toEqual(bytes)
  expect(await gitOutcome(['cat-file', '-e', 'f'.repeat(40)], { cwd: folder })).toMatchObject({
    code: 1,
    stderr: '',
  })
  await expect(git(['no-such-command'], { cwd: folder })).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

test('[GIT-3] what will land is complete in the own repository, also when the shared one is gone', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  await t.repos.checkpoint({ rig: RIG, path, branch, name: 'c' })
  rmSync(join(t.dir, 'rigs', RIG, 'repo.git'), { recursive: true })
  const own = join(t.dir, 'rigs', RIG, 'refinery/git')
  expect(existsSync(join(own, 'objects/info/alternates'))).toBe(false)
  sh(own, 'fsck', '--no-dangling', '--connectivity-only')
  expect(sh(own, 'show', `${built.commit}:src/new.txt`)).toBe('new')
})
