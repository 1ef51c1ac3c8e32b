import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { commit, FILES, merge, RIG, sh, snapshot, type Town, town, write } from './town.ts'

/** A worktree with one commit, and the commit that would land. */
async function built(t: Town, files: Readonly<Record<string, string>> = { 'src/new.txt': 'new\n' }) {
  const made = await t.add('nux')
  const head = commit(made.path, 'work', files)
  const result = await t.repos.buildMerge({ ...t.at, ...merge(made.branch, head) })
  if (result.kind !== 'built') throw new Error(result.kind)
  return { ...made, ...result, head }
}

const advance = (t: Town, files: Readonly<Record<string, string>>): string => {
  const id = commit(t.home, 'theirs', files)
  if (t.remote.kind === 'origin') sh(t.home, 'push', '-q', 'origin', 'main')
  return id
}

describe('[GIT-17] building', () => {
  test('the same question on the same base gives the same commit, with the worker’s name and the given time', async () => {
    const t = await town()
    const { commit: id, base, branch, head } = await built(t)
    expect(await createRepositories(t.dir).buildMerge({ ...t.at, ...merge(branch, head) })).toMatchObject({
      commit: id,
    })
    const own = join(t.dir, 'rigs', RIG, 'refinery/git')
    expect(sh(own, 'log', '-1', '--format=%an <%ae>|%cn|%at|%ct|%P|%B', id)).toBe(
      `hermes/polecats/nux <hermes.polecats.nux@town>|hermes/refinery|1700000000|1700000000|${base}|Do it\n\nBead: he-1`,
    )
  })

  test('changes to the same lines are a conflict that names the files, and nothing is written to the target', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    const head = commit(path, 'mine', { 'src/b.txt': 'mine\n', 'src/ü.txt': 'mine\n' })
    const base = advance(t, { 'src/b.txt': 'theirs\n', 'src/ü.txt': 'theirs\n' })
    expect(await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })).toEqual({
      kind: 'conflicted',
      base,
      files: ['src/b.txt', 'src/ü.txt'],
    })
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(base)
    sh(path, 'fetch', '-q', 'origin')
    expect(() => sh(path, 'rebase', 'origin/main')).toThrow()
    write(path, { 'src/b.txt': 'both\n', 'src/ü.txt': 'both\n' })
    sh(path, 'add', '-A')
    sh(path, '-c', 'core.editor=true', 'rebase', '--continue')
    expect(
      await t.repos.buildMerge({ ...t.at, ...merge(branch, sh(path, 'rev-parse', 'HEAD')) }),
    ).toMatchObject({ kind: 'built', base })
  })

  test('work that the target already has is empty', async () => {
    const t = await town()
    const { path, branch, base: start } = await t.add('nux')
    expect(await t.repos.buildMerge({ ...t.at, ...merge(branch, start) })).toEqual({
      kind: 'empty',
      base: start,
    })
    const head = commit(path, 'mine', { 'src/b.txt': 'same\n' })
    const base = advance(t, { 'src/b.txt': 'same\n' })
    expect(await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })).toEqual({ kind: 'empty', base })
  })

  test('more objects than git unpacks one by one arrive as well', async () => {
    const t = await town()
    const files = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`many/${n}.txt`, `${n}\n`]))
    const { commit: id } = await built(t, files)
    expect(
      sh(join(t.dir, 'rigs', RIG, 'refinery/git'), 'ls-tree', '-r', '--name-only', id).split('\n'),
    ).toHaveLength(154)
  })

  test('a commit that no agent made is told so', async () => {
    const t = await town()
    const { branch } = await t.add('nux')
    await expect(t.repos.buildMerge({ ...t.at, ...merge(branch, 'f'.repeat(40)) })).rejects.toMatchObject({
      code: 'BRANCH_MISSING',
    })
  })
})

