import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRepositories } from '../../src/git/repositories.ts'
import { removeStaleLocks } from '../../src/git/stale-locks.ts'
import { connectWorker, type WorkerClient } from '../../src/git/worker-client.ts'
import { commit, ENV, merge, RIG, sh, snapshot, type Town, town, write } from './town.ts'

/** As built: it is there four times as fast. */
const WORKER = resolve(import.meta.dirname, '../../dist/src/git/worker.js')

/** Starts a worker of its own process; it is ended with the test. */
function start(t: Town): ChildProcess {
  mkdirSync(join(t.dir, '.gt'), { recursive: true })
  if (!existsSync(join(t.dir, '.gt/host.key'))) writeFileSync(join(t.dir, '.gt/host.key'), 'secret-key\n')
  const child = spawn(process.execPath, [WORKER, t.dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: ENV.PATH, HOME: ENV.HOME },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function client(t: Town, onGone: () => void = () => {}): Promise<WorkerClient> {
  const made = await connectWorker(t.dir, { onGone })
  onTestFinished(() => made.close())
  return made
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>((done) => child.once('exit', (code) => done(code)))

describe('[GIT-23] the worker', () => {
  test('answers like the port in process, results and errors alike', async () => {
    const t = await town()
    start(t)
    const worker = await client(t)
    expect(await worker.targetHead(t.at)).toEqual(await t.repos.targetHead(t.at))
    const wrong = { rig: RIG, path: t.worktree('nux'), branch: 'x', target: 'main' }
    const [here, there] = await Promise.allSettled([
      t.repos.inspectWorktree(wrong),
      worker.inspectWorktree(wrong),
    ])
    expect(there).toEqual(here)
    expect(there).toMatchObject({ reason: { name: 'RepositoryError', code: 'WORKTREE_MISSING' } })
  })

  test('its socket is its owner’s alone, and a stranger is sent away', async () => {
    const t = await town()
    start(t)
    const worker = await client(t)
    expect(statSync(join(t.dir, '.gt/worker.sock')).mode & 0o777).toBe(0o600)
    for (const said of [
      '{"hello":"wrong"}\n',
      '{"id":"1","op":"targetHead","input":{}}\n',
      'GET / HTTP/1.1\r\n\r\n',
    ]) {
      const socket = connect(join(t.dir, '.gt/worker.sock'))
      let answer = ''
      socket.on('data', (data) => {
        answer += data
      })
      socket.on('error', () => undefined)
      socket.write(said)
      await new Promise((done) => socket.once('close', done))
      expect(answer).toBe('')
    }
    expect((await worker.targetHead(t.at)).head).toMatch(/^\w{40}$/)
  })

  test('there is one; a second gives way, and a stale socket is replaced', async () => {
    const t = await town()
    const first = start(t)
    const worker = await client(t)
    const second = spawn(process.execPath, [WORKER, t.dir], { stdio: 'ignore' })
    expect(await ended(second)).toBe(1)
    expect(worker.pid).toBe(first.pid)
    first.kill('SIGKILL')
    await ended(first)
    const third = start(t)
    expect((await client(t)).pid).toBe(third.pid)
  })

  test('when it goes, what waits is told WORKER_GONE and the owner once', async () => {
    const t = await town()
    const child = start(t)
    let gone = 0
    const worker = await client(t, () => gone++)
    const gates = [{ name: 'slow', command: ['sleep', '60'], timeoutMs: 60_000 }]
    const waiting = worker.runGates({
      rig: RIG,
      commit: sh(t.home, 'rev-parse', 'main'),
      setup: null,
      gates,
      env: ENV,
    })
    child.kill('SIGKILL')
    await expect(waiting).rejects.toMatchObject({ code: 'WORKER_GONE' })
    await expect(worker.targetHead(t.at)).rejects.toMatchObject({ code: 'WORKER_GONE' })
    expect(gone).toBe(1)
  })

  test('the same request is done once: joined while it runs, answered from memory afterwards', async () => {
    const t = await town()
    start(t)
    const file = join(t.dir, 'ran')
    const input = {
      rig: RIG,
      commit: sh(t.home, 'rev-parse', 'main'),
      setup: null,
      gates: [
        {
          name: 'x',
          command: ['sh', '-c', `echo ran >> ${file}; while [ ! -e ${t.dir}/go ]; do sleep 0.02; done`],
          timeoutMs: 20_000,
        },
      ],
      env: ENV,
    }
    const before = await client(t)
    const lost = before.as('12.0').runGates(input)
    while (!existsSync(file)) await sleep(5)
    before.close()
    await expect(lost).rejects.toMatchObject({ code: 'WORKER_GONE' })
    const after = await client(t)
    const joined = after.as('12.0').runGates(input)
    writeFileSync(join(t.dir, 'go'), '')
    expect((await joined).results[0]?.outcome).toBe('passed')
    expect(await after.as('12.0').runGates(input)).toEqual(await joined)
    expect(readFileSync(file, 'utf8')).toBe('ran\n')
    await after.as('13.0').runGates(input)
    expect(readFileSync(file, 'utf8')).toBe('ran\nran\n')
  })

  test('on SIGTERM its gates end with it; of a killed one they end before the next gate runs', async () => {
    const t = await town()
    const pids = join(t.dir, 'pids')
    const input = (script: string) => ({
      rig: RIG,
      commit: sh(t.home, 'rev-parse', 'main'),
      setup: null,
      gates: [{ name: 'x', command: ['sh', '-c', script], timeoutMs: 60_000 }],
      env: ENV,
    })
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      writeFileSync(pids, '')
      const child = start(t)
      const worker = await client(t)
      const running = worker.runGates(
        input(`sh -c 'echo $$ >> ${pids}; sleep 60' & echo $$ >> ${pids}; wait`),
      )
      running.catch(() => undefined)
      while (readFileSync(pids, 'utf8').trim().split('\n').length < 2) await sleep(5)
      child.kill(signal)
      await ended(child)
      if (signal === 'SIGKILL') {
        start(t)
        await (await client(t)).runGates(input('true'))
      }
      const alive = readFileSync(pids, 'utf8')
        .trim()
        .split('\n')
        .filter((pid) => {
          const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z '
          return !stat.includes(') Z ')
        })
      expect(alive).toEqual([])
    }
  }, 20_000)
})

test('[GIT-24] locks that a killed git left in the own repository go, unless one of ours lives there', async () => {
  const t = await town()
  const own = join(t.dir, 'rigs', RIG, 'refinery/git')
  const locks = [join(own, 'refs/remotes/origin/main.lock'), join(own, 'packed-refs.lock')]
  for (const lock of locks) write(dirname(lock), { [basename(lock)]: '' })
  const ours = spawn('sleep', ['60'], { env: { PATH: ENV.PATH, GIT_DIR: own } })
  await new Promise((done) => ours.once('spawn', done))
  expect(await removeStaleLocks(own)).toEqual([])
  ours.kill('SIGKILL')
  await ended(ours)
  commit(t.home, 'second', { 'src/c.txt': 'c' })
  sh(t.home, 'push', '-q', 'origin', 'main')
  expect((await createRepositories(t.dir).targetHead(t.at)).head).toBe(sh(t.home, 'rev-parse', 'main'))
  expect(locks.filter(existsSync)).toEqual([])
})

const seed = Number(process.env.SEED ?? 20261122)

/** Fractions of a run at which the worker is killed; the same for the same seed. */
function instants(count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  })
}

