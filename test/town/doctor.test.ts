// gt doctor on a town that is down: what is broken here by hand, it names; what is safe, it cures.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processes } from '../../src/pty/processes.ts'
import { roomIsLeft } from '../../src/town/doctor/disk.ts'
import { type Checked, examine } from '../../src/town/doctor/doctor.ts'
import { isBackedUp } from '../../src/town/doctor/log.ts'
import { programsIn } from '../../src/town/doctor/orphans.ts'
import type { Examined } from '../../src/town/doctor/types.ts'
import { installTown } from '../../src/town/install.ts'
import { openTown } from '../../src/town/open.ts'

let temp: string
let dir: string
let townId: string
const children: ChildProcess[] = []

beforeEach(async () => {
  temp = mkdtempSync(join(tmpdir(), 'gt-dr-'))
  dir = join(temp, 'town')
  const owner = { name: 'Op', email: 'op@example.org' }
  townId = (await installTown({ dir, name: 'test', owner, settings: {} })).townId
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(temp, { recursive: true, force: true })
})

const env = { PATH: process.env.PATH, HOME: '/nowhere' }
const look = async (only: string | null = null, fix = false): Promise<Checked[]> => [
  ...(await examine({ dir, env, fix, only })).checks,
]
async function check(name: string, fix = false): Promise<Checked> {
  const found = (await look(name, fix)).find((one) => one.name === name)
  if (found === undefined) throw new Error(`${name} is no check`)
  return found
}

/** Every file of the town with what is in it; LevelDB's own diary tells when it was opened. */
function digest(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.startsWith('.gt/log/')) continue
    const stat = statSync(join(dir, name))
    hash.update(`${name} ${stat.mode} ${stat.isFile() ? readFileSync(join(dir, name), 'hex') : ''}\n`)
  }
  return hash.digest('hex')
}

/** A line of everything that it says: nothing of the world but what stands in the log. */
async function records(): Promise<string[]> {
  const town = await openTown(dir)
  const lines: string[] = []
  for await (const { line } of town.log.read()) lines.push(line)
  await town.close()
  return lines
}

async function marked(session: string, more: Record<string, string> = {}): Promise<number> {
  const child = spawn('sleep', ['600'], {
    env: { GT_TOWN_ID: townId, GT_SESSION: session, ...more },
    stdio: 'ignore',
  })
  children.push(child)
  const pid = child.pid ?? 0
  for (
    let n = 0;
    n < 200 && !processes.withMarker([`GT_SESSION=${session}`]).some((one) => one.pid === pid);
    n += 1
  )
    await new Promise((resolve) => setTimeout(resolve, 10))
  return pid
}

test('[DOCTOR-1] a new town is well: each check has a name in its group, and says one sentence', async () => {
  // Of other towns of this machine, those of other tests among them, nothing is promised.
  const all = (await look()).filter(({ name }) => name !== 'orphans.programs')
  expect(all.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(all.length).toBeGreaterThan(20)
  for (const { group, name, sentence, items } of all) {
    expect(name).toMatch(new RegExp(`^${group}\\.[a-z]+$`))
    expect(sentence).toMatch(/^[^.]+(\.\S[^.]*)*\.$/)
    expect(items).toEqual([])
  }
})

test('[DOCTOR-2] a look leaves every file and every record as it was, and a cure that has nothing to do as well', async () => {
  const [before, said] = [digest(), await records()]
  await look()
  expect(digest()).toBe(before)
  expect((await look(null, true)).filter(({ fixed }) => fixed !== null)).toEqual([])
  expect(digest()).toBe(before)
  expect(await records()).toEqual(said)
})

test('[DOCTOR-7] a small town is looked at in less than two seconds of the processor', async () => {
  const before = process.cpuUsage()
  await look()
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(2_000)
})

test('[DOCTOR-4] secrets that others can read are an error; the cure closes them, and does nothing the second time', async () => {
  const secret = join(dir, '.gt/secret')
  chmodSync(secret, 0o644)
  expect(await check('config.secrets')).toMatchObject({ state: 'error', fixable: true, fixed: null })
  expect(statSync(secret).mode & 0o777).toBe(0o644)
  expect(await check('config.secrets', true)).toMatchObject({
    state: 'ok',
    fixed: expect.stringContaining(secret),
  })
  expect(statSync(secret).mode & 0o777).toBe(0o600)
  expect(await check('config.secrets', true)).toMatchObject({ state: 'ok', fixed: null })
})

test('[DOCTOR-4] a socket on which nobody listens is taken away, and one on which somebody does is not', async () => {
  for (const name of ['gt.sock', 'host.sock', 'worker.sock']) writeFileSync(join(dir, '.gt', name), '')
  writeFileSync(join(dir, '.gt/host.pid'), JSON.stringify({ pid: 4_194_303, start: '1', bootId: 'before' }))
  expect(await look('sockets')).toMatchObject([{ state: 'ok' }, { state: 'warning' }, { state: 'warning' }])
  expect(await look('sockets', true)).toMatchObject([{}, { state: 'ok' }, { state: 'ok' }])
  expect(readdirSync(join(dir, '.gt')).filter((name) => /sock|pid/.test(name))).toEqual([])

  const stranger = createServer(
    (socket) => void socket.resume().end('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
  )
  await new Promise<void>((resolve) => stranger.listen(join(dir, '.gt/gt.sock'), resolve))
  try {
    const found = await check('sockets.daemon', true)
    expect(found).toMatchObject({ state: 'error', fixable: false, fixed: null })
    expect(found.sentence).toContain('Somebody else answers')
    expect(existsSync(join(dir, '.gt/gt.sock'))).toBe(true)
  } finally {
    stranger.close()
    stranger.unref()
  }
})

test('[DOCTOR-3] a daemon that takes connections and never answers is an error with its pid, and nothing is cured meanwhile', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(join(dir, '.gt/gt.sock'), resolve))
  writeFileSync(
    join(dir, '.gt/daemon.json'),
    JSON.stringify({ pid: process.pid, version: '0', program: null }),
  )
  try {
    const found = await check('sockets.daemon', true)
    expect(found).toMatchObject({ state: 'error', fixed: null })
    expect(found.sentence).toContain(String(process.pid))
  } finally {
    silent.close()
    silent.unref()
  }
})

