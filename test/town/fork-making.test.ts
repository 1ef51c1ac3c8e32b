// Where a fork is made, and where not; and what is left of one that was cut short. Without agents, by the command.

import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exportLines, openLog } from '../../eventlog/index.ts'
import { OVERSEER, TOWN } from '../../src/events/address.ts'
import { checkPlace, checkRoom } from '../../src/town/fork/place.ts'
import { installTown } from '../../src/town/install.ts'
import { eraseRecords } from '../../src/town/logs/erase.ts'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { openTown } from '../../src/town/open.ts'
import { everythingIn } from '../support/forks.ts'

const GT = join(import.meta.dirname, '../../dist/src/cli/main.js')

let root: string
let dir: string

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'gt-fk-')))
  dir = join(root, 'town')
  const owner = { name: 'O', email: 'o@localhost' }
  await installTown({ dir, name: 'farm', owner, settings: { 'notify.desktop': false } })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function settings(count: number): Promise<void> {
  const town = await openTown(dir)
  for (let n = 0; n < count; n += 1)
    await town.system.take({
      id: `set.${n}`,
      by: OVERSEER,
      messages: [{ to: TOWN, message: { type: 'town.set', key: 'domain', value: `d${n}.example` } }],
    })
  await town.close()
}

const environment = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' }

function gt(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [GT, ...words, '--json'], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
  })
  return { status, said: JSON.parse(status === 0 ? stdout : stderr) }
}
const fork = (at: string | number, to: string, from = dir) =>
  gt('--town', from, 'fork', '--at', String(at), to)

test('[FORK-1] [FORK-2] [FORK-6] a fork, and a fork of it, are towns of their own with the past of the first', async () => {
  await settings(6)
  const before = everythingIn(dir, ['checkpoint', 'LOCK', 'LOG'])
  const made = fork(4, 'fork')
  expect(made).toMatchObject({
    status: 0,
    said: { dir: join(root, 'fork'), parent: { name: 'farm', seq: 4 } },
  })
  expect(fork(5, 'second', join(root, 'fork'))).toMatchObject({ status: 0, said: { parent: { seq: 5 } } })
  expect(everythingIn(join(dir, 'rigs'))).toEqual([])
  expect(before.filter((line) => /secret|token|town\.json/.test(line))).toHaveLength(3)
  for (const one of ['fork', 'second']) {
    const where = join(root, one)
    expect(await verifyLogIn(where)).toMatchObject({ ok: true })
    expect(gt('--town', where, 'replay', '--verify')).toMatchObject({
      status: 0,
      said: { verified: true, divergences: [] },
    })
    expect(gt('--town', where, 'status')).toMatchObject({
      said: { fork: one === 'fork' ? { name: 'farm', seq: 4 } : { name: 'farm', seq: 5 } },
    })
    expect(readFileSync(join(where, '.gt/secret'))).not.toEqual(readFileSync(join(dir, '.gt/secret')))
    expect(readFileSync(join(where, '.gt/operator.token'))).not.toEqual(
      readFileSync(join(dir, '.gt/operator.token')),
    )
    expect(existsSync(join(where, '.gt/forking.json'))).toBe(false)
  }
  const opened = await openTown(join(root, 'fork'))
  const { context } = opened.system.owner(TOWN) ?? {}
  expect(context?.settings).toEqual({ domain: 'd2.example' })
  expect(context?.townId).toBe(opened.identity.townId)
  await opened.close()
}, 60_000)

test('[FORK-1] [FORK-6] a fork of a town with erased records has its chain and its lines, and so does a fork of that', async () => {
  await settings(6)
  const erased = [4, 6]
  await eraseRecords(dir, { seqs: erased, texts: ['d2.example', 'd4.example'], reason: 'names' })
  const linesIn = async (where: string, to: number): Promise<string[]> => {
    const log = await openLog(join(where, '.gt/log'))
    const lines: string[] = []
    for await (const line of exportLines(log, { to })) lines.push(line)
    await log.close()
    return lines
  }
  const { head } = await verifyLogIn(dir)
  const lines = await linesIn(dir, head.seq)
  expect(lines.join()).not.toMatch(/d[24]\.example/)
  // With the record that tells of it, and before it: then nothing there says by whom.
  expect(fork(head.seq, 'fork')).toMatchObject({ status: 0 })
  expect(fork(head.seq + 1, 'second', join(root, 'fork'))).toMatchObject({ status: 0 })
  expect(fork(7, 'early')).toMatchObject({ status: 0 })
  for (const [one, to, by] of [
    ['fork', head.seq, head.seq],
    ['second', head.seq, head.seq],
    ['early', 7, null],
  ] as const) {
    const where = join(root, one)
    expect(await linesIn(where, to)).toEqual(lines.slice(0, to))
    expect(await verifyLogIn(where)).toMatchObject({ ok: true, erased: erased.map((seq) => ({ seq, by })) })
    expect(gt('--town', where, 'replay', '--verify')).toMatchObject({
      status: 0,
      said: { verified: true, divergences: [] },
    })
  }
}, 60_000)

