import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { neutralised } from '../../src/git/log-tail.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import type { GateSpec, SetupSpec } from '../../src/ports/repositories.ts'
import { commit, ENV, RIG, sh, type Town, town, write } from './town.ts'

const gate = (name: string, script: string, timeoutMs = 10_000): GateSpec => ({
  name,
  command: ['sh', '-c', script],
  timeoutMs,
})

async function run(t: Town, gates: readonly GateSpec[], more: { commit?: string; setup?: SetupSpec } = {}) {
  const id = more.commit ?? sh(t.home, 'rev-parse', 'main')
  return (await t.repos.runGates({ rig: RIG, commit: id, setup: more.setup ?? null, gates, env: ENV }))
    .results
}

/** Commits in the person's repository and gives the id, known to the Refinery. */
async function next(t: Town, files: Readonly<Record<string, string>>): Promise<string> {
  const id = commit(t.home, 'next', files)
  sh(t.home, 'push', '-q', 'origin', 'main')
  await t.repos.targetHead(t.at)
  return id
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

test('[GIT-9] [P8] gates run in order and stop at the first that is not passed', async () => {
  const t = await town()
  const results = await run(t, [
    gate('a', 'echo one; echo two >&2'),
    gate('b', 'echo no; exit 3'),
    gate('c', 'touch never'),
  ])
  expect(results).toEqual([
    {
      name: 'a',
      command: ['sh', '-c', 'echo one; echo two >&2'],
      exitCode: 0,
      durationMs: expect.any(Number),
      logTail: 'one\ntwo',
      outcome: 'passed',
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
    {
      name: 'b',
      command: ['sh', '-c', 'echo no; exit 3'],
      exitCode: 3,
      durationMs: expect.any(Number),
      logTail: 'no',
      outcome: 'failed',
      version: expect.any(String),
    },
  ])
  expect(results[0]?.version).not.toBe(results[1]?.version)
})

test('[GIT-9] [P8] a gate that cannot start is not passed, and says why', async () => {
  const t = await town()
  writeFileSync(join(t.dir, 'plain'), '')
  for (const command of [['no-such-program'], [join(t.dir, 'plain')], [], [''], ['true', 'a\0b'], [t.dir]]) {
    const [result] = await run(t, [{ name: 'x', command, timeoutMs: 1_000 }])
    expect(result).toMatchObject({
      outcome: 'notStarted',
      exitCode: null,
      logTail: expect.stringMatching(/./),
    })
  }
})

test('[GIT-9] [P8] a gate that a signal ends has failed', async () => {
  const t = await town()
  expect((await run(t, [gate('x', 'kill -9 $$')]))[0]).toMatchObject({ outcome: 'failed', exitCode: null })
})

test('[GIT-19] a gate that takes too long ends with everything it started', async () => {
  const t = await town()
  const pids = join(t.dir, 'pids')
  // One ignores the polite end, one is in the background, one made a session of its own.
  const script = `trap '' TERM; (echo $$; sh -c 'echo $$; sleep 60' & setsid sh -c 'echo $$; sleep 60' & wait) >> ${pids}; sleep 60`
  const begun = Date.now()
  const [result] = await run(t, [gate('slow', `echo working; ${script.replaceAll('\n', ' ')}`, 300)])
  expect(result).toMatchObject({ outcome: 'timedOut', exitCode: null, logTail: 'working' })
  expect(Date.now() - begun).toBeLessThan(10_000)
  const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number)
  expect(started).toHaveLength(3)
  expect(started.filter(isAlive)).toEqual([])
})

test('[GIT-19] what a gate leaves in the background ends with it', async () => {
  const t = await town()
  const pids = join(t.dir, 'pids')
  const [result] = await run(t, [gate('x', `(sleep 60 & echo $! > ${pids}); echo done`)])
  expect(result).toMatchObject({ outcome: 'passed', logTail: 'done' })
  expect(isAlive(Number(readFileSync(pids, 'utf8')))).toBe(false)
})

test('[GIT-19] of a huge output the end is kept, in bounded memory', async () => {
  const t = await town()
  const before = process.memoryUsage().rss
  const [result] = await run(t, [
    gate('loud', 'yes | head -c 1000000000; printf "\\nthe end\\n"; exit 1', 110_000),
  ])
  expect(result?.outcome).toBe('failed')
  expect(result?.logTail.endsWith('\nthe end')).toBe(true)
  expect(Buffer.byteLength(result?.logTail ?? '')).toBeLessThanOrEqual(8_192)
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
}, 120_000)

test('[GIT-19] terminal sequences in a log are made harmless', () => {
  expect(
    neutralised(
      '\x1b[31mred\x1b[0m \x1b]0;title\x07ok\x1b]52;c;aGk=\x1b\\ \x07\x9b2J a\r\nb\n 1%\r 2%\r 3%\nx\u202Ey',
    ),
  ).toBe('red ok · a\nb\n 3%\nx·y')
})

test('[GIT-20] a gate sees descriptors 0, 1 and 2, an empty input and the given environment only', async () => {
  const t = await town()
  process.env.SECRET = 'leaked'
  const [result] = await run(t, [
    gate('x', 'ls -l /proc/self/fd | grep -c "> /"; cat; env | cut -d= -f1 | sort | tr "\\n" " "'),
  ])
  delete process.env.SECRET
  // The one file is the folder that ls itself reads; /dev/null is descriptor 0.
  expect(result?.logTail).toBe('2\nGT_RUN_IN HOME PATH PWD')
})

test('[GIT-8] [P8] tracked files are those of the commit, and leftovers of earlier gates are gone', async () => {
  const t = await town()
  const first = sh(t.home, 'rev-parse', 'main')
  const second = await next(t, { 'src/c.txt': 'c\n' })
  const mess =
    'echo x > src/a.txt; rm src/b.txt; echo x > left.txt; echo x > left.log; mkdir -p node_modules out; echo x > node_modules/m; git init -q out; rm -f src/c.txt'
  await run(t, [gate('mess', mess)], { commit: second })
  const look =
    'git status --porcelain --ignored; find . -path ./.git -prune -o -type f -print | sort; head -1 src/a.txt; git rev-parse HEAD'
  const [result] = await run(t, [gate('look', look)], { commit: first })
  expect(result?.logTail).toBe(
    [
      '!! node_modules/',
      './.gitignore',
      './node_modules/m',
      './package.json',
      './src/a.txt',
      './src/b.txt',
      'line 0',
      first,
    ].join('\n'),
  )
  const [again] = await run(t, [gate('look', 'cat src/c.txt; git status --porcelain')], { commit: second })
  expect(again?.logTail).toBe('c')
})

test('[GIT-21] setup runs before the gates, and again only when its inputs or itself changed', async () => {
  const t = await town()
  const setup: SetupSpec = {
    command: ['sh', '-c', 'mkdir -p made; cat package-lock.json >> made/by.log'],
    timeoutMs: 10_000,
    inputs: [],
  }
  const look = [gate('look', 'cat made/by.log')]
  const first = await next(t, { 'package-lock.json': '1\n' })
  const log = async (id: string, spec = setup) =>
    (await run(t, look, { commit: id, setup: spec }))[0]?.logTail
  expect(await log(first)).toBe('1')
  expect(await log(first)).toBe('1')
  const second = await next(t, { 'src/other.txt': 'o\n' })
  expect(await log(second)).toBe('1')
  const third = await next(t, { 'package-lock.json': '2\n' })
  expect(await log(third)).toBe('1\n2')
  expect(await log(third, { ...setup, inputs: ['src'] })).toBe('1\n2\n2')
  expect(await log(second, { ...setup, inputs: ['src'] })).toBe('1\n2\n2')
  expect(await log(first, { ...setup, inputs: ['src'] })).toBe('1\n2\n2\n1')
})

test('[GIT-21] a setup that fails is a result named setup, without gates, and runs again', async () => {
  const t = await town()
  const setup: SetupSpec = { command: ['sh', '-c', 'echo broken; exit 1'], timeoutMs: 10_000, inputs: [] }
  for (let n = 0; n < 2; n++) {
    expect(await run(t, [gate('x', 'true')], { setup })).toMatchObject([
      { name: 'setup', outcome: 'failed', exitCode: 1, logTail: 'broken' },
    ])
  }
})

test('[GIT-22] gates of a rig wait for each other, and nothing else waits for them', async () => {
  const t = await town()
  const file = join(t.dir, 'order')
  const slow = (name: string) =>
    run(t, [
      gate(
        name,
        `echo ${name}+ >> ${file}; while [ ! -e ${t.dir}/go ]; do sleep 0.02; done; echo ${name}- >> ${file}`,
      ),
    ])
  const both = Promise.all([slow('a'), slow('b')])
  const { path, branch } = await t.add('nux')
  await t.repos.inspectWorktree({ ...t.at, path, branch })
  while (!existsSync(file)) await sleep(5)
  expect(readFileSync(file, 'utf8')).toBe('a+\n')
  writeFileSync(join(t.dir, 'go'), '')
  await both
  expect(readFileSync(file, 'utf8')).toBe('a+\na-\nb+\nb-\n')
})

test('[GIT-8] what a killed run left in the checkout does not disturb the next', async () => {
  const t = await town()
  await run(t, [gate('x', 'true')])
  const own = join(t.dir, 'rigs', RIG, 'refinery')
  write(own, {
    'tree/.git/index.lock': '',
    'tree/half.txt': '',
    'git/tree-index.999999.1': '',
    'git/tree-index.999999.1.lock': '',
  })
  mkdirSync(join(own, 'tree/src/a'), { recursive: true })
  const repos = createRepositories(t.dir)
  const id = sh(t.home, 'rev-parse', 'main')
  const gates = [gate('x', 'git status --porcelain; ls')]
  const { results } = await repos.runGates({ rig: RIG, commit: id, setup: null, gates, env: ENV })
  expect(results[0]).toMatchObject({ outcome: 'passed', logTail: 'package.json\nsrc' })
  expect(existsSync(join(own, 'git/tree-index.999999.1'))).toBe(false)
})
