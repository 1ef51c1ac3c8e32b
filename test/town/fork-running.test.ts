// A fork as a person makes it, by `gt` alone, of a town that is up and at work; and the way back into the real remote.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { everythingIn } from '../support/forks.ts'
import { COMMIT, GT, git, gone, makeTown, untilFile } from '../support/town.ts'

const CLI = join(import.meta.dirname, '../../dist/src/cli/main.js')
const towns: string[] = []

type Said = { status: number | null; stdout: string; stderr: string }

function gtIn(town: string, home: string, ...words: string[]): Promise<Said> {
  const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: join(home, 'state') }
  const child = spawn(process.execPath, [CLI, '--town', town, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })))
}

afterAll(() => {
  for (const dir of towns)
    spawnSync(process.execPath, [CLI, '--town', dir, 'down'], { stdio: 'ignore', timeout: 20_000 })
})

test('[FORK-2] [FORK-3] [FORK-4] [FORK-5] a town at work is forked by the command, goes on apart with another preset, and rejoins', async () => {
  const told: string[] = []
  const hook = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => told.push(text))
    response.end()
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  const webhook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`

  const town = await makeTown()
  await town.up()
  const { temp, origin } = town
  const go = join(temp, 'go')
  const waits = (path: string) =>
    `n=0; until [ -e "${path}" ] || [ $n -gt 1500 ]; do n=$((n + 1)); sleep 0.1; done`
  await town.agent('slow', `${COMMIT}; touch "${temp}/at-work"; ${waits(go)}; ${COMMIT}; ${GT} done`)
  await town.agent(
    'asks',
    `${GT} ask "Which one?" --choice a --choice b --wait --timeout 5m; ${COMMIT}; ${GT} done`,
  )
  await town.agent('other', `echo other > other.txt; ${COMMIT}; ${GT} done`)
  const setups = join(temp, 'setups')
  await town.addRig(['true'], {
    setup: { command: ['/bin/sh', '-c', `pwd >> "${setups}"`] },
    'limits.polecats': 3,
  })
  await town.command('config.set', { key: 'notify.webhook', value: webhook })
  await town.command('token.create', { name: 'ci', scopes: ['read'] })
  await town.command('http.open')
  const bead = await town.bead('Do it twice')
  const asked = await town.bead('Ask first')
  await town.sling([bead], 'slow')
  await town.until('it works', () => existsSync(join(temp, 'at-work')))
  await town.sling([asked], 'asks')
  await town.fact('somebody asks', 'DecisionOpened', { bead: asked })
  await town.until('the person is told', () => told.length > 0)
  const later = await town.bead('Done by another')
  await town.settled()
  const { seq } = (await town.get('/v1/health')).body as { seq: number }
  await town.bead('Made after that moment')

  const real = [git(origin, 'for-each-ref'), everythingIn(origin)]
  const toldBefore = told.length
  const dir = join(temp, 'fork')
  towns.push(dir)
  const gt = (...words: string[]) => gtIn(dir, join(temp, 'home-of-fork'), ...words)
  const json = async (...words: string[]) => {
    const said = await gt(...words, '--json')
    expect(said.stderr, words.join(' ')).toBe('')
    return JSON.parse(said.stdout)
  }
  const refused = async (...words: string[]) => {
    const { status, stderr } = await gt(...words, '--json')
    return { status, ...JSON.parse(stderr).error }
  }

  // Where no fork can be made it says so, and nothing is written.
  mkdirSync(join(temp, 'full'))
  writeFileSync(join(temp, 'full/mine'), '')
  const fork = (...words: string[]) => gtIn(town.dir, join(temp, 'home-of-fork'), 'fork', ...words, '--json')
  const code = async (...words: string[]) => JSON.parse((await fork(...words)).stderr).error.code
  expect(await code('--at', String(seq), join(temp, 'full'))).toBe('FOLDER_NOT_EMPTY')
  expect(await code('--at', '999999', dir)).toBe('POSITION_IN_FUTURE')
  expect(readdirSync(join(temp, 'full'))).toEqual(['mine'])
  expect(existsSync(dir)).toBe(false)

  const made = await fork('--at', String(seq), dir)
  expect(made.status, made.stderr).toBe(0)
  expect(JSON.parse(made.stdout)).toMatchObject({ dir, parent: { seq, townId: town.id } })
  expect(town.pid(), 'the town goes on meanwhile').toBe((await town.get('/v1/health')).body.pid)

  const up = await gt('up')
  expect(up.stdout).toMatch(new RegExp(`Rests: shop/polecats/\\w+ with ${bead}`))
  expect(up.stdout).toContain('gt rig unpark shop')
  expect((await gt('status')).stdout).toMatch(/shop +main \w+ +parked/)
  const [first] = await json('log', '--since', String(seq + 1), '-n', '5000')
  expect(first).toMatchObject({ seq: seq + 1, actor: 'town', message: { type: 'town.forked' } })
  expect(first.message.cancelled.length, 'effects and timers that were open').toBeGreaterThan(0)
  expect(await json('token', 'list')).toEqual([])
  expect(existsSync(join(dir, '.gt/http.json'))).toBe(false)
  expect(await json('config', 'list')).not.toHaveProperty(['notify.webhook'])
  expect((await gt('bead', 'list')).stdout).not.toContain('Made after that moment')
  const ran = () =>
    readFileSync(setups, 'utf8')
      .split('\n')
      .filter((path) => path.startsWith(`${dir}/`))
  expect(ran(), 'nothing of the project runs before a person lets it').toEqual([])

  await json('rig', 'unpark', 'shop')
  expect(await json('sling', later, '--agent', 'other')).toMatchObject({ refused: [] })
  writeFileSync(go, '')
  const landed = async (id: string) => expect((await gt('wait', id, '--timeout', '40s')).stderr).toBe('')
  await landed(later)
  await landed(bead)
  const clone = join(dir, 'rigs/shop/origin.git')
  expect(git(clone, 'show', 'main:other.txt')).toBe('other')
  const polecats = ran().filter((path) => path.includes('/polecats/'))
  expect(polecats.length, 'also in the worktree that was restored').toBeGreaterThanOrEqual(2)
  expect(new Set(polecats).size, 'once in each').toBe(polecats.length)

  // The parent has landed its own by now, and nobody else has written there.
  await town.fact('the parent lands it', 'PolecatReleased', { bead, outcome: 'landed' })
  expect(git(origin, 'for-each-ref')).not.toBe(real[0])
  expect(town.landed().map((one) => one.bead)).toEqual([bead])
  expect(told.slice(toldBefore), 'the webhook has heard nothing of the fork').toEqual([])

  // Back into the real remote, which has moved on.
  expect(await refused('rig', 'remote', 'shop', '--rejoin')).toMatchObject({
    status: 1,
    code: 'CONFIRMATION_NEEDED',
  })
  const before = git(origin, 'rev-parse', 'main')
  const rejoined = await json('rig', 'remote', 'shop', '--rejoin', '--yes')
  expect(rejoined.alone.toSorted()).toEqual([bead, later].toSorted())
  expect(git(origin, 'rev-parse', 'main'), 'nothing lands by that').toBe(before)
  expect(await refused('rig', 'remote', 'shop', '--rejoin', '--yes')).toMatchObject({ code: 'RIG_NOT_APART' })

  const second = join(temp, 'go-second')
  const begun = join(temp, 'second-at-work')
  const script = join(temp, 'agents/second.sh')
  const again = 'git fetch -q origin; git reset -q --hard origin/main; echo both > shared.txt'
  const firstTry = `echo mine > shared.txt; git add -A; git commit -qm Mine; touch "${begun}"; ${untilFile(second)}; ${GT} done`
  writeFileSync(
    script,
    `if [ -e "${second}" ]; then ${again}; git add -A; git commit -qm Both; ${GT} done; else ${firstTry}; fi`,
  )
  await json('config', 'set', 'agents.second.command', JSON.stringify(['/bin/sh', script]))
  const shared = (await gt('bead', 'create', 'For all')).stdout.trim()
  expect(await json('sling', shared, '--agent', 'second')).toMatchObject({ refused: [] })
  await town.until('it works', () => existsSync(begun))
  const theirs = commitTo(join(temp, 'home'), origin)
  writeFileSync(second, '')
  await landed(shared)
  expect((await gt('feed')).stdout, 'it was refused with a sentence').toMatch(
    new RegExp(`bead ${shared} conflicts with the target in shared\\.txt`),
  )
  expect(git(origin, 'show', 'main:shared.txt')).toBe('both')
  expect(git(origin, 'rev-parse', 'main~1'), 'on top of what came in between').toBe(theirs)
  expect(git(origin, 'rev-parse', 'main~2')).toBe(before)

  // A fork of the fork is one like any other.
  const next = join(temp, 'fork-of-fork')
  const made2 = await gt('fork', '--at', String(seq + 5), next, '--json')
  expect(made2.status, made2.stderr).toBe(0)
  expect(await verifyLogIn(next)).toMatchObject({ ok: true })
  expect((await gtIn(next, join(temp, 'home-of-fork'), 'rig', 'show', 'shop')).stdout).toContain(
    'fork of test at',
  )

  const { pid } = JSON.parse((await gt('up', '--json')).stdout)
  await json('down')
  await gone(pid)
  expect(await verifyLogIn(dir)).toMatchObject({ ok: true })
  await town.down()
  await town.checkLog()
  await town.close()
  await new Promise((resolve) => hook.close(resolve))
}, 150_000)

/** Somebody else pushes to the real remote. */
function commitTo(home: string, origin: string): string {
  git(home, 'fetch', '-q', origin, 'main')
  git(home, 'checkout', '-q', '--detach', 'FETCH_HEAD')
  writeFileSync(join(home, 'shared.txt'), 'theirs\n')
  git(home, 'add', '-A')
  git(home, '-c', 'user.name=X', '-c', 'user.email=x@localhost', 'commit', '-qm', 'Theirs')
  git(home, 'push', '-q', origin, 'HEAD:main')
  return git(home, 'rev-parse', 'HEAD')
}
