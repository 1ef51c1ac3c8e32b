import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Usage } from '../../src/events/hearing.ts'
import type { Launch } from '../../src/ports/presets.ts'
import { claude } from '../../src/pty/presets/claude.ts'
import { CLAUDE } from './claude-runtime.ts'
import { begun, type Conversation, conversationsWith, isKind, isReady, keeps } from './conversation.ts'
import { MADE_UP_KEY } from './home.ts'
import type { ModelReply } from './model.ts'
import { TOKENS } from './model-stream.ts'

const start = conversationsWith(CLAUDE)
const bypass = { orders: 'Do it.', permissions: 'bypass' } as const
const noRetries = { CLAUDE_CODE_MAX_RETRIES: '0' }
const LONG = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done'

const fails = (status: number, code: string, headers: Record<string, string> = {}): ModelReply => ({
  fail: { status, code, message: 'Made up for a test.' },
  headers,
})
const inSettings =
  (from: RegExp | string, to: string) =>
  (launch: Launch): Launch => ({
    ...launch,
    files: launch.files.map((file) => ({ ...file, content: file.content.replace(from, to) })),
  })

describe('what the preset of Claude Code settles', () => {
  test.each<[string, string, Parameters<typeof start>[0]]>([
    ['the trust of a folder', 'trust', { env: { CLAUDE_CODE_SANDBOXED: '' } }],
    ['the approval of a key', 'apiKey', { env: { ANTHROPIC_API_KEY: MADE_UP_KEY } }],
    [
      'the bypass of permissions',
      'bypass',
      { ask: { permissions: 'bypass' }, change: inSettings(/ *"skipDangerous.*\n/, '') },
    ],
    ['settings that do not parse', 'settings', { change: inSettings('{', '{{') }],
    ['a hook of no event', 'settings', { change: inSettings('"PreCompact"', '"NoSuchEvent"') }],
  ])('a dialog about %s would open without it, and is read', async (_, name, how) => {
    const { terminal } = await start(how)
    const reading = await terminal.shows(({ kind }) => kind === 'dialog')
    expect(reading).toMatchObject({ name, composer: null })
  })

  test('leaves what a person chose as it was', async () => {
    const { home, hooks, terminal, worktree } = await start({ ask: bypass })
    await hooks.hears(isKind('turnEnded'))
    await terminal.close()
    const state = JSON.parse(readFileSync(join(home.home, '.claude.json'), 'utf8')) as {
      readonly customApiKeyResponses?: { readonly approved?: readonly string[] }
      readonly bypassPermissionsModeAccepted?: boolean
      readonly projects?: Readonly<Record<string, { readonly hasTrustDialogAccepted?: boolean }>>
    }
    expect(state.customApiKeyResponses?.approved ?? []).toEqual([])
    expect(state.bypassPermissionsModeAccepted).toBeUndefined()
    expect(state.projects?.[worktree]?.hasTrustDialogAccepted ?? false).toBe(false)
    expect(existsSync(join(home.home, '.claude', 'settings.json'))).toBe(false)
    expect(readdirSync(worktree).toSorted()).toEqual(['.git', 'README.md'])
  })

  test('has no tool that asks a person in the terminal', async () => {
    const { model } = await start({ ask: bypass })
    const { tools } = await model.asked(() => true)
    expect(tools).toContain('Bash')
    for (const tool of ['AskUserQuestion', 'EnterPlanMode', 'ExitPlanMode']) expect(tools).not.toContain(tool)
  })
})

describe('Claude Code with a provider in trouble', () => {
  test.each<[string, ModelReply]>([
    ['429 that says when to come back', fails(429, 'rate_limit_error', { 'retry-after': '1' })],
    ['529', fails(529, 'overloaded_error')],
    ['a dropped connection', { drop: true }],
  ])('gets over %s by itself, and its turn ends well', async (_, reply) => {
    const { hooks, model } = await start({ ask: bypass, script: [reply, { say: 'Recovered.' }] })
    await hooks.hears(isKind('turnEnded'))
    expect(hooks.heard.filter(isKind('turnFailed'))).toEqual([])
    expect(model.requests).toHaveLength(2)
  })

  test.each<[string, ModelReply, string, string]>([
    ['429', fails(429, 'rate_limit_error'), 'rate_limit', 'apiError'],
    ['529', fails(529, 'overloaded_error'), 'server_error', 'apiError'],
    ['an answer that breaks off', { drop: true, say: 'Half of' }, 'server_error', 'apiError'],
    ['a key that is refused', fails(401, 'authentication_error'), 'authentication_failed', 'loggedOut'],
  ])(
    'says that its turn failed after %s, shows it, and takes the next line',
    async (_, reply, error, name) => {
      const { hooks, terminal, model } = await start({
        ask: bypass,
        env: noRetries,
        script: [reply, reply, reply],
      })
      expect(await hooks.hears(isKind('turnFailed'))).toMatchObject({ error })
      expect(hooks.heard.filter(isKind('turnEnded'))).toEqual([])
      await terminal.shows((reading) => reading.kind === 'stuck' && reading.name === name)
      model.script([])
      await terminal.type('Again, please.')
      // What had no answer is said again before it.
      await model.asked(({ prompt }) => prompt.endsWith('Again, please.'))
      await hooks.hears(isKind('turnEnded'))
      await terminal.shows(isReady)
    },
  )

  test('says until when a usage limit lasts, by hook and on the screen', async () => {
    const hour = Math.floor(Date.now() / 3_600_000) + 2
    const { hooks, terminal } = await start({
      ask: bypass,
      env: noRetries,
      script: [
        fails(429, 'rate_limit_error', {
          'anthropic-ratelimit-unified-status': 'rejected',
          'anthropic-ratelimit-unified-reset': String(hour * 3_600),
          'anthropic-ratelimit-unified-representative-claim': 'five_hour',
          'anthropic-ratelimit-unified-overage-status': 'rejected',
          'retry-after': '3600',
        }),
      ],
      // An account, as a limit is one of accounts.
      change: (launch) => {
        const { GT_CLAUDE_KEY: _, ...env } = inSettings(/ *"apiKeyHelper".*\n/, '')(launch).env
        return {
          ...inSettings(/ *"apiKeyHelper".*\n/, '')(launch),
          env: { ...env, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-000' },
        }
      },
    })
    const until = new Date(hour * 3_600_000).toISOString()
    expect(await hooks.hears(isKind('limited'))).toMatchObject({ until })
    expect(await terminal.shows(({ kind }) => kind === 'limited')).toMatchObject({ until })
  })
})

describe('the conversation of Claude Code', () => {
  test('is compacted by itself when it is nearly full, says so, and goes on', async () => {
    const conversation = await start({
      ask: bypass,
      env: { CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000' },
      script: [{ say: 'First.' }, { run: 'true', usage: { input: 190_000 } }, { say: 'Went on.' }],
    })
    const { hooks, model, terminal } = conversation
    // One exchange alone is not compacted.
    await hooks.hears(isKind('turnEnded'))
    await terminal.shows(isReady)
    const from = hooks.heard.length
    await terminal.type('More.')
    expect(await hooks.hears(isKind('compacting'))).toMatchObject({ trigger: 'auto' })
    await hooks.hears(isKind('compacted'))
    await hooks.hears(isKind('turnEnded'), from)
    expect(model.all.some(({ kind }) => kind === 'summary')).toBe(true)
    const first = hooks.heard.find(isKind('ready'))
    const again = hooks.heard.findLast(isKind('ready'))
    expect(again).toMatchObject({ source: 'compact' })
    expect(again).toMatchObject({ runtimeSession: (await begun(conversation)).runtimeSession })
    expect(again).not.toBe(first)
  })

  test('goes on when its summary fails, and nobody takes that for the end of the turn', async () => {
    const { hooks, model, terminal } = await start({
      ask: bypass,
      env: { CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000', ...noRetries },
      script: [{ say: 'First.' }, { run: 'true', usage: { input: 190_000 } }, { say: 'Went on.' }],
    })
    model.summarises(fails(500, 'api_error'))
    await hooks.hears(isKind('turnEnded'))
    await terminal.shows(isReady)
    const from = hooks.heard.length
    await terminal.type('More.')
    await hooks.hears(isKind('turnEnded'), from)
    expect(hooks.heard.slice(from).map(({ kind }) => kind)).toContain('compacting')
    await hooks.isCalled('StopFailure')
    expect(hooks.calls.filter(({ event }) => event === 'StopFailure')).toHaveLength(1)
    expect(hooks.heard.filter(isKind('turnFailed'))).toEqual([])
    expect(hooks.heard.filter(isKind('compacted'))).toEqual([])
  })

  test('says that it is full when it is too long although it was compacted', async () => {
    const tooLong: ModelReply = {
      fail: {
        status: 400,
        code: 'invalid_request_error',
        message: 'prompt is too long: 210000 tokens > 200000 maximum',
      },
    }
    const { hooks, terminal } = await start({
      ask: bypass,
      env: noRetries,
      script: [{ say: 'First.' }, tooLong, tooLong],
    })
    await hooks.hears(isKind('turnEnded'))
    await terminal.shows(isReady)
    await terminal.type('More.')
    expect(await hooks.hears(isKind('turnFailed'))).toMatchObject({ error: 'context_full' })
    await terminal.shows((reading) => reading.kind === 'stuck' && reading.name === 'contextFull')
  })

  test('begins a turn by itself when something in the background is over, and had said that it would', async () => {
    const { hooks } = await start({
      ask: bypass,
      script: [
        { tool: 'Bash', input: { command: 'sleep 2', description: 'Wait', run_in_background: true } },
        { say: 'It goes on.' },
        { say: 'Now it is over.' },
      ],
    })
    expect(await hooks.hears(isKind('turnEnded'))).toMatchObject({ background: 1 })
    const from = hooks.heard.findIndex(isKind('turnEnded')) + 1
    await hooks.hears(isKind('turnStarted'), from)
    expect(await hooks.hears(isKind('turnEnded'), from)).toMatchObject({ background: 0 })
    const prompts = hooks.calls.map((call) => claude.hear(call).prompt).filter((prompt) => prompt !== null)
    expect(prompts.at(-1)).toMatch(/^<task-notification>/)
  })

  test('goes on after a kill in mid-tool, and the model is told of it', async () => {
    const first = await start({ ask: bypass, script: [{ run: LONG }] })
    const { runtimeSession } = await begun(first)
    await first.hooks.hears(isKind('toolStarted'))
    await first.terminal.shows((_, text) => text.includes('Running'))
    await keeps(first, '"tool_use"')
    first.terminal.signal('SIGKILL')
    await first.terminal.ended
    const second = await start({
      ask: { permissions: 'bypass', resume: runtimeSession, orders: 'Go on.' },
      after: first,
    })
    const request = await second.model.asked(({ prompt }) => prompt.includes('Go on.'))
    expect(request.text).toContain('Do it.')
    expect(request.text).toContain('interrupted')
    await second.hooks.hears(isKind('turnEnded'))
  })

  test('is copied by a fork, and stays as it was', async () => {
    const first = await start({ ask: { ...bypass, orders: 'The word is heron.' } })
    const { runtimeSession, transcript } = await begun(first)
    await first.hooks.hears(isKind('turnEnded'))
    await first.terminal.close()
    const before = readFileSync(transcript ?? '', 'utf8')
    const fork = await start({
      ask: { ...bypass, orders: 'Which word?', resume: runtimeSession, fork: true },
      after: first,
    })
    await fork.hooks.hears(isKind('turnEnded'))
    expect((await begun(fork)).runtimeSession).toBe(fork.launch.runtimeSession)
    expect(fork.launch.runtimeSession).not.toBe(runtimeSession)
    expect(fork.model.requests.at(-1)?.text).toContain('The word is heron.')
    expect(readFileSync(transcript ?? '', 'utf8')).toBe(before)
    await fork.terminal.close()
    const usage = await usageOf(fork)
    expect(usage).toMatchObject([{ input: TOKENS.input, output: TOKENS.output, requests: 1 }])
  })

  test('has the tokens of subagents and of summaries in its count', async () => {
    const { terminal, hooks, model, ...rest } = await start({
      ask: bypass,
      script: [
        {
          tool: 'Agent',
          input: { description: 'Look', prompt: 'Look around.', subagent_type: 'general-purpose' },
        },
        { say: 'Done looking.' },
      ],
    })
    await hooks.hears(isKind('turnEnded'))
    await expect.poll(() => model.all.map(({ kind }) => kind)).toContain('subagent')
    await terminal.shows(isReady)
    await terminal.type('/compact')
    await hooks.hears(isKind('compacted'))
    await terminal.shows(isReady)
    await terminal.close()
    const usage = await usageOf({ terminal, hooks, model, ...rest })
    const asked = model.all.filter(({ aborted }) => !aborted).length
    expect(new Set(model.all.map(({ kind }) => kind))).toEqual(
      new Set(['conversation', 'subagent', 'summary']),
    )
    expect(usage).toMatchObject([
      { input: TOKENS.input * asked, output: TOKENS.output * asked, cacheRead: TOKENS.cacheRead * asked },
    ])
  })
})

/** All that its transcripts say it took, the subagents' first. */
async function usageOf(conversation: Conversation): Promise<readonly Usage[]> {
  const transcript = (await begun(conversation)).transcript ?? ''
  const folder = claude.moreTranscripts?.(transcript) ?? ''
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.jsonl')) : []
  const pieces = [...files.map((file) => join(folder, file)), transcript]
  return claude.readTranscript(pieces.map((file) => readFileSync(file, 'utf8')).join(''), null).usage
}
