// The next stack is built and tested in a second checkout, while the gates run in the first.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Repositories } from '../../src/ports/repositories.ts'
import { processes } from '../../src/pty/processes.ts'
import { COMMITTER, commit, ENV, merge, RIG, town } from './town.ts'

type Asked = Parameters<Repositories['runAhead']>[0]

/** Three branches, of which the second changes what the first does; and where each gate that ran wrote its folder. */
async function queue() {
  const t = await town()
  const heads = []
  for (const [n, file] of ['one', 'one', 'three'].entries()) {
    const { path, branch } = await t.add(`p${n}`)
    heads.push({ id: `mr-${n}`, ...merge(branch, commit(path, `work ${n}`, { [file]: `${n}\n` })) })
  }
  const ran = join(t.dir, 'ran')
  writeFileSync(ran, '')
  const gates = (more = 'true') => [
    { name: 'test', command: ['sh', '-c', `pwd >> ${ran}; ${more}`], timeoutMs: 60_000 },
  ]
  const folders = () => readFileSync(ran, 'utf8').trim().split('\n')
  const { head: onto } = await t.repos.targetHead(t.at)
  const asked: Asked = {
    ...t.at,
    onto,
    committer: COMMITTER,
    date: heads[0]?.date ?? 0,
    batch: 8,
    requests: heads.map(({ committer: _, date: __, ...request }) => request),
    gates: gates(),
    setup: null,
    env: ENV,
  }
  const real = (id: string, more: object = {}) =>
    t.repos.runGates({
      rig: RIG,
      commit: id,
      gates: asked.gates,
      setup: null,
      env: ENV,
      cache: true,
      ...more,
    })
  return { ...t, heads, gates, folders, asked, real }
}

/** Until a gate has begun. */
async function begun(isIt: () => boolean): Promise<void> {
  while (!isIt()) await new Promise((resolve) => setImmediate(resolve))
}

test('[GIT-60] what passed ahead is the very commit that is built later, and is known to pass; who does not fit is left out', async () => {
  const { repos, heads, folders, asked, real, at } = await queue()
  const ahead = await repos.runAhead(asked)
  expect(ahead).toMatchObject({ outcome: 'passed', built: ['mr-0', 'mr-2'] })
  expect(folders()).toEqual([expect.stringMatching(/refinery\/tree-ahead$/)])
  const [first, , third] = heads
  if (first === undefined || third === undefined) throw new Error('no work')
  const low = await repos.buildMerge({ ...at, ...first })
  if (low.kind !== 'built') throw new Error(low.kind)
  const high = await repos.buildMerge({ ...at, ...third, onto: low.commit })
  expect(high).toMatchObject({ kind: 'built', commit: ahead.commit, tree: ahead.tree })
  expect((await real(ahead.commit ?? '')).results).toMatchObject([
    { outcome: 'passed', cached: { durationMs: expect.any(Number) } },
  ])
  expect(folders()).toHaveLength(1)
  // Where a rig wants no cache it runs.
  await real(ahead.commit ?? '', { cache: false })
  expect(folders()[1]).toMatch(/refinery\/tree$/)
})

test('[GIT-60] of what is red ahead nothing is kept: the real run decides', async () => {
  const { repos, dir, asked, gates, real } = await queue()
  const once = gates(`test -e ${dir}/red || { touch ${dir}/red; exit 1; }`)
  const ahead = await repos.runAhead({ ...asked, gates: once })
  expect(ahead.outcome).toBe('red')
  const run = () => real(ahead.commit ?? '', { gates: once })
  expect((await run()).results).toMatchObject([{ outcome: 'passed' }])
  // Its pass counts like that of any tree that was never red.
  expect((await run()).results).toMatchObject([{ outcome: 'passed', cached: {} }])
  const [none] = [{ ...asked, requests: [asked.requests[1]], onto: ahead.commit ?? '' }]
  expect(await repos.runAhead(none as Asked)).toEqual({
    outcome: 'conflicted',
    commit: null,
    tree: null,
    built: [],
  })
})

test('[GIT-61] a real run on a tree that is being tested ahead waits for that one, and no other does', async () => {
  const { repos, dir, asked, gates, folders, real } = await queue()
  const slow = gates(`while [ ! -e ${dir}/go ]; do sleep 0.02; done`)
  const { commit: tip } = await repos.runAhead({ ...asked, gates: gates() })
  const running = repos.runAhead({ ...asked, gates: slow })
  await begun(() => folders().length === 2)
  // Of another tree, and by other gates: they do not wait.
  await real(asked.onto)
  await real(tip ?? '', { gates: gates('echo other') })
  const joined = real(tip ?? '', { gates: slow })
  writeFileSync(join(dir, 'go'), '')
  expect((await joined).results).toMatchObject([{ outcome: 'passed', cached: {} }])
  expect((await running).outcome).toBe('passed')
})

