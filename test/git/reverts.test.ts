import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { COMMITTER, commit, merge, RIG, sh, type Town, town } from './town.ts'

type Landed = { readonly base: string; readonly commit: string }

/** Lands files by an agent of that name. */
async function land(t: Town, name: string, files: Readonly<Record<string, string>>): Promise<Landed> {
  const { path } = await t.add(name, { branch: `polecat/${name}/b1` })
  const head = commit(path, name, files)
  const built = await t.repos.buildMerge({ ...t.at, ...merge(`polecat/${name}/b1`, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: id } = built
  expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
  return { base, commit: id }
}

const ADA = { name: 'Ada', email: 'ada@example.org' }
const asked = (t: Town, ...of: Landed[]) => ({
  ...t.at,
  ...merge('revert/mr-9', of[0]?.commit ?? ''),
  author: ADA,
  revert: { of },
})
const at = (t: Town, file: string): string => sh(t.remote.url, 'show', `main:${file}`)
const files = (t: Town): string[] => sh(t.remote.url, 'ls-tree', '-r', '--name-only', 'main').split('\n')

describe('[GIT-70] taking back', () => {
  test('what landed is out of the newest target, with what came later kept, by whoever asked, with proof', async () => {
    const t = await town()
    const before = at(t, 'src/b.txt')
    const bad = await land(t, 'bad', { 'src/b.txt': 'bad\n', 'src/bad.txt': 'bad\n' })
    await land(t, 'good', { 'src/good.txt': 'good\n' })
    const built = await t.repos.buildMerge(asked(t, bad))
    if (built.kind !== 'built') throw new Error(built.kind)
    // The same question in another process: the same commits.
    expect(await createRepositories(t.dir).buildMerge(asked(t, bad))).toEqual(built)
    const { base, commit: id, head = '' } = built
    const own = join(t.dir, 'rigs', RIG, 'refinery/git')
    expect(sh(own, 'log', '-1', '--format=%an <%ae>|%cn|%ct|%P', id)).toBe(
      `Ada <ada@example.org>|${COMMITTER.name}|1700000000|${base}`,
    )
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({
      kind: 'landed',
      head: id,
      proof: expect.stringMatching(/^patch-id/),
    })
    expect(at(t, 'src/b.txt')).toBe(before)
    expect(files(t)).toContain('src/good.txt')
    expect(files(t)).not.toContain('src/bad.txt')
    // A second time there is nothing to take out.
    expect(await t.repos.buildMerge(asked(t, bad))).toMatchObject({ kind: 'empty' })
  })

  test('several at once, in whatever order they are named, also where they changed the same file', async () => {
    const t = await town()
    const tree = sh(t.remote.url, 'rev-parse', 'main^{tree}')
    const one = await land(t, 'one', { 'src/b.txt': 'one\n' })
    const two = await land(t, 'two', { 'src/b.txt': 'two\n', 'src/two.txt': 'two\n' })
    const built = await t.repos.buildMerge(asked(t, one, two))
    expect(built).toMatchObject({ kind: 'built', tree })
    expect(await t.repos.buildMerge(asked(t, two, one))).toMatchObject({ kind: 'built', tree })
    // What somebody else put between them stays.
    sh(t.home, 'pull', '-q', '--ff-only', 'origin', 'main')
    commit(t.home, 'by hand', { 'src/theirs.txt': 'theirs\n' })
    sh(t.home, 'push', '-q', 'origin', 'main')
    const three = await land(t, 'three', { 'src/b.txt': 'three\n' })
    const all = await t.repos.buildMerge(asked(t, three, two, one))
    if (all.kind !== 'built') throw new Error(all.kind)
    const own = join(t.dir, 'rigs', RIG, 'refinery/git')
    const left = sh(own, 'diff-tree', '-r', '--name-only', tree, all.tree)
    expect(left).toBe('src/theirs.txt')
  })

  test('what was changed since is a conflict that names the files, and what the target never had is nothing', async () => {
    const t = await town()
    const one = await land(t, 'one', { 'src/b.txt': 'one\n' })
    const two = await land(t, 'two', { 'src/b.txt': 'two\n' })
    expect(await t.repos.buildMerge(asked(t, one))).toEqual({
      kind: 'conflicted',
      base: two.commit,
      files: ['src/b.txt'],
    })
    const never = commit(t.home, 'never pushed', { 'src/never.txt': 'x\n' })
    expect(await t.repos.buildMerge(asked(t, { base: one.base, commit: never }))).toMatchObject({
      kind: 'empty',
    })
  })
})