describe('a stack', () => {
  const authorOf = (name: string) => ({
    name: `hermes/polecats/${name}`,
    email: `hermes.polecats.${name}@town`,
  })

  /** Each upon the one before: what it changes, by who. */
  async function stack(t: Town, work: readonly (readonly [name: string, files: Record<string, string>])[]) {
    const parts: { commit: string; tree: string; head: string; base: string }[] = []
    for (const [name, files] of work) {
      const { path, branch } = await t.add(name)
      const head = commit(path, `work of ${name}`, files)
      const onto = parts.at(-1)?.commit
      const result = await t.repos.buildMerge({
        ...t.at,
        ...merge(branch, head),
        message: `Work of ${name}\n\nBead: he-${name}\nReceipt: mr-${name}`,
        author: authorOf(name),
        ...(onto !== undefined && { onto }),
      })
      if (result.kind !== 'built') throw new Error(result.kind)
      parts.push({ ...result, head })
    }
    const tip = parts.at(-1) as (typeof parts)[number]
    const together = parts.map(({ commit: id, head }) => ({ commit: id, head }))
    return {
      parts,
      tip,
      input: { ...t.at, base: parts[0]?.base ?? '', commit: tip.commit, head: tip.head, parts: together },
    }
  }
  const FOUR = ['nux', 'slit', 'ace', 'max'].map(
    (name) => [name, { [`src/${name}.txt`]: `${name}\n` }] as const,
  )

  test('[GIT-6] [GIT-17] [P8] of four lands with one push: each commit its own, with its author, trailers and proof', async () => {
    const t = await town()
    appendFileSync(join(t.remote.url, 'config'), '[core]\n\tlogAllRefUpdates = true\n')
    const { parts, tip, input } = await stack(t, FOUR)
    const landed = await t.repos.pushTarget(input)
    expect(landed).toMatchObject({ kind: 'landed', head: tip.commit })
    const log = sh(
      t.remote.url,
      'log',
      '-4',
      '--reverse',
      '--format=%H|%P|%T|%an|%(trailers:key=Receipt,valueonly,separator=)',
      'main',
    )
    expect(log.split('\n')).toEqual(
      parts.map(({ commit: id, tree, base }, n) => {
        const name = FOUR[n]?.[0]
        return [id, base, tree, `hermes/polecats/${name}`, `mr-${name}`].join('|')
      }),
    )
    expect(parts.map(({ base }) => base)).toEqual([
      input.base,
      ...parts.slice(0, -1).map((part) => part.commit),
    ])
    const pushes = sh(t.remote.url, 'reflog', 'show', '--format=%H', 'main').split('\n')
    expect(pushes).toEqual([tip.commit, input.base])
    const proofs = landed.kind === 'landed' ? (landed.parts ?? []) : []
    expect(new Set(proofs.map(({ patchId }) => patchId)).size).toBe(4)
    expect(proofs.map(({ lines }) => lines)).toEqual(FOUR.map(() => ({ added: 1, removed: 0 })))
    // Asked again by a worker that knows nothing, also when others landed on top.
    expect(await createRepositories(t.dir).pushTarget(input)).toEqual(landed)
    sh(t.home, 'pull', '-q', '--ff-only', 'origin', 'main')
    advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await createRepositories(t.dir).pushTarget(input)).toMatchObject({
      kind: 'landed',
      ...{ parts: proofs },
    })
  })

  test('[GIT-6] [P8] of which one does not carry its patch is not pushed at all', async () => {
    const t = await town()
    const { input, parts } = await stack(t, FOUR.slice(0, 2))
    const wrong = input.parts.map((part, n) => ({
      ...part,
      head: n === 0 ? (parts[1]?.head ?? '') : part.head,
    }))
    await expect(t.repos.pushTarget({ ...input, parts: wrong })).rejects.toMatchObject({ code: 'NOT_PROVED' })
    const shorter = input.parts.slice(0, 1)
    await expect(t.repos.pushTarget({ ...input, parts: shorter })).rejects.toMatchObject({
      code: 'NOT_PROVED',
    })
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(input.base)
    const theirs = advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await t.repos.pushTarget(input)).toEqual({ kind: 'moved', head: theirs })
  })

  test('[GIT-17] what conflicts with the one below it says so, and fits onto the target alone', async () => {
    const t = await town()
    const { tip } = await stack(t, [['nux', { 'src/b.txt': 'mine\n' }]])
    const { path, branch, base } = await t.add('slit')
    const head = commit(path, 'also', { 'src/b.txt': 'also mine\n' })
    const input = { ...t.at, ...merge(branch, head) }
    expect(await t.repos.buildMerge({ ...input, onto: tip.commit })).toEqual({
      kind: 'conflicted',
      base: tip.commit,
      files: ['src/b.txt'],
    })
    expect(await t.repos.buildMerge(input)).toMatchObject({ kind: 'built', base })
  })
})

