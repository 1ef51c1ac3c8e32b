import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Heard } from '../../../src/events/hearing.ts'
import type { HookReply, LaunchAsk, ScreenReading, ScreenView } from '../../../src/ports/presets.ts'
import { claude } from '../../../src/pty/presets/claude.ts'
import { hearClaude } from '../../../src/pty/presets/claude-hooks.ts'
import { readClaude } from '../../../src/pty/presets/claude-screen.ts'

const DATA = join(import.meta.dirname, '..', '..', 'data')
const SCREENS = join(DATA, 'screens', 'claude')
const NOW = Date.UTC(2026, 10, 22, 11, 30)

const read = (name: string): ScreenReading =>
  readClaude(JSON.parse(readFileSync(join(SCREENS, `${name}.json`), 'utf8')) as ScreenView, NOW)

const idle = { kind: 'ready', composer: '', name: null, message: '' }
const holds = (composer: string) => ({ ...idle, composer })
const busy = { kind: 'busy', composer: '', name: null }
const dialog = (name: string) => ({ kind: 'dialog', composer: null, name })
const stuck = (name: string, message: string) => ({
  kind: 'stuck',
  composer: '',
  name,
  message: expect.stringContaining(message),
})

/** What each recorded screen means (test/agents/record-claude.ts records them). */
const MEANS: Readonly<Record<string, object>> = {
  ready: idle,
  'ready-bypass': idle,
  'idle-after-turn': idle,
  interrupted: idle,
  compacted: idle,
  background: idle,
  'tool-failed': idle,
  typed: holds('half a line'),
  'typed-three-lines': holds('one\ntwo\nthree'),
  'typed-many-lines': holds('[Pasted text #1 +9 lines]'),
  unsent: holds('Say this.'),
  'slash-menu': holds('/co'),
  'shell-mode': holds('!ls'),
  'busy-waiting': busy,
  'busy-streaming': busy,
  'tool-running': busy,
  queued: busy,
  'typed-while-busy': { ...busy, composer: 'half a line' },
  retrying: { ...busy, message: expect.stringContaining('retrying in') },
  compacting: { kind: 'compacting', composer: '' },
  'permission-command': { ...dialog('permission'), message: 'Do you want to proceed?' },
  'permission-edit': { ...dialog('permission'), message: 'Do you want to make this edit to README.md?' },
  'permission-write': dialog('permission'),
  'permission-noticed': dialog('permission'),
  question: { ...dialog('question'), message: 'Colour' },
  plan: dialog('plan'),
  'rewind-menu': dialog('rewind'),
  trust: dialog('trust'),
  key: dialog('apiKey'),
  'bypass-warning': dialog('bypass'),
  'settings-warning': dialog('settings'),
  'settings-error': dialog('settings'),
  'first-screens': dialog('firstStart'),
  'usage-limit': {
    kind: 'limited',
    composer: '',
    message: "You've hit your limit · resets 1pm (UTC)",
    until: '2026-11-22T13:00:00.000Z',
  },
  'rate-limited': stuck('apiError', 'Request rejected (429)'),
  overloaded: stuck('apiError', '529 Overloaded'),
  'server-error': stuck('apiError', '500 Internal server error'),
  dropped: stuck('apiError', 'Connection dropped'),
  'dropped-in-answer': stuck('apiError', 'was lost'),
  forbidden: stuck('loggedOut', 'Please run /login'),
  'key-refused': stuck('loggedOut', 'Invalid API key'),
  'key-refused-account': stuck('loggedOut', 'Please run /login'),
  'no-credit': stuck('noCredit', 'Credit balance too low'),
  'too-long': stuck('contextFull', 'Prompt is too long'),
  'full-all-the-same': stuck('contextFull', 'Context limit reached'),
  'full-again-and-again': stuck('contextFull', 'Autocompact is thrashing'),
  'summary-failed': idle,
  'no-such-model': stuck('modelUnknown', 'selected model'),
}

