import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { settlesOnly } from '../../src/git/rerere.ts'
import type { Resolve } from '../../src/ports/repositories.ts'
import { commit, merge, RIG, sh, type Town, tempFolder, town } from './town.ts'

const advance = (t: Town, files: Readonly<Record<string, string>>): string => {
  sh(t.home, 'pull', '-q', '--ff-only', 'origin', 'main')
  const id = commit(t.home, 'theirs', files)
  sh(t.home, 'push', '-q', 'origin', 'main')
  return id
}
const build = (t: Town, branch: string, head: string, ...resolve: Resolve[]) =>
  t.repos.buildMerge({ ...t.at, ...merge(branch, head), resolve })
const own = (t: Town): string => join(t.dir, 'rigs', RIG, 'refinery/git')
const at = (t: Town, id: string, file: string): string => sh(own(t), 'show', `${id}:${file}`)

async function landed(t: Town, built: Awaited<ReturnType<typeof build>>, head: string) {
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: id } = built
  return await t.repos.pushTarget({ ...t.at, base, commit: id, head })
}

/** Conflicts with the target as a whole, and fits commit by commit: the target took the first of them over. */
async function taken(t: Town) {
  const { path, branch } = await t.add('nux')
  commit(path, 'first', { 'src/b.txt': 'one\n' })
  const head = commit(path, 'second', { 'src/b.txt': 'two\n' })
  const base = advance(t, { 'src/b.txt': 'one\n', 'src/theirs.txt': 'theirs\n' })
  return { path, branch, head, base }
}

describe('[GIT-68] what conflicts', () => {
  test('fits commit by commit, lands with proof, and its worktree goes; the same question has the same answer', async () => {
    const t = await town()
    const { path, branch, head, base } = await taken(t)
    expect(await build(t, branch, head)).toEqual({ kind: 'conflicted', base, files: ['src/b.txt'] })
    const built = await build(t, branch, head, 'rerere', 'rebase')
    expect(built).toMatchObject({ kind: 'built', base, resolved: { by: 'rebase', files: ['src/b.txt'] } })
    if (built.kind !== 'built') return
    expect([at(t, built.commit, 'src/b.txt'), at(t, built.commit, 'src/theirs.txt')]).toEqual([
      'two',
      'theirs',
    ])
    expect(await build(t, branch, head, 'rebase')).toEqual(built)
    const proof = expect.stringContaining('1 of its files settled by rebase')
    expect(await landed(t, built, head)).toMatchObject({ kind: 'landed', proof })
    const removal = { rig: RIG, path, branch, head, target: 'main', landed: built.commit, name: 'one' }
    expect(await createRepositories(t.dir).removeWorktree(removal)).toMatchObject({ removed: true })
  })

  test('as it did when somebody had settled it is settled so, once that has landed', async () => {
    const t = await town()
    const lines = (middle: string) => `top\n${middle}\nend\n`
    advance(t, { 'src/b.txt': lines('b') })
    const one = await t.add('nux')
    const two = await t.add('slit', { branch: 'polecat/slit/b2' })
    const mine = commit(one.path, 'mine', { 'src/b.txt': lines('mine') })
    const same = commit(two.path, 'mine too', { 'src/b.txt': lines('mine'), 'src/two.txt': '2\n' })
    const theirs = advance(t, { 'src/b.txt': lines('theirs') })
    const tries = ['rebase', 'rerere'] as const
    expect(await build(t, one.branch, mine, ...tries)).toMatchObject({ kind: 'conflicted' })
    sh(one.path, 'fetch', '-q', 'origin')
    sh(one.path, 'reset', '-q', '--hard', theirs)
    const both = commit(one.path, 'both', { 'src/b.txt': lines('both') })
    const reworked = await build(t, one.branch, both, ...tries)
    expect(await landed(t, reworked, both)).toMatchObject({ kind: 'landed' })
    // The same two changes meet again: the target is put back to what it was.
    const again = advance(t, { 'src/b.txt': lines('theirs') })
    const built = await build(t, two.branch, same, ...tries)
    expect(built).toMatchObject({
      kind: 'built',
      base: again,
      resolved: { by: 'rerere', files: ['src/b.txt'] },
    })
    if (built.kind !== 'built') return
    expect([at(t, built.commit, 'src/b.txt'), at(t, built.commit, 'src/two.txt')]).toEqual([
      lines('both').trim(),
      '2',
    ])
    // What is noted holds, whatever becomes of what was learned.
    rmSync(join(own(t), '../resolved'), { recursive: true })
    expect(await build(t, two.branch, same, 'rerere')).toEqual(built)
    expect(await landed(t, built, same)).toMatchObject({ kind: 'landed' })
  })

  test('is learned from merges of a branch that landed', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    commit(path, 'mine', { 'src/b.txt': 'mine\n' })
    const theirs = advance(t, { 'src/b.txt': 'theirs\n' })
    sh(path, 'fetch', '-q', 'origin')
    expect(() => sh(path, 'merge', '-q', theirs)).toThrow()
    const head = commit(path, 'merged', { 'src/b.txt': 'both\n' })
    expect(await landed(t, await build(t, branch, head, 'rerere'), head)).toMatchObject({ kind: 'landed' })
    const two = await t.add('slit', { branch: 'polecat/slit/b2' })
    sh(two.path, 'reset', '-q', '--hard', `${theirs}~1`)
    const same = commit(two.path, 'mine', { 'src/b.txt': 'mine\n', 'src/two.txt': '2\n' })
    advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await build(t, two.branch, same, 'rerere')).toMatchObject({ resolved: { by: 'rerere' } })
    expect(readdirSync(join(own(t), '../resolved'))).toHaveLength(1)
  })
})

