import { expect, test } from 'vitest'
import { commit, merge, sh, type Town, town } from './town.ts'

const branch = 'integration/sh-1'
const heads = (t: Town): string => sh(t.remote.url, 'for-each-ref', '--format=%(refname:short)', 'refs/heads')
const headOf = (t: Town, name: string): string => sh(t.remote.url, 'rev-parse', name)

test('[GIT-63] [GIT-64] a branch is made once, taken only where it has nothing of its own, and removed only when the target has it', async () => {
  const t = await town()
  const { rig, remote, target } = t.at
  const on = { rig, remote, target, branch }
  const made = await t.repos.createBranch(on)
  expect(made).toEqual({ head: headOf(t, 'main'), base: headOf(t, 'main') })
  expect(await t.repos.createBranch(on)).toEqual(made)
  await expect(t.repos.createBranch({ ...on, branch: 'main' })).rejects.toMatchObject({
    code: 'BRANCH_EXISTS',
  })

  // Work lands on it, and not on the target.
  const { path } = await t.add('nux', { branch: 'polecat/nux/b1' })
  const head = commit(path, 'work', { 'src/new.txt': 'new\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge('polecat/nux/b1', head), target: branch })
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: landed } = built
  const push = { rig, remote, target: branch, base, commit: landed, head }
  expect(await t.repos.pushTarget(push)).toMatchObject({ kind: 'landed' })
  expect(await t.repos.lookAtBranch(on)).toEqual({ head: landed, base: made.base, ahead: 1, behind: 0 })
  expect(headOf(t, 'main')).toBe(made.base)
  await expect(t.repos.createBranch(on)).rejects.toMatchObject({ code: 'BRANCH_EXISTS' })
  const removal = { ...on, head: landed, checkout: 'sh-1' }
  await expect(t.repos.removeBranch(removal)).rejects.toMatchObject({ code: 'NOT_PROVED' })
  expect(headOf(t, branch)).toBe(landed)

  // It lands as a whole, by a merge commit: what landed on it is found in the target as it was tested.
  const whole = await t.repos.buildMerge({ ...t.at, ...merge(branch, landed), method: 'merge' })
  if (whole.kind !== 'built') throw new Error(whole.kind)
  expect(
    await t.repos.pushTarget({ ...t.at, base: whole.base, commit: whole.commit, head: landed }),
  ).toMatchObject({ kind: 'landed' })
  expect(sh(t.remote.url, 'log', '-1', '--format=%P', 'main')).toBe(`${made.base} ${landed}`)
  expect(await t.repos.removeBranch(removal)).toEqual({ removed: true })
  expect(heads(t).split('\n')).not.toContain(branch)
  expect(await t.repos.removeBranch(removal)).toEqual({ removed: true })
})
