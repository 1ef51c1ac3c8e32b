// One session of the real Claude Code, and 200 nudges to it; prints what became of them as JSON.
//
// The model is on the loopback, and has the last word: what was delivered is what it was sent.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { nudgeLine } from '../src/events/nudge-line.ts'
import { startMessagesModel } from '../test/agents/messages-model.ts'
import type { Model, ModelReply, ModelRequest } from '../test/agents/model.ts'
import { ask } from '../test/support/town-http.ts'
import { median } from './stats.ts'

export type Report = {
  readonly sent: number
  readonly taken: number
  /** Without a receipt. */
  readonly missing: number
  /** With a receipt, and the model never got it. */
  readonly falsely: number
  readonly doubled: number
  /** Not word for word what was sent. */
  readonly altered: number
  readonly idleMs: number
  readonly ways: Readonly<Record<string, number>>
}

type Sent = { readonly id: string; readonly text: string; readonly way: string; readonly at: number }
type Shown = {
  readonly state: string
  readonly queuedAt: string
  readonly acceptedAt: string | null
  readonly settled: boolean
  readonly reason: string | null
  readonly enters: number
}

const GT = fileURLToPath(new URL('../bin/gt', import.meta.url))
const AGENT = 'shop/polecats/nux'
/** How many of each: with those that begin a turn, in sum 200 and more. A number on the command line divides them, for a quick look. */
const SHARE = Number(process.argv[3] ?? 1)
const IDLE = Math.ceil(70 / SHARE)
const BUSY = Math.ceil(60 / SHARE)
const AT_DIALOG = Math.ceil(20 / SHARE)
const STOPPED = Math.ceil(20 / SHARE)

const root = mkdtempSync(join(tmpdir(), 'gtd-'))
const model = await startMessagesModel()
const town = await begin(process.argv[2] ?? '', model)
const sent: Sent[] = []
try {
  await idle()
  await atWork()
  await atDialog()
  await stopped()
  process.stdout.write(`${JSON.stringify(await report())}\n`)
} finally {
  town.gt('down')
  await model.close()
  rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

/** One after the other, 10 bytes to 8 KB, every third of several lines. */
async function idle(): Promise<void> {
  for (let n = 0; n < IDLE; n += 1) {
    await atRest()
    await taken(await send(textOf(n), 'idle'))
  }
}

/** While a turn goes: half of them behind it, half after it. */
async function atWork(): Promise<void> {
  for (let n = 0; n < BUSY; n += 2) {
    const first = await send(`SLOWLY, please, number ${n}`, 'begins')
    await taken(first)
    const rest = [
      await send(textOf(n, 'Behind it'), 'at work', 'queue'),
      await send(textOf(n + 1, 'After it'), 'at work', 'idle'),
    ]
    for (const one of rest) await taken(one)
  }
}

/** While it asks for a permission: none is taken before that is answered, and none answers it. */
async function atDialog(): Promise<void> {
  for (let n = 0; n < AT_DIALOG; n += 4) {
    await taken(await send(`ASK ${n}`, 'begins'))
    const decision = await open()
    const waiting: Sent[] = []
    for (let m = 0; m < Math.min(4, AT_DIALOG - n); m += 1)
      waiting.push(await send(textOf(n + m, 'At a dialog'), 'at a dialog', m % 2 === 0 ? 'queue' : 'idle'))
    await sleep(3_000)
    for (const one of waiting) {
      const { state } = await show(one)
      if (state !== 'queued' && state !== 'held') throw new Error(`${one.id} is ${state} at a dialog`)
    }
    if ((await open()) !== decision) throw new Error('The dialog was answered by a nudge.')
    await town.post('/v1/commands/decision.answer', { decision, choice: 'deny' })
    for (const one of waiting) await taken(one)
  }
}

/** The program is stopped when it is typed to, and goes on some time later. */
async function stopped(): Promise<void> {
  const { sessions } = (await town.get(`/v1/agents/${encodeURIComponent(AGENT)}`)) as {
    sessions: { pid: number; state: string }[]
  }
  const { pid } = sessions.at(-1) as { pid: number }
  for (let n = 0; n < STOPPED; n += 1) {
    await atRest()
    process.kill(pid, 'SIGSTOP')
    try {
      const one = await send(textOf(n, 'Stopped'), 'stopped')
      // Some for longer than one look takes.
      await sleep(n % 5 === 4 ? 12_000 : 400 + 150 * n)
      process.kill(pid, 'SIGCONT')
      await taken(one)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }
}

function textOf(n: number, name = 'Number'): string {
  const size = [10, 40, 63, 64, 120, 290, 700, 900, 2_000, 8_192][n % 10] as number
  const begin = `${name} ${n}`
  const words = `${begin}: ${'say "ok", $HOME, ümläut, 日本, \\ and `ticks`; '.repeat(Math.ceil(size / 40))}`
  const text = words.slice(0, Math.max(size, begin.length)).trim()
  return n % 3 === 2 ? text.replace(/; /g, ';\n') : text
}

async function send(text: string, way: string, mode = 'idle'): Promise<Sent> {
  const at = Date.now()
  const { id } = (await town.post('/v1/commands/nudge.send', { to: 'nux', text, mode, waitMs: 180_000 })) as {
    id: string
  }
  const one = { id, text, way, at }
  sent.push(one)
  return one
}

async function taken(one: Sent): Promise<void> {
  for (;;) {
    const found = await show(one, '?until=settled&waitMs=20000')
    if (found.settled) {
      if (found.state === 'failed') process.stderr.write(`${one.way}: ${JSON.stringify(found)}\n`)
      return
    }
  }
}

async function show({ id }: Sent, query = ''): Promise<Shown> {
  return (await town.get(`/v1/nudges/${id}${query}`)) as Shown
}

/** Id of the decision that waits for a person. */
async function open(): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { items } = (await town.get('/v1/decisions')) as { items: { id: string; state: string }[] }
    const found = items.find(({ state }) => state === 'open')
    if (found !== undefined) return found.id
    await sleep(50)
  }
  throw new Error('It does not ask.')
}

