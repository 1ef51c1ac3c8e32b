// Which gates run, beside whom, and which need not run again.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gateOrder } from '../../src/events/gate-settings.ts'
import { asDiskFault, checkRoom } from '../../src/git/disk.ts'
import { readJunit } from '../../src/git/junit.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import { type GateSpec, type Repositories, RepositoryError } from '../../src/ports/repositories.ts'
import { commit, ENV, RIG, sh, type Town, town } from './town.ts'

type Input = Parameters<Repositories['runGates']>[0]

const gate = (name: string, script: string, more: Partial<GateSpec> = {}): GateSpec => ({
  name,
  command: ['sh', '-c', script],
  timeoutMs: 10_000,
  ...more,
})

async function run(t: Town, gates: readonly GateSpec[], more: Partial<Input> = {}) {
  const id = more.commit ?? sh(t.home, 'rev-parse', 'main')
  const input = { rig: RIG, setup: null, env: ENV, ...more, commit: id, gates }
  return (await t.repos.runGates(input)).results
}
const short = (results: Awaited<ReturnType<typeof run>>) =>
  results.map(({ name, outcome, cached }) => `${name} ${cached === undefined ? outcome : 'cached'}`)

async function next(t: Town, files: Readonly<Record<string, string>>): Promise<string> {
  const id = commit(t.home, 'next', files)
  sh(t.home, 'push', '-q', 'origin', 'main')
  await t.repos.targetHead(t.at)
  return id
}

test('[GIT-35] a gate with paths runs when the change touches one of them, and says so when it does not', async () => {
  const t = await town()
  const base = sh(t.home, 'rev-parse', 'main')
  const id = await next(t, { 'src/deep/new.TS': 'x\n', '.env.sample': 'x\n' })
  const ofBase = [
    gate('folder', 'true', { paths: ['src/'] }),
    gate('kind', 'true', { paths: ['**/*.ts'] }),
    gate('dots', 'true', { paths: ['*.sample'] }),
    gate('docs', 'exit 1', { paths: ['docs/**', 'README.md'] }),
    gate('all', 'true'),
  ]
  const results = await run(t, ofBase, { commit: id, base })
  expect(short(results)).toEqual([
    'folder passed',
    'kind passed',
    'dots passed',
    'docs skipped',
    'all passed',
  ])
  expect(results[3]).toMatchObject({
    exitCode: null,
    durationMs: 0,
    logTail: 'Nothing that changes is in docs/**, README.md.',
  })
  // Nobody said from where: all of them apply.
  expect(short(await run(t, ofBase, { commit: id }))).toContain('docs failed')
})

test('[GIT-36] a red gate that is not required stops nothing, and its result says what it is', async () => {
  const t = await town()
  const results = await run(t, [
    gate('style', 'echo untidy; exit 1', { required: false, kind: 'lint' }),
    gate('missing', '', { command: ['no-such-program'], required: false }),
    gate('test', 'true'),
  ])
  expect(short(results)).toEqual(['style failed', 'missing notStarted', 'test passed'])
  expect(results[0]).toMatchObject({ required: false, kind: 'lint', exitCode: 1, logTail: 'untidy' })
  expect(results[2]).not.toHaveProperty('required')
})

test('[GIT-37] an order of gates is what they say of it, and none where they contradict each other', () => {
  const order = (...gates: [string, Partial<GateSpec>?][]) =>
    gateOrder(gates.map(([name, more = {}]) => ({ name, ...more })))
  expect(order(['a'], ['b'], ['c'])).toEqual([[], [0], [0, 1]])
  const side = { parallel: true }
  expect(order(['a'], ['b', side], ['c', side], ['d'])).toEqual([[], [0], [0], [0, 1, 2]])
  expect(order(['a', { after: [] }], ['b'], ['c', { after: ['d', 'a'] }], ['d'])).toEqual([
    [],
    [],
    [3, 0],
    [1],
  ])
  expect(order(['a', { after: ['z'] }])).toBe(
    'The gate a comes after z, and there is no such gate that is a command.',
  )
  expect(order(['a', { after: ['b'] }], ['b', { after: ['a'] }], ['c'])).toBe(
    'The gates a, b wait for each other.',
  )
  expect(order(['a', { after: ['a'] }])).toMatch(/wait for each other/)
})

