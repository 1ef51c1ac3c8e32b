// Branches that no careful person would make, on their way to the target.

import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { GateSpec } from '../../src/ports/repositories.ts'
import { commit, ENV, FILES, merge, RIG, sh, type Town, town, write } from './town.ts'

const gate = (script: string, more: Partial<GateSpec> = {}): GateSpec => ({
  name: 'test',
  command: ['sh', '-c', script],
  timeoutMs: 30_000,
  ...more,
})

/** Builds it, runs a gate that looks at it, and lands it. */
async function lands(t: Town, { branch, head }: { branch: string; head: string }, looks: string) {
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') return { built, result: undefined, landed: undefined }
  const run = { rig: RIG, commit: built.commit, setup: null, gates: [gate(looks)], env: ENV }
  const [result] = (await t.repos.runGates(run)).results
  const landed = await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  return { built, result, landed }
}

const remote = (t: Town, ...args: string[]) => sh(t.remote.url, ...args)

test('[GIT-17] [P8] a branch that was force-pushed under test lands as what was handed in; one that is gone is named', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  const head = commit(path, 'handed in', { 'src/new.txt': 'handed in\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  sh(path, 'reset', '-q', '--hard', 'HEAD~1')
  commit(path, 'something else', { 'src/new.txt': 'something else\n' })
  const gates = [gate('grep -qx "handed in" src/new.txt')]
  const run = { rig: RIG, commit: built.commit, setup: null, gates, env: ENV }
  expect((await t.repos.runGates(run)).results[0]?.outcome).toBe('passed')
  // The same question again, though the branch is another one: the same commit.
  expect(await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })).toEqual(built)
  sh(path, 'checkout', '-q', '--detach')
  sh(path, 'branch', '-D', branch)
  const landed = await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  expect(landed).toMatchObject({ kind: 'landed', head: built.commit })
  expect(remote(t, 'show', 'main:src/new.txt')).toBe('handed in')
  const gone = t.repos.buildMerge({ ...t.at, ...merge('polecat/nobody/b1', 'e'.repeat(40)) })
  await expect(gone).rejects.toMatchObject({ code: 'BRANCH_MISSING' })
})

test('[GIT-44] work without a common history, and work that git refuses, is said to be unusable', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  sh(path, 'checkout', '-q', '--orphan', 'other')
  sh(path, 'rm', '-rfq', '.')
  const head = commit(path, 'from nowhere', { 'other.txt': 'other\n' })
  const unusable = (id: string, message: RegExp) =>
    expect(t.repos.buildMerge({ ...t.at, ...merge(branch, id) })).rejects.toMatchObject({
      code: 'WORK_UNUSABLE',
      message: expect.stringMatching(message),
    })
  await unusable(head, /no history/)
  const canary = join(t.dir, 'canary')
  const module = `[submodule "sub"]\n\tpath = sub\n\turl = ../sub\n\tupdate = !touch ${canary}\n`
  await unusable(commit(path, 'a trap', { '.gitmodules': module }), /gitmodulesUpdate/)
  // A path that leads into git's own folder, as no git would write it.
  const blob = sh(path, 'rev-parse', 'HEAD:other.txt')
  const inside = execFileSync('git', ['mktree'], {
    cwd: path,
    input: `100644 blob ${blob}\tconfig\n`,
    encoding: 'utf8',
  })
  const raw = Buffer.concat([Buffer.from('40000 .git\0'), Buffer.from(inside.trim(), 'hex')])
  const hash = ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally']
  const tree = execFileSync('git', hash, { cwd: path, input: raw, encoding: 'utf8' }).trim()
  await unusable(sh(path, 'commit-tree', tree, '-m', 'leads out'), /hasDotgit/)
  expect(existsSync(canary)).toBe(false)
})

