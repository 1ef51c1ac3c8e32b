import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { commit, ENV, merge, RIG, sh, snapshot, tempFolder, town, write } from './town.ts'

const NAME = 'hermes.polecats.nux.sandboxes.1'
const noGit = (path: string) => path === '.git' || path.startsWith('.git/')

/** A worktree with a commit of its own and every kind of change that is not committed. */
async function atWork() {
  const t = await town()
  const { path, branch, base } = await t.add('nux')
  const head = commit(path, 'mine', { 'src/mine.txt': 'committed\n' })
  write(path, { 'src/a.txt': 'changed\n', 'new/deep/file.txt': 'new\n', 'bin.dat': '\u0000\u0001\r\n\r' })
  writeFileSync(join(path, 'src/staged.txt'), 'staged\n')
  sh(path, 'add', 'src/staged.txt')
  rmSync(join(path, 'src/b.txt'))
  symlinkSync('src/a.txt', join(path, 'link'))
  const at = { rig: RIG, path, branch, name: NAME }
  return { t, path, branch, base, head, at, before: snapshot(path, noGit), status: status(path) }
}

const status = (path: string) =>
  sh(path, 'status', '--porcelain', '-uall').replace(/^A /gm, '??').split('\n').toSorted()

test('[GIT-25] a checkpoint says how much is in it and whether it is new, and touches neither files nor index', async () => {
  const { t, path, base, at, before } = await atWork()
  const index = readFileSync(join(t.dir, 'rigs', RIG, 'repo.git/worktrees/polecats+nux+1/index'))
  const first = await t.repos.checkpoint({ ...at, base })
  expect(first).toMatchObject({ ref: `refs/gt/checkpoints/${NAME}`, files: 6, changed: 7, isNew: true })
  expect(await t.repos.checkpoint({ ...at, base })).toEqual({ ...first, isNew: false })
  write(path, { 'src/more.txt': 'more' })
  const second = await t.repos.checkpoint({ ...at, base })
  expect(second).toMatchObject({ files: 7, changed: 8, isNew: true })
  rmSync(join(path, 'src/more.txt'))
  expect(snapshot(path, noGit)).toEqual(before)
  expect(readFileSync(join(t.dir, 'rigs', RIG, 'repo.git/worktrees/polecats+nux+1/index'))).toEqual(index)
})

test('[GIT-26] [P5] a shelved worktree is made again as it was: branch, files, and what was not committed', async () => {
  const { t, path, branch, base, head, at, before, status: was } = await atWork()
  const shelved = await t.repos.shelveWorktree({ ...at, base })
  expect(shelved).toMatchObject({ head, files: 6, changed: 7 })
  expect(existsSync(path)).toBe(false)
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  expect(() => sh(shared, 'rev-parse', '--verify', `refs/heads/${branch}`)).toThrow()
  for (const repository of [shared, join(t.dir, 'rigs', RIG, 'refinery/git')])
    expect(sh(repository, 'rev-parse', `refs/gt/removed/${branch}`)).toBe(head)
  // Asked again after a crash, it says the same.
  expect(await createRepositories(t.dir).shelveWorktree(at)).toMatchObject({ commit: shelved.commit, head })

  const again = { ...t.at, path, branch, source: null, copy: [], setup: null, env: ENV }
  await t.repos.addWorktree({ ...again, from: { head, files: shelved.commit } })
  expect(snapshot(path, noGit)).toEqual(before)
  expect(sh(path, 'rev-parse', 'HEAD')).toBe(head)
  expect(sh(path, 'branch', '--show-current')).toBe(branch)
  expect(status(path)).toEqual(was)
  // And again: what is in it by then stays.
  write(path, { 'src/a.txt': 'newer\n' })
  await t.repos.addWorktree({ ...again, from: { head, files: shelved.commit } })
  expect(readFileSync(join(path, 'src/a.txt'), 'utf8')).toBe('newer\n')
})