test('[GIT-37] gates that may run side by side do, each ends alone, and none begins after a red one', async () => {
  const t = await town()
  const met = (own: string, other: string) =>
    `touch ${t.dir}/${own}; for n in $(seq 500); do [ -e ${t.dir}/${other} ] && sleep 0.5 && exit 0; sleep 0.02; done; exit 1`
  const side = { parallel: true }
  const together = [
    gate('a', met('a', 'b'), side),
    gate('b', met('b', 'a'), side),
    // Its end by time ends nobody else.
    gate('slow', 'sleep 60', { ...side, timeoutMs: 50 }),
    gate('last', `touch ${t.dir}/last`),
  ]
  const results = await run(t, together, { parallel: 3 })
  expect(short(results)).toEqual(['a passed', 'b passed', 'slow timedOut'])
  expect(existsSync(join(t.dir, 'last'))).toBe(false)
  const wrong = await run(t, [gate('a', 'true'), gate('b', 'true', { after: ['c'] })])
  expect(wrong).toMatchObject([
    { name: 'a', outcome: 'notStarted', logTail: expect.stringMatching(/no such gate/) },
  ])
})

test('[GIT-38] as much of the output is kept as the gate says', async () => {
  const t = await town()
  const [few, many] = await run(t, [
    gate('few', 'seq 1000', { outputMax: 256 }),
    gate('many', 'seq 100000', { outputMax: 16_384 }),
  ])
  expect(Buffer.byteLength(few?.logTail ?? '')).toBeLessThanOrEqual(256)
  expect(few?.logTail.endsWith('999\n1000')).toBe(true)
  expect(Buffer.byteLength(many?.logTail ?? '')).toBeGreaterThan(16_000)
  expect(Buffer.byteLength(many?.logTail ?? '')).toBeLessThanOrEqual(16_384)
})

test('[GIT-39] what has passed on a tree is not run again on it, until something it depends on is another', async () => {
  const t = await town()
  const count = join(t.dir, 'count')
  const runs = () => (existsSync(count) ? readFileSync(count, 'utf8').trim().split('\n') : [])
  const build = gate('build', `echo build >> ${count}; echo made > made.txt`)
  const check = gate('check', `echo check >> ${count}; cat made.txt`)
  const both = [build, check]
  const cached = (gates: readonly GateSpec[], more: Partial<Input> = {}) =>
    run(t, gates, { cache: true, ...more })
  expect(short(await cached(both))).toEqual(['build passed', 'check passed'])
  const again = await cached(both)
  expect(short(again)).toEqual(['build cached', 'check cached'])
  expect(again[1]).toMatchObject({
    outcome: 'passed',
    exitCode: 0,
    durationMs: 0,
    cached: { at: expect.stringMatching(/^\d{4}-.*Z$/), durationMs: expect.any(Number) },
  })
  expect(runs()).toHaveLength(2)

  // The same tree in another commit, another worker, no cache wanted.
  sh(t.home, 'commit', '--allow-empty', '-qm', 'empty')
  sh(t.home, 'push', '-q', 'origin', 'main')
  await t.repos.targetHead(t.at)
  const same = sh(t.home, 'rev-parse', 'main')
  expect(short(await cached(both, { commit: same }))).toEqual(['build cached', 'check cached'])
  const other = { ...t, repos: createRepositories(t.dir) }
  expect(short(await run(other, both, { cache: true }))).toEqual(['build cached', 'check cached'])
  expect(short(await run(t, both))).toEqual(['build passed', 'check passed'])
  expect(runs()).toHaveLength(4)

  // One that is new finds what those before it left; one that comes after what changed runs as well.
  expect(short(await cached([...both, gate('third', 'cat made.txt')]))).toEqual([
    'build passed',
    'check passed',
    'third passed',
  ])
  expect(short(await cached([{ ...build, timeoutMs: 9_000 }, check]))).toEqual([
    'build passed',
    'check passed',
  ])
  for (const more of [
    { env: { ...ENV, MODE: 'x' } },
    { setup: { command: ['true'], timeoutMs: 1_000, inputs: [] } },
    { toolchain: [['echo', 'two']] },
  ])
    expect(short(await cached(both, more)), JSON.stringify(more)).toEqual(['build passed', 'check passed'])
  // Nobody knows which tools there are.
  for (let n = 0; n < 2; n += 1)
    expect(short(await cached(both, { toolchain: [['false']] }))).toEqual(['build passed', 'check passed'])
  const changed = await next(t, { 'src/c.txt': 'c\n' })
  expect(short(await cached(both, { commit: changed }))).toEqual(['build passed', 'check passed'])
})