test('[GIT-2] [GIT-8] submodules, pointers of large files, links to outside and names that differ by case land as they are, and nothing is followed', async () => {
  const t = await town('origin', {
    ...FILES,
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
  })
  const { path, branch } = await t.add('nux')
  const canary = join(t.dir, 'canary')
  const outside = join(t.dir, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'mine.txt'), 'mine\n')
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`
  const module = `[submodule "sub"]\n\tpath = sub\n\turl = ${join(t.dir, 'elsewhere')}\n`
  write(path, { 'large.bin': pointer, '.gitmodules': module, README: 'one\n', Readme: 'two\n' })
  symlinkSync(outside, join(path, 'out'))
  symlinkSync('../../../../../../etc/passwd', join(path, 'up'))
  sh(path, 'add', '-A')
  sh(path, 'update-index', '--add', '--cacheinfo', `160000,${sh(path, 'rev-parse', 'HEAD')},sub`)
  sh(path, 'commit', '-qm', 'odd things')
  const head = sh(path, 'rev-parse', 'HEAD')
  const looks = 'cat large.bin README Readme; readlink out up; ls -A sub | wc -l'
  const { result, landed } = await lands(t, { branch, head }, looks)
  expect(landed?.kind).toBe('landed')
  expect(result?.logTail).toBe(`${pointer}one\ntwo\n${outside}\n../../../../../../etc/passwd\n0`)
  const entries = remote(t, 'ls-tree', 'main').split('\n')
  expect(entries.filter((line) => /^(160000 commit|120000 blob)/.test(line))).toHaveLength(3)
  // A folder takes the place of the link: what is behind the link stays as it is.
  const next = await t.add('slit')
  sh(next.path, 'rm', '-q', 'out')
  const second = commit(next.path, 'a folder', { 'out/mine.txt': 'not mine\n', 'out/new.txt': 'new\n' })
  const folder = await lands(t, { branch: next.branch, head: second }, 'cat out/*')
  expect(folder.result?.logTail).toBe('not mine\nnew')
  // And back: leftovers behind a link are not cleaned either.
  await t.repos.runGates({
    rig: RIG,
    commit: remote(t, 'rev-parse', 'main~1'),
    setup: null,
    gates: [gate('true')],
    env: ENV,
  })
  expect(lstatSync(join(t.dir, 'rigs', RIG, 'refinery/tree/out')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(outside, 'mine.txt'), 'utf8')).toBe('mine\n')
  expect(existsSync(join(outside, 'new.txt'))).toBe(false)
  expect(existsSync(canary)).toBe(false)
})

test('[GIT-16] [GIT-17] names that are no UTF-8 land, conflict and are told', async () => {
  const t = await town()
  const odd = Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x2e, 0x74, 0x78, 0x74])
  const at = (folder: string) => Buffer.concat([Buffer.from(`${folder}/`), odd])
  const { path, branch } = await t.add('nux')
  writeFileSync(at(path), 'nux\n')
  sh(path, 'add', '-A')
  sh(path, 'commit', '-qm', 'odd')
  const head = sh(path, 'rev-parse', 'HEAD')
  const other = await t.add('slit')
  writeFileSync(at(other.path), 'slit\n')
  sh(other.path, 'add', '-A')
  sh(other.path, 'commit', '-qm', 'odd too')
  const second = sh(other.path, 'rev-parse', 'HEAD')
  const { landed, result } = await lands(t, { branch, head }, 'cat f*.txt')
  expect([landed?.kind, result?.logTail]).toEqual(['landed', 'nux'])
  const built = await t.repos.buildMerge({ ...t.at, ...merge(other.branch, second) })
  expect(built).toMatchObject({ kind: 'conflicted', files: [odd.toString()] })
  writeFileSync(at(other.path), 'changed\n')
  const state = await t.repos.inspectWorktree({ ...t.at, path: other.path, branch: other.branch })
  expect(state).toMatchObject({ head: second, commits: 1 })
  expect(state.dirty).toHaveLength(1)
})

test('[GIT-6] [GIT-17] a file of 100 MB lands, in bounded memory', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  const line = `${'0123456789'.repeat(10)}\n`
  writeFileSync(join(path, 'large.txt'), line.repeat(1_000_000))
  sh(path, 'config', 'core.compression', '1')
  const head = commit(path, 'large')
  const before = process.memoryUsage().rss
  const { landed, result } = await lands(t, { branch, head }, 'wc -c < large.txt')
  expect([landed?.kind, result?.logTail]).toEqual(['landed', '101000000'])
  expect(process.memoryUsage().rss - before).toBeLessThan(700_000_000)
}, 120_000)

test('[GIT-1] [GIT-2] [P5] what an agent plants in its worktree, and what stands in our environment, starts nothing', async () => {
  const t = await town('origin', { ...FILES, '.gitattributes': '* filter=x merge=x diff=x\n' })
  const { path, branch } = await t.add('nux')
  const canary = join(t.dir, 'canary')
  const script = join(t.dir, 'spring.sh')
  writeFileSync(script, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat\n`, { mode: 0o755 })
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  // Configuration of the worktree alone, and files that it includes.
  const included = join(path, 'included.config')
  const keys = `[core]\n\tfsmonitor = ${script}\n\tsshCommand = ${script}\n\thooksPath = ${path}/hooks\n[filter "x"]\n\tclean = ${script}\n\tsmudge = ${script}\n\trequired = true\n[merge "x"]\n\tdriver = ${script} %A\n[diff]\n\texternal = ${script}\n[alias]\n\tstatus = !${script}\n\tmerge-tree = !${script}\n`
  write(path, { 'included.config': keys, 'hooks/post-checkout': '#!/bin/sh\n' })
  const own = sh(path, 'rev-parse', '--git-dir')
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  sh(path, 'config', 'extensions.worktreeConfig', 'true')
  writeFileSync(join(own, 'config.worktree'), `[include]\n\tpath = ${included}\n${keys}`)
  writeFileSync(join(shared, 'config.local'), keys)
  sh(path, 'config', 'include.path', 'config.local')
  sh(path, 'config', `includeIf.gitdir:${t.dir}/.path`, included)
  const planted = {
    GIT_EXTERNAL_DIFF: script,
    GIT_SSH_COMMAND: script,
    GIT_EDITOR: script,
    GIT_PAGER: script,
    GIT_ASKPASS: script,
    GIT_PROXY_COMMAND: script,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'core.fsmonitor',
    GIT_CONFIG_VALUE_0: script,
    GIT_CONFIG_PARAMETERS: `'core.fsmonitor'='${script}'`,
    GIT_DIR: join(t.dir, 'elsewhere'),
    GIT_INDEX_FILE: join(t.dir, 'index'),
    GIT_TEMPLATE_DIR: path,
  }
  const before = { ...process.env }
  Object.assign(process.env, planted)
  try {
    write(path, { 'src/a.txt': 'changed\n' })
    const state = await t.repos.inspectWorktree({ ...t.at, path, branch })
    expect(state).toMatchObject({ head, commits: 1 })
    await t.repos.checkpoint({ rig: RIG, path, branch, name: 'nux-1' })
    const { landed, built } = await lands(
      t,
      { branch, head },
      'git status --porcelain; git log -1 --format=%s',
    )
    expect(landed?.kind).toBe('landed')
    const commitId = built.kind === 'built' ? built.commit : ''
    await t.repos.removeWorktree({ ...t.at, path, branch, head, landed: commitId, name: 'nux-2' })
  } finally {
    for (const key of Object.keys(planted)) delete process.env[key]
    Object.assign(process.env, before)
  }
  expect(existsSync(canary) ? readFileSync(canary, 'utf8') : '').toBe('')
  // They do spring where git is run without care.
  await t.add('ace')
  expect(
    execFileSync('git', ['-c', `core.fsmonitor=${script}`, 'status'], { cwd: t.home }).length,
  ).toBeGreaterThan(0)
  expect(existsSync(canary)).toBe(true)
}, 60_000)