describe('[GIT-6] [P8] landing', () => {
  test('a target that has moved is not overwritten', async () => {
    const t = await town()
    const { commit: id, base, head } = await built(t)
    const theirs = advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toEqual({
      kind: 'moved',
      head: theirs,
    })
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(theirs)
  })

  test('a landing that is asked for again has landed, also when others landed on top', async () => {
    const t = await town()
    const { commit: id, base, head } = await built(t)
    const input = { ...t.at, base, commit: id, head }
    const first = await t.repos.pushTarget(input)
    expect(await createRepositories(t.dir).pushTarget(input)).toEqual(first)
    sh(t.home, 'pull', '-q', '--ff-only', 'origin', 'main')
    const newer = advance(t, { 'src/b.txt': 'theirs\n' })
    expect(await createRepositories(t.dir).pushTarget(input)).toMatchObject({ kind: 'landed', head: newer })
  })

  test('a remote that says no is quoted, and nothing landed', async () => {
    const t = await town()
    const { commit: id, base, head } = await built(t)
    const hook = join(t.remote.url, 'hooks/pre-receive')
    write(t.remote.url, { 'hooks/pre-receive': '#!/bin/sh\necho "protected by the \x1b[31mboss"; exit 1\n' })
    chmodSync(hook, 0o755)
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toEqual({
      kind: 'refused',
      message: expect.stringMatching(/pre-receive hook declined.*protected by the \P{Cc}*boss/u),
    })
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(base)
    rmSync(hook)
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
  })

  test('a remote that is gone is an error that says nothing about the landing', async () => {
    const t = await town()
    const { commit: id, base, head } = await built(t)
    rmSync(t.remote.url, { recursive: true })
    await expect(t.repos.pushTarget({ ...t.at, base, commit: id, head })).rejects.toMatchObject({
      code: 'REMOTE_UNREACHABLE',
    })
  })

  test('a commit without the whole patch of the branch is not pushed', async () => {
    const t = await town()
    const { commit: id, base, path } = await built(t)
    const more = commit(path, 'more', { 'src/more.txt': 'more\n' })
    await t.repos.checkpoint({ rig: RIG, path, branch: 'polecat/nux/b1', name: 'c' })
    await expect(t.repos.pushTarget({ ...t.at, base, commit: id, head: more })).rejects.toMatchObject({
      code: 'NOT_PROVED',
    })
    await expect(t.repos.pushTarget({ ...t.at, base: more, commit: id, head: more })).rejects.toMatchObject({
      code: 'NOT_PROVED',
    })
    expect(sh(t.remote.url, 'rev-parse', 'main')).toBe(base)
  })

  test('the patch-id is the one a person gets, and a branch whose lines moved is proved too', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    const lines = FILES['src/a.txt'].split('\n')
    const head = commit(path, 'mine', { 'src/a.txt': lines.toSpliced(20, 1, 'mine').join('\n') })
    advance(t, { 'src/a.txt': lines.toSpliced(2, 0, 'one', 'two').toSpliced(20, 1, 'near').join('\n') })
    const result = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
    if (result.kind !== 'built') throw new Error(result.kind)
    const landed = await t.repos.pushTarget({ ...t.at, base: result.base, commit: result.commit, head })
    const own = join(t.dir, 'rigs', RIG, 'refinery/git')
    const diff = sh(own, 'diff-tree', '-p', '-U0', '--full-index', '--no-renames', result.base, result.commit)
    const patchId = execFileSync('git', ['patch-id', '--stable'], {
      input: `${diff}\n`,
      encoding: 'utf8',
    }).split(' ')[0]
    expect(landed).toMatchObject({ kind: 'landed', patchId, proof: expect.stringContaining(patchId ?? '?') })
    expect(landed).toMatchObject({ lines: { added: 1, removed: 1 } })
  })

  test('a branch of which the target has a part already is proved by merging again', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    commit(path, 'one', { 'src/one.txt': '1\n' })
    const head = commit(path, 'two', { 'src/two.txt': '2\n' })
    advance(t, { 'src/one.txt': '1\n' })
    const result = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
    if (result.kind !== 'built') throw new Error(result.kind)
    const landed = await t.repos.pushTarget({ ...t.at, base: result.base, commit: result.commit, head })
    expect(landed).toMatchObject({ kind: 'landed', proof: expect.stringContaining('merging') })
    expect(landed).toMatchObject({ lines: { added: 1, removed: 0 } })
  })
})