for (const kind of ['origin', 'local'] as const) {
  test(`[GIT-24] [P5] [P8] a worker killed at any instant and asked again lands the work once — ${kind} (SEED=${seed})`, async () => {
    const t = await town(kind)
    const names = ['ace', 'bob', 'cat', 'dag', 'eve']
    const kills = instants(names.length)
    let child = start(t)
    let worker = await client(t)
    let steps: number[] = []
    /** Asks until there is an answer, as the town does, killing the worker once on the way. */
    const whole = async (name: string, killAtMs: number | null) => {
      let timer: NodeJS.Timeout | undefined
      if (killAtMs !== null) timer = setTimeout(() => child.kill('SIGKILL'), killAtMs)
      const ask = async <T>(question: (to: WorkerClient) => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            return await question(worker)
          } catch (error) {
            if (!(error instanceof Error && 'code' in error && error.code === 'WORKER_GONE')) throw error
            child = start(t)
            worker = await client(t)
          }
        }
      }
      const path = t.worktree(name)
      const branch = `polecat/${name}/b`
      const begun = performance.now()
      const setup = { command: ['sh', '-c', 'echo x > setup.log'], timeoutMs: 5_000, inputs: [] }
      const place = { ...t.at, path, branch }
      await ask((to) => to.addWorktree({ ...place, source: null, copy: [], setup, env: ENV }))
      const head = commit(path, name, { [`src/${name}.txt`]: `${name}\n` })
      expect(await ask((to) => to.inspectWorktree(place))).toMatchObject({ head, dirty: [], commits: 1 })
      await ask((to) => to.checkpoint({ rig: RIG, path, branch, name }))
      const built = await ask((to) => to.buildMerge({ ...t.at, ...merge(branch, head) }))
      if (built.kind !== 'built') throw new Error(built.kind)
      const gates = [
        {
          name: 'g',
          command: ['sh', '-c', `test -f src/${name}.txt && test -f setup.log && sleep 0.1`],
          timeoutMs: 9_000,
        },
      ]
      const gated = await ask((to) => to.runGates({ rig: RIG, commit: built.commit, setup, gates, env: ENV }))
      expect(gated.results.at(-1)).toMatchObject({ name: 'g', outcome: 'passed' })
      const landed = await ask((to) =>
        to.pushTarget({ ...t.at, base: built.base, commit: built.commit, head }),
      )
      expect(landed).toMatchObject({ kind: 'landed', head: built.commit })
      await ask((to) => to.removeWorktree({ ...place, head, landed: built.commit, name: `${name}-end` }))
      clearTimeout(timer)
      steps = [...steps, performance.now() - begun]
      expect(existsSync(path)).toBe(false)
    }
    await whole('first', null)
    for (const [n, name] of names.entries()) await whole(name, (kills[n] ?? 0) * (steps[0] ?? 0))
    expect(sh(t.remote.url, 'log', '--format=%an', 'main').split('\n')).toEqual([
      ...Array(6).fill('hermes/polecats/nux'),
      'p',
    ])
    const locks = [...snapshot(join(t.dir, 'rigs')).keys()].filter((file) => file.endsWith('.lock'))
    expect(locks).toEqual([])
    if (kind === 'local') expect(sh(t.home, 'status', '--porcelain')).toBe('')
  }, 60_000)
}
