import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isAlive, processesOf } from '../support/processes-left.ts'
import { seeded } from '../support/seeded.ts'
import { COMMIT, GT, git, makeTown, nothingLeft, type TestTown, untilFile } from '../support/town.ts'

const SEED = Number(process.env.SEED ?? 20261130)

/** Keeps a file that is not committed, ignores a hang-up, and is done when it is told. */
const stayer = (go: string): string =>
  `trap '' HUP; echo "$GT_SESSION" >> "draft-$GT_BEAD.txt"; touch "$GT_TOWN/../at-$GT_BEAD"; ${untilFile(go)}; ${COMMIT}; ${GT} done\n`

async function threeAtWork(): Promise<{
  town: TestTown
  beads: string[]
  go: string
  pids: Map<string, number>
}> {
  const town = await makeTown()
  const go = join(town.temp, 'go')
  await town.up()
  await town.agent('stayer', stayer(go))
  await town.addRig(['true'])
  const beads = [await town.bead('One'), await town.bead('Two'), await town.bead('Three')]
  await town.sling(beads, 'stayer')
  const pids = new Map<string, number>()
  for (const bead of beads) {
    const { pid } = await town.fact(`${bead} is worked on`, 'SessionStarted', { bead })
    await town.until(`${bead} is begun`, () => existsSync(join(town.temp, `at-${bead}`)))
    pids.set(bead, Number(pid))
  }
  return { town, beads, go, pids }
}

/** All land, with everything that any attempt wrote. */
async function landAll(
  town: TestTown,
  beads: readonly string[],
  go: string,
  attempts: number,
): Promise<void> {
  writeFileSync(go, '')
  for (const bead of beads) {
    await town.fact(`${bead} lands`, 'PolecatReleased', { bead, outcome: 'landed' })
    const drafts = town.git('show', `main:draft-${bead}.txt`).split('\n')
    expect(
      drafts.map((session) => session.split('.').at(-1)),
      bead,
    ).toEqual(Array.from({ length: attempts }, (_, n) => String(n + 1)))
  }
  expect(
    town
      .landed()
      .map(({ bead }) => bead)
      .sort(),
  ).toEqual([...beads].sort())
}

test('[TOWNUP-2] [P2] of 20 agents that say gt done while the daemon is killed and started again, each is recorded once and none fails', async () => {
  const random = seeded(SEED)
  const town = await makeTown()
  const [go, codes] = [join(town.temp, 'go'), join(town.temp, 'codes')]
  mkdirSync(codes)
  await town.up()
  await town.agent(
    'crowd',
    `${COMMIT}; touch "${codes}/ready-$GT_BEAD"; ${untilFile(go)}; ${GT} done > "${codes}/said-$GT_BEAD" 2>&1; echo $? > "${codes}/part-$GT_BEAD"; mv "${codes}/part-$GT_BEAD" "${codes}/code-$GT_BEAD"\n`,
  )
  await town.addRig(['true'], { 'limits.polecats': 20 })
  const beads = await Promise.all(Array.from({ length: 20 }, (_, n) => town.bead(`Bead ${n}`)))
  await town.sling(beads, 'crowd')
  const with_ = (name: string) => readdirSync(codes).filter((file) => file.startsWith(name)).length
  await town.until('20 are ready', () => with_('ready-') === 20)
  writeFileSync(go, '')
  for (const after of [1, 8]) {
    await town.watch.until(`${after} are done`, () => town.facts('AgentDone').length >= after)
    await sleep(random() * 50)
    await town.kill()
    await town.up()
  }
  await town.until('20 have their answer', () => with_('code-') === 20)
  for (const bead of beads)
    expect(
      readFileSync(join(codes, `code-${bead}`), 'utf8').trim(),
      `SEED=${SEED} ${readFileSync(join(codes, `said-${bead}`), 'utf8')}`,
    ).toBe('0')
  await town.settled()
  expect(
    town
      .facts('AgentDone')
      .map(({ bead }) => bead)
      .sort(),
    `SEED=${SEED}`,
  ).toEqual([...beads].sort())
  expect(town.facts('WorkSubmitted')).toHaveLength(20)
  await town.kill()
  await town.checkLog()
  await town.close()
}, 90_000)