test('[GIT-26] [P5] an agent that deleted its refs, its index and its link loses nothing by it', async () => {
  const { t, path, base, at, before } = await atWork()
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  await t.repos.checkpoint({ ...at, base })
  write(path, { 'src/late.txt': 'late\n' })
  rmSync(join(shared, 'refs/heads'), { recursive: true })
  mkdirSync(join(shared, 'refs/heads'))
  rmSync(join(shared, 'refs/gt'), { recursive: true })
  rmSync(join(shared, 'worktrees'), { recursive: true })
  rmSync(join(path, '.git'))
  const { commit: kept } = await t.repos.shelveWorktree({ ...at, base })
  expect(existsSync(path)).toBe(false)
  const folder = join(tempFolder(), 'back')
  await t.repos.bringBack({ ...at, to: { kind: 'folder', path: folder } })
  expect(snapshot(folder)).toEqual(new Map([...before, ['src/late.txt', expect.any(String)]]))
  expect(kept).toMatch(/^[0-9a-f]{40}$/)
})

test('[GIT-25] [P5] an index that is no index, deleted objects and a repository inside keep no checkpoint from being made', async () => {
  const { t, path, base, at } = await atWork()
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  writeFileSync(join(shared, 'worktrees/polecats+nux+1/index'), 'no index')
  sh(path, 'init', '-q', 'inner')
  write(path, { 'inner/deep/x.txt': 'x' })
  // All that the agent committed itself is gone.
  rmSync(join(shared, 'objects'), { recursive: true })
  mkdirSync(join(shared, 'objects/info'), { recursive: true })
  writeFileSync(
    join(shared, 'objects/info/alternates'),
    `${join(t.dir, 'rigs', RIG, 'refinery/git/objects')}\n`,
  )
  const { commit: kept } = await t.repos.checkpoint({ ...at, base })
  const own = join(t.dir, 'rigs', RIG, 'refinery/git')
  expect(sh(own, 'show', `${kept}:inner/deep/x.txt`)).toBe('x')
  expect(sh(own, 'show', `${kept}:src/mine.txt`)).toBe('committed')
  expect(sh(own, 'fsck', '--no-dangling', '--connectivity-only', kept)).toBe('')
})

test('[GIT-27] [P5] what is kept comes back as a folder or a branch, byte for byte, and overwrites nothing', async () => {
  const { t, path, branch, base, head, at, before } = await atWork()
  const { commit: kept } = await t.repos.checkpoint({ ...at, base })
  const shown = await t.repos.showKept({ ...at, against: base })
  expect(shown).toMatchObject({ commit: kept, head, changed: 7 })
  expect(shown.files).toContainEqual({ path: 'new/deep/file.txt', added: 1, removed: 0 })
  expect(shown.files).toContainEqual({ path: 'bin.dat', added: null, removed: null })
  expect(shown.checkpoints.map(({ commit: id }) => id)).toEqual([kept])

  const folder = join(tempFolder(), 'a', 'b')
  expect(await t.repos.bringBack({ ...at, to: { kind: 'folder', path: folder } })).toMatchObject({
    files: before.size,
  })
  expect(snapshot(folder)).toEqual(before)
  const brought = await t.repos.bringBack({ ...at, to: { kind: 'branch', name: 'restored/nux.1' } })
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  expect(sh(shared, 'rev-parse', 'restored/nux.1', 'restored/nux.1^')).toBe(`${brought.commit}\n${head}`)
  expect(sh(shared, 'rev-parse', `restored/nux.1^{tree}`)).toBe(sh(shared, 'rev-parse', `${kept}^{tree}`))
  // The same again is the same; another state under that name is refused.
  expect(await t.repos.bringBack({ ...at, to: { kind: 'branch', name: 'restored/nux.1' } })).toEqual(brought)

  const refused = (to: Parameters<typeof t.repos.bringBack>[0]['to']) => t.repos.bringBack({ ...at, to })
  await expect(refused({ kind: 'branch', name: 'main/x' })).resolves.toBeDefined()
  await expect(refused({ kind: 'branch', name: branch })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_TAKEN',
  })
  await expect(refused({ kind: 'branch', name: 'restored' })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_TAKEN',
  })
  await expect(refused({ kind: 'branch', name: '-d' })).rejects.toMatchObject({ code: 'NAME_INVALID' })
  await expect(refused({ kind: 'folder', path: folder })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_TAKEN',
  })
  await expect(refused({ kind: 'folder', path: join(t.dir, 'x') })).rejects.toMatchObject({
    code: 'NAME_INVALID',
  })
  const link = join(tempFolder(), 'link')
  symlinkSync(t.dir, link)
  for (const bad of [path, join(link, 'x'), 'relative', link])
    await expect(refused({ kind: 'folder', path: bad })).rejects.toThrow()
  expect(snapshot(path, noGit)).toEqual(before)
  expect(existsSync(join(t.dir, 'x'))).toBe(false)
})

