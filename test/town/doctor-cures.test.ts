// gt doctor on a town at work: the folder of a rig is removed by hand, locks and processes are left behind.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examine } from '../../src/town/doctor/doctor.ts'
import { isAlive } from '../support/processes-left.ts'
import { COMMIT, GT, git, gone, makeTown, type TestTown, untilFile } from '../support/town.ts'

test('[DOCTOR-2] [DOCTOR-4] [DOCTOR-5] [DOCTOR-6] [P5] a rig whose folder is removed by hand is named, made again from its remote, and lands; the other rig goes on all the time', async () => {
  const town = await makeTown()
  const go = join(town.temp, 'go')
  await town.up()
  await town.agent('quick', `${COMMIT}; ${GT} done\n`)
  await town.agent('waits', `touch "${town.temp}/at-$GT_BEAD"; ${untilFile(go)}; ${COMMIT}; ${GT} done\n`)
  await town.addRig(['true'])
  const other = join(town.temp, 'other')
  git(town.temp, 'clone', '-q', join(town.temp, 'home'), other)
  const second = join(town.temp, 'second.git')
  git(town.temp, 'clone', '-q', '--bare', join(town.temp, 'home'), second)
  await town.command('rig.add', { name: 'barn', source: second, gate: false })
  await town.command('config.set', { rig: 'barn', key: 'gates.test', value: { command: ['true'] } })
  const lost = await town.bead('Is lost', { rig: 'shop' })
  await town.sling([lost], 'waits')
  await town.until('it works', () => existsSync(join(town.temp, `at-${lost}`)))

  rmSync(join(town.dir, 'rigs/shop'), { recursive: true, force: true })
  const here = await town.bead('Lands elsewhere', { rig: 'barn' })
  await town.sling([here], 'quick')
  await town.fact('the other rig lands', 'PolecatReleased', { bead: here, outcome: 'landed' })

  const look = (fix: boolean) => examine({ dir: town.dir, env: process.env, fix, only: null })
  const named = (found: Awaited<ReturnType<typeof look>>, name: string) =>
    found.checks.find((one) => one.name === name)
  const before = await look(false)
  expect(named(before, 'git.repositories')).toMatchObject({ state: 'error', fixable: true, fixed: null })
  expect(named(before, 'git.repositories')?.items[0]).toContain('it can be made again from')
  expect(named(before, 'worktrees.missing')).toMatchObject({ state: 'error' })
  expect(existsSync(join(town.dir, 'rigs/shop')), 'a look changes nothing').toBe(false)
  const cured = await look(true)
  expect(named(cured, 'git.repositories')).toMatchObject({
    state: 'ok',
    fixed: 'shop was made again from its remote.',
  })
  expect(named(await look(true), 'git.repositories')).toMatchObject({ state: 'ok', fixed: null })

  // The one whose worktree went with it is taken off and begins anew.
  await town.command('unsling', { bead: lost })
  await town.command('sling', { beads: [lost], agent: 'quick' })
  await town.fact('it lands after all', 'PolecatReleased', { bead: lost, outcome: 'landed' }, 30_000)
  expect(named(await look(false), 'worktrees.missing')).toMatchObject({ state: 'ok' })

  await cures(town, String(lost))
  await town.down()
  await town.checkLog()
  await town.close()
}, 90_000)

/** What a look names in a town at work, and what its cures take away and leave alone. */
async function cures(town: TestTown, bead: string): Promise<void> {
  await town.settled()
  const session = String(town.facts('SessionEnded').find((fact) => fact.bead === bead)?.session)
  const marked = (more: Record<string, string>) =>
    spawn('sleep', ['600'], { env: { GT_TOWN_ID: town.id, GT_SESSION: session, ...more }, stdio: 'ignore' })
  const [over, strange] = [marked({}), marked({ GT_TOWN_ID: `${town.id}x` })]
  const rig = join(town.dir, 'rigs/shop')
  const [ours, theirs] = [join(rig, 'refinery/git/packed-refs.lock'), join(rig, 'repo.git/index.lock')]
  const [stale, adrift] = [join(rig, 'repo.git/worktrees/stale'), join(rig, 'repo.git/worktrees/adrift')]
  const long = new Date(Date.now() - 3_600_000)
  for (const lock of [ours, theirs]) {
    writeFileSync(lock, '')
    utimesSync(lock, long, long)
  }
  for (const [admin, head] of [
    [stale, 'ref: refs/heads/any'],
    [adrift, 'a'.repeat(40)],
  ] as const) {
    mkdirSync(admin, { recursive: true })
    writeFileSync(join(admin, 'gitdir'), join(rig, 'polecats/nobody/9/.git'))
    writeFileSync(join(admin, 'HEAD'), head)
  }
  const asked = ['orphans.sessions', 'locks.git', 'worktrees.registered']
  const look = async (fix: boolean) => {
    const { checks } = await examine({ dir: town.dir, env: process.env, fix, only: null })
    return asked.map((name) => checks.find((one) => one.name === name))
  }
  try {
    const { seq } = (await town.get('/v1/health')).body
    expect(await look(false)).toMatchObject([
      {
        state: 'error',
        fixable: true,
        items: [expect.stringContaining(`pid ${over.pid} of ${session} (over)`)],
      },
      { state: 'error', fixable: true, items: [ours, theirs] },
      { state: 'warning', fixable: true },
    ])
    expect([ours, theirs, stale, adrift].map((path) => existsSync(path))).toEqual([true, true, true, true])
    const cured = await look(true)
    expect(cured).toMatchObject([{ state: 'ok' }, { state: 'warning' }, { state: 'warning', fixable: false }])
    expect(cured.every((one) => typeof one?.fixed === 'string')).toBe(true)
    await gone(over.pid ?? 0)
    expect(isAlive(strange.pid ?? 0)).toBe(true)
    expect([ours, theirs, stale, adrift].map((path) => existsSync(path))).toEqual([false, true, false, true])
    expect((await look(true)).map((one) => one?.fixed)).toEqual([null, null, null])
    expect((await town.get('/v1/health')).body.seq, 'no record of any of it').toBe(seq)
  } finally {
    over.kill('SIGKILL')
    strange.kill('SIGKILL')
    rmSync(theirs, { force: true })
    rmSync(adrift, { recursive: true, force: true })
  }
  // What is left of a folder is looked at by a person first.
  rmSync(join(rig, 'refinery/ready'))
  const refused = await town.post('/v1/commands/rig.restore', { rig: 'shop', id: 'left' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'RIG_FOLDER_LEFT' } })
  writeFileSync(join(rig, 'refinery/ready'), '1\n')
}