/** Until every turn is over. */
async function atRest(): Promise<void> {
  for (const one of sent.slice(-10)) {
    for (let tries = 0; (await show(one)).state === 'accepted'; tries += 1) {
      if (tries > 200) break
      await sleep(50)
    }
  }
}

async function report(): Promise<Report> {
  await atRest()
  const last = (model.requests as ModelRequest[]).at(-1)?.text ?? '{}'
  const told = stringsIn((JSON.parse(last) as { messages: unknown }).messages)
  const ways: Record<string, number> = {}
  const counts = { taken: 0, missing: 0, falsely: 0, doubled: 0, altered: 0 }
  const idleMs: number[] = []
  for (const { id, text, way } of sent) {
    const found = await show({ id, text, way, at: 0 })
    const isTaken = found.state === 'accepted' || found.state === 'ended'
    const line = nudgeLine(id, 'overseer', text)
    const times = told.reduce((sum, one) => sum + one.split(`gt ${id}: `).length - 1, 0)
    const whole = told.some((one) => one.includes(line)) && told.some((one) => one.includes(text))
    const byId = text.length > 9_000 && told.some((one) => one.includes(`gt nudge read ${id}`))
    if (isTaken) counts.taken += 1
    else counts.missing += 1
    if (isTaken && times === 0) counts.falsely += 1
    if (times > 1) counts.doubled += 1
    if (times > 0 && !whole && !byId) counts.altered += 1
    if (isTaken && times === 1) ways[way] = (ways[way] ?? 0) + 1
    else process.stderr.write(`${way} ${id} ${times} times: ${JSON.stringify(found)}\n`)
    if (times > 0 && !whole && !byId) process.stderr.write(`altered: ${line}\n`)
    if (way === 'idle' && found.acceptedAt !== null)
      idleMs.push(Date.parse(found.acceptedAt) - Date.parse(found.queuedAt))
  }
  return { sent: sent.length, ...counts, idleMs: median(idleMs), ways }
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

async function begin(program: string, model: Model) {
  model.answer(answer)
  const home = join(root, 'home')
  const work = join(root, 'work')
  const dir = join(root, 'town')
  for (const folder of [home, work]) mkdirSync(folder)
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = A Person\n\temail = person@example.com\n')
  writeFileSync(
    join(home, '.claude.json'),
    JSON.stringify({
      hasCompletedOnboarding: true,
      theme: 'dark',
      officialMarketplaceAutoInstallAttempted: true,
      officialMarketplaceAutoInstalled: true,
    }),
  )
  const env = {
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
    TMPDIR: tmpdir(),
    ANTHROPIC_API_KEY: 'sk-ant-test-000',
    ANTHROPIC_BASE_URL: model.url,
  }
  const run = (file: string, ...args: string[]): string => {
    const done = spawnSync(file, args, { cwd: work, env, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}: ${done.stderr}`)
    return done.stdout
  }
  const gt = (...args: string[]): string => run(GT, '--town', dir, ...args)
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['commit', '-q', '--allow-empty', '-m', 'Begin'],
  ])
    run('git', ...args)
  run(GT, 'install', dir)
  gt('up')
  gt('rig', 'add', 'shop', work, '--local')
  gt('config', 'set', 'gates.none', 'true', '--rig', 'shop')
  gt('config', 'set', 'agents.claude.command', JSON.stringify([program]))
  const bead = (
    JSON.parse(gt('bead', 'create', 'Wait for messages', '--rig', 'shop', '--json')) as { id: string }
  ).id
  gt('sling', bead, 'shop', '--agent', 'claude')
  const token = readFileSync(join(dir, '.gt/operator.token'), 'utf8').trim()
  const socket = join(dir, '.gt/gt.sock')
  const asked = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const { status, body: found } = await ask(socket, token, method, path, body)
    if (status >= 300) throw new Error(`${path}: ${JSON.stringify(found)}`)
    return found
  }
  const town = {
    gt,
    get: (path: string) => asked('GET', path),
    post: (path: string, body: object) => asked('POST', path, body),
  }
  await model.asked(() => true, 60_000)
  return town
}

/** What the model says follows from what it is told. */
function answer({ prompt, toolOutput }: ModelRequest): ModelReply {
  if (toolOutput !== null) return { say: 'Then not.' }
  if (prompt.includes(': SLOWLY')) return { say: 'Thinking took long.', afterMs: 1_500 }
  if (prompt.includes(': ASK')) return { run: 'touch asked.txt' }
  return { say: 'Ok.' }
}