describe('the screen of Claude Code', () => {
  test.each(Object.entries(MEANS))('%s is read for what it is', (name, meaning) => {
    expect(read(name)).toMatchObject(meaning)
  })

  test('has no recording that nobody reads', () => {
    const recorded = readdirSync(SCREENS).map((file) => file.replace('.json', ''))
    expect(recorded.toSorted()).toEqual(Object.keys(MEANS).toSorted())
  })

  test('is starting while it is blank, and unknown when it shows what we never saw', () => {
    const shows = (...texts: string[]): ScreenView => ({
      columns: 80,
      rows: 24,
      lines: texts.map((text) => ({ text, typed: text })),
      cursor: { column: 0, row: 0 },
      title: '',
    })
    expect(readClaude(shows('', ''), NOW)).toMatchObject({ kind: 'starting', composer: null })
    expect(readClaude(shows('Something new'), NOW)).toMatchObject({ kind: 'unknown', composer: null })
  })

  test('is not stuck because an answer speaks of a failure', () => {
    const said = JSON.parse(readFileSync(join(SCREENS, 'idle-after-turn.json'), 'utf8')) as ScreenView
    const lines = said.lines.map((line) =>
      line.text.startsWith('● ') ? { text: '● API Error: 529 is what it printed', typed: '' } : line,
    )
    expect(readClaude({ ...said, lines }, NOW)).toMatchObject(idle)
  })
})

const SAMPLES = JSON.parse(readFileSync(join(DATA, 'hooks', 'claude.json'), 'utf8')) as Record<
  string,
  Readonly<Record<string, unknown>>
>
const hear = (sample: string, change: object = {}) =>
  hearClaude({ event: sample.split('-')[0] ?? '', input: { ...SAMPLES[sample], ...change } }, NOW)