describe('[GIT-7] a person’s own repository', () => {
  const everythingBut = (path: string): boolean =>
    // What a landing may change: objects, the target, its log, the tree that is checked out and its index.
    /^\.git\/(objects\/|refs\/heads\/main$|logs\/|index$)/.test(path) || path === 'src/new.txt'

  test('nothing but the target, its tree and its objects changes, and no hook runs', async () => {
    const t = await town('local')
    write(t.home, { 'notes.txt': 'untracked', 'debug.log': 'ignored' })
    sh(t.home, 'branch', 'other')
    for (const name of [
      'post-merge',
      'pre-receive',
      'post-receive',
      'update',
      'post-checkout',
      'push-to-checkout',
      'reference-transaction',
    ]) {
      write(t.home, { [`.git/hooks/${name}`]: `#!/bin/sh\ntouch ${t.dir}/canary\nexit 1\n` })
      chmodSync(join(t.home, '.git/hooks', name), 0o755)
    }
    const { commit: id, base, head } = await built(t)
    const before = snapshot(t.home, everythingBut)
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({
      kind: 'landed',
      head: id,
    })
    expect(snapshot(t.home, everythingBut)).toEqual(before)
    expect(readFileSync(join(t.home, 'src/new.txt'), 'utf8')).toBe('new\n')
    expect(sh(t.home, 'status', '--porcelain')).toBe('?? notes.txt')
    expect(existsSync(join(t.dir, 'canary'))).toBe(false)
  })

  test('a checked-out target with changes waits, and not a byte changes', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    for (const stage of [false, true]) {
      write(t.home, { 'src/b.txt': 'in the middle of something\n' })
      if (stage) sh(t.home, 'add', '-A')
      const before = snapshot(t.home)
      expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toEqual({
        kind: 'dirty',
        path: t.home,
        files: ['src/b.txt'],
      })
      expect(snapshot(t.home)).toEqual(before)
    }
    sh(t.home, 'checkout', '-q', 'HEAD', '--', 'src/b.txt')
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
  })

  test('an untracked file that the landing would overwrite stops it', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    write(t.home, { 'src/new.txt': 'mine, not in git' })
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toEqual({
      kind: 'dirty',
      path: t.home,
      files: ['src/new.txt'],
    })
    expect(readFileSync(join(t.home, 'src/new.txt'), 'utf8')).toBe('mine, not in git')
    expect(sh(t.home, 'rev-parse', 'main')).toBe(base)
    expect(sh(t.home, 'status', '--porcelain')).toBe('?? src/new.txt')
  })

  test('a target that is not checked out moves alone', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    sh(t.home, 'checkout', '-qb', 'mine')
    write(t.home, { 'src/b.txt': 'in the middle of something\n' })
    const except = (path: string) =>
      /^\.git\/(objects\/|refs\/heads\/main$|logs\/refs\/heads\/main$)/.test(path)
    const before = snapshot(t.home, except)
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
    expect(snapshot(t.home, except)).toEqual(before)
    expect(sh(t.home, 'rev-parse', 'main')).toBe(id)
  })

  test('a target in a linked work tree of the person’s follows, or waits, there', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    sh(t.home, 'checkout', '-qb', 'mine')
    const other = join(t.dir, 'other')
    sh(t.home, 'worktree', 'add', '-q', other, 'main')
    write(other, { 'src/b.txt': 'changed' })
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toEqual({
      kind: 'dirty',
      path: other,
      files: ['src/b.txt'],
    })
    sh(other, 'checkout', '-q', '--', 'src/b.txt')
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
    expect(sh(other, 'status', '--porcelain')).toBe('')
  })

  test('a landing that was cut between files and ref is finished', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    sh(t.home, 'fetch', '-q', join(t.dir, 'rigs', RIG, 'refinery/git'), id)
    sh(t.home, 'read-tree', '-u', '-m', base, id)
    expect(sh(t.home, 'status', '--porcelain')).toBe('A  src/new.txt')
    expect(await t.repos.pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({ kind: 'landed' })
    expect(sh(t.home, 'status', '--porcelain')).toBe('')
  })

  test('a landing that had happened before the person went on is still a landing', async () => {
    const t = await town('local')
    const { commit: id, base, head } = await built(t)
    await t.repos.pushTarget({ ...t.at, base, commit: id, head })
    write(t.home, { 'src/b.txt': 'next\n' })
    expect(await createRepositories(t.dir).pushTarget({ ...t.at, base, commit: id, head })).toMatchObject({
      kind: 'landed',
      head: id,
    })
  })
})

