// Records screens and hook payloads of the real Claude Code: `node test/agents/record-claude.ts [name]`.
//
// Run it after a change of the pinned version, and read the difference: test/pty/presets/claude.test.ts holds the
// preset to what is recorded here.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch, ScreenReading, ScreenView } from '../../src/ports/presets.ts'
import { claude } from '../../src/pty/presets/claude.ts'
import { claudeWasSetUp, MADE_UP_KEY, openHome } from './home.ts'
import { startMessagesModel } from './messages-model.ts'
import type { Model, ModelReply } from './model.ts'
import { type AgentSession, type SessionStart, startSession } from './session.ts'
import { fetchedProgram } from './versions.ts'

type Case = {
  readonly name: string
  readonly script?: readonly ModelReply[]
  readonly start?: Partial<SessionStart>
  /** Brings the screen about; by default it only waits for `until`. */
  readonly act?: (session: AgentSession, model: Model) => Promise<void>
  readonly until: (reading: ScreenReading, text: string) => boolean
  /** The first screens are not gone through. */
  readonly fresh?: true
}

const DATA = join(import.meta.dirname, '..', 'data')
const LOOP = 'for i in 1 2 3 4 5 6 7 8 9; do read -t 1 < /dev/tty0 || sleep 1; done'
const ready = (reading: ScreenReading) => reading.kind === 'ready'
const says = (words: RegExp) => (_: ScreenReading, text: string) => words.test(text)
const orders = 'Add a greeting.'
const bypass = { permissions: 'bypass', orders } as const
const without =
  (...flags: string[]) =>
  (launch: Launch): Launch => ({
    ...launch,
    command: launch.command.filter(
      (_, at) => !flags.some((f) => [at, at - 1].some((i) => launch.command[i] === f)),
    ),
  })