describe('[GIT-69] nothing is guessed', () => {
  test('where the tool that is installed leaves marks, fails or is not there; and what it settles says by which', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    const head = commit(path, 'mine', { 'src/b.txt': 'mine\n' })
    const base = advance(t, { 'src/b.txt': 'theirs\n' })
    const conflicted = { kind: 'conflicted', base, files: ['src/b.txt'] }
    expect(await build(t, branch, head, 'mergiraf')).toEqual(conflicted)
    const tool = mergiraf('printf "<<<<<<< a\\nx\\n=======\\ny\\n>>>>>>> b\\n" > "$out"')
    const ask = () => build(t, branch, head, 'mergiraf')
    expect(await ask()).toEqual(conflicted)
    tool.does('cat "$5" > "$out"; exit 1')
    expect(await ask()).toEqual(conflicted)
    tool.does('case "$2" in *.txt) cat "$4" "$5" "$6" > "$out";; esac')
    const built = await ask()
    expect(built).toMatchObject({
      kind: 'built',
      resolved: { by: 'mergiraf', files: ['src/b.txt'], tool: 'mergiraf 0.99.0' },
    })
    if (built.kind === 'built') expect(at(t, built.commit, 'src/b.txt')).toBe('b\ntheirs\nmine')
  })

  test('from a rework that changed more than the conflict', () => {
    const marked = 'a\n<<<<<<< x\nb\n=======\nc\n>>>>>>> y\nd\n<<<<<<< x\ne\n=======\nf\n>>>>>>> y\n'
    const settles = (text: string) => settlesOnly(Buffer.from(marked), Buffer.from(text))
    expect(settles('a\nbc\nd\nef\n')).toBe(true)
    expect(settles('a\nd\n')).toBe(true)
    expect(settles('a\nbc\nD\nef\n')).toBe(false)
    expect(settles('A\nbc\nd\nef\n')).toBe(false)
    expect(settlesOnly(Buffer.from('a\n'), Buffer.from('a\n'))).toBe(false)
  })

  test('where a file is gone on one side', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    sh(path, 'rm', '-q', 'src/b.txt')
    const head = commit(path, 'gone')
    advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await build(t, branch, head, 'rebase', 'rerere', 'mergiraf')).toMatchObject({ kind: 'conflicted' })
  })
})

/** A program of that name, first on the PATH. */
function mergiraf(does: string) {
  const dir = tempFolder()
  mkdirSync(join(dir, 'bin'))
  const file = join(dir, 'bin/mergiraf')
  const before = process.env.PATH
  process.env.PATH = `${join(dir, 'bin')}:${before}`
  onTestFinished(() => {
    process.env.PATH = before
  })
  const set = (what: string) => {
    // Called as: merge --path-name=… --output=… base left right
    const script = `#!/bin/sh\n[ "$1" = --version ] && { echo mergiraf 0.99.0; exit; }\nout=\${3#--output=}\n${what}\n`
    writeFileSync(file, script)
    chmodSync(file, 0o755)
  }
  set(does)
  return { does: set }
}