describe('[GIT-5] [P5] removing', () => {
  async function landed(t: Town) {
    const b = await built(t)
    await t.repos.pushTarget({ ...t.at, base: b.base, commit: b.commit, head: b.head })
    return {
      ...b,
      input: { ...t.at, path: b.path, branch: b.branch, head: b.head, landed: b.commit, name: 'nux-1' },
    }
  }
  const shared = (t: Town): string => join(t.dir, 'rigs', RIG, 'repo.git')

  test('without a landing nothing is removed', async () => {
    const t = await town()
    const { path, branch, head, commit: id, base } = await built(t)
    const before = snapshot(path)
    const input = { ...t.at, path, branch, head, name: 'n' }
    await expect(t.repos.removeWorktree({ ...input, landed: id })).rejects.toMatchObject({
      code: 'NOT_PROVED',
    })
    // A commit that is in the target, but carries something else.
    const other = advance(t, { 'src/b.txt': 'theirs\n' })
    await t.repos.targetHead(t.at)
    for (const wrong of [other, base]) {
      await expect(t.repos.removeWorktree({ ...input, landed: wrong })).rejects.toMatchObject({
        code: 'NOT_PROVED',
      })
    }
    expect(snapshot(path)).toEqual(before)
    expect(sh(path, 'rev-parse', branch)).toBe(head)
  })

  test('what is beyond the landed head is kept first, and the branch can be found again', async () => {
    const t = await town()
    const { path, branch, input, head } = await landed(t)
    const later = commit(path, 'after the submission', { 'src/later.txt': 'later\n' })
    write(path, { 'src/b.txt': 'uncommitted\n', 'src/u.txt': 'untracked\n' })
    expect(await t.repos.removeWorktree(input)).toEqual({
      removed: true,
      checkpoint: 'refs/gt/checkpoints/nux-1',
    })
    expect(existsSync(path)).toBe(false)
    for (const repository of [shared(t), join(t.dir, 'rigs', RIG, 'refinery/git')]) {
      expect(sh(repository, 'show', 'refs/gt/checkpoints/nux-1:src/u.txt')).toBe('untracked')
      expect(sh(repository, 'show', 'refs/gt/checkpoints/nux-1:src/b.txt')).toBe('uncommitted')
      sh(repository, 'merge-base', '--is-ancestor', later, 'refs/gt/checkpoints/nux-1')
      sh(repository, 'merge-base', '--is-ancestor', head, 'refs/gt/checkpoints/nux-1')
    }
    expect(sh(shared(t), 'rev-parse', `refs/gt/removed/${branch}`)).toBe(later)
    expect(() => sh(shared(t), 'rev-parse', '--verify', `refs/heads/${branch}`)).toThrow()
    expect(await createRepositories(t.dir).removeWorktree(input)).toMatchObject({ removed: true })
  })

  test('one that was cut short is finished, whatever is left', async () => {
    const t = await town()
    const { path, branch, input, head } = await landed(t)
    rmSync(path, { recursive: true })
    expect(await createRepositories(t.dir).removeWorktree(input)).toEqual({ removed: true, checkpoint: null })
    expect(() => sh(shared(t), 'rev-parse', '--verify', `refs/heads/${branch}`)).toThrow()
    expect(sh(shared(t), 'rev-parse', `refs/gt/removed/${branch}`)).toBe(head)
    // The name is free again.
    await t.add('nux')
  })
})