test('[DOCTOR-3] with a damaged log, what only the log knows is unknown, and no cure that needs it is carried out', async () => {
  const log = join(dir, '.gt/log')
  const pid = await marked('shop/polecats/nux/sessions/1.1')
  for (const name of readdirSync(log, { recursive: true, encoding: 'utf8' }))
    if (/\.log$|\.ldb$/.test(name)) writeFileSync(join(log, name), Buffer.alloc(64, 7))
  const all = await look(null, true)
  const state = (name: string) => all.find((one) => one.name === name)?.state
  expect(state('log.sound')).toBe('error')
  for (const name of [
    'git.repositories',
    'git.remotes',
    'orphans.sessions',
    'worktrees.missing',
    'worktrees.unknown',
    'locks.git',
    'config.settings',
  ])
    expect(state(name), name).toBe('unknown')
  expect(all.find(({ name }) => name === 'worktrees.missing')?.sentence).toMatch(/^Could not check: /)
  expect(all.filter(({ fixed }) => fixed !== null)).toEqual([])
  expect(processes.identify(pid)).not.toBeNull()
})

test('[DOCTOR-5] a program whose session the log has never heard of is named with pid and command, and is not ended', async () => {
  const pid = await marked('shop/polecats/nux/sessions/1.1')
  const other = await marked('shop/polecats/nux/sessions/1.1', { GT_TOWN_ID: 'another' })
  const found = await check('orphans.sessions', true)
  expect(found).toMatchObject({ state: 'warning', fixable: false, fixed: null })
  expect(found.items).toEqual([
    expect.stringMatching(new RegExp(`^pid ${pid} of shop/polecats/nux.*sleep 600`)),
  ])
  expect(processes.identify(pid)).not.toBeNull()
  expect(processes.identify(other)).not.toBeNull()
})

test('[DOCTOR-5] daemons, hosts and workers are told by their command lines, each with the folder of its town', () => {
  const node = '/opt/node/bin/node'
  expect(
    programsIn([
      { pid: 1, line: `${node} /a/dist/src/town/daemon-main.js /towns/a b  ${node}` },
      { pid: 2, line: `${node} /a/src/pty/host.ts /towns/a ${node}` },
      { pid: 3, line: `${node} /a/dist/src/git/worker.js /towns/a ${node}` },
      { pid: 4, line: `vim /a/src/git/worker.ts.txt /towns/a ${node}` },
      { pid: 5, line: `/bin/sleep 600 /bin/sleep` },
    ]),
  ).toEqual([
    { pid: 1, kind: 'daemon', dir: '/towns/a b' },
    { pid: 2, kind: 'host', dir: '/towns/a' },
    { pid: 3, kind: 'worker', dir: '/towns/a' },
  ])
})

test('[DOCTOR-1] a setting of a newer gt, or one that fits no more, is an error with its name', async () => {
  const town = await openTown(dir)
  const message = { type: 'town.set', key: 'limits.warp', value: 9 }
  await town.system.take({ id: 'x', by: 'overseer', messages: [{ to: 'town', message }] })
  await town.close()
  const found = await check('config.settings')
  expect(found).toMatchObject({ state: 'error', items: ['limits.warp: this gt has no such setting'] })
})

test('[DOCTOR-4] a folder in which nobody was told to work is named, and stays', async () => {
  const strange = join(dir, 'rigs/shop/polecats/nux/7')
  mkdirSync(strange, { recursive: true })
  const found = await check('worktrees.unknown', true)
  expect(found).toMatchObject({ state: 'warning', fixable: false })
  expect(found.items).toEqual([`${strange}: nobody was given it`])
  expect(existsSync(strange)).toBe(true)
})

test('[DOCTOR-1] less room than the floor is an error, little more is a warning, and a disk that cannot be asked is unknown', async () => {
  const room = (freeBytes: number) =>
    roomIsLeft({ dir, known: null } as unknown as Examined, {
      room: () => Promise.resolve({ freeBytes, totalBytes: 1e12, filesFree: null }),
    })
  expect(await room(5e8)).toMatchObject({
    state: 'error',
    sentence: expect.stringContaining('500 MB of 1 TB'),
  })
  expect(await room(1.5e9)).toMatchObject({ state: 'warning' })
  expect(await room(3e9)).toMatchObject({ state: 'ok' })
  const broken = roomIsLeft({ dir, known: null } as unknown as Examined, {
    room: () => Promise.reject(new Error('EIO')),
  })
  expect(await broken).toMatchObject({ state: 'unknown', sentence: 'Could not check: EIO.' })
})

test('[DOCTOR-1] an old town without a copy of its log is a warning, a young one is not', () => {
  const now = Date.now()
  expect(isBackedUp(dir, now).state).toBe('ok')
  expect(isBackedUp(dir, now + 8 * 24 * 3_600_000).state).toBe('warning')
})

test('[DOCTOR-1] a table of prices that does not fit is named with its field', async () => {
  writeFileSync(join(dir, 'prices.json'), '{"models": 3}')
  expect(await check('config.prices')).toMatchObject({ state: 'warning' })
})
