// Nudges through the real daemon and host, into a program with a composer.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { connectHost } from '../../src/pty/host-client.ts'
import { makeTown, type TestTown } from '../support/town.ts'

vi.setConfig({ testTimeout: 120_000 })

const PROGRAM = join(import.meta.dirname, '../fixtures/agents/composer.mjs')
const ENV = { ANTHROPIC_API_KEY: 'sk-ant-test-000' }

type Told = { readonly prompt: string; readonly beside: string }

async function begin() {
  const town = await makeTown()
  const home = join(town.temp, 'person')
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  const env = { ...ENV, HOME: home }
  await town.up(env)
  await town.command('config.set', { key: 'agents.claude.command', value: [process.execPath, PROGRAM] })
  await town.addRig(['true'])
  const bead = await town.bead('Wait for messages')
  await town.sling([bead], 'claude')
  const { session } = await town.fact('it is ready', 'AgentStands')
  const { pid } = await town.fact('it runs', 'SessionStarted')
  return { town, env, session: String(session), pid: Number(pid) }
}

const send = async (town: TestTown, text: string, mode = 'idle') =>
  String((await town.command('nudge.send', { to: 'nux', text, mode })).id)
/** Its receipt, and then what the model was told: the program writes that down when its hook was answered. */
async function taken(town: TestTown, nudge: string): Promise<void> {
  await town.fact(`${nudge} is taken`, 'NudgeAccepted', { nudge }, 60_000)
  await town.until(`${nudge} is told`, () => promptsOf(town, nudge).length > 0)
}
const told = (town: TestTown): Told[] => {
  const file = join(town.dir, 'prompts.jsonl')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
}
const promptsOf = (town: TestTown, nudge: string) =>
  told(town).filter(({ prompt }) => prompt.includes(`gt ${nudge}: `))

test('[P6] each nudge is taken once and whole, whether it is idle or at work', async () => {
  const { town } = await begin()
  const long = `First line.\nSecond line with "quotes".\n${'More of it. '.repeat(200)}`
  const sent: [string, string][] = []
  for (const [text, mode] of [
    ['Short.', 'idle'],
    [`A line of ${'many words, '.repeat(20)}and an end`, 'idle'],
    [long, 'idle'],
    ['SLOW work', 'idle'],
    ['behind it', 'queue'],
    ['after it', 'idle'],
  ] as const)
    sent.push([await send(town, text, mode), text])
  for (const [nudge] of sent) await taken(town, nudge)
  for (const [nudge, text] of sent) {
    expect(promptsOf(town, nudge), text.slice(0, 40)).toHaveLength(1)
    const [{ prompt, beside } = { prompt: '', beside: '' }] = promptsOf(town, nudge)
    expect(prompt.includes(text) || beside.includes(JSON.stringify(text).slice(1, -1))).toBe(true)
  }
  expect(told(town)).toHaveLength(sent.length)
  await town.close()
})

test('[P6] at a dialog it waits, and does not answer it', async () => {
  const { town } = await begin()
  writeFileSync(join(town.dir, 'dialog'), '')
  await sleep(300)
  const nudge = await send(town, 'Look at the cart.')
  await sleep(2_000)
  expect(told(town)).toEqual([])
  rmSync(join(town.dir, 'dialog'))
  await taken(town, nudge)
  expect(promptsOf(town, nudge)).toHaveLength(1)
  expect(existsSync(join(town.dir, 'answered'))).toBe(false)
  await town.close()
})

test('[P6] over half a line of a person nothing is typed', async () => {
  const { town, session } = await begin()
  const host = await connectHost(town.dir, { townId: town.id })
  await host.write(session, 'please do n')
  const nudge = await send(town, 'Look at the cart.')
  await sleep(2_500)
  expect(told(town)).toEqual([])
  await host.write(session, 'ot')
  await sleep(300)
  await host.write(session, '\r')
  host.close()
  await taken(town, nudge)
  expect(told(town).map(({ prompt }) => prompt)[0]).toBe('please do not')
  expect(promptsOf(town, nudge)).toHaveLength(1)
  await town.close()
})

test('[P6] [NUDGE-3] a program that is stopped gets the line once, also when the daemon is killed meanwhile', async () => {
  const { town, pid, env } = await begin()
  process.kill(pid, 'SIGSTOP')
  const nudge = await send(town, 'Look at the cart.')
  await town.fact('it is being typed', 'NudgeWriting', { nudge })
  await sleep(400)
  await town.kill()
  await town.up(env)
  await town.fact('it is known that it does not read', 'NudgeHeld', { nudge }, 40_000)
  process.kill(pid, 'SIGCONT')
  await taken(town, nudge)
  expect(promptsOf(town, nudge)).toHaveLength(1)
  expect(told(town)).toHaveLength(1)
  await town.close()
})
