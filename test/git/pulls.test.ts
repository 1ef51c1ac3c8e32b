import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askAll, askForge, checkedUrl } from '../../src/git/forge-requests.ts'
import { layoutOf } from '../../src/git/layout.ts'
import { lookAtPull, mergePull, openPull } from '../../src/git/pulls.ts'
import { type FakeGitHub, fakeGitHub } from '../support/github.ts'
import { commit, merge, RIG, sh, type Town, town } from './town.ts'

const BRANCH = 'gt/he-1'

type Setup = {
  readonly t: Town
  readonly github: FakeGitHub
  readonly path: string
  readonly base: string
  readonly commit: string
  readonly tree: string
  readonly head: string
  readonly at: Parameters<typeof lookAtPull>[0] & { readonly title: string; readonly body: string }
  readonly layout: ReturnType<typeof layoutOf>
  /** Of the merge, with what it is asked with. */
  readonly merging: Parameters<typeof mergePull>[1]
  open(more?: object): ReturnType<typeof openPull>
}

/** A rig whose remote a forge stands behind, and one commit that was built there. */
async function proposed(): Promise<Setup> {
  const t = await town()
  const github = await fakeGitHub(t.remote.url)
  const tokenFile = join(t.dir, 'token')
  writeFileSync(tokenFile, `${github.token}\n`)
  const { path, branch } = await t.add('nux')
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const result = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (result.kind !== 'built') throw new Error(result.kind)
  const forge = { url: github.url, repo: github.repo, tokenFile }
  const at = { ...t.at, forge, number: 1, title: 'Do it', body: 'What was done.' }
  const layout = layoutOf(t.dir, RIG)
  const { commit: built, base, tree } = result
  return {
    t,
    github,
    path,
    base,
    commit: built,
    tree,
    head,
    at,
    layout,
    merging: {
      ...at,
      base,
      commit: built,
      head,
      method: 'squash',
      message: 'Receipt: hermes/merge-requests/mr-1',
    },
    open: (more = {}) => openPull(layout, { ...at, branch: BRANCH, commit: built, replaces: [], ...more }),
  }
}

const main = (t: Town): string => sh(t.remote.url, 'rev-parse', 'main')

describe('[GIT-50] opening a pull request', () => {
  test('the built commit is on its branch, and asked again the same request is found', async () => {
    const { t, github, commit: built, open } = await proposed()
    expect(await open()).toEqual({ number: 1, url: 'https://github.test/acme/shop/pull/1' })
    expect(sh(t.remote.url, 'rev-parse', BRANCH)).toBe(built)
    expect(await open({ title: 'Do it well' })).toMatchObject({ number: 1 })
    expect(github.pulls).toMatchObject([
      { head: BRANCH, base: 'main', title: 'Do it well', body: 'What was done.' },
    ])
    github.close(1)
    expect(await open()).toMatchObject({ number: 2 })
  })

  test('a branch that somebody else moved is left as it is, and one of ours is moved on', async () => {
    const { t, path, commit: built, open, github } = await proposed()
    await open()
    const theirs = commit(path, 'theirs', { 'src/theirs.txt': 'theirs\n' })
    sh(path, 'push', '-qf', t.remote.url, `HEAD:refs/heads/${BRANCH}`)
    await expect(open()).rejects.toMatchObject({ code: 'PULL_BRANCH_TAKEN' })
    expect(sh(t.remote.url, 'rev-parse', BRANCH)).toBe(theirs)
    expect(await open({ replaces: [theirs] })).toMatchObject({ number: 1 })
    expect(sh(t.remote.url, 'rev-parse', BRANCH)).toBe(built)
    expect(github.pulls).toHaveLength(1)
  })
})