test('[GIT-40] [P8] only passes are kept, and none of a gate that was ever red on that tree', async () => {
  const t = await town()
  const file = join(t.dir, 'rigs', RIG, 'refinery', 'green.json')
  const flaky = gate('flaky', `[ -e ${t.dir}/ok ]`)
  const steady = gate('steady', 'true', { after: [] })
  const other = gate('other', `[ -e ${t.dir}/ok ]`)
  const cached = () => run(t, [steady, flaky], { cache: true })
  expect(short(await cached())).toEqual(['steady passed', 'flaky failed'])
  writeFileSync(join(t.dir, 'ok'), '')
  // Green by luck, or since somebody mended something outside: twice, and run each time, in another worker as well.
  for (let n = 0; n < 2; n += 1) {
    t.repos.runGates = createRepositories(t.dir).runGates
    expect(short(await cached())).toEqual(['steady cached', 'flaky passed'])
  }
  const kept = readFileSync(file, 'utf8')
  expect(JSON.parse(kept)).toMatchObject({
    version: 1,
    passed: [expect.any(Array)],
    red: [expect.any(String)],
  })
  // A red counts also where nobody wanted the cache, or nobody knew the tools.
  for (const more of [{}, { cache: true, toolchain: [['false']] }]) {
    rmSync(join(t.dir, 'ok'))
    const late = { ...other, timeoutMs: 'cache' in more ? 8_000 : 9_000 }
    expect(short(await run(t, [late], more))).toEqual(['other failed'])
    writeFileSync(join(t.dir, 'ok'), '')
    for (let n = 0; n < 2; n += 1)
      expect(short(await run(t, [late], { cache: true }))).toEqual(['other passed'])
  }
  // One that cannot be written spoils nothing.
  rmSync(file)
  mkdirSync(join(file, 'in the way'), { recursive: true })
  for (let n = 0; n < 2; n += 1) expect(short(await cached())).toEqual(['steady passed', 'flaky passed'])
  rmSync(file, { recursive: true })
  // A file that is damaged, foreign or gone is an empty one: it costs time.
  for (const damaged of [
    kept.slice(0, -9),
    '[]',
    kept.replace('"version":1', '"version":2'),
    'x'.repeat(2_000_000),
  ]) {
    writeFileSync(file, damaged)
    expect(short(await cached())).toEqual(['steady passed', 'flaky passed'])
    expect(JSON.parse(readFileSync(file, 'utf8')).passed).toHaveLength(1)
  }
})

test('[GIT-41] tests of JUnit reports are counted, those that were red by name, from this run alone', async () => {
  const t = await town()
  const report = (name: string, body: string) =>
    `mkdir -p out/a; printf '%s' '<?xml version="1.0"?><testsuites><testsuite>${body}</testsuite></testsuites>' > out/a/${name}.xml`
  const [red, stale, linked] = await run(t, [
    gate(
      'red',
      `${report('x', '<testcase classname="cart" name="adds &amp; counts"/><testcase name="b"><failure>no <![CDATA[<testcase name="fake"/>]]></failure></testcase><testcase name="c"><skipped/></testcase>')}; exit 1`,
      { junit: 'out/**/*.xml', required: false },
    ),
    gate('stale', 'touch -d "1 hour ago" out/a/x.xml', { junit: 'out/*/x.xml' }),
    gate('linked', `rm -r out; ln -s ${t.home} out; true`, { junit: 'out/**/*.xml' }),
  ])
  expect(red?.tests).toEqual({ ran: 2, red: ['b'], skipped: 1, complete: true })
  expect(stale?.tests).toBeUndefined()
  expect(linked?.tests).toBeUndefined()
})

