// Which agent programs a bead can be given to: what is known of one without starting it is said at sling.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepPassed } from '../../src/town/agents/conformance.ts'
import { createTown, type TestTown } from './town.ts'

let town: TestTown
let home: string
let bead: string
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'gt-agents-'))
  town = await createTown()
  town.operatorEnv.HOME = home
  town.operatorEnv.PATH = join(home, 'bin')
  bead = await town.bead('x')
})
afterEach(async () => {
  await town.close()
  rmSync(home, { recursive: true, force: true })
})

const sling = async (agent: string, more: object = {}) =>
  (await town.command('sling', { beads: [bead], agent, ...more })).body
function write(name: string, text: string) {
  const file = join(home, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
/** Codex as npm installs it: a program, and the package that it belongs to. */
function install(version: string) {
  write('bin/package.json', JSON.stringify({ name: '@openai/codex', version }))
  chmodSync(write('bin/codex', '#!/bin/sh\n'), 0o755)
}
const logIn = () => write('.codex/auth.json', '{}')

test('a kind of agent that nobody knows is refused, with those that are known', async () => {
  const [refused] = (await sling('nobody')).refused
  expect(refused).toMatchObject({ code: 'AGENT_UNKNOWN', message: expect.stringContaining('claude, codex') })
})

test('a program that is not installed is refused, with how to get it', async () => {
  const [refused] = (await sling('codex')).refused
  expect(refused).toMatchObject({
    code: 'AGENT_NOT_INSTALLED',
    message: expect.stringContaining('npm install -g @openai/codex'),
  })
})

test('a program that is too old is refused, with the version that is needed', async () => {
  install('0.20.3')
  logIn()
  const [refused] = (await sling('codex')).refused
  expect(refused).toMatchObject({
    code: 'AGENT_TOO_OLD',
    message: expect.stringMatching(/0\.20\.3.*0\.169\.0/),
  })
})

test('a program that nobody is logged in to is refused, with how to log in', async () => {
  install('0.169.0')
  const [refused] = (await sling('codex')).refused
  expect(refused).toMatchObject({
    code: 'AGENT_NOT_LOGGED_IN',
    message: expect.stringContaining('codex login'),
  })
})

test('one that the conformance suite has not passed with here is called unproved, and works', async () => {
  install('0.169.0')
  logIn()
  const { slung, notes } = await sling('codex')
  expect(slung).toMatchObject([{ bead }])
  expect(notes).toEqual([expect.stringMatching(/^Codex CLI 0\.169\.0 is unproved on this machine/)])
})

test('nothing is noted of one that the suite has passed with here, nor of a program of one’s own', async () => {
  install('0.169.0')
  logIn()
  keepPassed({ HOME: home }, 'codex', '0.169.0', new Date())
  expect((await sling('codex', { dryRun: true })).notes).toEqual([])
  expect((await sling('mine', { dryRun: true })).notes).toEqual([])
})

test('what was proved of another version, or written by somebody else, proves nothing', async () => {
  install('0.170.0')
  logIn()
  keepPassed({ HOME: home }, 'codex', '0.169.0', new Date())
  expect((await sling('codex', { dryRun: true })).notes).toHaveLength(1)
  write('.local/state/gt/conformance.json', '{"codex": true')
  expect((await sling('codex', { dryRun: true })).notes).toHaveLength(1)
})

test('a command of the person’s own stands in for the program on PATH', async () => {
  logIn()
  await town.command('config.set', { key: 'agents.codex.command', value: ['/bin/true', '--oss'] })
  expect((await sling('codex', { dryRun: true })).slung).toHaveLength(1)
})

test('a program of one’s own that is not there is refused, with the setting that names it', async () => {
  write('plain', '')
  const wrong = [
    ['nosuchprogram', 'is not there: nothing of that name is on the PATH.'],
    [join(home, 'gone'), 'is not there.'],
    [join(home, 'plain', 'gone'), 'is not there.'],
    [home, 'is no file.'],
    [join(home, 'plain'), 'may not be executed: chmod +x makes it a program.'],
    ['./mine', 'is another file in each folder: write its path from / on.'],
    ['../bin/sh', 'is another file in each folder: write its path from / on.'],
  ] as const
  for (const [program, why] of wrong) {
    await town.command('config.set', { key: 'agents.gone.command', value: [program] })
    const message = `The program ${program}, which agents.gone.command names, ${why}`
    expect((await sling('gone')).refused).toMatchObject([{ code: 'AGENT_NOT_INSTALLED', message }])
  }
  expect((await sling('script')).refused).toMatchObject([{ code: 'AGENT_UNKNOWN' }])
})

test('settings of Claude Code that it cannot read are named before it is started', async () => {
  write('.claude.json', '{"hasCompletedOnboarding": true, "oauthAccount": {}}')
  await town.command('config.set', { key: 'agents.claude.command', value: ['/bin/true'] })
  for (const text of ['{"tui":"default",}', '[]', '{"a": 1 // b\n}']) {
    write('.claude/settings.json', text)
    const [refused] = (await sling('claude')).refused
    expect(refused).toMatchObject({
      code: 'AGENT_SETTINGS_BROKEN',
      message: expect.stringContaining(join(home, '.claude/settings.json')),
    })
  }
  for (const text of ['', '{"tui":"default"}']) {
    write('.claude/settings.json', text)
    expect((await sling('claude', { dryRun: true })).slung).toHaveLength(1)
  }
})

test('what is wrong with a login is said in one sentence', async () => {
  await town.command('config.set', { key: 'agents.claude.command', value: ['/bin/true'] })
  const [refused] = (await sling('claude')).refused
  expect(refused?.message).toMatch(/^Claude Code was never set up here [^.]*\.claude\.json\): [^.]*\.$/)
})

test('a default that nobody said how to start is refused, and nothing is changed', async () => {
  const refused = await town.command('config.set', { key: 'agents.default', value: 'nobody' })
  expect(refused.body).toMatchObject({ code: 'AGENT_UNKNOWN' })
  await town.command('config.set', { key: 'agents.nobody.command', value: ['/bin/true'] })
  expect((await town.command('config.set', { key: 'agents.default', value: 'nobody' })).body).toMatchObject({
    value: 'nobody',
  })
})

test('settings of health that contradict each other are refused, also where one is a rig’s own', async () => {
  const set = (key: string, value: string, rig?: string) =>
    town.command('config.set', { key, value, ...(rig !== undefined && { rig }) })
  expect((await set('health.silent', '45m')).body).toMatchObject({
    code: 'SETTINGS_CONTRADICT',
    detail: expect.stringMatching(/health\.tool \(30m\).*up to 30m/),
  })
  expect((await set('health.silent', '20m', 'shop')).body).toMatchObject({ value: 1_200_000 })
  expect((await set('health.tool', '15m')).body).toMatchObject({ code: 'SETTINGS_CONTRADICT' })
  expect((await set('health.tool', '25h')).body).toMatchObject({ code: 'SETTING_INVALID' })
})

test.each([
  ['permissions.wait', 'soon', /a time like 90s, 5m or 2h/, false],
  ['agents.mine.command', 'notjson', /it is written as JSON, like '\["\/abs\/program"\]'/, false],
  ['agents.mine.command', '[]', /a program and its arguments/, false],
  ['permissions.rules', 'nonsense', /it is written as JSON, like '\[\{"tool":/, true],
  ['permissions.rules', '[{"tool":"Bash","verdict":"maybe"}]', /0\.verdict: .*"allow"\|"deny"/, true],
  ['permissions.mode', 'yolo', /"ask"\|"bypass"/, true],
])('%s does not take %s, and says what it takes', async (key, value, why, ofRig) => {
  const before = town.town.system.seq
  const { body } = await town.command('config.set', { key, value, ...(ofRig && { rig: 'shop' }) })
  expect(body).toMatchObject({ code: 'SETTING_INVALID', detail: expect.stringMatching(why) })
  expect(town.town.system.seq).toBe(before)
})
