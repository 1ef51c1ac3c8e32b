import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AnyMessage } from '../../src/events/record.ts'
import { createForge } from '../../src/git/pulls.ts'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { performWith } from '../../src/town/effects/index.ts'
import { commit, merge, RIG, sh, town } from '../git/town.ts'
import { fakeGitHub } from '../support/github.ts'

const MERGE_REQUEST = `${RIG}/merge-requests/mr-1`

/** A town's effects on a forge that is there, with what was built for one bead. */
async function atForge(fork: object | null = null) {
  const t = await town()
  const github = await fakeGitHub(t.remote.url)
  const dir = mkdtempSync(join(tmpdir(), 'gt-pulls-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const tokenFile = join(dir, 'token')
  writeFileSync(tokenFile, github.token)
  const { path, branch } = await t.add('nux')
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const settings = { 'forge.url': github.url, 'forge.repo': github.repo, 'forge.tokenFile': tokenFile }
  const carrier = {
    dir: t.dir,
    owner: { name: 'you', email: 'you@x' },
    system: { owner: () => ({ context: { settings, fork, remote: t.remote } }) },
    projections: { beads: { rows: { byId: new Map([['he-1', { title: 'Add a\ncart' }]]) } } },
    forgeFor: () => createForge(t.dir),
  }
  const perform = performWith(() => carrier as unknown as Carrier)
  const at = { rig: RIG, mergeRequest: MERGE_REQUEST, remote: t.remote, target: 'main' }
  const ask = async (kind: string, params: object): Promise<AnyMessage> => {
    const signal = new AbortController().signal
    const effect = {
      id: '7.0',
      kind,
      params: { ...at, ...params },
      actor: MERGE_REQUEST,
      again: false,
      signal,
    }
    return (await perform(effect)).message
  }
  const { base, commit: id, tree } = built
  const open = { bead: 'he-1', commit: id, base, replaces: [id], results: [] }
  const merging = { bead: 'he-1', number: 1, base, commit: id, head, method: 'squash' }
  return { t, github, ask, open, merging, tree, id }
}

test('[REFINERY-71] a pull request is opened, looked at and merged, and what landed says so itself', async () => {
  const { t, github, ask, open, merging, tree, id } = await atForge()
  expect(await ask('pull.open', open)).toEqual({
    type: 'pull.opened',
    number: 1,
    url: 'https://github.test/acme/shop/pull/1',
  })
  expect(github.pulls).toMatchObject([{ head: 'gt/he-1', base: 'main', title: 'Add a cart' }])
  expect(github.pulls[0]?.body).toMatch(/Receipt: hermes\/merge-requests\/mr-1/)
  github.check(id, { name: 'build', conclusion: 'success' })
  expect(await ask('pull.look', { number: 1 })).toMatchObject({
    type: 'pull.seen',
    seen: { state: 'open', head: id, mergeable: 'yes', checks: [{ name: 'build', state: 'passed' }] },
  })
  const landed = await ask('pull.merge', merging)
  const main = sh(t.remote.url, 'rev-parse', 'main')
  expect(landed).toMatchObject({ type: 'target.advanced', head: main, merged: { commit: main, tree } })
  expect(sh(t.remote.url, 'log', '-1', '--format=%s|%(trailers:key=Receipt,valueonly)', 'main')).toBe(
    `Add a cart|${MERGE_REQUEST}`,
  )
})

test('[GIT-67] a revert that lands through a pull request names what it takes back, there and in the target', async () => {
  const { t, github, ask, open, merging, id } = await atForge()
  const revert = { of: [{ base: open.base, commit: id, bead: 'he-0' }], reason: 'it breaks' }
  await ask('pull.open', { ...open, revert })
  expect(github.pulls[0]?.body).toContain(`Reverts: ${id}`)
  await ask('pull.merge', { ...merging, revert })
  expect(sh(t.remote.url, 'log', '-1', '--format=%b%(trailers:key=Reverts,valueonly)', 'main')).toMatch(
    new RegExp(`^it breaks\n[^]*\n${id}$`),
  )
})

test('[REFINERY-74] a forge that says no, and one that does not answer, are told apart', async () => {
  const { github, ask, open, merging } = await atForge()
  await ask('pull.open', open)
  github.protect({ approvals: 1 })
  expect(await ask('pull.merge', merging)).toMatchObject({
    type: 'pull.notMerged',
    code: 'PULL_NOT_MERGEABLE',
  })
  github.trouble('secondary')
  const busy = { code: 'FORGE_BUSY', waitMs: 90_000 }
  expect(await ask('pull.look', { number: 1 })).toMatchObject({ type: 'pull.notSeen', ...busy })
  expect(await ask('pull.open', open)).toMatchObject({ type: 'pull.notOpened', ...busy })
  await github.disappear()
  expect(await ask('pull.merge', merging)).toMatchObject({
    type: 'target.refused',
    code: 'FORGE_UNREACHABLE',
  })
})

test('[GIT-54] nothing of a fork is shown to the forge of its parent', async () => {
  const { github, ask, open, merging } = await atForge({ id: 't1' })
  expect(await ask('pull.open', open)).toMatchObject({ type: 'pull.notOpened', code: 'FORGE_NOT_SET' })
  expect(await ask('pull.merge', merging)).toMatchObject({ type: 'target.refused', code: 'FORGE_NOT_SET' })
  expect(github.asked).toEqual([])
})