test('[GIT-41] a report that is hostile, or cut, is none', () => {
  const suite = (body: string) => `<testsuite name="x > y">${body}</testsuite>`
  expect(
    readJunit(suite('<!-- <testcase name="no"/> --><testcase name="&#x41;&quot;&lol;" time=\'1\'/>')),
  ).toEqual([{ name: 'A"&lol;', outcome: 'passed' }])
  expect(
    readJunit(
      suite(
        '<testcase name="a"><system-out><failure/></system-out></testcase><testcase name="a\u001b[2J"><error/></testcase>',
      ),
    ),
  ).toEqual([
    { name: 'a', outcome: 'passed' },
    { name: 'a', outcome: 'red' },
  ])
  for (const text of [
    '',
    'no xml',
    '<html></html>',
    '<!DOCTYPE t [<!ENTITY a "b">]><testsuite></testsuite>',
    '<testsuite><testcase name="a">',
    '<testsuite></testcase></testsuite>',
    '<testsuite><testcase name="a"></testsuite>',
    '<testsuite><testcase name="a',
    '<testsuite><![CDATA[',
    suite('<a>'.repeat(100_000)),
    suite('<testcase name="x"><testcase name="y"/></testcase>'),
  ])
    expect(readJunit(text), text.slice(0, 60)).toBeNull()
})

test('[GIT-42] [P8] for want of room nothing is said of the work', async () => {
  const t = await town()
  expect(asDiskFault(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toMatchObject({
    code: 'DISK_FULL',
  })
  const said = new RepositoryError(
    'GIT_FAILED',
    'git read-tree failed (exit 128): unable to write file a.txt',
    {
      stderr: 'fatal: write error: No space left on device',
    },
  )
  expect(asDiskFault(said)).toMatchObject({ code: 'DISK_FULL', message: expect.stringMatching(/no room/) })
  const other = new RepositoryError('GIT_FAILED', 'no')
  expect(asDiskFault(other)).toBe(other)
  await expect(checkRoom(t.dir)).resolves.toBeUndefined()
  const full = async () => ({ bavail: 10, bsize: 4_096, ffree: 5, files: 9 })
  await expect(checkRoom(t.dir, full)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(/40 KB/),
  })
  // git says it in words.
  const bin = join(t.dir, 'bin')
  mkdirSync(bin)
  const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  const script = `#!/bin/sh\ncase " $* " in *" read-tree "*) echo "error: unable to write file src/a.txt" >&2; echo "fatal: sha1 file write error: No space left on device" >&2; exit 128;; esac\nexec ${git} "$@"\n`
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 })
  const { PATH } = process.env
  process.env.PATH = `${bin}:${PATH}`
  try {
    await expect(run(t, [gate('x', 'true')])).rejects.toMatchObject({ code: 'DISK_FULL' })
  } finally {
    process.env.PATH = PATH
  }
  expect(short(await run(t, [gate('x', 'true')]))).toEqual(['x passed'])
  const noFile = async () => ({ bavail: 1_000_000, bsize: 4_096, ffree: 0, files: 9 })
  await expect(checkRoom(t.dir, noFile)).rejects.toMatchObject({ code: 'DISK_FULL' })
})

test('[GIT-43] what a gate starts in a session of its own ends with it, though it passed', async () => {
  const t = await town()
  const pid = join(t.dir, 'pid')
  const away = `setsid sh -c 'echo $$ > ${pid}; trap "" TERM HUP; while :; do echo late >> left.txt; sleep 0.05; done' < /dev/null > /dev/null 2>&1 & while [ ! -s ${pid} ]; do sleep 0.02; done`
  const [forked, after] = await run(t, [
    gate('forks', away),
    gate(
      'after',
      `kill -0 $(cat ${pid}) 2> /dev/null && [ "$(cut -d' ' -f3 /proc/$(cat ${pid})/stat)" != Z ]`,
    ),
  ])
  expect([forked?.outcome, after?.outcome]).toEqual(['passed', 'failed'])
})