describe('the hooks of Claude Code', () => {
  const heardOf: readonly (readonly [string, object, readonly Partial<Heard>[]])[] = [
    [
      'SessionStart',
      {},
      [
        {
          kind: 'ready',
          source: 'startup',
          model: 'claude-opus-5-5',
          runtimeSession: SAMPLES.SessionStart?.session_id as string,
          transcript: SAMPLES.SessionStart?.transcript_path as string,
        },
      ],
    ],
    ['SessionStart', { source: 'compact' }, [{ kind: 'ready', source: 'compact' }]],
    ['UserPromptSubmit', {}, [{ kind: 'turnStarted', nudge: null }]],
    ['PreToolUse', {}, [{ kind: 'toolStarted', tool: 'Bash' }]],
    ['PostToolUse', { tool_name: 'Read' }, [{ kind: 'toolEnded', tool: 'Read', failed: false }]],
    ['PostToolUseFailure', {}, [{ kind: 'toolEnded', tool: 'Bash', failed: true }]],
    ['PermissionRequest', {}, [{ kind: 'asks', what: 'permission', tool: 'Bash', message: 'touch a.txt' }]],
    ['PermissionDenied', { tool_name: 'Bash' }, [{ kind: 'toolDenied', tool: 'Bash' }]],
    ['Notification-permission-noticed', {}, [{ kind: 'asks', what: 'permission' }]],
    ['Notification-permission-noticed', { notification_type: 'idle_prompt' }, [{ kind: 'looksIdle' }]],
    ['Notification-permission-noticed', { notification_type: 'auth_success' }, []],
    ['Stop', {}, [{ kind: 'turnEnded', background: 0 }]],
    ['Stop-background', {}, [{ kind: 'turnEnded', background: 1 }]],
    ['StopFailure-overloaded', {}, [{ kind: 'turnFailed', error: 'server_error' }]],
    ['StopFailure-rate-limited', {}, [{ kind: 'turnFailed', error: 'rate_limit' }]],
    [
      'StopFailure-usage-limit',
      { last_assistant_message: "You've hit your limit · resets 1pm (UTC)" },
      [
        { kind: 'turnFailed', error: 'rate_limit' },
        { kind: 'limited', until: '2026-11-22T13:00:00.000Z' },
      ],
    ],
    ['StopFailure-too-long', {}, [{ kind: 'turnFailed', error: 'context_full' }]],
    ['StopFailure-full-all-the-same', {}, [{ kind: 'turnFailed', error: 'context_full' }]],
    ['StopFailure-full-again-and-again', {}, [{ kind: 'turnFailed', error: 'context_full' }]],
    // Not the turn's, which goes on.
    ['StopFailure-summary-failed', {}, []],
    ['SubagentStop', {}, []],
    ['SubagentStop', { agent_type: 'Explore' }, [{ kind: 'subagentEnded' }]],
    ['PreCompact', {}, [{ kind: 'compacting', trigger: 'manual' }]],
    ['PostCompact', {}, [{ kind: 'compacted' }]],
    ['SessionEnd', {}, [{ kind: 'ends', reason: 'other' }]],
    ['SessionEnd', { reason: 'clear' }, []],
  ]

  test.each(heardOf)('%s %o is heard', (sample, change, heard) => {
    const { heard: said } = hear(sample, change)
    expect(said).toMatchObject(heard)
    expect(said).toHaveLength(heard.length)
    expect(said.every((one) => one.via === 'hook')).toBe(true)
  })

  test('tell of every event they are set for', () => {
    const told = new Set(heardOf.map(([sample]) => sample.split('-')[0]))
    expect(claude.hooks.filter((event) => !told.has(event))).toEqual([])
  })

  test('ask with the command, the reason and the folder; guard before each tool; hand on the prompt', () => {
    expect(hear('PermissionRequest').asks).toMatchObject({
      what: 'permission',
      tool: 'Bash',
      command: 'touch a.txt',
      files: [],
      why: 'Do what the test says',
      cwd: '/tmp/gta-xxxxxx/work',
    })
    const edit = { tool_name: 'Edit', tool_input: { file_path: '/w/a.ts', old_string: 'a', new_string: 'b' } }
    expect(hear('PreToolUse', edit).guards).toMatchObject({ tool: 'Edit', command: null, files: ['/w/a.ts'] })
    expect(hear('PermissionRequest', { tool_name: 'ExitPlanMode' }).asks?.what).toBe('plan')
    expect(hear('PermissionRequest', { tool_name: 'AskUserQuestion' }).asks?.what).toBe('question')
    expect(hear('UserPromptSubmit').prompt).toBe('Add a greeting.')
    expect(hear('Stop')).toMatchObject({ asks: null, guards: null, prompt: null })
  })

  test('that carry nothing, or something else than they should, are heard without harm', () => {
    for (const event of [...claude.hooks, 'NoSuchEvent'])
      for (const input of [null, {}, [], 'text', { tool_name: 7, tool_input: 'x', background_tasks: 'y' }])
        expect(() => hearClaude({ event, input }, NOW)).not.toThrow()
  })

  const answers: readonly (readonly [string, HookReply, unknown])[] = [
    ['Stop', { kind: 'none' }, null],
    [
      'SessionStart',
      { kind: 'context', text: 'Read this.' },
      { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'Read this.' } },
    ],
    [
      'UserPromptSubmit',
      { kind: 'context', text: 'And this.' },
      { hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: 'And this.' } },
    ],
    [
      'UserPromptSubmit',
      { kind: 'block', reason: 'Over budget.' },
      { decision: 'block', reason: 'Over budget.' },
    ],
    [
      'PreToolUse',
      { kind: 'deny', reason: 'No.' },
      {
        hookSpecificOutput: {
          hookEventName: 'PreToolUse',
          permissionDecision: 'deny',
          permissionDecisionReason: 'No.',
        },
      },
    ],
    [
      'PermissionRequest',
      { kind: 'allow' },
      { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: { behavior: 'allow' } } },
    ],
    [
      'PermissionRequest',
      { kind: 'deny', reason: 'No.' },
      {
        hookSpecificOutput: {
          hookEventName: 'PermissionRequest',
          decision: { behavior: 'deny', message: 'No.' },
        },
      },
    ],
    ['SessionEnd', { kind: 'context', text: 'Nobody reads it.' }, null],
  ]

  test.each(answers)('%s is answered with %o', (event, reply, output) => {
    const { stdout, exitCode } = claude.answer(event, reply)
    expect(exitCode).toBe(0)
    expect(stdout === '' ? null : JSON.parse(stdout)).toEqual(output)
  })
})