describe('[GIT-52] what is said of a pull request', () => {
  test('its checks and reviews are told in our words, the last one of each name', async () => {
    const { github, commit: built, at, open } = await proposed()
    await open()
    github.check(
      built,
      { name: 'build', conclusion: 'failure', summary: 'line 3' },
      { name: 'build', conclusion: 'success' },
      { name: 'lint', status: 'in_progress' },
      { name: 'old', conclusion: 'cancelled' },
      { name: 'e2e', conclusion: 'failure', summary: 'it fell' },
    )
    github.status(
      built,
      { context: 'ci/legacy', state: 'error', description: 'no' },
      { context: 'cla', state: 'success' },
    )
    for (const [login, state] of [
      ['ada', 'CHANGES_REQUESTED'],
      ['ada', 'COMMENTED'],
      ['bob', 'CHANGES_REQUESTED'],
      ['bob', 'APPROVED'],
      ['cyd', 'APPROVED'],
      ['cyd', 'DISMISSED'],
    ] as const)
      github.review(1, { login, state, body: 'hm' })
    expect(await lookAtPull(at)).toEqual({
      state: 'open',
      draft: false,
      head: built,
      mergeable: 'yes',
      checks: [
        { name: 'build', state: 'passed', said: 'success' },
        { name: 'lint', state: 'waiting', said: 'in_progress' },
        { name: 'old', state: 'waiting', said: 'cancelled' },
        { name: 'e2e', state: 'failed', said: 'failure\nit fell' },
        { name: 'ci/legacy', state: 'failed', said: 'error\nno' },
        { name: 'cla', state: 'passed', said: 'success' },
      ],
      reviews: [
        { by: 'ada', verdict: 'changes', said: 'hm' },
        { by: 'bob', verdict: 'approved', said: 'hm' },
      ],
    })
  })

  test('rules of the forge that say not yet block it, and a list is read to its end', async () => {
    const { t, github, commit: built, at, open, path } = await proposed()
    await open()
    github.protect({ checks: ['build'], approvals: 1 })
    expect(await lookAtPull(at)).toMatchObject({ mergeable: 'blocked' })
    github.check(
      built,
      ...Array.from({ length: 130 }, (_, n) => ({ name: `part-${n}`, conclusion: 'success' })),
    )
    github.check(built, { name: 'build', conclusion: 'success' })
    github.review(1, { login: 'ada', state: 'APPROVED' })
    const seen = await lookAtPull(at)
    expect([seen.mergeable, seen.checks.length]).toEqual(['yes', 131])
    sh(path, 'push', '-qf', t.remote.url, `${commit(path, 'x', { 'src/b.txt': 'x\n' })}:refs/heads/${BRANCH}`)
    commit(t.home, 'theirs', { 'src/b.txt': 'y\n' })
    sh(t.home, 'push', '-q', 'origin', 'main')
    expect(await lookAtPull(at)).toMatchObject({ mergeable: 'conflict' })
    github.mergeByHand.call(null, 1)
    github.close(1)
    expect(await lookAtPull(at)).toMatchObject({ state: 'closed', checks: [] })
  })
})

describe('[GIT-51] merging a pull request', () => {
  test.for(['squash', 'merge', 'rebase'] as const)(
    '%s lands the tree that was tested, proved, and once',
    async (method) => {
      const { t, layout, merging, open, tree, base } = await proposed()
      await open()
      const landed = await mergePull(layout, { ...merging, method })
      expect(landed).toMatchObject({
        kind: 'landed',
        tree,
        head: main(t),
        commit: main(t),
        lines: { added: 1, removed: 0 },
      })
      expect(sh(t.remote.url, 'rev-parse', 'main^1')).toBe(base)
      expect(sh(t.remote.url, 'log', '-1', '--format=%P', 'main').split(' ')).toHaveLength(
        method === 'merge' ? 2 : 1,
      )
      expect(await mergePull(layout, { ...merging, method })).toEqual(landed)
    },
  )

  test('a target that has moved is not merged into', async () => {
    const { t, layout, merging, open, github } = await proposed()
    await open()
    const theirs = commit(t.home, 'theirs', { 'src/b.txt': 'theirs\n' })
    sh(t.home, 'push', '-q', 'origin', 'main')
    expect(await mergePull(layout, merging)).toEqual({ kind: 'moved', head: theirs })
    expect(github.asked).not.toContain('PUT /repos/acme/shop/pulls/1/merge')
  })

  test('a branch that has moved, before or while it is merged, is not merged', async () => {
    const { t, layout, merging, open, path, github, base } = await proposed()
    await open()
    const more = commit(path, 'more', { 'src/more.txt': 'more\n' })
    const move = () => void sh(path, 'push', '-qf', t.remote.url, `${more}:refs/heads/${BRANCH}`)
    github.beforeMerge(move)
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'refused', code: 'PULL_NOT_MERGEABLE' })
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'refused', code: 'PULL_CHANGED' })
    expect(main(t)).toBe(base)
  })

  test('one that the forge does not merge, that was closed, or that it only says is merged has not landed', async () => {
    const { t, layout, merging, open, github, base } = await proposed()
    await open()
    github.protect({ approvals: 1 })
    expect(await mergePull(layout, merging)).toEqual({
      kind: 'refused',
      code: 'PULL_NOT_MERGEABLE',
      message: 'The forge does not merge the pull request 1: Pull Request is not mergeable',
    })
    github.protect({})
    github.allow(['merge'])
    expect(await mergePull(layout, merging)).toMatchObject({
      code: 'PULL_NOT_MERGEABLE',
      message: expect.stringMatching(/not allowed/),
    })
    const late = github.mergeByHand(1)
    sh(t.remote.url, 'update-ref', 'refs/heads/main', base)
    sh(t.remote.url, 'update-ref', 'refs/heads/kept', late)
    sh(join(t.dir, 'rigs', RIG, 'refinery/git'), 'fetch', '-q', t.remote.url, 'kept')
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'refused', code: 'PULL_NOT_IN_TARGET' })
  })

  test('one that a person merged has landed', async () => {
    const { layout, merging, open, github, tree } = await proposed()
    await open()
    const landed = github.mergeByHand(1)
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'landed', commit: landed, tree })
  })

  test('a merge whose answer was lost is found when it is asked again', async () => {
    const { t, layout, merging, open, github } = await proposed()
    await open()
    github.beforeMerge(() => void github.mergeByHand(1))
    // It was merged meanwhile, so the forge says no to ours.
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'moved' })
    expect(await mergePull(layout, merging)).toMatchObject({ kind: 'landed', commit: main(t) })
  })
})

