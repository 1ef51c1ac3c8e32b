// What is merged and copied over without git is what git gives, and whatever is not plain is left to it.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/git/layout.ts'
import { packLoose } from '../../src/git/loose-packs.ts'
import { importCommit } from '../../src/git/objects.ts'
import { plainMerge } from '../../src/git/plain-merges.ts'
import { commit, RIG, sh, tempFolder, town } from './town.ts'

type Files = Readonly<Record<string, string | null>>

/** Trees of three commits with these files, and what git makes of them. */
function sidesOf(repository: string, below: Files, ours: Files, theirs: Files) {
  const row = ([path, text]: [string, string | null]) => {
    const bytes = text?.replace(/^[!@]/, '') ?? ''
    const mode = text?.startsWith('!') ? '100755' : text?.startsWith('@') ? '120000' : '100644'
    return text === null ? `D ${path}\n` : `M ${mode} inline ${path}\ndata ${bytes.length}\n${bytes}\n`
  }
  const entry = (ref: string, files: Files, from: string) =>
    `commit refs/heads/${ref}\ncommitter a <b> 1 +0000\ndata 1\nx\n${from}${Object.entries(files).map(row).join('')}\n`
  const input = [
    entry('below', below, ''),
    entry('ours', ours, 'from refs/heads/below\n'),
    entry('theirs', theirs, 'from refs/heads/below\n'),
  ].join('')
  for (const ref of ['below', 'ours', 'theirs']) rmSync(join(repository, 'refs/heads', ref), { force: true })
  execFileSync('git', ['-c', 'fastimport.unpackLimit=100000', 'fast-import', '--quiet', '--force'], {
    ...{ cwd: repository, input },
  })
  const [fork = '', base = '', head = ''] = sh(
    repository,
    ...['rev-parse', 'below^{tree}', 'ours^{tree}', 'theirs^{tree}'],
  ).split('\n')
  const args = ['merge-tree', '--write-tree', '--no-messages', 'ours', 'theirs']
  const byGit = () => {
    try {
      return sh(repository, ...args)
    } catch {
      return 'conflict'
    }
  }
  return { sides: { fork, base, head }, byGit }
}

function bare() {
  const own = join(tempFolder(), 'git')
  sh('/', 'init', '-q', '--bare', '--template=', own)
  return { own } as ReturnType<typeof layoutOf>
}

const TEXT = Array.from({ length: 12 }, (_, n) => `line ${n}`).join('\n')

test('[GIT-71] merges that need no looking into files have the tree that git gives', async () => {
  const layout = bare()
  const below = { a: TEXT, 'd/x': 'x', 'd/e/y': 'y', 'd.z': 'z' }
  const plain: [Files, Files][] = [
    [{ 'd/one': '1' }, { 'd/two': '2' }],
    [
      { 'd/e/y': 'new', a: 'b' },
      { 'd/x': 'other', n: '!run' },
    ],
    [
      { 'new/a': '1', 'd-/q': '1' },
      { 'new/b': '2', 'd+': '@a' },
    ],
    [{ 'd/x': 'same' }, { 'd/x': 'same', 'd/e/k': 'k' }],
    [{ 'd/e/y': '!y' }, { 'd/f/g/h': 'deep' }],
    [{ 'd/e/y': null, 'd/e/w': 'y' }, { a: 'else' }],
    [{}, { a: 'only theirs' }],
  ]
  for (const [ours, theirs] of plain) {
    const { sides, byGit } = sidesOf(layout.own, below, ours, theirs)
    expect(await plainMerge(layout, sides), JSON.stringify([ours, theirs])).toBe(byGit())
  }
  const left: [Files, Files][] = [
    // Both changed it, at different places or at the same.
    [{ a: `first\n${TEXT}` }, { a: `${TEXT}\nlast` }],
    [{ a: 'one' }, { a: 'two' }],
    [{ n: 'one' }, { n: 'two' }],
    // What one renamed the other changed, or put something beside.
    [{ a: `${TEXT}\nlast` }, { a: null, b: TEXT }],
    [{ 'd/e/new': 'n' }, { 'd/e/y': null, 'd/k/y': 'y' }],
    [{ 'd/x': null }, { 'd/n': 'n' }],
    // A file on one side is a folder on the other.
    [{ n: 'file' }, { 'n/m': 'm' }],
    [{ a: '!exec' }, { a: 'changed' }],
    [{ 'd/x': '!x' }, { 'd/x': 'changed' }],
  ]
  for (const [ours, theirs] of left) {
    const { sides } = sidesOf(layout.own, below, ours, theirs)
    expect(await plainMerge(layout, sides), JSON.stringify([ours, theirs])).toBeNull()
  }
  expect(sh(layout.own, 'fsck', '--no-dangling', '--strict')).toBe('')
})