const fails = (status: number, code: string, message: string, headers = {}): ModelReply => ({
  fail: { status, code, message },
  headers,
})
const tooLong = fails(400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum')
const soon = { CLAUDE_CODE_MAX_RETRIES: '0' }
const inHours = (hours: number) => String(Math.floor(Date.now() / 3_600_000 + hours) * 3_600)
const limit = fails(429, 'rate_limit_error', 'This request would exceed your account limit.', {
  'anthropic-ratelimit-unified-status': 'rejected',
  'anthropic-ratelimit-unified-reset': inHours(2),
  'anthropic-ratelimit-unified-representative-claim': 'five_hour',
  'anthropic-ratelimit-unified-overage-status': 'rejected',
  'retry-after': '3600',
})
/** A plan's account instead of a key: no real one. */
const subscribed = (launch: Launch): Launch => {
  const { GT_CLAUDE_KEY: _, ...env } = launch.env
  return {
    ...launch,
    env: { ...env, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-000' },
    files: launch.files.map((file) => ({
      ...file,
      content: file.content.replace(/ *"apiKeyHelper".*\n/, ''),
    })),
  }
}
/** A second turn: one exchange alone is not compacted. */
const more = async (s: AgentSession) => {
  await s.hooks.hears((one) => one.kind === 'turnEnded')
  await s.terminal.shows(ready)
  await s.terminal.type('More.')
}
const after =
  (act: (session: AgentSession, model: Model) => Promise<void>) => async (s: AgentSession, m: Model) => {
    await s.terminal.shows(ready)
    await act(s, m)
  }

const CASES: readonly Case[] = [
  { name: 'ready', until: ready },
  { name: 'ready-bypass', start: { ask: { permissions: 'bypass' } }, until: ready },
  {
    name: 'typed',
    act: after(async (s) => s.terminal.write('\x1b[200~half a line\x1b[201~')),
    until: says(/half a line/),
  },
  {
    name: 'typed-many-lines',
    act: after(async (s) => s.terminal.write(`\x1b[200~${'a line\n'.repeat(9)}end\x1b[201~`)),
    until: says(/Pasted text|end/),
  },
  {
    name: 'typed-three-lines',
    act: after(async (s) => s.terminal.write('\x1b[200~one\ntwo\nthree\x1b[201~')),
    until: says(/three/),
  },
  { name: 'shell-mode', act: after(async (s) => s.terminal.write('!ls')), until: says(/!\s?ls/) },
  { name: 'slash-menu', act: after(async (s) => s.terminal.write('/co')), until: says(/\/compact/) },
  {
    name: 'rewind-menu',
    script: [{ say: 'It is done.' }],
    start: { ask: bypass },
    act: after(async (s) => {
      await s.terminal.shows(says(/It is done/))
      await s.terminal.shows(ready)
      s.terminal.write('\x1b\x1b')
      await sleep(1500)
    }),
    until: () => true,
  },
  {
    name: 'busy-waiting',
    script: [{ say: 'ok', afterMs: 6000 }],
    start: { ask: bypass },
    until: says(/esc to interrupt/),
  },
  {
    name: 'busy-streaming',
    script: [{ say: 'word '.repeat(60), pieces: 30, pieceMs: 200 }],
    start: { ask: bypass },
    until: says(/word word word/),
  },
  {
    name: 'tool-running',
    script: [{ run: LOOP, say: 'I run it.' }],
    start: { ask: bypass },
    until: says(/Running…|\(\ds · .*timeout/),
  },
  {
    name: 'queued',
    script: [{ run: LOOP }],
    start: { ask: bypass },
    act: async (s) => {
      await s.hooks.hears((one) => one.kind === 'toolStarted')
      await s.terminal.type('And one more thing.')
    },
    until: says(/Press up to edit/),
  },
  {
    name: 'typed-while-busy',
    script: [{ run: LOOP }],
    start: { ask: bypass },
    act: async (s) => {
      await s.hooks.hears((one) => one.kind === 'toolStarted')
      s.terminal.write('\x1b[200~half a line\x1b[201~')
    },
    until: says(/half a line/),
  },
  {
    name: 'idle-after-turn',
    script: [{ say: 'It is done.' }],
    start: { ask: bypass },
    until: says(/· done/),
  },
  {
    name: 'interrupted',
    script: [{ run: LOOP }],
    start: { ask: bypass },
    act: async (s) => {
      await s.terminal.shows(says(/Running…/))
      s.terminal.write('\x1b')
    },
    until: says(/Interrupted/),
  },
  {
    name: 'unsent',
    script: [{ say: 'ok', afterMs: 6000 }],
    act: after(async (s, m) => {
      await s.terminal.type('Say this.')
      await m.asked(() => true)
      s.terminal.write('\x1b')
      await sleep(800)
    }),
    until: ready,
  },
  {
    name: 'permission-command',
    script: [{ run: 'touch a.txt' }],
    start: { ask: { orders } },
    until: says(/4\. No|3\. No/),
  },
  {
    name: 'permission-edit',
    script: [
      { tool: 'Read', input: { file_path: 'README.md' } },
      { tool: 'Edit', input: { file_path: 'README.md', old_string: 'A project', new_string: 'Our project' } },
    ],
    start: { ask: { orders } },
    until: says(/Do you want to make this edit/),
  },
  {
    name: 'permission-write',
    script: [{ tool: 'Write', input: { file_path: 'new.txt', content: 'hello\n' } }],
    start: { ask: { orders } },
    until: says(/Do you want to create/),
  },
  {
    name: 'question',
    script: [
      {
        tool: 'AskUserQuestion',
        input: {
          questions: [
            {
              question: 'Which colour?',
              header: 'Colour',
              multiSelect: false,
              options: [
                { label: 'Red', description: 'warm' },
                { label: 'Blue', description: 'cold' },
              ],
            },
          ],
        },
      },
    ],
    start: { ask: { orders, permissions: 'bypass' }, change: without('--disallowedTools') },
    until: says(/Enter to select/),
  },
  {
    name: 'plan',
    script: [
      { tool: 'EnterPlanMode', input: {} },
      { tool: 'ExitPlanMode', input: { plan: '1. Greet.' } },
    ],
    start: { ask: { orders, permissions: 'bypass' }, change: without('--disallowedTools') },
    until: says(/plan\?|plan mode\?|Ready to code|Here is Claude/),
  },
  {
    name: 'trust',
    start: { change: (launch) => ({ ...launch, env: { ...launch.env, CLAUDE_CODE_SANDBOXED: '' } }) },
    until: says(/trust/),
  },
  { name: 'key', start: { env: { ANTHROPIC_API_KEY: MADE_UP_KEY } }, until: says(/custom API key/) },
  { name: 'first-screens', fresh: true, until: says(/\S/) },
  {
    name: 'bypass-warning',
    start: {
      ask: { permissions: 'bypass' },
      change: (launch) => ({
        ...launch,
        files: launch.files.map((file) => ({
          ...file,
          content: file.content.replace(/ *"skipDanger.*\n/, ''),
        })),
      }),
    },
    until: says(/Bypass Permissions/),
  },
  {
    name: 'settings-warning',
    start: {
      change: (launch) => ({
        ...launch,
        files: launch.files.map((file) => ({
          ...file,
          content: file.content.replace('"PreCompact"', '"NoSuchEvent"'),
        })),
      }),
    },
    until: says(/Settings/),
  },
  {
    name: 'settings-error',
    start: {
      change: (launch) => ({
        ...launch,
        files: launch.files.map((file) => ({ ...file, content: file.content.replace('{', '{{') })),
      }),
    },
    until: says(/Settings/),
  },
  {
    name: 'retrying',
    script: [fails(529, 'overloaded_error', 'Overloaded'), fails(529, 'overloaded_error', 'Overloaded')],
    start: { ask: bypass },
    until: says(/retrying/),
  },
  ...(
    [
      ['rate-limited', fails(429, 'rate_limit_error', 'Too many requests')],
      ['overloaded', fails(529, 'overloaded_error', 'Overloaded')],
      ['server-error', fails(500, 'api_error', 'Internal server error')],
      ['dropped', { drop: true }],
      ['dropped-in-answer', { drop: true, say: 'The first half' }],
      ['key-refused', fails(401, 'authentication_error', 'invalid x-api-key')],
      ['forbidden', fails(403, 'permission_error', 'forbidden')],
      ['no-credit', fails(400, 'invalid_request_error', 'Your credit balance is too low to access the API.')],
      ['too-long', tooLong],
      ['no-such-model', fails(404, 'not_found_error', 'model: claude-opus-5-5')],
    ] as const
  ).map(
    ([name, reply]): Case => ({
      name,
      script: [reply, reply, reply, reply],
      start: { ask: bypass, env: soon },
      act: async (s) => {
        await s.hooks.hears((one) => one.kind === 'turnFailed')
        await sleep(700)
      },
      until: () => true,
    }),
  ),
  {
    name: 'usage-limit',
    script: [limit],
    start: { ask: bypass, env: soon, change: subscribed },
    act: async (s) => {
      await s.terminal.shows(says(/limit/))
      await sleep(1500)
    },
    until: says(/limit/),
  },
  {
    name: 'key-refused-account',
    script: Array.from({ length: 4 }, () => fails(401, 'authentication_error', 'OAuth token has expired')),
    start: { ask: bypass, env: soon, change: subscribed },
    act: async (s) => {
      await s.hooks.hears((one) => one.kind === 'turnFailed')
      await sleep(700)
    },
    until: () => true,
  },
  {
    name: 'tool-failed',
    script: [{ run: 'exit 3' }, { say: 'It failed.' }],
    start: { ask: bypass },
    until: says(/· done/),
  },
  {
    name: 'background',
    script: [
      { tool: 'Bash', input: { command: 'sleep 2', description: 'Wait', run_in_background: true } },
      { say: 'It goes on.' },
      { say: 'Now it is over.' },
    ],
    start: { ask: bypass },
    act: async (s) => {
      const begun = () => s.hooks.heard.filter((one) => one.kind === 'turnStarted').length
      await s.hooks.hears((one) => one.kind === 'turnEnded')
      await s.hooks.hears((one) => one.kind === 'turnStarted' && begun() === 2)
    },
    until: says(/Now it is over/),
  },
  {
    name: 'permission-noticed',
    script: [{ run: 'touch a.txt' }],
    start: { ask: { orders } },
    act: (s) => s.hooks.hears((one) => one.kind === 'asks' && one.tool === '').then(() => {}),
    until: says(/Do you want to/),
  },
  {
    name: 'compacting',
    script: [{ say: 'It is done.' }],
    start: { ask: bypass },
    act: after(async (s, m) => {
      await s.terminal.shows(says(/It is done/))
      await s.terminal.shows(ready)
      m.summarises({ say: 'What was done so far.', afterMs: 4000 })
      await s.terminal.type('/compact')
    }),
    until: says(/Compacting conversation/),
  },
  {
    name: 'compacted',
    script: [{ say: 'It is done.' }],
    start: { ask: bypass },
    act: after(async (s) => {
      await s.terminal.shows(says(/It is done/))
      await s.terminal.shows(ready)
      await s.terminal.type('/compact')
      await s.hooks.hears((one) => one.kind === 'compacted')
      await sleep(700)
    }),
    until: says(/Compacted/),
  },
  {
    name: 'full-all-the-same',
    script: [{ say: 'It is done.' }, ...Array.from({ length: 4 }, () => tooLong)],
    start: { ask: bypass, env: soon },
    act: async (s) => {
      await more(s)
      await s.hooks.hears((one) => one.kind === 'turnFailed')
      await sleep(700)
    },
    until: says(/Context limit reached/),
  },
  {
    name: 'full-again-and-again',
    script: Array.from({ length: 8 }, () => ({ run: 'true', usage: { input: 190_000 } })),
    start: { ask: bypass, env: { ...soon, CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000' } },
    act: (s) => s.hooks.hears((one) => one.kind === 'turnFailed').then(() => sleep(700)),
    until: says(/Autocompact is thrashing/),
  },
  {
    name: 'summary-failed',
    script: [{ say: 'It is done.' }, { run: 'true', usage: { input: 190_000 } }, { say: 'It goes on.' }],
    start: { ask: bypass, env: { ...soon, CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000' } },
    act: async (s, m) => {
      m.summarises(fails(500, 'api_error', 'Internal server error'))
      await more(s)
      await s.hooks.hears((one) => one.kind === 'toolEnded')
    },
    until: says(/It goes on[\s\S]*· done/),
  },
]

const program = fetchedProgram('claude')
if (program === null) throw new Error('Claude Code is not here: run `npm run agents`.')
const payloads = new Map<string, unknown>()
for (const one of CASES.filter(({ name }) => process.argv[2] === undefined || name === process.argv[2])) {
  const home = openHome()
  if (one.fresh === undefined) claudeWasSetUp(home)
  const model = await startMessagesModel()
  model.script(one.script ?? [])
  const session = await startSession({
    preset: claude,
    program,
    home,
    login: { ANTHROPIC_API_KEY: MADE_UP_KEY, ANTHROPIC_BASE_URL: model.url },
    ...one.start,
  })
  try {
    await one.act?.(session, model)
    const reading = await session.terminal.shows(one.until)
    await sleep(300)
    save(one.name, await session.terminal.view(), home.root)
    console.log(`${one.name}: ${JSON.stringify(await session.terminal.read())} (${reading.kind})`)
  } catch (error) {
    console.log(`${one.name}: NOT RECORDED. ${String(error)}`)
    process.exitCode = 1
  } finally {
    await session.close()
    // The first of each; of prompts the last, which is the one that nobody typed.
    for (const { event, input } of session.hooks.calls)
      if (event === 'UserPromptSubmit' || !payloads.has(`${event}-${one.name}`))
        payloads.set(`${event}-${one.name}`, neutral(input, home.root))
    await model.close()
    home.remove()
  }
}
saveHooks()

function save(name: string, view: ScreenView, root: string): void {
  const folder = join(DATA, 'screens', 'claude')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(neutral(view, root), null, 1)}\n`)
}

/** One of each event, and each that is told differently. */
function saveHooks(): void {
  const file = join(DATA, 'hooks', 'claude.json')
  mkdirSync(join(DATA, 'hooks'), { recursive: true })
  const before = readdirSync(join(DATA, 'hooks')).includes('claude.json')
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    : {}
  const kept: Record<string, unknown> = process.argv[2] === undefined ? {} : before
  const events = new Set<string>()
  for (const [name, input] of payloads) {
    const event = name.slice(0, name.indexOf('-'))
    // Each failure has words of its own, and so have some cases; of the others one is enough.
    const own =
      event === 'StopFailure' || event === 'Notification' || /^(Stop|UserPromptSubmit)-background$/.test(name)
    if (!own && (events.has(event) || event in kept)) continue
    events.add(event)
    kept[own ? name : event] = input
  }
  writeFileSync(file, `${JSON.stringify(kept, null, 1)}\n`)
}

/** The same, with nothing of the machine it was recorded on. Lengths stay. */
function neutral(value: unknown, root: string): unknown {
  const mark = root.slice(root.lastIndexOf('-') + 1)
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll(mark, 'x'.repeat(mark.length))
      .replaceAll(process.execPath, `/${'n'.repeat(process.execPath.length - 1)}`),
  )
}