test('[GIT-62] once nobody waits for it it ends with all that it runs, and a real run that waited runs itself', async () => {
  const { repos, dir, asked, gates, folders, real } = await queue()
  const { commit: tip } = await repos.runAhead(asked)
  const pids = join(dir, 'pids')
  const stuck = gates(
    `[ -e ${pids} ] && exit 0; sleep 600 & echo $! > ${pids}.new; mv ${pids}.new ${pids}; wait`,
  )
  const running = repos.runAhead({ ...asked, gates: stuck })
  await begun(() => existsSync(pids))
  const joined = real(tip ?? '', { gates: stuck })
  const gone = expect(running).rejects.toMatchObject({ code: 'AHEAD_ENDED' })
  expect(await repos.endAhead({ rig: RIG, target: 'main' })).toEqual({ ended: true })
  await gone
  expect(processes.identify(Number(readFileSync(pids, 'utf8')))).toBeNull()
  expect((await joined).results).toMatchObject([{ outcome: 'passed' }])
  expect(folders().map((folder) => folder.slice(-10))).toEqual(['tree-ahead', 'tree-ahead', 'inery/tree'])
  expect(await repos.endAhead({ rig: RIG, target: 'main' })).toEqual({ ended: true })
})

/** Four branches that fit one upon the other, and gates that run until `name` is there. */
async function four() {
  const t = await queue()
  const heads = []
  for (const n of [5, 6, 7, 8]) {
    const { path, branch } = await t.add(`p${n}`)
    heads.push({ id: `mr-${n}`, ...merge(branch, commit(path, `work ${n}`, { [`f${n}`]: `${n}\n` })) })
  }
  const requests = heads.map(({ committer: _, date: __, ...request }) => request)
  const until = (name: string) => t.gates(`while [ ! -e ${t.dir}/${name} ]; do sleep 0.02; done`)
  const let_ = (name: string) => writeFileSync(join(t.dir, name), '')
  return { ...t, until, let: let_, asked: { ...t.asked, requests, batch: 1, stacks: 4 } }
}

test('[GIT-91] stacks are built one upon the other, tested two at a time, and each is known then', async () => {
  const { repos, asked, until, let: go, folders, real } = await four()
  const gates = until('go')
  const running = repos.runAhead({ ...asked, gates })
  await begun(() => folders().length === 2)
  expect(folders().map((folder) => folder.slice(-10))).toEqual(['tree-ahead', 'inery/tree'])
  go('go')
  const { outcome, built, below = [], commit: tip } = await running
  expect([outcome, built, below.map((stack) => stack.built)]).toEqual([
    'passed',
    ['mr-8'],
    [['mr-5'], ['mr-6'], ['mr-7']],
  ])
  const [first] = below
  for (const id of [first?.commit, tip])
    expect((await real(id ?? '', { gates })).results).toMatchObject([{ outcome: 'passed', cached: {} }])
  expect(folders()).toHaveLength(4)
})

test('[GIT-91] above one that is red nothing is tested, and no stack but the first is less than full', async () => {
  const { repos, asked, gates, folders } = await four()
  const red = gates('test ! -e f6')
  expect(await repos.runAhead({ ...asked, gates: red })).toMatchObject({
    ...{ outcome: 'red', built: ['mr-6'] },
    below: [{ built: ['mr-5'], durationMs: expect.any(Number) }],
  })
  const three = await repos.runAhead({ ...asked, batch: 3, gates: gates() })
  expect([three.outcome, three.built, three.below]).toEqual(['passed', ['mr-5', 'mr-6', 'mr-7'], undefined])
  expect(folders().length).toBeLessThanOrEqual(4)
})

test('[GIT-90] a real run takes its checkout from what is tested ahead there, which goes on where there is room', async () => {
  const { repos, asked, gates, until, let: go, folders, real } = await four()
  const running = repos.runAhead({ ...asked, stacks: 2, gates: until('go') })
  await begun(() => folders().length === 2)
  expect((await real(asked.onto, { gates: gates() })).results).toMatchObject([{ outcome: 'passed' }])
  expect(
    folders()
      .map((folder) => folder.slice(-10))
      .slice(0, 3),
  ).toEqual(['tree-ahead', 'inery/tree', 'inery/tree'])
  go('go')
  const { outcome, built, below = [] } = await running
  expect([outcome, built, below.length]).toEqual(['passed', ['mr-6'], 1])
  expect(folders()).toHaveLength(4)
})
