import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commit, merge, RIG, sh, type Town, town } from './town.ts'

const REQUEST = 'hermes/merge-requests/mr-1'

/** A branch that lands through us; answers with what its receipt says. */
async function land(t: Town, name: string): Promise<{ commit: string; base: string; request: string }> {
  const { path, branch } = await t.add(name)
  const head = commit(path, `of ${name}`, { [`src/${name}.txt`]: `${name}\n` })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: id } = built
  const pushed = await t.repos.pushTarget({ ...t.at, base, commit: id, head })
  if (pushed.kind !== 'landed') throw new Error(pushed.kind)
  return { commit: id, base, request: REQUEST }
}

/** Somebody pushes to the remote without us. */
function pushed(t: Town, title: string): string {
  sh(t.home, 'pull', '-q', '--ff-only', 'origin', 'main')
  const id = commit(t.home, title, { [`${title.length}.txt`]: title })
  sh(t.home, 'push', '-q', 'origin', 'HEAD:main')
  return id
}

const ids = (found: readonly { commit: string }[]) => found.map((one) => one.commit)

test('[GIT-55] [P8] every commit of the target without a receipt is named, and every receipt whose commit was taken off it', async () => {
  const t = await town()
  const since = sh(t.home, 'rev-parse', 'HEAD')
  const first = await land(t, 'nux')
  const mine = pushed(t, 'by hand')
  const second = await land(t, 'ada')
  const receipts = [first, second]
  const ask = { ...t.at, since, head: null, receipts }
  const found = await t.repos.auditTarget(ask)
  expect(found).toMatchObject({ head: second.commit, stale: null, from: since, rewritten: false, walked: 3 })
  expect(found.unreceipted).toEqual([
    { commit: mine, author: { name: 'p', email: 'p@x' }, at: expect.any(String), title: 'by hand' },
  ])
  expect(found).toMatchObject({ unreceiptedCount: 1, gone: [], goneCount: 0 })
  // As it stood before, and as far as asked.
  expect(await t.repos.auditTarget({ ...ask, head: first.commit })).toMatchObject({
    walked: 1,
    unreceipted: [],
  })
  expect(await t.repos.auditTarget({ ...ask, since: mine })).toMatchObject({ walked: 1, unreceipted: [] })

  // Somebody writes its history anew, without what we landed last.
  sh(t.home, 'push', '-q', '--force', 'origin', `${mine}:main`)
  expect(await t.repos.auditTarget(ask)).toMatchObject({
    head: mine,
    unreceipted: [{ commit: mine }],
    gone: [{ commit: second.commit, title: 'Do it', author: { name: 'hermes/polecats/nux' } }],
  })
  // And then without anything that was there before us.
  sh(t.home, 'checkout', '-q', '--orphan', 'anew')
  const anew = commit(t.home, 'all anew', { 'x.txt': 'x' })
  sh(t.home, 'push', '-q', '--force', 'origin', `${anew}:main`)
  const rewritten = await t.repos.auditTarget({
    ...ask,
    receipts: [...receipts, { commit: '1'.repeat(40), base: since, request: REQUEST }],
  })
  expect(rewritten).toMatchObject({ rewritten: true, from: null, walked: 1, unreceipted: [{ commit: anew }] })
  expect(ids(rewritten.gone)).toEqual([first.commit, second.commit, '1'.repeat(40)])
  expect(rewritten.gone.at(-1)).toEqual({ commit: '1'.repeat(40), author: null, at: null, title: null })
})

test('[GIT-55] a remote that does not answer is named, with where the target stood when it was last seen', async () => {
  const t = await town()
  const since = sh(t.home, 'rev-parse', 'HEAD')
  const landed = await land(t, 'nux')
  rmSync(join(t.dir, 'remote.git'), { recursive: true })
  const found = await t.repos.auditTarget({ ...t.at, since, head: null, receipts: [landed] })
  expect(found).toMatchObject({ head: landed.commit, walked: 1, unreceiptedCount: 0 })
  expect(found.stale).toMatch(/remote\.git could not be read/)
})

test('[GIT-56] a receipt stands for its commit and those below that name its request, and for none of anybody else', async () => {
  const t = await town()
  const since = sh(t.home, 'rev-parse', 'HEAD')
  const ours = (title: string) => pushed(t, `${title}\n\nReceipt: ${REQUEST}`)
  const [one, two, theirs, four, tip] = [
    ours('1'),
    ours('22'),
    pushed(t, 'by hand'),
    ours('4444'),
    ours('55555'),
  ]
  const audit = async (...receipts: { commit: string; base: string; request: string }[]) =>
    ids((await t.repos.auditTarget({ ...t.at, since, head: null, receipts })).unreceipted)
  expect(await audit({ commit: tip, base: since, request: REQUEST })).toEqual([theirs])
  expect(await audit({ commit: tip, base: one, request: REQUEST })).toEqual([theirs, one])
  expect(await audit({ commit: tip, base: since, request: 'hermes/merge-requests/mr-2' })).toEqual([
    four,
    theirs,
    two,
    one,
  ])
  expect(await audit({ commit: four, base: two, request: REQUEST })).toEqual([tip, theirs, two, one])
  // A base that is not on the target, or comes after, stretches nothing.
  for (const base of ['f'.repeat(40), tip])
    expect(await audit({ commit: four, base, request: REQUEST })).toEqual([tip, theirs, two, one])
})

test('[GIT-57] what a branch changes is counted from where it parted from the target, by files and lines', async () => {
  const t = await town()
  const { path, base } = await t.add('nux')
  pushed(t, 'meanwhile')
  const head = commit(path, 'mine', { 'src/b.txt': 'b\nc\n', 'pic.bin': '\u0000\u0001', 'tab\tname': 'x\n' })
  expect(await t.repos.showChange({ rig: RIG, base, head })).toEqual({
    files: [
      { path: 'pic.bin', added: null, removed: null },
      { path: 'src/b.txt', added: 1, removed: 0 },
      { path: 'tab\tname', added: 1, removed: 0 },
    ],
    changed: 3,
    added: 2,
    removed: 0,
  })
  await expect(t.repos.showChange({ rig: RIG, base, head: '1'.repeat(40) })).rejects.toMatchObject({
    code: 'GIT_FAILED',
  })
})
