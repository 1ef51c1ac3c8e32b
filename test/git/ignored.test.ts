import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepIgnored, restoreIgnored, showIgnored } from '../../src/git/ignored.ts'
import { layoutOf, worktreeOf } from '../../src/git/layout.ts'
import { commit, ENV, FILES, merge, RIG, sh, snapshot, tempFolder, town, write } from './town.ts'

const NAME = 'hermes.polecats.nux.sandboxes.1'
const SECRET = 'TOKEN=of-this-agent-alone\n'
const noGit = (path: string) => path === '.git' || path.startsWith('.git/')

async function atWork() {
  const t = await town('origin', { ...FILES, '.gitignore': 'node_modules/\n.env\n*.log\ndata/\ndist/\n' })
  const { path, branch, base } = await t.add('nux')
  const head = commit(path, 'mine', { 'src/mine.txt': 'committed\n' })
  write(path, { '.env': SECRET, 'a/b.log': 'a log\n', 'data/deep/x.db': 'rows', 'src/a.txt': 'changed\n' })
  chmodSync(join(path, '.env'), 0o600)
  symlinkSync('deep/x.db', join(path, 'data/latest'))
  const before = snapshot(path, noGit)
  write(path, { 'node_modules/x/index.js': 'x', 'dist/app.js': 'y', 'a/node_modules/z.js': 'z' })
  return { t, path, branch, base, head, at: { rig: RIG, path, branch, name: NAME }, before }
}

/** Whether any repository below has an object with this content. */
function isObject(dir: string, text: string): boolean {
  const id = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex')
  return ['refinery/git', 'repo.git'].some((repository) => {
    try {
      sh(join(dir, 'rigs', RIG, repository), 'cat-file', '-e', id)
      return true
    } catch {
      return false
    }
  })
}

test('[GIT-58] [GIT-59] [P5] what git ignores of a worktree that is taken away comes back with it, and is in no repository', async () => {
  const { t, path, branch, base, at, before } = await atWork()
  const { commit: kept, head } = await t.repos.shelveWorktree({ ...at, base })
  expect(existsSync(path)).toBe(false)
  expect(isObject(t.dir, SECRET)).toBe(false)
  const own = join(t.dir, 'rigs', RIG, 'refinery/ignored')
  expect(statSync(join(own, 'blobs')).mode & 0o777).toBe(0o700)
  for (const blob of readdirSync(join(own, 'blobs')))
    expect(statSync(join(own, 'blobs', blob)).mode & 0o777).toBe(0o600)
  const shown = await t.repos.showKept({ ...at, against: base })
  expect(shown.ignored).toMatchObject({ count: 4, leftOut: { count: 0 } })
  expect(shown.ignored?.files.map((file) => file.path).sort()).toEqual([
    '.env',
    'a/b.log',
    'data/deep/x.db',
    'data/latest',
  ])

  const folder = join(tempFolder(), 'back')
  expect(await t.repos.bringBack({ ...at, to: { kind: 'folder', path: folder } })).toMatchObject({
    ignored: 4,
  })
  expect(snapshot(folder)).toEqual(before)
  // A branch cannot have them, and says so.
  const made = await t.repos.bringBack({ ...at, to: { kind: 'branch', name: 'restored/nux' } })
  expect(made).toMatchObject({ ignored: 4 })
  expect(
    sh(join(t.dir, 'rigs', RIG, 'repo.git'), 'ls-tree', '-r', '--name-only', 'restored/nux'),
  ).not.toMatch(/\.env|data|b\.log/)
  // Undone: the agent's own, not the one that is copied in.
  writeFileSync(join(t.home, '.env'), 'TOKEN=the-persons\n')
  const again = { ...t.at, path, branch, source: t.home, copy: ['.env'], setup: null, env: ENV }
  await t.repos.addWorktree({ ...again, from: { head, files: kept, name: NAME } })
  expect(snapshot(path, noGit)).toEqual(before)
  expect(isObject(t.dir, SECRET)).toBe(false)
  // Taken away again without them, none come back.
  for (const gone of ['.env', 'a/b.log', 'data']) rmSync(join(path, gone), { recursive: true })
  await t.repos.shelveWorktree({ ...at, base })
  expect((await t.repos.showKept({ ...at, against: base })).ignored).toBeNull()
})

