// What a landing costs besides its gates, and that what is done without git is what git does.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readCommit, writeCommit } from '../../src/git/commit-files.ts'
import { git } from '../../src/git/git.ts'
import { layoutOf, ownEnv } from '../../src/git/layout.ts'
import { forkOf } from '../../src/git/parting.ts'
import { patchesBetween } from '../../src/git/patches.ts'
import { writeRef } from '../../src/git/refs.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import { AUTHOR, COMMITTER, commit, ENV, merge, RIG, sh, type Town, tempFolder, town } from './town.ts'

/** Names the arguments of each git that is started from now on, without our configuration. */
function countGit(): () => string[] {
  const folder = tempFolder()
  const [log, real] = [
    join(folder, 'log'),
    execFileSync('/bin/sh', ['-c', 'command -v git']).toString().trim(),
  ]
  const script = `#!/bin/sh\nfor a; do case "$a" in -c|*=*|-*) ;; *) echo "$a" >> ${log}; break;; esac; done\nexec ${real} "$@"\n`
  writeFileSync(join(folder, 'git'), script)
  chmodSync(join(folder, 'git'), 0o755)
  const before = process.env.PATH
  process.env.PATH = `${folder}:${before}`
  onTestFinished(() => {
    process.env.PATH = before
  })
  return () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
}

async function stackOf(t: Town, names: readonly string[]) {
  const heads: { branch: string; head: string }[] = []
  for (const name of names) {
    const { path, branch } = await t.add(name)
    heads.push({ branch, head: commit(path, name, { [`src/${name}.txt`]: `${name}\n` }) })
  }
  return heads
}

test('[GIT-71] three that land together cost one git process each, one push, and two for all their proofs', async () => {
  const t = await town()
  const heads = await stackOf(t, ['a1', 'a2', 'a3'])
  // A worker that begins anew knows nothing of them.
  const repos = createRepositories(t.dir)
  const said = countGit()
  const parts: { commit: string; head: string }[] = []
  let base = ''
  for (const { branch, head } of heads) {
    const built = await repos.buildMerge({ ...t.at, ...merge(branch, head), onto: parts.at(-1)?.commit })
    if (built.kind !== 'built') throw new Error(built.kind)
    base ||= built.base
    parts.push({ commit: built.commit, head })
  }
  const tip = parts.at(-1) as { commit: string; head: string }
  const gates = [{ name: 'test', command: ['true'], timeoutMs: 9_000 }]
  await repos.runGates({ rig: RIG, commit: tip.commit, setup: null, gates, env: ENV })
  const landed = await repos.pushTarget({ ...t.at, base, ...tip, parts })
  expect(landed).toMatchObject({ kind: 'landed', head: tip.commit })
  const counts = Map.groupBy(said(), (name) => name)
  expect(Object.fromEntries([...counts].map(([name, all]) => [name, all.length]))).toMatchObject({
    'unpack-objects': 3,
    'diff-tree': 1,
    'patch-id': 1,
    'read-tree': 1,
    clean: 1,
    push: 1,
  })
  // Beside what the push itself starts.
  expect(
    said().filter((name) => !/receive-pack|maintenance|gc|rev-list/.test(name)).length,
  ).toBeLessThanOrEqual(9)
  // Built again, as after a guess that came true, nothing is started.
  const before = said().length
  const [first] = heads
  await repos.buildMerge({ ...t.at, ...merge(first?.branch ?? '', first?.head ?? ''), onto: base })
  expect(said().length).toBe(before)
})

test('[GIT-71] a commit that is written without git is the one that git writes; what git would change is left to it', async () => {
  const t = await town()
  const layout = layoutOf(t.dir, RIG)
  const base = sh(layout.own, 'rev-parse', 'refs/remotes/origin/main')
  const tree = sh(layout.own, 'rev-parse', `${base}^{tree}`)
  const of = (more: Partial<Parameters<typeof writeCommit>[1]>) => ({
    ...{
      tree,
      parents: [base],
      author: AUTHOR,
      committer: COMMITTER,
      date: 1_700_000_000_999,
      message: 'One',
    },
    ...more,
  })
  const byGit = ({ parents, author, committer, date, message }: ReturnType<typeof of>) =>
    git(['commit-tree', tree, ...parents.flatMap((one) => ['-p', one]), '-F', '-'], {
      cwd: '/',
      env: {
        ...ownEnv(layout),
        ...{ GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email },
        ...{ GIT_COMMITTER_NAME: committer.name, GIT_COMMITTER_EMAIL: committer.email },
        GIT_AUTHOR_DATE: `@${Math.floor(date / 1000)} +0000`,
        GIT_COMMITTER_DATE: `@${Math.floor(date / 1000)} +0000`,
      },
      input: message.endsWith('\n') ? message : `${message}\n`,
    })
  const plain = [
    of({}),
    of({ message: 'Zwei\n\nünïcode 🙂\n\nBead: he-1\n' }),
    of({ parents: [base, base] }),
    of({ author: { name: 'Ünal Ö', email: 'u.o+x@town' }, message: '  spaces stay  \n\n\n' }),
  ]
  for (const each of plain) {
    const id = await writeCommit(layout.own, each)
    expect(id).toBe(await byGit(each))
    expect(await readCommit(layout.own, id ?? '')).toEqual({ tree, parents: [base] })
  }
  const odd = [
    of({ author: { name: ' x<y> ', email: 'a@b' } }),
    of({ author: { name: 'x.', email: 'a@b' } }),
    of({ message: 'a\0b' }),
    of({ message: '\ud800' }),
    of({ message: '' }),
    of({ tree: 'HEAD' }),
  ]
  for (const each of odd) expect(await writeCommit(layout.own, each)).toBeNull()
  expect(sh(layout.own, 'fsck', '--no-dangling', '--strict')).toBe('')
  // A file that is no such object is not believed.
  const one = (await writeCommit(layout.own, of({ message: 'Damaged' }))) ?? ''
  const file = join(layout.own, 'objects', one.slice(0, 2), one.slice(2))
  const other = (await writeCommit(layout.own, of({}))) ?? ''
  chmodSync(file, 0o644)
  writeFileSync(file, readFileSync(join(layout.own, 'objects', other.slice(0, 2), other.slice(2))))
  expect(await readCommit(layout.own, one)).toBeNull()
})