describe('[GIT-18] [P5] checkpoints', () => {
  test('everything but what is ignored is under the ref, and asking again gives the same', async () => {
    const t = await town()
    const { path, branch, base } = await t.add('nux')
    const at = { rig: RIG, path, branch, name: 'nux-1' }
    expect(await t.repos.checkpoint(at)).toMatchObject({ ref: 'refs/gt/checkpoints/nux-1', commit: base })
    const head = commit(path, 'work', { 'src/w.txt': 'w\n' })
    write(path, { 'src/b.txt': 'changed\n', 'new/ü.txt': 'u\n', 'debug.log': 'ignored' })
    rmSync(join(path, 'src/a.txt'))
    write(path, { 'inner/file.txt': 'in a repository of its own\n' })
    sh(join(path, 'inner'), 'init', '-q')
    const before = sh(path, 'status', '--porcelain')
    const { ref, commit: id } = await t.repos.checkpoint(at)
    expect(sh(path, 'status', '--porcelain')).toBe(before)
    expect(sh(path, 'ls-tree', '-r', '-z', '--name-only', ref).split('\0')).toEqual([
      '.gitignore',
      'inner/file.txt',
      'new/ü.txt',
      'package.json',
      'src/b.txt',
      'src/w.txt',
      '',
    ])
    expect(sh(path, 'rev-parse', `${id}^1`)).toBe(head)
    expect(await createRepositories(t.dir).checkpoint(at)).toMatchObject({ ref, commit: id })
  })

  test('a later one of the same name still holds the earlier', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    const at = { rig: RIG, path, branch, name: 'same' }
    write(path, { 'one.txt': '1' })
    const first = await t.repos.checkpoint(at)
    rmSync(join(path, 'one.txt'))
    writeFileSync(join(path, 'two.txt'), '2')
    const second = await t.repos.checkpoint(at)
    sh(path, 'merge-base', '--is-ancestor', first.commit, second.commit)
  })

  test('work in the middle of a rebase is kept, the branch with it', async () => {
    const t = await town()
    const { path, branch } = await t.add('nux')
    const head = commit(path, 'mine', { 'src/b.txt': 'mine\n' })
    advance(t, { 'src/b.txt': 'theirs\n' })
    sh(path, 'fetch', '-q', 'origin')
    expect(() => sh(path, 'rebase', 'origin/main')).toThrow()
    expect((await t.repos.inspectWorktree({ ...t.at, path, branch })).branch).toBeNull()
    const { commit: id } = await t.repos.checkpoint({ rig: RIG, path, branch, name: 'r' })
    sh(path, 'merge-base', '--is-ancestor', head, id)
    expect(sh(path, 'show', `${id}:src/b.txt`)).toContain('<<<<<<<')
  })
})