test('[GIT-71] of merges by chance each that is made without git is the one that git makes', async () => {
  const layout = bare()
  let seed = 11
  const chance = (of: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return (seed >> 16) % of
  }
  const path = () => Array.from({ length: 1 + chance(3) }, () => 'abcd'[chance(4)]).join('/')
  const text = () => `${'!@'[chance(12)] ?? ''}${chance(5)}`
  const fits = (files: Files, one: string) =>
    Object.entries(files).every(
      ([other, held]) => held === null || !(other.startsWith(`${one}/`) || one.startsWith(`${other}/`)),
    )
  const put = (files: Record<string, string | null>, all: Files) => {
    const one = path()
    if (fits(all, one)) files[one] = text()
  }
  let made = 0
  for (let n = 0; n < 16; n += 1) {
    const below: Record<string, string | null> = { a0: '1' }
    for (let one = 0; one < 8; one += 1) put(below, below)
    const changed = () => {
      const files: Record<string, string | null> = {}
      for (let one = 0; one <= chance(3); one += 1) put(files, { ...below, ...files })
      const some = Object.keys(below)[chance(Object.keys(below).length)]
      if (chance(4) === 0 && some !== undefined) files[some] = null
      return files
    }
    const [ours, theirs] = [changed(), changed()]
    const { sides, byGit } = sidesOf(layout.own, below, ours, theirs)
    const tree = await plainMerge(layout, sides)
    if (tree === null) continue
    made += 1
    expect(tree, JSON.stringify({ below, ours, theirs })).toBe(byGit())
  }
  expect(made).toBeGreaterThan(4)
})

test('[GIT-3] what is copied over without git is complete, also where the own repository has a part of it already', async () => {
  const t = await town()
  const layout = layoutOf(t.dir, RIG)
  const { path, base } = await t.add('nux')
  commit(path, 'one', { 'src/deep/new.txt': 'new\n' })
  const head = commit(path, 'two', { 'src/deep/other.txt': 'other\n', top: 'top\n' })
  const wanted = sh(path, 'rev-list', '--objects', '--no-object-names', head, `^${base}`).split('\n')
  // As a checkpoint leaves it: a tree is ours, and the file that it names is the agent's alone.
  const tree = sh(path, 'rev-parse', `${head}:src/deep`)
  const listed = execFileSync('git', ['cat-file', 'tree', tree], { cwd: path })
  execFileSync('git', ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], {
    ...{ cwd: layout.own, input: listed },
  })
  expect(await packLoose(layout, head, [base])).not.toBeNull()
  await importCommit(layout, head, [base])
  expect(sh(layout.own, 'rev-list', '--objects', '--no-object-names', head, `^${base}`).split('\n')).toEqual(
    wanted,
  )
  expect(sh(layout.own, 'fsck', '--no-dangling', '--strict')).toBe('')
})

test('[GIT-3] what is missing, long or no plain file of the agents is left to git to find or to refuse', async () => {
  const t = await town()
  const layout = layoutOf(t.dir, RIG)
  const { path, base } = await t.add('nux')
  const first = commit(path, 'one', { 'src/one.txt': 'one\n' })
  expect(await packLoose(layout, first, [])).toBeNull()
  const blob = sh(path, 'rev-parse', `${first}:src/one.txt`)
  const file = join(layout.shared, 'objects', blob.slice(0, 2), blob.slice(2))
  rmSync(file)
  expect(await packLoose(layout, first, [base])).toBeNull()
  execFileSync('mkfifo', [file])
  expect(await packLoose(layout, first, [base])).toBeNull()
  rmSync(file)
  await expect(importCommit(layout, first, [base])).rejects.toMatchObject({ code: 'BRANCH_MISSING' })
  const second = commit(path, 'two', {
    'src/one.txt': 'one\n',
    'src/long.txt': randomBytes(99_000).toString('hex'),
  })
  expect(await packLoose(layout, second, [base])).toBeNull()
})
