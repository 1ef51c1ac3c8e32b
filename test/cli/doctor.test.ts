// gt doctor: what it says of programs that are made up here.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepPassed } from '../../src/town/agents/conformance.ts'
import { createCliTown, gt } from './town.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gt-doctor-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const env = () => ({ HOME: home, PATH: `${join(home, 'bin')}:/usr/bin:/bin` })
const doctor = async (...more: string[]) => gt(['doctor', '--agents', ...more], { env: env(), cwd: home })
const agents = async () => (JSON.parse((await doctor('--json')).out) as { agents: { name: string }[] }).agents
const codex = async () => (await agents()).find(({ name }) => name === 'codex')

function write(name: string, text: string) {
  const file = join(home, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
const install = (version: string) =>
  chmodSync(write('bin/codex', `#!/bin/sh\necho codex-cli ${version}\n`), 0o755)
const logIn = () => write('.codex/auth.json', '{}')

test('doctor lists every known agent program, and exits 1 when none of them can be started', async () => {
  const { code, out } = await doctor()
  expect(code).toBe(1)
  expect(out).toMatch(/^codex +- +not installed +-$/m)
  expect(out).toContain('npm install -g @openai/codex')
})

test('doctor asks a program itself which version it is', async () => {
  install('0.169.0')
  logIn()
  expect(await codex()).toMatchObject({
    program: join(home, 'bin', 'codex'),
    version: '0.169.0',
    problem: null,
    proved: false,
    newerThan: null,
  })
  expect((await doctor()).code).toBe(0)
})

test('doctor names the version of a program that nobody is logged in to', async () => {
  install('0.169.0')
  expect(await codex()).toMatchObject({ version: '0.169.0', problem: { code: 'AGENT_NOT_LOGGED_IN' } })
})

test('doctor says that a program is too old, or newer than what gt is tested with', async () => {
  logIn()
  install('0.20.1')
  expect(await codex()).toMatchObject({ problem: { code: 'AGENT_TOO_OLD' } })
  install('9.0.0')
  expect(await codex()).toMatchObject({ problem: null, newerThan: '0.169.0' })
  expect((await doctor()).out).toContain('Codex CLI 9.0.0 is unproved here')
})

test('doctor calls ready what the conformance suite has passed with here', async () => {
  install('0.169.0')
  logIn()
  keepPassed({ HOME: home }, 'codex', '0.169.0', new Date())
  expect((await doctor()).out).toMatch(/^codex +0\.169\.0 +ready /m)
})

test('a program that hangs or prints no version has none', async () => {
  logIn()
  chmodSync(write('bin/codex', '#!/bin/sh\nexit 3\n'), 0o755)
  expect(await codex()).toMatchObject({ version: null, proved: false })
})

test('doctor counts the programs of a town, and exits 1 when its own cannot be started', async () => {
  const town = await createCliTown()
  try {
    const own = await gt(['doctor', '--agents', '--json'], { env: env(), cwd: town.folder.dir })
    expect(JSON.parse(own.out)).toMatchObject({ default: 'mine' })
    expect(own.code).toBe(0)
    await town.command('config.set', { key: 'agents.default', value: 'codex' })
    expect((await gt(['doctor', '--agents'], { env: env(), cwd: town.folder.dir })).code).toBe(1)
    const whole = await gt(['doctor', 'agents', '--json'], { env: env(), cwd: town.folder.dir })
    expect(whole.code).toBe(1)
    expect(JSON.parse(whole.out).checks).toMatchObject([
      {
        name: 'agents.programs',
        state: 'error',
        sentence: 'agents.default is codex, and it cannot be started.',
      },
    ])
  } finally {
    await town.close()
  }
})

test('doctor says of a default that nobody said how to start what to do, and of settings that cannot be read', async () => {
  const town = await createCliTown()
  try {
    install('0.169.0')
    logIn()
    await town.command('config.unset', { key: 'agents.mine.command' })
    const { code, out } = await gt(['doctor', '--agents'], { env: env(), cwd: town.folder.dir })
    expect(code).toBe(1)
    expect(out).toContain(
      'agents.default is mine, and nobody said how that is started: gt config set agents.mine.command',
    )
    chmodSync(write('bin/claude', '#!/bin/sh\necho 2.1.330\n'), 0o755)
    write('.claude.json', '{"hasCompletedOnboarding":true}')
    write('.claude/settings.json', '{"permissions": ')
    const broken = await gt(['doctor', '--agents'], {
      env: { ...env(), ANTHROPIC_API_KEY: 'sk-ant-test-000' },
      cwd: home,
    })
    expect(broken.out).toMatch(/^claude +\S+ +settings /m)
  } finally {
    await town.close()
  }
})

test('[DOCTOR-1] without a town the machine alone is looked at; a check is asked for by its name or its group, and one that nobody knows is wrong usage', async () => {
  install('0.169.0')
  logIn()
  const whole = await gt(['doctor', '--json'], { env: env(), cwd: home })
  const said = JSON.parse(whole.out) as {
    town: null
    checks: { group: string; state: string }[]
    ok: boolean
  }
  expect([...new Set(said.checks.map(({ group }) => group))]).toEqual(['runtime', 'git', 'agents'])
  expect(said).toMatchObject({ town: null, ok: true })
  expect(whole.code).toBe(0)
  const one = await gt(['doctor', 'git.version'], { env: env(), cwd: home })
  expect(one.out).toMatch(/^ok +git\.version: git is there/)
  expect((await gt(['doctor', 'flux'], { env: env(), cwd: home })).code).toBe(2)
})