test('[TOWNUP-11] [DEACON-15] [P2] [P5] after kill -9 of the host another one runs, started with the log closed, and its agents go on as the same workers in the same worktrees', async () => {
  const { town, beads, go, pids } = await threeAtWork()
  const host = town.hostPid()
  process.kill(host, 'SIGKILL')
  for (const bead of beads) {
    const again = await town.fact('it begins again', 'AttemptBegun', { bead, attempt: 2 })
    const first = await town.fact('it began', 'AttemptBegun', { bead, attempt: 1 })
    expect(again).toMatchObject({ agent: first.agent, sandbox: first.sandbox, reason: 'recovered' })
    const ended = await town.fact('it was lost', 'SessionEnded', { bead })
    expect(ended.ending).toMatchObject({ kind: 'lost' })
    expect(isAlive(pids.get(bead) ?? 0), 'a program that ignores the hang-up').toBe(false)
  }
  expect(town.hostPid()).not.toBe(host)
  expect(town.facts('DispatchPaused')).toEqual([])
  await town.until('both attempts', () =>
    beads.every((bead) => processesOf(town.temp, `GT_BEAD=${bead}`).length > 0),
  )
  await landAll(town, beads, go, 2)
  expect((await town.get('/v1/health')).body.troubles).toMatchObject([{ code: 'HOST_GONE' }])
  await town.down()
  await town.checkLog()
  await town.close()
}, 60_000)

test('[TOWNUP-12] [P2] [P8] a gate whose worker is killed is run again, nothing of its first run is left, and the work lands once', async () => {
  const town = await makeTown()
  const [runs, go] = [join(town.temp, 'runs'), join(town.temp, 'go')]
  await town.up()
  await town.agent('quick', `${COMMIT}; ${GT} done\n`)
  await town.addRig(['sh', '-c', `echo $$ >> "${runs}"; ${untilFile(go)}`])
  const bead = await town.bead('Is tested twice')
  await town.sling([bead], 'quick')
  await town.until('the gate runs', () => existsSync(runs))
  const [worker] = processesOf(town.dir).filter(({ command }) => command.includes('/git/worker.'))
  const [gate] = readFileSync(runs, 'utf8').trim().split('\n').map(Number)
  expect(isAlive(gate ?? 0)).toBe(true)
  process.kill(worker?.pid ?? 0, 'SIGKILL')
  await town.until('the gate runs again', () => readFileSync(runs, 'utf8').trim().split('\n').length === 2)
  expect(isAlive(gate ?? 0), 'the first run').toBe(false)
  writeFileSync(go, '')
  await town.fact('it lands', 'PolecatReleased', { bead, outcome: 'landed' })
  expect(town.landed()).toHaveLength(1)
  const { receipt } = await town.fact('its receipt', 'MergeLanded', { bead })
  expect(receipt).toMatchObject({ commit: town.landed()[0]?.commit, gates: [{ name: 'test', exitCode: 0 }] })
  expect(town.git('rev-parse', 'main^{tree}')).toBe((receipt as { tree: string }).tree)
  await town.down()
  await town.close()
}, 60_000)

