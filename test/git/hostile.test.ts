import { chmodSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commit, ENV, FILES, merge, RIG, sh, town, write } from './town.ts'

/** Sets every key we know by which a repository's configuration starts a program. */
function trap(repository: string, canary: string): void {
  const script = `${canary}.sh`
  // As a filter or driver it must also behave, or git would stop before the next trap.
  writeFileSync(script, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat\nexit 0\n`)
  chmodSync(script, 0o755)
  const set = (key: string, value = script) => sh(repository, 'config', key, value)
  for (const key of [
    ...['core.fsmonitor', 'core.sshCommand', 'core.editor', 'core.pager', 'core.askPass', 'core.gitProxy'],
    ...['core.alternateRefsCommand', 'sequence.editor', 'diff.external', 'diff.x.textconv', 'diff.x.command'],
    ...[
      'filter.x.clean',
      'filter.x.smudge',
      'filter.x.process',
      'merge.x.driver',
      'merge.default',
      'gpg.program',
    ],
    ...['credential.helper', 'uploadpack.packObjectsHook', 'interactive.diffFilter', 'trailer.x.command'],
    ...['remote.origin.uploadpack', 'remote.origin.receivepack', 'remote.origin.vcs', 'gc.recentObjectsHook'],
  ]) {
    set(key)
  }
  set('merge.default', 'x')
  set('filter.x.required', 'true')
  set('commit.gpgSign', 'true')
  set('log.showSignature', 'true')
  set('protocol.ext.allow', 'always')
  set(`url.ext::${script} .insteadOf`, '/')
  // A missing object would be fetched, with a program of the agent's choice.
  set('remote.origin.promisor', 'true')
  set('extensions.partialClone', 'origin')
  for (const name of ['rev-parse', 'status', 'fetch', 'update-ref', 'read-tree'])
    set(`alias.${name}`, `!${script}`)
  const hooks = join(repository, 'hooks')
  set('core.hooksPath', hooks)
  mkdirSync(hooks, { recursive: true })
  for (const name of [
    ...[
      'pre-commit',
      'post-commit',
      'post-checkout',
      'post-merge',
      'pre-push',
      'pre-receive',
      'update',
      'post-receive',
    ],
    ...[
      'reference-transaction',
      'post-index-change',
      'post-rewrite',
      'fsmonitor-watchman',
      'proc-receive',
      'post-update',
    ],
  ]) {
    writeFileSync(join(hooks, name), `#!/bin/sh\necho "hook ${name}" >> ${canary}\n`)
    chmodSync(join(hooks, name), 0o755)
  }
  mkdirSync(join(repository, 'info'), { recursive: true })
  writeFileSync(join(repository, 'info/attributes'), '* filter=x diff=x merge=x\n')
}

test('[GIT-2] [P5] nothing that an agent configures runs, from the first look to the removal', async () => {
  const attributes = { '.gitattributes': '* filter=x diff=x merge=x ident\n' }
  const t = await town('origin', { ...FILES, ...attributes })
  const { path, branch } = await t.add('nux')
  const canary = join(t.dir, 'canary')
  const head = commit(path, 'work', { 'src/b.txt': 'mine\n', 'src/new.txt': 'new\n' })
  commit(t.home, 'theirs', { 'src/a.txt': 'theirs\n' })
  sh(t.home, 'push', '-q', 'origin', 'main')
  trap(join(t.dir, 'rigs', RIG, 'repo.git'), canary)
  write(path, { 'src/untracked.txt': 'u', 'src/a.txt': 'changed\n' })

  const state = await t.repos.inspectWorktree({ ...t.at, path, branch })
  expect(state).toMatchObject({ head, dirty: ['src/a.txt', 'src/untracked.txt'], commits: 1 })
  await t.repos.checkpoint({ rig: RIG, path, branch, name: 'nux-1' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const gates = [{ name: 'test', command: ['true'], timeoutMs: 5_000 }]
  await t.repos.runGates({ rig: RIG, commit: built.commit, setup: null, gates, env: ENV })
  const landed = await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  expect(landed.kind).toBe('landed')
  await t.add('ace')
  await t.add('nux')
  const removed = await t.repos.removeWorktree({
    ...t.at,
    path,
    branch,
    head,
    landed: built.commit,
    name: 'nux-2',
  })
  expect(removed.checkpoint).toBe('refs/gt/checkpoints/nux-2')
  expect(existsSync(canary) ? readFileSync(canary, 'utf8') : '').toBe('')
}, 20_000)

test('[GIT-2] the traps of that test do spring where git is run without care', async () => {
  const t = await town('origin', { ...FILES, '.gitattributes': '* filter=x diff=x merge=x\n' })
  const { path } = await t.add('nux')
  const canary = join(t.dir, 'canary')
  trap(join(t.dir, 'rigs', RIG, 'repo.git'), canary)
  write(path, { 'src/a.txt': 'changed\n' })
  // With these it does not even succeed.
  expect(() => sh(path, 'status')).toThrow()
  expect(readFileSync(canary, 'utf8')).not.toBe('')
})

test('[GIT-2] a missing object is not fetched with a program of the agent’s', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  const canary = join(t.dir, 'canary')
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const shared = join(t.dir, 'rigs', RIG, 'repo.git')
  const blob = sh(path, 'rev-parse', `${head}:src/new.txt`)
  trap(shared, canary)
  unlinkSync(join(shared, 'objects', blob.slice(0, 2), blob.slice(2)))
  const built = t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  await expect(built).rejects.toMatchObject({ code: expect.stringMatching(/BRANCH_MISSING|GIT_FAILED/) })
  expect(existsSync(canary) ? readFileSync(canary, 'utf8') : '').toBe('')
})

test('[GIT-8] what a gate configures reaches neither our git nor the next gate', async () => {
  const t = await town()
  const canary = join(t.dir, 'canary')
  const { path, branch, base } = await t.add('nux')
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const evil = `git config core.fsmonitor 'touch ${canary}' && git config core.hooksPath . && git rev-parse HEAD`
  const run = (command: string, commitId: string) =>
    t.repos.runGates({
      rig: RIG,
      commit: commitId,
      setup: null,
      gates: [{ name: 'g', command: ['sh', '-c', command], timeoutMs: 5_000 }],
      env: ENV,
    })
  expect((await run(evil, base)).results[0]).toMatchObject({ outcome: 'passed', logTail: base })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const again = await run(
    'git config core.fsmonitor; git status --porcelain; git rev-parse HEAD; git describe --always',
    built.commit,
  )
  expect(again.results[0]?.logTail.split('\n')[0]).toBe(built.commit)
  expect(existsSync(canary)).toBe(false)
})