const ASK: LaunchAsk = {
  command: ['/opt/claude'],
  runtimeSession: '11111111-2222-4333-8444-555555555555',
  resume: null,
  fork: false,
  worktree: '/town/rigs/shop/work',
  folder: '/town/sessions/1',
  home: '/home/person',
  permissions: 'ask',
  model: null,
  orders: 'Do it.',
  rules: 'Commit.',
  hook: (event) => `/town/bin/hook ${event}`,
  login: { ANTHROPIC_API_KEY: 'sk-ant-test-000', ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' },
}
const launch = (ask: Partial<LaunchAsk> = {}) => claude.launch({ ...ASK, ...ask })
const settingsOf = (ask: Partial<LaunchAsk> = {}) =>
  JSON.parse(launch(ask).files[0]?.content ?? '') as {
    readonly apiKeyHelper?: string
    readonly hooks: Readonly<
      Record<string, readonly { readonly hooks: readonly Record<string, unknown>[] }[]>
    >
  }

describe('the start of Claude Code', () => {
  test('says everything beforehand, the orders last', () => {
    const { command, runtimeSession } = launch({ model: 'sonnet' })
    expect(command).toEqual([
      '/opt/claude',
      '--session-id',
      ASK.runtimeSession,
      '--settings',
      '/town/sessions/1/claude-settings.json',
      '--permission-mode',
      'manual',
      '--disallowedTools',
      'AskUserQuestion,EnterPlanMode,ExitPlanMode',
      '--model',
      'sonnet',
      '--append-system-prompt',
      'Commit.',
      '--',
      'Do it.',
    ])
    expect(runtimeSession).toBe(ASK.runtimeSession)
  })

  test('resumes under the id it had, and forks under a new one', () => {
    const id = '99999999-2222-4333-8444-555555555555'
    expect(launch({ resume: id })).toMatchObject({ runtimeSession: id })
    expect(launch({ resume: id }).command.slice(1, 3)).toEqual(['--resume', id])
    expect(launch({ resume: id, fork: true })).toMatchObject({ runtimeSession: ASK.runtimeSession })
    expect(launch({ resume: id, fork: true }).command.slice(1, 6)).toEqual([
      '--resume',
      id,
      '--fork-session',
      '--session-id',
      ASK.runtimeSession,
    ])
  })

  test('types no prompt when there are no orders, and bypasses only when told', () => {
    expect(launch({ orders: '' }).command).not.toContain('--')
    expect(launch({ permissions: 'bypass' }).command).toContain('--dangerously-skip-permissions')
    expect(launch({ permissions: 'bypass' }).command).not.toContain('--permission-mode')
    expect(launch().command).not.toContain('--dangerously-skip-permissions')
    expect(launch().env.IS_SANDBOX).toBeUndefined()
  })

  test('makes words of orders that would be a command', () => {
    for (const orders of ['/help', '!rm -r x', ' /help'])
      expect(launch({ orders }).command.at(-1)).toMatch(/^Orders: /)
  })

  test('puts orders that no argument can hold into a file, and names it', () => {
    const orders = 'ü'.repeat(60_000)
    const { command, files } = launch({ orders })
    expect(files).toContainEqual({ path: '/town/sessions/1/orders.md', content: orders })
    expect(command.at(-1)).toContain('/town/sessions/1/orders.md')
    expect(command.every((word) => Buffer.byteLength(word) < 131_072)).toBe(true)
  })

  test('writes into the folder of the session only, and no key', () => {
    const { files, env } = launch()
    for (const { path, content } of files) {
      expect(path.startsWith('/town/sessions/1/')).toBe(true)
      expect(content).not.toContain('sk-ant-test-000')
    }
    // As ANTHROPIC_API_KEY it would open a dialog.
    expect(env.ANTHROPIC_API_KEY).toBeUndefined()
    expect(Object.values(env)).toContain('sk-ant-test-000')
    expect(settingsOf().apiKeyHelper).toContain('$GT_CLAUDE_KEY')
    expect(settingsOf({ login: {} }).apiKeyHelper).toBeUndefined()
  })

  test('hands on nothing but what it logs in with', () => {
    const login = {
      CLAUDE_CODE_CHILD_SESSION: '1',
      CLAUDECODE: '1',
      CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-test-000',
    }
    const { env } = launch({ login })
    expect(env).toMatchObject({ CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-test-000', DISABLE_AUTOUPDATER: '1' })
    expect(env.CLAUDE_CODE_CHILD_SESSION).toBeUndefined()
    expect(env.CLAUDECODE).toBeUndefined()
  })

  test.each([
    ['CLAUDE_CODE_USE_BEDROCK', 'AWS_SECRET_ACCESS_KEY'],
    ['CLAUDE_CODE_USE_VERTEX', 'GOOGLE_APPLICATION_CREDENTIALS'],
  ])('hands on the login of a cloud only where %s is set', (by, secret) => {
    const clouds = { AWS_SECRET_ACCESS_KEY: 'made up', GOOGLE_APPLICATION_CREDENTIALS: '/made/up' }
    for (const off of [{}, { [by]: '0' }, { [by]: '' }]) {
      const { env } = launch({ login: { ...clouds, ...off } })
      expect(Object.keys(env)).not.toContain(secret)
      expect(Object.keys(env)).not.toContain(by)
    }
    const { env } = launch({ login: { ...clouds, [by]: '1' } })
    expect(Object.keys(env).filter((name) => name in clouds)).toEqual([secret])
  })

  test('has a hook for every event, and lets only a permission wait for hours', () => {
    const { hooks } = settingsOf()
    expect(Object.keys(hooks)).toEqual(claude.hooks)
    for (const [event, [entry]] of Object.entries(hooks)) {
      expect(entry?.hooks).toEqual([
        {
          type: 'command',
          command: `/town/bin/hook ${event}`,
          timeout: event === 'PermissionRequest' ? 86_400 : 10,
        },
      ])
    }
  })

  test('says what to do when nobody has set it up, or logged in', () => {
    const files = (found: Readonly<Record<string, string>>) => (path: string) => found[path] ?? null
    const done = { '/home/p/.claude.json': '{"hasCompletedOnboarding":true}' }
    const missing = (found: Readonly<Record<string, string>>, env = {}) =>
      claude.loginMissing('/home/p', env, files(found))
    expect(missing({})).toMatch(/run `claude` once/)
    expect(missing({ '/home/p/.claude.json': '{' })).toMatch(/run `claude` once/)
    expect(missing(done)).toMatch(/not logged in/)
    expect(missing(done, { ANTHROPIC_API_KEY: 'sk-ant-test-000' })).toBeNull()
    for (const name of ['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX']) {
      expect(missing(done, { [name]: '1' })).toBeNull()
      for (const off of ['', '0', 'false']) expect(missing(done, { [name]: off })).toMatch(/not logged in/)
    }
    expect(missing({ ...done, '/home/p/.claude/.credentials.json': '{}' })).toBeNull()
    expect(
      missing({ '/home/p/.claude.json': '{"hasCompletedOnboarding":true,"oauthAccount":{}}' }),
    ).toBeNull()
    expect(
      missing(
        { '/c/.claude.json': '{"hasCompletedOnboarding":true}', '/c/.credentials.json': '{}' },
        { CLAUDE_CONFIG_DIR: '/c' },
      ),
    ).toBeNull()
  })

  test('knows its version from what it prints', () => {
    expect(claude.version('2.1.330 (Claude Code)\n')).toBe('2.1.330')
    expect(claude.version('command not found')).toBeNull()
  })
})

const MODEL = 'claude-opus-5-5'
const row = (type: string, fields: object) => `${JSON.stringify({ type, ...fields })}\n`
const answer = (id: string, input: number, output: number, model = MODEL, madeBy = 'b') =>
  row('assistant', {
    session_id: madeBy,
    sessionId: 'b',
    message: {
      id,
      model,
      usage: {
        input_tokens: input,
        output_tokens: output,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
      },
    },
  })
const prompt = (content: unknown, more: object = {}) =>
  row('user', { parentUuid: null, origin: { kind: 'human' }, message: { role: 'user', content }, ...more })
const total = (inputTokens: number, outputTokens: number) =>
  row('cost-state', { totalCostUSD: 1, modelUsage: { [MODEL]: { inputTokens, outputTokens } } })

describe('the transcript of Claude Code', () => {
  test('counts an answer once, however many rows it has and however it is cut', () => {
    const rows = [prompt('Go.'), answer('a', 10, 1), answer('a', 10, 1), answer('b', 5, 2), answer('b', 5, 2)]
    const whole = claude.readTranscript(rows.join(''), null)
    expect(whole.usage).toMatchObject([{ model: MODEL, input: 15, output: 3, requests: 2, costUsd: null }])
    const sums = [0, 0, 0]
    let carry: unknown = null
    for (const one of rows) {
      const { usage, carry: next } = claude.readTranscript(one, carry)
      // As it is kept between two pieces.
      carry = JSON.parse(JSON.stringify(next))
      for (const { input, output, requests } of usage)
        for (const [at, count] of [input, output, requests].entries()) sums[at] = (sums[at] ?? 0) + count
    }
    expect(sums).toEqual([15, 3, 2])
  })

  test('adds what the rows leave out when the total is written, and never twice', () => {
    const first = claude.readTranscript(`${prompt('Go.')}${answer('a', 10, 1)}${total(14, 3)}`, null)
    expect(first.usage).toMatchObject([{ input: 14, output: 3, requests: 1 }])
    const second = claude.readTranscript(`${answer('b', 10, 1)}${total(24, 4)}`, first.carry)
    expect(second.usage).toMatchObject([{ input: 10, output: 1, requests: 1 }])
    expect(claude.readTranscript(total(24, 4), second.carry).usage).toEqual([])
  })

  test('leaves a total alone when it was not read from the beginning, or holds what a fork copied', () => {
    expect(claude.readTranscript(total(500, 50), null).usage).toEqual([])
    const fork = claude.readTranscript(
      `${prompt('Earlier.')}${answer('old', 90, 9, MODEL, 'a')}${answer('new', 7, 1)}${total(500, 50)}`,
      null,
    )
    expect(fork.usage).toMatchObject([{ input: 7, output: 1, requests: 1 }])
  })

  test('counts no error, and survives a row that is none', () => {
    const { usage } = claude.readTranscript(
      `${answer('e', 0, 0, '<synthetic>')}{"type":"assistant"\n{"type":"assistant","message":7}\nnot json\n`,
      'not a carry',
    )
    expect(usage).toEqual([])
  })

  test('names the prompts that were accepted, and none that the program made', () => {
    const { prompts } = claude.readTranscript(
      [
        prompt('Do it.'),
        prompt([{ type: 'text', text: 'In a block.' }]),
        prompt([{ type: 'tool_result', content: 'x' }]),
        prompt('<command-name>/compact</command-name>', { origin: undefined }),
        prompt('Summary', { isMeta: true }),
        prompt('To a subagent', { isSidechain: true }),
        row('attachment', {
          attachment: { type: 'queued_command', prompt: 'While you work.', origin: { kind: 'human' } },
        }),
        row('attachment', { attachment: { type: 'queued_command', prompt: '<task-notification>' } }),
      ].join(''),
      null,
    )
    expect(prompts).toEqual(['Do it.', 'In a block.', 'While you work.'])
  })

  test('has its subagents beside it', () => {
    expect(claude.moreTranscripts?.('/p/abc.jsonl')).toBe('/p/abc/subagents')
  })
})
