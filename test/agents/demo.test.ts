// The demo with the real Claude Code, whose model on the loopback plays the beads.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type AgentHome, claudeWasSetUp, MADE_UP_KEY, openHome } from './home.ts'
import { startMessagesModel } from './messages-model.ts'
import type { Model, ModelReply } from './model.ts'
import { fetchedProgram } from './versions.ts'

const DEMO = join(import.meta.dirname, '../../demo/run.ts')

let open: { home: AgentHome; model: Model } | undefined
afterEach(async () => {
  await open?.model.close()
  open?.home.remove()
  open = undefined
})

const read = (file: string) => ({ tool: 'Read', input: { file_path: file } })
const edit = (file: string, old_string: string, new_string: string) => ({
  tool: 'Edit',
  input: { file_path: file, old_string, new_string },
})
/** Long enough for the kill, whichever it is that dies. */
const begin: ModelReply = { run: 'git status --short', afterMs: 8_000 }
const end = (title: string): ModelReply[] => [
  { run: 'npm test' },
  { run: `git add -A && git commit -q -m "${title}"` },
  { run: 'gt done' },
]

const PLAYS: Readonly<Record<string, (worktree: string) => ModelReply[]>> = {
  'Print the date on the receipt': (worktree) => [
    begin,
    read(`${worktree}/src/receipt.js`),
    edit(
      `${worktree}/src/receipt.js`,
      'function head({ shop }) {\n  return [shop].filter',
      'function head({ shop, date }) {\n  return [shop, date].filter',
    ),
    read(`${worktree}/test/receipt.test.js`),
    edit(
      `${worktree}/test/receipt.test.js`,
      "test('the name of the shop stands on top'",
      "test('the date stands below it', () => {\n  assert.equal(lines({ shop: 'Shop', date: '2025-05-02' })[1], '2025-05-02')\n})\n\ntest('the name of the shop stands on top'",
    ),
    ...end('Print the date on the receipt'),
  ],
  'Take a percentage off a whole cart': (worktree) => [
    begin,
    read(`${worktree}/src/discounts.js`),
    edit(
      `${worktree}/src/discounts.js`,
      "import { percentOf } from './money.js'",
      "import { total } from './cart.js'\nimport { percentOf } from './money.js'\n\n/** What a whole cart costs with a percentage taken off. */\nexport function cartPercentOff(cart, percent) {\n  return percentOff(total(cart), percent)\n}",
    ),
    ...end('Take a percentage off a whole cart'),
  ],
}

test('[P10] the demo plays two beads with a real agent program, kills one, and says what it cost', {
  timeout: 300_000,
}, async () => {
  const { home, model, env } = await person()
  claudeWasSetUp(home)
  const plays = new Map<string, ModelReply[]>()
  model.answer(({ session, text }) => {
    const title = Object.keys(PLAYS).find((each) => text.includes(`Your work is bead`) && text.includes(each))
    const worktree = /You are in (\S+), on branch/.exec(text)?.[1]
    if (!plays.has(session) && title !== undefined) plays.set(session, PLAYS[title]?.(worktree ?? '') ?? [])
    return plays.get(session)?.shift() ?? null
  })
  const { code, output, error } = await demo(['--agent', 'claude', '--cap', '1.50usd'], env)
  expect(code, output + error).toBe(0)
  const lines = output.split('\n')
  expect(lines[1]).toBe('It works with your login and may use up 1.5 USD, plus the answer in hand by then.')
  expect(output).toMatch(/polecat \w+ was killed, went on where it was, and finished bead/)
  expect(output).toMatch(/\d+ tokens in \d+ requests for \d\.\d\d USD \(of at most 1\.5 USD\)/)
  const last = lines.slice(lines.indexOf('The agents were your own Claude Code.') - 1).filter(Boolean)
  expect(last.length).toBeLessThanOrEqual(24)
  expect(last.filter((line) => line.length > 80)).toEqual([])
  rmSync(/rm -rf (\S+)/.exec(output)?.[1] ?? '', { recursive: true })
})

test.each<[string, (home: AgentHome, env: Record<string, string>) => void, RegExp]>([
  [
    'not installed',
    (_, env) => Object.assign(env, { PATH: env.PATH?.split(':').slice(1).join(':') }),
    /is not installed/,
  ],
  ['not set up', () => {}, /was never set up here/],
  [
    'not logged in',
    (home, env) => {
      claudeWasSetUp(home)
      env.ANTHROPIC_API_KEY = ''
    },
    /is not logged in/,
  ],
])(
  'when Claude Code is %s, the demo ends with 2 and one sentence, and nothing stays',
  async (_, spoil, sentence) => {
    const { home, env } = await person()
    spoil(home, env)
    const { code, error } = await demo(['--agent', 'claude'], env)
    expect(error).toMatch(sentence)
    expect(error.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
    expect(readdirSync(home.tmp)).toEqual([])
  },
)

async function person() {
  const home = openHome()
  const model = await startMessagesModel()
  open = { home, model }
  const programs = join(home.root, 'bin')
  mkdirSync(programs)
  symlinkSync(fetchedProgram('claude') ?? '', join(programs, 'claude'))
  const env = home.env({
    PATH: [programs, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    ANTHROPIC_API_KEY: MADE_UP_KEY,
    ANTHROPIC_BASE_URL: model.url,
  })
  return { home, model, env }
}

function demo(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [DEMO, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let error = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    error += String(chunk)
  })
  return new Promise<{ code: number | null; output: string; error: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output, error })),
  )
}