test('[GIT-58] [P5] they are kept when work has landed, too, once for all worktrees that have the same', async () => {
  const { t, path, branch, head, at } = await atWork()
  writeFileSync(join(path, 'src/a.txt'), FILES['src/a.txt'])
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  const removal = { ...at, head, target: 'main', landed: built.commit }
  // Where they cannot be kept nothing is removed.
  const own = join(t.dir, 'rigs', RIG, 'refinery/ignored')
  writeFileSync(own, 'in the way')
  await expect(t.repos.removeWorktree(removal)).rejects.toMatchObject({ code: 'GIT_FAILED' })
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe(SECRET)
  expect(sh(join(t.dir, 'rigs', RIG, 'repo.git'), 'rev-parse', branch)).toBe(head)
  rmSync(own)
  expect(await t.repos.removeWorktree(removal)).toMatchObject({ removed: true })
  const shown = await t.repos.showKept({ ...at, against: built.commit })
  expect(shown.ignored?.files).toContainEqual({ path: '.env', bytes: SECRET.length })
  const blobs = readdirSync(join(own, 'blobs')).length
  const other = await t.add('ada')
  write(other.path, { '.env': SECRET })
  await t.repos.shelveWorktree({ ...at, ...other, name: 'hermes.polecats.ada.sandboxes.1' })
  expect(readdirSync(join(own, 'blobs'))).toHaveLength(blobs)
})

test('[GIT-58] the smallest are kept first, and what was left out is named', async () => {
  const { t, path, head, at } = await atWork()
  const layout = layoutOf(t.dir, RIG)
  const worktree = worktreeOf(layout, path)
  write(path, { 'data/big.bin': 'x'.repeat(5_000) })
  writeFileSync(join(path, 'data/secret'), 'not to be read')
  chmodSync(join(path, 'data/secret'), 0)
  const readable = process.getuid?.() === 0
  await keepIgnored(layout, worktree, { name: NAME, commit: head }, 1_000)
  const shown = await showIgnored(layout, { name: NAME, commit: head })
  expect(shown?.leftOut.paths).toContain('data/big.bin')
  expect(shown?.leftOut.paths.includes('data/secret')).toBe(!readable)
  expect(shown?.files.map((file) => file.path)).toContain('.env')
  // What would be lost is said beforehand, where that is asked.
  const { branch } = at
  const state = { ...t.at, path, branch }
  expect(await t.repos.inspectWorktree(state)).not.toHaveProperty('unkept')
  const { unkept } = await t.repos.inspectWorktree({ ...state, unkept: true })
  expect(unkept).toMatchObject({ count: readable ? 0 : 1 })
  // Asked again it is the same; of another commit nothing is known.
  await keepIgnored(layout, worktree, { name: NAME, commit: head }, 1_000)
  expect(readdirSync(join(layout.ignored, 'kept', NAME))).toEqual(['1.json'])
  expect(await showIgnored(layout, { name: NAME, commit: 'f'.repeat(40) })).toBeNull()

  // Nothing is written through a link, and nothing that is there is written over.
  const [folder, elsewhere] = [join(tempFolder(), 'to'), tempFolder()]
  mkdirSync(folder)
  symlinkSync(elsewhere, join(folder, 'data'))
  writeFileSync(join(folder, '.env'), 'mine')
  await restoreIgnored(layout, { name: NAME, commit: null }, folder)
  expect(readdirSync(elsewhere)).toEqual([])
  expect(readFileSync(join(folder, '.env'), 'utf8')).toBe('mine')
  expect(readFileSync(join(folder, 'a/b.log'), 'utf8')).toBe('a log\n')
})