test('[TOWNUP-13] [P5] gt down leaves no process and every hook, and gt up goes on with each of them as a handoff', async () => {
  const { town, beads, go } = await threeAtWork()
  await town.down()
  await nothingLeft(town)
  for (const name of ['gt.sock', 'host.sock', 'worker.sock', 'daemon.json', 'host.pid'])
    expect(existsSync(join(town.dir, '.gt', name)), name).toBe(false)
  const kept = git(
    join(town.dir, 'rigs/shop/repo.git'),
    'for-each-ref',
    '--format=%(refname)',
    'refs/gt/checkpoints',
  )
  const drafts = kept
    .split('\n')
    .map((ref) => git(join(town.dir, 'rigs/shop/repo.git'), 'ls-tree', '--name-only', ref))
  for (const bead of beads) expect(drafts.join('\n')).toContain(`draft-${bead}.txt`)
  await town.up()
  for (const bead of beads) {
    const again = await town.fact('it goes on', 'AttemptBegun', { bead, attempt: 2 })
    expect(again.reason).toBe('handoff')
  }
  const hooks = (await town.get('/v1/hooks')).body.items as { bead: string }[]
  expect(hooks.map(({ bead }) => bead).sort()).toEqual([...beads].sort())
  await town.until('each began again', () =>
    beads.every((bead) => processesOf(town.temp, `GT_BEAD=${bead}`).length > 0),
  )
  await landAll(town, beads, go, 2)
  expect(town.facts('RecoveryGranted')).toEqual([])
  await town.down()
  await town.checkLog()
  await town.close()
}, 60_000)

test('[TOWNUP-3] [P5] gt down ends what a daemon left that was killed, and changes nothing in a town that is down', async () => {
  const { town, beads } = await threeAtWork()
  await town.kill()
  const launcher = fileURLToPath(new URL('../../bin/gt', import.meta.url))
  const down = () => execFileSync(launcher, ['--town', town.dir, 'down'], { encoding: 'utf8' })
  expect(down()).toMatch(/is down/)
  await nothingLeft(town)
  expect(down()).toMatch(/down already/)
  await town.up()
  for (const bead of beads) await town.fact(`${bead} goes on`, 'AttemptBegun', { bead, reason: 'handoff' })
  await town.down()
  await town.close()
}, 60_000)

test('[TOWNUP-4] what agents and gates make has the umask of whoever brought the town up', async () => {
  const town = await makeTown()
  await town.up()
  const seen = join(town.temp, 'umasks')
  await town.agent('asks', `umask >> "${seen}"; ${COMMIT}; ${GT} done\n`)
  await town.addRig(['sh', '-c', `umask >> "${seen}"`])
  const bead = await town.bead('Ask for the umask')
  await town.sling([bead], 'asks')
  await town.fact('it lands', 'PolecatReleased', { bead, outcome: 'landed' })
  expect(statSync(join(town.dir, '.gt/gt.sock')).mode & 0o777, 'the socket').toBe(0o600)
  expect(statSync(join(town.dir, '.gt')).mode & 0o777, 'the folder that it lies in').toBe(0o700)
  const own = `0${process.umask().toString(8).padStart(3, '0')}`
  expect(readFileSync(seen, 'utf8').trim().split('\n')).toEqual([own, own])
  await town.down()
  await town.close()
}, 60_000)

test('[TOWNUP-4] nothing of ours changes its umask: what is made at the same moment would have it', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  expect(sources.length).toBeGreaterThan(100)
  expect(sources.filter((name) => /\bumask\(/.test(readFileSync(join('src', name), 'utf8')))).toEqual([])
})

test('[TOWNUP-14] [P2] SIGTERM ends the daemon and its worker: agents and host go on, and the next daemon has them again with a worker of its own', async () => {
  const { town, beads, go, pids } = await threeAtWork()
  const [host, daemon] = [town.hostPid(), town.pid()]
  const workers = () => processesOf(town.dir).filter(({ command }) => command.includes('/git/worker.'))
  const [worker] = workers()
  process.kill(daemon, 'SIGTERM')
  await town.until('it ended', () => !isAlive(daemon))
  expect(existsSync(join(town.dir, '.gt/gt.sock'))).toBe(false)
  for (const pid of [...pids.values(), host]) expect(isAlive(pid)).toBe(true)
  expect(isAlive(worker?.pid ?? 0), 'the worker of that daemon').toBe(false)
  await town.up()
  expect(town.hostPid()).toBe(host)
  for (const pid of pids.values()) expect(isAlive(pid)).toBe(true)
  await landAll(town, beads, go, 1)
  expect(workers()).toHaveLength(1)
  expect(town.facts('SessionStarted')).toHaveLength(3)
  await town.down()
  await town.checkLog()
  await town.close()
}, 60_000)