test('[FORK-7] a place that will not do is refused before anything is written', async () => {
  mkdirSync(join(root, 'full'))
  writeFileSync(join(root, 'full/mine'), '')
  mkdirSync(join(root, 'empty'))
  const code = (to: string): string | undefined => {
    try {
      checkPlace(join(root, to), [dir])
      return undefined
    } catch (error) {
      return (error as { code?: string }).code
    }
  }
  expect(code('full')).toBe('FOLDER_NOT_EMPTY')
  expect(code('full/mine')).toBe('FOLDER_NOT_EMPTY')
  expect(code('town')).toBe('FORK_INSIDE')
  expect(code('town/rigs/inner')).toBe('FORK_INSIDE')
  expect(code('long'.repeat(30))).toBe('SOCKET_PATH_TOO_LONG')
  expect(code('empty')).toBeUndefined()
  expect(code('new')).toBeUndefined()
  await expect(checkRoom(join(root, 'new'), Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
    code: 'NO_ROOM',
  })
  expect(fork(1, 'full')).toMatchObject({ status: 1, said: { error: { code: 'FOLDER_NOT_EMPTY' } } })
  expect(readdirSync(root).toSorted()).toEqual(['empty', 'full', 'town'])
})

test('[FORK-7] a moment that has not been, or that nobody knows, is refused before anything is written', () => {
  const cases: [at: string, code: string][] = [
    ['99', 'POSITION_IN_FUTURE'],
    ['soon', 'POSITION_INVALID'],
    ['2020-01-01T00:00:00Z', 'POSITION_INVALID'],
  ]
  for (const [at, code] of cases)
    expect(fork(at, 'new'), at).toMatchObject({ status: 1, said: { error: { code } } })
  expect(gt('--town', dir, 'fork', 'new')).toMatchObject({ status: 2 })
  expect(readdirSync(root)).toEqual(['town'])
}, 60_000)

test('[FORK-8] killed at any instant it is no town, and is made again in the same place', async () => {
  await settings(60)
  const to = join(root, 'fork')
  for (const waitMs of [80, 120, 160, 220, 300]) {
    const child = spawn(process.execPath, [GT, '--town', dir, 'fork', '--at', '40', to], {
      cwd: root,
      env: environment,
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await sleep(waitMs)
    child.kill('SIGKILL')
    await ended
    const isTown = existsSync(join(to, '.gt/town.json'))
    const isUnfinished = existsSync(join(to, '.gt/forking.json'))
    if (isTown) {
      expect(gt('--town', to, 'status').status).toBe(0)
      break
    }
    expect(
      isUnfinished ||
        !existsSync(to) ||
        readdirSync(to).length === 0 ||
        readdirSync(join(to, '.gt')).length === 0,
    ).toBe(true)
  }
  if (!existsSync(join(to, '.gt/town.json'))) expect(fork(40, 'fork')).toMatchObject({ status: 0 })
  expect(await verifyLogIn(to)).toMatchObject({ ok: true })
}, 60_000)

test('[FORK-8] what an unfinished fork left is cleared, and what is no fork is not', async () => {
  const to = join(root, 'fork')
  mkdirSync(join(to, '.gt/log'), { recursive: true })
  mkdirSync(join(to, 'rigs/shop'), { recursive: true })
  writeFileSync(join(to, '.gt/secret'), 'half')
  expect(fork(1, 'fork')).toMatchObject({ said: { error: { code: 'FOLDER_NOT_EMPTY' } } })
  writeFileSync(join(to, '.gt/forking.json'), JSON.stringify({ of: dir, seq: 1, pid: 999_999_999 }))
  expect(fork(1, 'fork')).toMatchObject({ status: 0 })
  expect(existsSync(join(to, 'rigs/shop'))).toBe(false)
  expect(existsSync(join(to, '.gt/forking.json'))).toBe(false)
}, 60_000)