test('[GIT-27] an earlier checkpoint comes back too, and of what was never kept nothing does', async () => {
  const { t, path, base, at } = await atWork()
  const { commit: first } = await t.repos.checkpoint({ ...at, base })
  rmSync(join(path, 'new'), { recursive: true })
  const { commit: second } = await t.repos.checkpoint({ ...at, base })
  const { checkpoints } = await t.repos.showKept({ ...at, against: base })
  expect(checkpoints.map(({ commit: id }) => id)).toEqual([second, first])
  const folder = join(tempFolder(), 'back')
  await t.repos.bringBack({ ...at, commit: first, to: { kind: 'folder', path: folder } })
  expect(readFileSync(join(folder, 'new/deep/file.txt'), 'utf8')).toBe('new\n')
  const other = { rig: RIG, name: 'nobody', branch: 'no/branch' }
  await expect(t.repos.showKept({ ...other, against: null })).rejects.toMatchObject({ code: 'NOTHING_KEPT' })
  await expect(t.repos.showKept({ ...at, against: null, commit: '0'.repeat(40) })).rejects.toMatchObject({
    code: 'NOTHING_KEPT',
  })
})

test('[GIT-5] [GIT-26] [P5] of a worktree that somebody deleted, commits and earlier checkpoints are kept, also those of no branch', async () => {
  const { t, path, branch, base, at, head } = await atWork()
  const own = join(t.dir, 'rigs', RIG, 'refinery/git')
  const { commit: uncommitted } = await t.repos.checkpoint({ ...at, base })
  sh(path, 'checkout', '-q', '--force', 'HEAD')
  const submitted = commit(path, 'handed in', { 'src/in.txt': 'in\n' })
  const after = commit(path, 'after it', { 'src/after.txt': 'after\n' })
  sh(path, 'checkout', '-q', '--detach')
  const detached = commit(path, 'of no branch', { 'src/detached.txt': 'detached\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, submitted) })
  if (built.kind !== 'built') throw new Error(built.kind)
  await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head: submitted })
  rmSync(path, { recursive: true })
  const removal = { ...at, head: submitted, target: 'main', landed: built.commit }
  const { checkpoint: ref } = await t.repos.removeWorktree(removal)
  const isKept = (id: string) => {
    sh(own, 'merge-base', '--is-ancestor', id, String(ref))
    return true
  }
  expect([uncommitted, head, after, detached].every(isKept)).toBe(true)
  expect(sh(own, 'show', `${ref}:new/deep/file.txt`)).toBe('new')
  expect(sh(own, 'fsck', '--no-dangling', '--connectivity-only', String(ref))).toBe('')

  // Without proof the same: what it committed is enough.
  const other = await t.add('ada')
  const alone = commit(other.path, 'alone', { 'src/alone.txt': 'alone\n' })
  rmSync(other.path, { recursive: true })
  const where = { rig: RIG, path: other.path, branch: other.branch, name: 'hermes.polecats.ada.sandboxes.1' }
  expect(await t.repos.shelveWorktree(where)).toMatchObject({ commit: alone, head: alone })
  expect(await t.repos.shelveWorktree(where)).toMatchObject({ commit: alone, head: alone })
  expect(sh(own, 'rev-parse', `refs/gt/removed/${other.branch}`)).toBe(alone)
})