describe('[GIT-53] a forge that does not answer as it should', () => {
  test('each trouble has its code, and the next look after it is a good one', async () => {
    const { at, open, github } = await proposed()
    await open()
    for (const [kind, code] of [
      ['error', 'FORGE_UNREACHABLE'],
      ['drop', 'FORGE_UNREACHABLE'],
      ['moved', 'FORGE_MOVED'],
      ['limited', 'FORGE_BUSY'],
      ['secondary', 'FORGE_BUSY'],
      ['text', 'FORGE_ANSWER_UNREADABLE'],
    ] as const) {
      github.trouble(kind)
      await expect(lookAtPull(at)).rejects.toMatchObject({ code })
    }
    github.trouble('flood')
    await expect(lookAtPull(at)).rejects.toThrow(/more than 8 MB/)
    github.trouble(null)
    expect(await lookAtPull(at)).toMatchObject({ state: 'open' })
  })

  test('one that hangs is given up, one that is gone is unreachable, and one that is busy says how long', async () => {
    const { at, github } = await proposed()
    const ask = () => askForge(at.forge, { method: 'GET', path: '/pulls' }, [], 200)
    github.trouble('hang')
    await expect(ask()).rejects.toMatchObject({
      code: 'FORGE_UNREACHABLE',
      message: expect.stringMatching(/no answer within 0.2 s/),
    })
    github.trouble('secondary')
    await expect(ask()).rejects.toMatchObject({ details: { waitMs: 90_000 } })
    await github.disappear()
    await expect(ask()).rejects.toMatchObject({ code: 'FORGE_UNREACHABLE' })
  })

  test('a list that has no end is given up', async () => {
    const { at, commit: built, github } = await proposed()
    github.check(built, ...Array.from({ length: 1_001 }, (_, n) => ({ name: `${n}` })))
    const rows = (body: unknown) => (body as { check_runs: unknown[] }).check_runs
    await expect(askAll(at.forge, `/commits/${built}/check-runs`, rows)).rejects.toMatchObject({
      code: 'FORGE_ANSWER_UNREADABLE',
    })
  })
})

describe('[GIT-54] the token', () => {
  test('it is in no error, and a forge that refuses it, or shows nothing, is told', async () => {
    const { at, github } = await proposed()
    const file = String(at.forge.tokenFile)
    writeFileSync(file, 'ghp_wrong0000000000000000000000000000000')
    const refused = await lookAtPull(at).catch((error: Error) => error)
    expect(refused).toMatchObject({
      code: 'FORGE_REFUSED',
      message: expect.stringMatching(/Bad credentials/),
    })
    expect(JSON.stringify([refused, String(refused)])).not.toContain(readFileSync(file, 'utf8'))
    writeFileSync(file, github.token)
    await expect(lookAtPull({ ...at, number: 9 })).rejects.toMatchObject({ code: 'FORGE_NOT_FOUND' })
    writeFileSync(file, 'a\nb')
    await expect(lookAtPull(at)).rejects.toMatchObject({ code: 'FORGE_TOKEN_MISSING' })
    rmSync(file)
    await expect(lookAtPull(at)).rejects.toMatchObject({ code: 'FORGE_TOKEN_MISSING' })
    await expect(lookAtPull({ ...at, forge: { ...at.forge, tokenFile: null } })).rejects.toMatchObject({
      code: 'FORGE_TOKEN_MISSING',
    })
  })

  test('it goes to https alone, or to this machine, and to no repository that is none', async () => {
    expect(checkedUrl('https://ghe.example.org/api/v3/')).toBe('https://ghe.example.org/api/v3')
    for (const bad of [
      'http://example.org',
      'ftp://127.0.0.1',
      'https://a:b@example.org',
      'x',
      'https://e.org?a=b',
    ])
      expect(() => checkedUrl(bad)).toThrow(expect.objectContaining({ code: 'FORGE_NOT_SET' }))
    const { at } = await proposed()
    for (const repo of ['acme', '../x', 'a/b/c', 'a/..', 'a/b?c'])
      await expect(lookAtPull({ ...at, forge: { ...at.forge, repo } })).rejects.toMatchObject({
        code: 'FORGE_NOT_SET',
      })
  })
})
