// Records screens, hook payloads and a transcript of the real Codex CLI: `node test/agents/record-codex.ts [name]`.
//
// Run it after a change of the pinned version, and read the difference: test/pty/presets/codex.test.ts holds the
// preset to what is recorded here.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ScreenReading, ScreenView } from '../../src/ports/presets.ts'
import { codex } from '../../src/pty/presets/codex.ts'
import { codexWasSetUp } from './codex-home.ts'
import { MADE_UP_KEY, openHome } from './home.ts'
import type { Model, ModelReply } from './model.ts'
import { RESETS_IN, startResponsesModel } from './responses-model.ts'
import { type AgentSession, type SessionStart, startSession } from './session.ts'
import { fetchedProgram } from './versions.ts'

type Case = {
  readonly name: string
  readonly script?: readonly ModelReply[]
  readonly start?: Partial<SessionStart>
  readonly act?: (session: AgentSession, model: Model) => Promise<void>
  readonly until: (reading: ScreenReading, text: string) => boolean
  /** Nobody has used the program in this home. */
  readonly fresh?: true
}

const DATA = join(import.meta.dirname, '..', 'data')
const LOOP = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1; done'
const ready = (reading: ScreenReading) => reading.kind === 'ready' && reading.composer !== null
const says = (words: RegExp) => (_: ScreenReading, text: string) => words.test(text)
const orders = { ask: { orders: 'Add a greeting.' } }
const inTool = async (session: AgentSession) => {
  await session.hooks.hears((one) => one.kind === 'toolStarted')
  await session.terminal.shows((_, text) => text.includes('esc to interrupt'))
}
const without = (...words: RegExp[]): Partial<SessionStart> => ({
  change: (launch) => ({
    ...launch,
    command: launch.command.filter((word, at) => {
      const pair = word === '-c' ? (launch.command[at + 1] ?? '') : word
      return !words.some((one) => one.test(pair))
    }),
  }),
})
const fails = (status: number, code: string, message: string, headers = {}): ModelReply => ({
  fail: { status, code, message },
  headers,
})

const CASES: readonly Case[] = [
  { name: 'ready', until: ready },
  {
    name: 'typed',
    act: async ({ terminal }) => {
      await terminal.shows(ready)
      terminal.write('\x1b[200~half a line\x1b[201~')
    },
    until: says(/half a line/),
  },
  {
    name: 'typed-lines',
    act: async ({ terminal }) => {
      await terminal.shows(ready)
      terminal.write('\x1b[200~one\n\nthree\x1b[201~')
    },
    until: says(/three/),
  },
  {
    name: 'typed-long',
    act: async ({ terminal }) => {
      await terminal.shows(ready)
      terminal.write(`\x1b[200~${'x'.repeat(3_000)}\x1b[201~`)
    },
    until: says(/Pasted Content/),
  },
  {
    name: 'thinking',
    start: orders,
    script: [{ say: 'Yes.', afterMs: 4_000 }],
    until: says(/esc to interrupt/),
  },
  {
    name: 'tool-running',
    start: orders,
    script: [{ run: LOOP }],
    act: inTool,
    until: says(/esc to interrupt/),
  },
  {
    name: 'typed-while-busy',
    start: orders,
    script: [{ run: LOOP }],
    act: async (session) => {
      await inTool(session)
      session.terminal.write('\x1b[200~half a line\x1b[201~')
    },
    until: says(/half a line/),
  },
  {
    name: 'queued',
    start: orders,
    script: [{ run: LOOP }],
    act: async (session) => {
      await inTool(session)
      await session.terminal.type('And then this.')
    },
    until: says(/Messages to be submitted/),
  },
  { name: 'idle-after-turn', start: orders, script: [{ say: 'It is done.' }], until: says(/Worked for/) },
  {
    name: 'interrupted',
    start: orders,
    script: [{ run: LOOP }],
    act: async (session) => {
      await inTool(session)
      session.terminal.write('\x1b')
    },
    until: says(/Conversation interrupted/),
  },
  {
    name: 'permission-command',
    start: orders,
    script: [{ run: 'touch /etc/nothing', escalate: 'It lies outside of the worktree.' }],
    until: says(/Would you like to/),
  },
  {
    name: 'permission-refused',
    start: orders,
    script: [{ run: 'touch /etc/nothing', escalate: 'It lies outside of the worktree.' }],
    act: async ({ terminal }) => {
      await terminal.shows((reading) => reading.kind === 'dialog')
      // Keys are not taken at once, so that nobody answers what they have not read.
      await sleep(1_000)
      terminal.write('\x1b')
    },
    until: says(/You canceled/),
  },
  { name: 'trust', start: without(/^projects=/), until: says(/Trust this folder/) },
  { name: 'hooks', start: without(/bypass-hook-trust/), until: says(/Hooks need review/) },
  { name: 'login', fresh: true, until: says(/Sign in/) },
  {
    name: 'compacting',
    start: orders,
    script: [{ say: 'It is done.' }],
    act: async ({ terminal }, model) => {
      await terminal.shows(says(/Worked for/))
      model.summarises({ say: 'What was done so far.', afterMs: 4_000 })
      model.script([{ say: 'A summary.', afterMs: 4_000 }])
      terminal.write('/compact')
      await sleep(500)
      terminal.write('\r')
    },
    until: says(/Compacting context/),
  },
  {
    name: 'compacted',
    start: orders,
    script: [{ say: 'It is done.' }],
    act: async ({ terminal, hooks }) => {
      await terminal.shows(says(/Worked for/))
      terminal.write('/compact')
      await sleep(500)
      terminal.write('\r')
      await hooks.hears((one) => one.kind === 'compacted')
    },
    until: says(/Context compacted/),
  },
  ...(
    [
      ['rate-limited', fails(429, 'rate_limit_exceeded', 'Too many requests')],
      ['usage-limit', fails(429, 'usage_limit_reached', 'The limit is reached', { [RESETS_IN]: '7200' })],
      ['usage-limit-days', fails(429, 'usage_limit_reached', 'It is reached', { [RESETS_IN]: '260000' })],
      ['no-quota', fails(429, 'insufficient_quota', 'You exceeded your current quota')],
      ['server-error', fails(500, 'server_error', 'Internal error')],
      ['key-refused', fails(401, 'invalid_api_key', 'Incorrect API key provided')],
      ['too-long', fails(400, 'context_length_exceeded', 'Too long')],
      ['dropped', { drop: true }],
      ['dropped-in-answer', { drop: true, say: 'The first half' }],
    ] as const
  ).map(([name, reply]): Case => ({ name, start: orders, script: [reply], until: says(/^■ /m) })),
]

