import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { backupsOf } from '../../src/town/logs/backups.ts'
import { makeClone } from '../support/clones.ts'
import { folderOfFile } from '../support/folder.ts'
import { isAlive, processesOf } from '../support/processes-left.ts'
import { COMMIT, GT, gone, makeTown, type TestTown, untilFile } from '../support/town.ts'

vi.setConfig({ testTimeout: 90_000 })

const folder = folderOfFile('gt-u-')

const run = promisify(execFile)

const OLD = '7.1.0'
const NEW = '7.2.0'

type Said = {
  readonly version: string
  readonly town: { readonly restartChanges: boolean } & Record<string, { version: string }>
}

const gt = (clone: string, town: TestTown, ...words: string[]) =>
  spawnSync(join(clone, 'bin/gt'), [...words, '--town', town.dir], { encoding: 'utf8', cwd: town.temp })
const versions = (clone: string, town: TestTown): Said =>
  JSON.parse(gt(clone, town, 'version', '--json').stdout) as Said
const programs = (town: TestTown) =>
  readdirSync(join(town.dir, '.gt/program'))
    .filter((name) => name !== 'current')
    .sort()

/** What a process runs from, without its last names. */
const programOf = (town: TestTown, pid: number) =>
  readlinkSync(`/proc/${pid}/exe`).slice(join(town.dir, '.gt/program/').length).split('/')[0]

test('[TOWNUP-21] [P5] [P10] the clone loses node_modules, dist and bin under five working agents, comes back as another version, and gt restart takes that: none notices, and all land', async () => {
  const clone = join(folder, 'clone')
  await makeClone(clone, OLD)
  const town = await makeTown({}, { up: join(clone, 'dist/src/town/up.js') })
  const at = join(town.temp, 'at')
  mkdirSync(at)
  const step = (name: string) => `touch "${at}/${name}-$GT_BEAD.is"; ${untilFile(`${at}/${name}`)}`
  const say = (name: string) =>
    `${GT} version -q > "${at}/${name}-$GT_BEAD" 2>&1; ${GT} hook > "${at}/hook-${name}-$GT_BEAD" 2>&1 || touch "${at}/failed-${name}-$GT_BEAD"`
  await town.up()
  await town.agent(
    'worker',
    `${COMMIT}; ${say('first')}; ${step('gone')}; ${say('gone')}; ${step('new')}; ${say('new')}; echo $$ >> "$GT_BEAD.txt"; git commit -qam 'More'; ${GT} done || touch "${at}/failed-done"`,
  )
  await town.addRig(['true'], { 'limits.polecats': 5 })
  const beads = await Promise.all(Array.from({ length: 5 }, (_, n) => town.bead(`Bead ${n}`)))
  await town.sling(beads, 'worker')
  const reached = (name: string) =>
    town.until(name, () => beads.every((bead) => existsSync(join(at, `${name}-${bead}.is`))))
  const goOn = (name: string) => writeFileSync(join(at, name), '')
  await reached('gone')
  const pids = new Map(town.facts('SessionStarted').map(({ bead, pid }) => [bead, Number(pid)]))
  const host = town.hostPid()

  for (const name of ['node_modules', 'dist', 'bin', 'package.json']) {
    rmSync(join(clone, name), { recursive: true })
  }
  goOn('gone')
  await reached('new')
  // A bead that is made, slung, begun and landed while there is no clone at all.
  const more = await town.bead('Begun without a clone')
  await town.agent('quick', `${COMMIT}; ${GT} done\n`)
  await town.command('config.set', { rig: 'shop', key: 'limits.polecats', value: 6 })
  await town.sling([more], 'quick')
  await town.fact('it lands', 'PolecatReleased', { bead: more, outcome: 'landed' })

  await makeClone(clone, NEW)
  const before = town.pid()
  expect(versions(clone, town)).toMatchObject({
    version: NEW,
    town: {
      own: { version: NEW },
      kept: { version: OLD },
      daemon: { version: OLD },
      host: { version: OLD },
      restartChanges: true,
    },
  })
  expect(gt(clone, town, 'up').stdout).toMatch(
    /^It runs gt 7\.1\.0 \(\w{8}\), not this one: gt restart changes that\.$/m,
  )
  const restarted = gt(clone, town, 'restart')
  expect(restarted.stderr).toBe('')
  expect(restarted.stdout).toMatch(/^The town is up again \(pid \d+\), with gt 7\.2\.0\.$/m)
  await gone(before)
  await town.up()
  expect(versions(clone, town)).toMatchObject({
    town: { kept: { version: NEW }, daemon: { version: NEW }, host: { version: OLD }, restartChanges: false },
  })
  expect(town.hostPid()).toBe(host)
  expect(programs(town)).toEqual([programOf(town, host), programOf(town, town.pid())].sort())
  expect(backupsOf(town.dir)).toMatchObject([{ version: OLD, madeBy: NEW }])

  goOn('new')
  for (const bead of beads) await town.fact(`${bead} lands`, 'PolecatReleased', { bead, outcome: 'landed' })
  const said = (name: string) => beads.map((bead) => readFileSync(join(at, `${name}-${bead}`), 'utf8').trim())
  expect(readdirSync(at).filter((name) => name.startsWith('failed'))).toEqual([])
  expect(said('first')).toEqual(beads.map(() => OLD))
  expect(said('gone')).toEqual(beads.map(() => OLD))
  expect(said('new'), 'the client on the PATH of agents is that of the daemon').toEqual(beads.map(() => NEW))
  for (const bead of beads) {
    const lines = town.git('show', `main:${bead}.txt`).split('\n')
    expect(lines, 'written by the process that began').toContain(String(pids.get(bead)))
  }
  expect(town.facts('AttemptBegun').every(({ attempt }) => attempt === 1)).toBe(true)
  expect(town.facts('SessionEnded').every(({ done }) => done === true)).toBe(true)
  expect(town.landed()).toHaveLength(6)

  await town.down()
  // With the host gone nobody runs the old program any more.
  await town.up()
  expect(programs(town)).toEqual([programOf(town, town.pid())])
  await town.down()
  await town.checkLog()
  await town.close()
})