test('[GIT-71] patches that are read together are those that git gives one by one, and one that is missing is told', async () => {
  const t = await town()
  const layout = layoutOf(t.dir, RIG)
  const first = sh(t.home, 'rev-parse', 'main')
  const ids = [first]
  for (const [n, files] of [
    { 'src/b.txt': 'one\n' },
    { 'a name\nwith a line': `${first}\n`, 'src/b.txt': `-- x\n++ y\n${first}\n` },
    { 'none.bin': '\0\0\0', 'src/b.txt': 'no end' },
  ].entries())
    ids.push(commit(t.home, `c${n}`, files as Record<string, string>))
  ids.push(sh(t.home, 'commit-tree', `${ids.at(-1)}^{tree}`, '-p', ids.at(-1) ?? '', '-m', 'nothing'))
  sh(t.home, 'push', '-q', layout.own, `${ids.at(-1)}:refs/heads/x`)
  const pairs = ids.flatMap((to, n) => ids.slice(0, n).map((from) => ({ from, to })))
  const found = await patchesBetween(layout, pairs)
  const options = ['-p', '-U0', '--full-index', '--no-renames']
  for (const [n, { from, to }] of pairs.entries()) {
    const diff = execFileSync('git', ['diff-tree', ...options, from, to], { cwd: t.home })
    const said = execFileSync('git', ['patch-id', '--stable'], { cwd: t.home, input: diff }).toString()
    expect(found[n]?.id ?? '').toBe(said.split(' ')[0])
    const [added, removed] = sh(t.home, 'diff-tree', '--numstat', '--no-renames', '-z', '-r', from, to)
      .split('\0')
      .map((row) => row.split('\t').map((value) => Number(value) || 0))
      .reduce(([more = 0, less = 0], [a = 0, b = 0]) => [more + a, less + b], [0, 0])
    expect(found[n]?.lines ?? { added: 0, removed: 0 }).toEqual({ added, removed })
  }
  await expect(patchesBetween(layout, [...pairs, { from: first, to: 'f'.repeat(40) }])).rejects.toMatchObject(
    {
      code: 'NOT_PROVED',
    },
  )
})

test('[GIT-71] where a branch parted is what git says, also of merges and of what was begun upon a landing', async () => {
  const t = await town()
  const layout = layoutOf(t.dir, RIG)
  const [one, two] = await stackOf(t, ['b1', 'b2'])
  const built = await t.repos.buildMerge({ ...t.at, ...merge(one?.branch ?? '', one?.head ?? '') })
  if (built.kind !== 'built') throw new Error(built.kind)
  const upon = await t.repos.buildMerge({
    ...t.at,
    ...merge(two?.branch ?? '', two?.head ?? ''),
    onto: built.commit,
  })
  if (upon.kind !== 'built') throw new Error(upon.kind)
  const made = (...parents: string[]) =>
    sh(layout.own, 'commit-tree', `${built.base}^{tree}`, ...parents.flatMap((id) => ['-p', id]), '-m', 'x')
  const heads = [one?.head, two?.head, made(built.commit), made(upon.commit), made(built.base, built.commit)]
  heads.push(made(made(built.commit)), made(upon.commit, two?.head ?? ''), built.base)
  for (const head of heads)
    for (const base of [built.base, built.commit, upon.commit]) {
      const said = sh(layout.own, 'merge-base', base, head ?? '')
      expect(await forkOf(layout, base, head ?? '')).toBe(said)
    }
  expect(await forkOf(layout, built.base, made())).toBeNull()
})

test('[GIT-71] a ref is set under its lock, and left to git where that is held or refs are kept otherwise', async () => {
  const folder = tempFolder()
  sh(folder, 'init', '-q', '--bare', '--template=')
  const id = sh(folder, 'commit-tree', sh(folder, 'mktree'), '-m', 'x')
  mkdirSync(join(folder, 'refs/remotes/origin'), { recursive: true })
  expect(await writeRef(folder, 'refs/remotes/origin/main', id)).toBe(true)
  expect(sh(folder, 'rev-parse', 'refs/remotes/origin/main')).toBe(id)
  writeFileSync(join(folder, 'refs/remotes/origin/main.lock'), '')
  expect(await writeRef(folder, 'refs/remotes/origin/main', 'a'.repeat(40))).toBe(false)
  expect(existsSync(join(folder, 'refs/remotes/origin/main.lock'))).toBe(true)
  expect(await writeRef(folder, 'refs/nowhere/yet/main', id)).toBe(false)
  expect(await writeRef(folder, 'refs/remotes/origin', id)).toBe(false)
  expect(existsSync(join(folder, 'refs/remotes/origin.lock'))).toBe(false)
  mkdirSync(join(folder, 'reftable'))
  expect(await writeRef(folder, 'refs/remotes/origin/other', id)).toBe(false)
})
