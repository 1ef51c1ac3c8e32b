import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { commit, merge, RIG, sh, type Town, town } from './town.ts'

const MESSAGE = 'Do it\n\nBead: he-1\nReceipt: hermes/merge-requests/mr-1\nOrdered-by: you <you@x>'

/** A branch of two commits that the agent itself wrote, on a target that has moved meanwhile. */
async function branched() {
  const t = await town()
  const { path, branch } = await t.add('nux')
  commit(path, 'one\n\nwhy', { 'src/one.txt': '1\n', 'src/b.txt': 'one\n' })
  const head = commit(path, 'two', { 'src/b.txt': 'two\n' })
  commit(t.home, 'theirs', { 'src/theirs.txt': 'theirs\n' })
  sh(t.home, 'push', '-q', 'origin', 'main')
  const build = async (method: 'squash' | 'rebase' | 'merge', more: object = {}, repos = t.repos) => {
    const built = await repos.buildMerge({
      ...t.at,
      ...merge(branch, head),
      message: MESSAGE,
      method,
      ...more,
    })
    if (built.kind !== 'built') throw new Error(built.kind)
    return built
  }
  const at = { rig: RIG, path, branch, head, name: 'nux', target: 'main' }
  return { t, path, head, build, at }
}

const own = (t: Town): string => join(t.dir, 'rigs', RIG, 'refinery/git')
const log = (t: Town, range: string, format: string): string[] =>
  sh(own(t), 'log', '--reverse', '--first-parent', `--format=${format}`, range).split('\n')

describe('[GIT-45] what the target gets of a branch', () => {
  test('by rebase it is each commit, with its author, its message and our trailers', async () => {
    const { t, build } = await branched()
    const { commit: tip, base, tree } = await build('rebase')
    expect(
      log(t, `${base}..${tip}`, '%an <%ae>|%cn|%s|%b|%(trailers:key=Receipt,valueonly,separator=%x2C)'),
    ).toEqual([
      'p <p@x>|hermes/refinery|one|why',
      '',
      'Bead: he-1',
      'Receipt: hermes/merge-requests/mr-1',
      'Ordered-by: you <you@x>',
      '|hermes/merge-requests/mr-1',
      'p <p@x>|hermes/refinery|two|Bead: he-1',
      'Receipt: hermes/merge-requests/mr-1',
      'Ordered-by: you <you@x>',
      '|hermes/merge-requests/mr-1',
    ])
    expect(await build('rebase', {}, createRepositories(t.dir))).toEqual({
      kind: 'built',
      commit: tip,
      base,
      tree,
    })
    expect([(await build('squash')).tree, (await build('merge')).tree]).toEqual([tree, tree])
  })

  test('by merge it is a commit on the target whose second parent is the branch', async () => {
    const { t, head, build } = await branched()
    const { commit: tip, base } = await build('merge')
    expect(sh(own(t), 'log', '-1', '--format=%P|%an|%cn|%s', tip)).toBe(
      `${base} ${head}|hermes/polecats/nux|hermes/refinery|Do it`,
    )
  })

  test('merges in a branch, and what the target has already, are not replayed', async () => {
    const { t, path, build } = await branched()
    sh(path, 'fetch', '-q', 'origin')
    sh(path, 'merge', '-q', '--no-edit', 'origin/main')
    commit(path, 'mine', { 'src/same.txt': '=\n' })
    const head = commit(path, 'three', { 'src/three.txt': '3\n' })
    commit(t.home, 'same', { 'src/same.txt': '=\n' })
    sh(t.home, 'push', '-q', 'origin', 'main')
    const { commit: tip, base } = await build('rebase', { head })
    expect(log(t, `${base}..${tip}`, '%s')).toEqual(['one', 'two', 'three'])
  })

  test('commits that do not fit one by one land as one, when the whole fits', async () => {
    const { t, path, build } = await branched()
    commit(path, 'away', { 'src/theirs.txt': 'mine\n' })
    const head = commit(path, 'back', { 'src/theirs.txt': 'theirs\n' })
    const { commit: tip, base } = await build('rebase', { head })
    expect(log(t, `${base}..${tip}`, '%s|%an')).toEqual(['Do it|hermes/polecats/nux'])
  })

  test('what a merge in the branch brought by itself is not left out', async () => {
    const { t, path, build } = await branched()
    sh(path, 'fetch', '-q', 'origin')
    sh(path, 'merge', '-q', '--no-commit', 'origin/main')
    const head = commit(path, 'merge, and more', { 'src/more.txt': 'more\n' })
    const { commit: tip, base } = await build('rebase', { head })
    expect(log(t, `${base}..${tip}`, '%s')).toEqual(['Do it'])
    expect(sh(own(t), 'show', `${tip}:src/more.txt`)).toBe('more')
  })
})

describe('[GIT-46] [P8] the proof of each', () => {
  test.for(['squash', 'rebase', 'merge'] as const)(
    '%s lands once, and its worktree goes with proof',
    async (method) => {
      const { t, head, build, at } = await branched()
      const { commit: tip, base } = await build(method)
      const push = { ...t.at, base, commit: tip, head }
      const landed = await t.repos.pushTarget(push)
      expect(landed).toMatchObject({ kind: 'landed', head: tip, lines: { added: 2, removed: 1 } })
      expect(await createRepositories(t.dir).pushTarget(push)).toEqual(landed)
      expect(await createRepositories(t.dir).removeWorktree({ ...at, landed: tip })).toMatchObject({
        removed: true,
      })
    },
  )

  test('a row of commits that lacks one of the branch, or stands elsewhere, is not pushed', async () => {
    const { t, head, build } = await branched()
    const { commit: tip, base } = await build('rebase')
    const fresh = () => createRepositories(t.dir)
    const code = { code: 'NOT_PROVED' }
    await expect(
      fresh().pushTarget({ ...t.at, base, commit: sh(own(t), 'rev-parse', `${tip}^`), head }),
    ).rejects.toMatchObject(code)
    await expect(fresh().pushTarget({ ...t.at, base: head, commit: tip, head })).rejects.toMatchObject(code)
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(base)
  })
})