test('[TOWNUP-22] a copy that was interrupted is never run, and is taken away; two that are made at once are one', async () => {
  const clone = join(folder, 'twice')
  await makeClone(clone, OLD)
  const town = await makeTown({}, { up: join(clone, 'dist/src/town/up.js') })
  const place = join(town.dir, '.gt/program')
  mkdirSync(join(place, '0123456789abcdef.making-999999999-aa'), { recursive: true })
  const script = `const { keepProgram } = await import('${clone}/dist/src/town/program/program.js'); console.log(keepProgram('${town.dir}').dir)`
  const keep = async () => (await run(process.execPath, ['--input-type=module', '-e', script])).stdout.trim()
  expect(new Set(await Promise.all([keep(), keep()])).size).toBe(1)
  await town.up()
  expect(programs(town)).toEqual([programOf(town, town.pid())])
  // Everything in it came from the clone without being written again, but for what an editor may write into.
  const linked = readdirSync(join(place, 'current/dist'), { recursive: true, withFileTypes: true })
  expect(linked.length).toBeGreaterThan(100)
  await town.down()
  await town.close()
})

test('[TOWNUP-22] where the program cannot be copied gt up and gt restart say so in one sentence, and what is up stays up', async () => {
  const clone = join(folder, 'full')
  await makeClone(clone, OLD)
  const town = await makeTown({}, { up: join(clone, 'dist/src/town/up.js') })
  // A file where a folder must be made: no user may do that, while root may write anywhere.
  writeFileSync(join(town.dir, '.gt/program'), '')
  const refused = gt(clone, town, 'up')
  expect(refused.status).not.toBe(0)
  expect(refused.stderr).toMatch(/^gt: The program could not be copied to [^\n]+\.\n/)
  expect(JSON.parse(gt(clone, town, 'up', '--json').stderr)).toMatchObject({
    error: { code: 'PROGRAM_NOT_COPIED' },
  })
  expect(processesOf(town.dir)).toEqual([])

  rmSync(join(town.dir, '.gt/program'))
  const pid = await town.up()
  await makeClone(clone, NEW)
  rmSync(join(clone, 'node_modules/zod'), { recursive: true })
  const again = gt(clone, town, 'restart')
  expect(again.stderr).toMatch(
    /^gt: The program could not be copied to [^\n]+: zod is not installed; run npm ci in [^\n]+\.\n/,
  )
  expect(isAlive(pid)).toBe(true)
  expect(programs(town)).toEqual([programOf(town, pid)])
  await town.down()
  await town.close()
})

test('[TOWNUP-23] gt up --foreground stays with the daemon, which runs from the copy, and ends with it', async () => {
  const clone = join(folder, 'foreground')
  await makeClone(clone, OLD)
  const town = await makeTown({}, { up: join(clone, 'dist/src/town/up.js') })
  const child = spawn(join(clone, 'bin/gt'), ['up', '--foreground', '--town', town.dir], { stdio: 'ignore' })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await town.until('it is up', () => existsSync(join(town.dir, '.gt/daemon.json')))
  const { pid } = JSON.parse(readFileSync(join(town.dir, '.gt/daemon.json'), 'utf8')) as { pid: number }
  expect(programOf(town, pid)).toBe(programs(town)[0])
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(isAlive(pid)).toBe(false)
  // Host and sessions go on, as after any end of the daemon alone.
  expect(isAlive(town.hostPid())).toBe(true)
  await town.up()
  await town.down()
  await town.close()
})