const program = fetchedProgram('codex')
if (program === null) throw new Error('Codex CLI is not here: run `npm run agents`.')
const payloads = new Map<string, unknown>()
let transcript = ''
for (const one of CASES.filter(({ name }) => process.argv[2] === undefined || name === process.argv[2])) {
  const home = openHome()
  const model = await startResponsesModel()
  if (one.fresh === undefined) codexWasSetUp(home, model)
  model.script(one.script ?? [])
  const session = await startSession({
    preset: codex,
    program,
    home,
    login: { OPENAI_API_KEY: MADE_UP_KEY },
    ...one.start,
  })
  try {
    await one.act?.(session, model)
    await session.terminal.shows(one.until)
    await sleep(700)
    save(one.name, await session.terminal.view(), home.root)
    console.log(`${one.name}: ${JSON.stringify(await session.terminal.read())}`)
    if (one.name === 'compacted') transcript = neutral(readFileSync(transcriptOf(session), 'utf8'), home.root)
  } catch (error) {
    console.log(`${one.name}: NOT RECORDED. ${String(error)}`)
    process.exitCode = 1
  } finally {
    await session.close()
    for (const { event, input } of session.hooks.calls)
      if (!payloads.has(event)) payloads.set(event, JSON.parse(neutral(JSON.stringify(input), home.root)))
    await model.close()
    home.remove()
  }
}
if (process.argv[2] === undefined) {
  mkdirSync(join(DATA, 'hooks'), { recursive: true })
  writeFileSync(
    join(DATA, 'hooks', 'codex.json'),
    `${JSON.stringify(Object.fromEntries(payloads), null, 1)}\n`,
  )
  mkdirSync(join(DATA, 'transcripts'), { recursive: true })
  writeFileSync(join(DATA, 'transcripts', 'codex.jsonl'), withoutLongTexts(transcript))
}

function save(name: string, view: ScreenView, root: string): void {
  const folder = join(DATA, 'screens', 'codex')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${neutral(JSON.stringify(view, null, 1), root)}\n`)
}

function transcriptOf({ hooks }: AgentSession): string {
  const ready = hooks.heard.find((one) => one.kind === 'ready')
  return ready?.kind === 'ready' ? (ready.transcript ?? '') : ''
}

/** The program's own instructions to its model are no part of what is tested. */
function withoutLongTexts(text: string): string {
  const short = (_: string, value: unknown) =>
    typeof value === 'string' && value.length > 300 ? `${value.slice(0, 20)} (cut)` : value
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : JSON.stringify(JSON.parse(line, short))))
    .join('\n')
}

/** The same, with nothing of the machine it was recorded on. Lengths stay. */
function neutral(text: string, root: string): string {
  const mark = root.slice(root.lastIndexOf('-') + 1)
  return text.replaceAll(mark, 'x'.repeat(mark.length)).replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9')
}
