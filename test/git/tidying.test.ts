import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/git/layout.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import { tidy } from '../../src/git/tidying.ts'
import { commit, merge, RIG, sh, type Town, town, write } from './town.ts'

const objectsOf = (repository: string): string[] =>
  sh(repository, 'cat-file', '--batch-all-objects', '--batch-check').split('\n')
const looseIn = (repository: string): string[] =>
  readdirSync(join(repository, 'objects'), { recursive: true })
    .map(String)
    .filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(name))

async function land(t: Town, name: string): Promise<void> {
  const { path, branch } = await t.add(name)
  const head = commit(path, name, { [`src/${name}.txt`]: `${name}\n` })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const landed = await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  expect(landed.kind).toBe('landed')
  const of = { rig: RIG, path, branch, name, target: 'main', head, landed: built.commit }
  expect(await t.repos.removeWorktree(of)).toMatchObject({ removed: true })
}

test('[GIT-72] [P5] packing what landings left keeps each object and ref, and the agents’ work that has not landed', async () => {
  const t = await town()
  const { own, shared } = layoutOf(t.dir, RIG)
  for (const name of ['a1', 'a2', 'a3']) await land(t, name)
  const open = await t.add('open')
  const unlanded = commit(open.path, 'not yet', { 'src/open.txt': 'open\n' })
  write(open.path, { 'src/b.txt': 'staged\n' })
  sh(open.path, 'add', '-A')
  // What looks like a folder of objects and is somebody else's, in the place of one of which nothing is needed.
  const [ours, theirs] = [looseIn(own), looseIn(shared)]
  const isSpare = (folder: string) =>
    theirs.every((object) => !object.startsWith(folder) || ours.includes(object))
  const id = ours.find((object) => isSpare(object.slice(0, 3))) ?? ''
  const elsewhere = join(t.dir, 'elsewhere')
  mkdirSync(elsewhere)
  writeFileSync(join(elsewhere, id.slice(3)), 'mine')
  const folder = join(shared, 'objects', id.slice(0, 2))
  if (existsSync(folder)) renameSync(folder, `${folder}-away`)
  symlinkSync(elsewhere, folder)

  const refs = () => [own, shared].map((repository) => sh(repository, 'for-each-ref'))
  const before = { own: objectsOf(own), refs: refs(), loose: looseIn(shared).length }
  expect(await tidy(layoutOf(t.dir, RIG), 1_000)).toEqual({ packed: 0, released: 0 })
  const { packed, released } = await tidy(layoutOf(t.dir, RIG), 1)
  expect(packed).toBeGreaterThan(8)
  expect(released).toBeGreaterThan(5)
  expect(looseIn(own)).toEqual([])
  expect(looseIn(shared)).toHaveLength(before.loose - released)
  expect(objectsOf(own)).toEqual(before.own)
  expect(refs()).toEqual(before.refs)
  expect(existsSync(join(own, 'refs/gt/removed'))).toBe(false)
  expect(readFileSync(join(elsewhere, id.slice(3)), 'utf8')).toBe('mine')
  expect(sh(own, 'fsck', '--full', '--no-dangling')).toBe('')
  expect(sh(open.path, 'show', '-s', '--format=%s', unlanded)).toBe('not yet')
  expect(sh(open.path, 'diff', '--cached', '--name-only')).toBe('src/b.txt')
  expect(sh(open.path, 'log', '--all', '--format=%s').split('\n').toSorted()).toContain('a3')
  await land(t, 'a4')
})

test('[GIT-72] half a pack that a killed git left goes when a worker begins', async () => {
  const t = await town()
  const half = join(layoutOf(t.dir, RIG).own, 'objects/pack/tmp_pack_x1')
  writeFileSync(half, 'half')
  await createRepositories(t.dir).targetHead(t.at)
  expect(existsSync(half)).toBe(false)
})
