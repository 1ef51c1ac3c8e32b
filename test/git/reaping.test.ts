import { existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/git/layout.ts'
import { commit, merge, RIG, sh, type Town, town, write } from './town.ts'

const nameOf = (name: string) => `hermes.polecats.${name}.sandboxes.1`

/** Work of a polecat that lands, with what it leaves beyond it and checkpoints made meanwhile. */
async function landed(
  t: Town,
  name: string,
  files: { readonly before?: Record<string, string>; readonly after?: Record<string, string> } = {},
) {
  const { path, branch } = await t.add(name)
  const at = { rig: RIG, path, branch, name: nameOf(name) }
  if (files.before !== undefined) {
    write(path, files.before)
    await t.repos.checkpoint(at)
  }
  const head = commit(path, name, { [`src/${name}.txt`]: `${name}\n` })
  if (files.after !== undefined) write(path, files.after)
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const pushed = await t.repos.pushTarget({ ...t.at, base: built.base, commit: built.commit, head })
  expect(pushed.kind).toBe('landed')
  await t.repos.removeWorktree({ ...at, target: 'main', head, landed: built.commit })
  return { name: nameOf(name), branch, head, landed: built.commit }
}

const reap = (
  t: Town,
  entries: Parameters<Town['repos']['reapKept']>[0]['entries'],
  more: Partial<Parameters<Town['repos']['reapKept']>[0]> = {},
) =>
  t.repos.reapKept({
    rig: RIG,
    target: 'main',
    entries,
    ignored: false,
    notesBefore: null,
    dryRun: false,
    ...more,
  })

const refsOf = (t: Town): string[] => {
  const { own, shared } = layoutOf(t.dir, RIG)
  return [own, shared].flatMap((repository) =>
    sh(repository, 'for-each-ref', '--format=%(refname)', 'refs/gt').split('\n').filter(Boolean),
  )
}

test('[GIT-75] [GIT-78] [P5] refs of work that has landed go, with nothing that is only in them', async () => {
  const t = await town()
  const { own } = layoutOf(t.dir, RIG)
  const plain = await landed(t, 'plain', { before: { 'src/half.txt': 'half\n' } })
  const beyond = await landed(t, 'beyond', { after: { 'src/note.txt': 'written after it was handed in\n' } })
  const before = refsOf(t)

  const asked = await reap(t, [plain, beyond], { dryRun: true })
  expect(asked.reaped.map(({ name, refs }) => [name, refs.map(({ ref }) => ref)])).toEqual([
    [plain.name, [`refs/gt/removed/${plain.branch}`, `refs/gt/checkpoints/${plain.name}`]],
  ])
  expect(asked.stays).toMatchObject([{ name: beyond.name, why: expect.stringContaining('something beyond') }])
  expect(refsOf(t)).toEqual(before)

  expect(await reap(t, [plain, beyond])).toEqual(asked)
  expect(refsOf(t)).toEqual(before.filter((ref) => !ref.includes('plain')))
  // Each can be set again: no object went.
  for (const { commit: id } of asked.reaped[0]?.refs ?? [])
    expect(sh(own, 'cat-file', '-t', id)).toBe('commit')
  // By those it comes back, though no ref has it.
  const reaped = asked.reaped[0]?.refs.map((ref) => ref.commit) ?? []
  const back = {
    rig: RIG,
    name: plain.name,
    branch: plain.branch,
    to: { kind: 'branch', name: 'back' } as const,
  }
  await expect(t.repos.bringBack(back)).rejects.toMatchObject({ code: 'NOTHING_KEPT' })
  expect(await t.repos.bringBack({ ...back, reaped })).toMatchObject({ commit: plain.head })
  expect(sh(layoutOf(t.dir, RIG).shared, 'rev-parse', 'refs/heads/back')).toBe(plain.head)
  // Done already: nothing is left to name.
  expect(await reap(t, [plain])).toMatchObject({ reaped: [{ refs: [] }], stays: [] })
})

test('[GIT-75] what cannot be proved stays: no landing, another landing, a branch that is there', async () => {
  const t = await town()
  const one = await landed(t, 'one')
  const two = await landed(t, 'two')
  const before = refsOf(t)
  const stays = async (entry: Parameters<typeof reap>[1][number]) => {
    const { reaped, stays: kept } = await reap(t, [entry])
    expect(reaped).toEqual([])
    expect(refsOf(t)).toEqual(before)
    return kept[0]?.why
  }
  expect(await stays({ ...one, landed: two.landed })).toContain('does not carry the patch')
  expect(await stays({ ...one, landed: 'e'.repeat(40) })).toContain('is not in main')
  expect(await stays({ ...one, head: 'e'.repeat(40) })).toContain('cannot be read')
  sh(layoutOf(t.dir, RIG).shared, 'update-ref', `refs/heads/${one.branch}`, one.head)
  expect(await stays(one)).toContain('there is a branch')
})

test('[GIT-76] the note of a conflict goes when nobody has its work any more, and it is old', async () => {
  const t = await town()
  const { own } = layoutOf(t.dir, RIG)
  const one = await landed(t, 'one')
  const base = sh(own, 'rev-parse', 'refs/remotes/origin/main~1')
  const note = `refs/gt/resolved/${base}/${one.head}`
  sh(own, 'update-ref', note, one.landed)
  const later = Date.now() + 60_000
  expect(await reap(t, [], { notesBefore: later })).toMatchObject({ notes: 0 })
  expect(await reap(t, [one], { notesBefore: 1_000 })).toMatchObject({ notes: 0, reaped: [{}] })
  expect(sh(own, 'rev-parse', note)).toBe(one.landed)
  // A branch that goes on from it.
  const { shared } = layoutOf(t.dir, RIG)
  sh(shared, 'update-ref', 'refs/heads/polecat/x/b2', one.head)
  expect(await reap(t, [], { notesBefore: later })).toMatchObject({ notes: 0 })
  sh(shared, 'update-ref', '-d', 'refs/heads/polecat/x/b2')
  expect(await reap(t, [], { notesBefore: later, dryRun: true })).toMatchObject({ notes: 1 })
  expect(sh(own, 'rev-parse', note)).toBe(one.landed)
  expect(await reap(t, [], { notesBefore: later })).toMatchObject({ notes: 1 })
  expect(() => sh(own, 'rev-parse', '--verify', note)).toThrow()
})

test('[GIT-77] ignored files go when they are asked for, and a content that another worktree has stays', async () => {
  const t = await town()
  const one = await landed(t, 'one', { after: { '.env': 'SHARED=1\n', 'a.log': 'of one alone\n' } })
  const two = await landed(t, 'two', { after: { '.env': 'SHARED=1\n' } })
  const blobs = join(layoutOf(t.dir, RIG).ignored, 'blobs')
  const names = readdirSync(blobs)
  expect(names).toHaveLength(2)
  await reap(t, [one])
  expect(readdirSync(blobs)).toHaveLength(2)
  for (const name of names) utimesSync(join(blobs, name), 1, 1)
  expect(await reap(t, [one], { ignored: true, dryRun: true })).toMatchObject({ reaped: [{ bytes: 13 }] })
  expect(readdirSync(blobs)).toHaveLength(2)
  expect(await reap(t, [one], { ignored: true })).toMatchObject({ reaped: [{ bytes: 13 }] })
  expect(readdirSync(blobs)).toHaveLength(1)
  expect(existsSync(join(layoutOf(t.dir, RIG).ignored, 'kept', two.name))).toBe(true)
})
