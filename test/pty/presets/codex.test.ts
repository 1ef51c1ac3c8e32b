// The preset of Codex CLI, held to screens, hooks and a transcript that were recorded from the real one
// (test/agents/record-codex.ts).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LaunchAsk, ScreenReading, ScreenView } from '../../../src/ports/presets.ts'
import { codex } from '../../../src/pty/presets/codex.ts'
import { readCodex } from '../../../src/pty/presets/codex-screen.ts'

const DATA = join(import.meta.dirname, '..', '..', 'data')
const screens = join(DATA, 'screens', 'codex')
const screen = (name: string) => JSON.parse(readFileSync(join(screens, `${name}.json`), 'utf8')) as ScreenView
const hooks = JSON.parse(readFileSync(join(DATA, 'hooks', 'codex.json'), 'utf8')) as Record<string, unknown>
const transcript = readFileSync(join(DATA, 'transcripts', 'codex.jsonl'), 'utf8')
const hear = (event: string, more: object = {}) =>
  codex.hear({ event, input: { ...(hooks[event] as object), ...more } })

const ASK: LaunchAsk = {
  command: ['/bin/codex'],
  runtimeSession: '11111111-1111-4111-8111-111111111111',
  resume: null,
  fork: false,
  worktree: '/town/rigs/shop/polecats/nux/1',
  folder: '/town/.gt/sessions/s',
  home: '/home/person',
  permissions: 'ask',
  model: null,
  orders: 'Do it.',
  rules: '',
  hook: (event) => `'/gt hook' "${event}"`,
  login: { OPENAI_API_KEY: 'k' },
}

const READINGS: Readonly<Record<string, Partial<ScreenReading>>> = {
  ready: { kind: 'ready', composer: '' },
  typed: { kind: 'ready', composer: 'half a line' },
  'typed-lines': { kind: 'ready', composer: 'one\n\nthree' },
  'typed-long': { kind: 'ready', composer: '[Pasted Content 3000 chars]' },
  thinking: { kind: 'busy', composer: '' },
  'tool-running': { kind: 'busy', composer: '' },
  'typed-while-busy': { kind: 'busy', composer: 'half a line' },
  queued: { kind: 'busy', composer: '' },
  'idle-after-turn': { kind: 'ready', composer: '' },
  interrupted: { kind: 'ready', composer: '' },
  'permission-command': {
    kind: 'dialog',
    composer: null,
    name: 'permission',
    message: 'Would you like to run the following command?',
  },
  'permission-refused': { kind: 'ready', composer: '' },
  trust: { kind: 'dialog', composer: null, name: 'trust' },
  hooks: { kind: 'dialog', composer: null, name: 'hooks' },
  login: { kind: 'dialog', composer: null, name: 'login' },
  compacting: { kind: 'compacting', composer: '' },
  compacted: { kind: 'ready', composer: '' },
  'rate-limited': { kind: 'stuck', name: 'apiError' },
  'usage-limit': { kind: 'limited', composer: '' },
  'usage-limit-days': { kind: 'limited', composer: '' },
  'no-quota': { kind: 'stuck', name: 'quota' },
  'server-error': { kind: 'stuck', name: 'apiError' },
  'key-refused': { kind: 'stuck', name: 'loggedOut' },
  'too-long': { kind: 'stuck', name: 'contextFull' },
  dropped: { kind: 'stuck', name: 'apiError' },
  'dropped-in-answer': { kind: 'stuck', name: 'apiError' },
}

describe('Screens of Codex CLI', () => {
  it.each(Object.entries(READINGS))('reads %s as what it was recorded as', (name, reading) => {
    expect(codex.read(screen(name))).toMatchObject(reading)
  })

  it('has a reading for every screen that was recorded', () => {
    expect(
      readdirSync(screens)
        .map((file) => file.replace('.json', ''))
        .toSorted(),
    ).toEqual(Object.keys(READINGS).toSorted())
  })

  it('says until when a usage limit holds, also when the line is broken', () => {
    const wrapped = readCodex(screen('usage-limit-days'), Date.parse('2026-11-22T12:00:00Z'))
    expect(wrapped.message).toMatch(/try again at \w+ \d+th, 2026 \d+:\d\d [AP]M\.$/)
    expect(wrapped.until).toMatch(/^2026-11-2[456]T/)
    const day = readCodex(screen('usage-limit'), Date.parse('2026-11-22T00:00:00Z'))
    expect(Date.parse(day.until ?? '') - Date.parse('2026-11-22T00:00:00Z')).toBeLessThanOrEqual(86_400_000)
  })

  it('takes an empty screen for one that is still starting', () => {
    expect(
      codex.read({ columns: 120, rows: 40, lines: [], cursor: { column: 0, row: 0 }, title: '' }).kind,
    ).toBe('starting')
  })
})

describe('Hooks of Codex CLI', () => {
  it('says by which id it is resumed, where its transcript is, and that it takes input', () => {
    expect(hear('SessionStart').heard).toEqual([
      {
        kind: 'ready',
        via: 'hook',
        runtimeSession: expect.stringMatching(/^[0-9a-f-]{36}$/),
        transcript: expect.stringContaining('/.codex/sessions/'),
        model: 'gpt-5.4',
        source: 'startup',
      },
    ])
    expect(hear('SessionStart', { source: 'resume' }).heard[0]).toMatchObject({ source: 'resume' })
  })

  it('hands on the prompt that was accepted', () => {
    expect(hear('UserPromptSubmit')).toMatchObject({
      heard: [{ kind: 'turnStarted' }],
      prompt: 'Add a greeting.',
      asks: null,
    })
  })

  it('asks with the command and its reason, and guards each tool', () => {
    expect(hear('PermissionRequest')).toMatchObject({
      heard: [{ kind: 'asks', what: 'permission', tool: 'Bash', message: 'touch /etc/nothing' }],
      asks: {
        tool: 'Bash',
        command: 'touch /etc/nothing',
        why: 'It lies outside of the worktree.',
        callId: null,
      },
      guards: null,
    })
    expect(hear('PreToolUse')).toMatchObject({
      heard: [{ kind: 'toolStarted', tool: 'Bash' }],
      asks: null,
      guards: { tool: 'Bash', callId: expect.stringMatching(/^call_/) },
    })
  })

  it('finds the files that a patch names', () => {
    const command =
      '*** Begin Patch\n*** Update File: a.ts\n*** Move to: b.ts\n*** Add File: c.ts\n+x\n*** End Patch'
    expect(hear('PreToolUse', { tool_name: 'apply_patch', tool_input: { command } }).guards?.files).toEqual([
      'a.ts',
      'b.ts',
      'c.ts',
    ])
  })

  it.each([
    ['PostToolUse', { kind: 'toolEnded', failed: false }],
    ['Stop', { kind: 'turnEnded' }],
    ['Interrupt', { kind: 'interrupted' }],
    ['PreCompact', { kind: 'compacting', trigger: 'manual' }],
    ['PostCompact', { kind: 'compacted' }],
    ['SubagentStop', { kind: 'subagentEnded' }],
  ])('hears %s', (event, heard) => {
    expect(hear(event).heard).toMatchObject([heard])
  })

  it('makes nothing of an event or an input that it does not know', () => {
    expect(codex.hear({ event: 'Other', input: 'x' })).toEqual({
      heard: [],
      asks: null,
      guards: null,
      mayGoOn: false,
      prompt: null,
    })
    expect(codex.hear({ event: 'Stop', input: null }).heard).toHaveLength(1)
  })

  it('answers a permission, refuses a tool and a prompt, and blocks the end of a turn when it is told to', () => {
    const said = (event: string, reply: Parameters<typeof codex.answer>[1]) => {
      const { stdout, exitCode } = codex.answer(event, reply)
      expect(exitCode).toBe(0)
      return stdout === '' ? null : (JSON.parse(stdout) as unknown)
    }
    const deny = { kind: 'deny', reason: 'Not here.' } as const
    expect(said('PermissionRequest', { kind: 'allow' })).toEqual({
      hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: { behavior: 'allow' } },
    })
    expect(said('PermissionRequest', deny)).toEqual({
      hookSpecificOutput: {
        hookEventName: 'PermissionRequest',
        decision: { behavior: 'deny', message: 'Not here.' },
      },
    })
    expect(said('PreToolUse', deny)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } })
    expect(said('UserPromptSubmit', { kind: 'block', reason: 'No.' })).toEqual({
      decision: 'block',
      reason: 'No.',
    })
    expect(said('SessionStart', { kind: 'context', text: 'Read this.' })).toMatchObject({
      hookSpecificOutput: { additionalContext: 'Read this.' },
    })
    expect(said('Stop', { kind: 'block', reason: 'Go on.' })).toEqual({ decision: 'block', reason: 'Go on.' })
    expect(codex.hear({ event: 'Stop', input: { stop_hook_active: true } }).mayGoOn).toBe(false)
    expect(said('Stop', { kind: 'none' })).toBeNull()
  })
})

describe('The start of Codex CLI', () => {
  const settings = (ask: Partial<LaunchAsk> = {}) => {
    const { command } = codex.launch({ ...ASK, ...ask })
    return command.filter((_, at) => command[at - 1] === '-c')
  }

  it('edits nothing of the person and writes no file of its own', () => {
    const { files, env } = codex.launch(ASK)
    expect(files).toEqual([])
    expect(env).toEqual({ OPENAI_API_KEY: 'k' })
  })

  it('settles trust, updates, permissions and hooks beforehand, and starts no server', () => {
    const { command } = codex.launch(ASK)
    expect(command.slice(0, 3)).toEqual(['/bin/codex', '--no-daemon', '--dangerously-bypass-hook-trust'])
    expect(command).toEqual(expect.arrayContaining(['--ask-for-approval', 'on-request', 'workspace-write']))
    expect(settings()).toEqual(
      expect.arrayContaining([
        'check_for_update_on_startup=false',
        'sandbox_workspace_write.network_access=true',
        'projects={"/town/rigs/shop/polecats/nux/1"={trust_level="trusted"}}',
        `hooks.Stop=[{hooks=[{type="command",command="'/gt hook' \\"Stop\\"",timeout=10}]}]`,
      ]),
    )
    expect(settings().filter((setting) => setting.startsWith('hooks.'))).toHaveLength(codex.hooks.length)
  })

  it('asks nobody in the mode bypass', () => {
    const { command } = codex.launch({ ...ASK, permissions: 'bypass' })
    expect(command).toContain('--dangerously-bypass-approvals-and-sandbox')
    expect(command).not.toContain('--sandbox')
  })

  it('hands over the orders as the last argument, whatever they begin with', () => {
    expect(codex.launch(ASK).command.slice(-2)).toEqual(['--', 'Do it.'])
    expect(codex.launch({ ...ASK, orders: '-v' }).command.slice(-2)).toEqual(['--', '-v'])
    expect(codex.launch({ ...ASK, orders: '!rm x' }).command.at(-1)).toBe('Orders: !rm x')
  })

  it('puts orders that are too long for an argument into a file', () => {
    const { command, files } = codex.launch({ ...ASK, orders: 'long '.repeat(30_000) })
    expect(files.map(({ path }) => path)).toEqual(['/town/.gt/sessions/s/orders.md'])
    expect(command.at(-1)).toContain('/town/.gt/sessions/s/orders.md')
  })

  it('goes on with a conversation, or with a copy of it', () => {
    const resumed = codex.launch({ ...ASK, resume: 'abc', orders: '' })
    expect(resumed.command[1]).toBe('resume')
    expect(resumed.command.slice(-2)).toEqual(['--', 'abc'])
    expect(resumed.runtimeSession).toBe('abc')
    const forked = codex.launch({ ...ASK, resume: 'abc', fork: true })
    expect(forked.command[1]).toBe('fork')
    expect(forked.command.slice(-3)).toEqual(['--', 'abc', 'Do it.'])
    expect(forked.runtimeSession).toBeNull()
    expect(codex.launch(ASK).runtimeSession).toBeNull()
  })
})

describe('The transcript of Codex CLI', () => {
  it('counts each request once, with what came from the cache apart', () => {
    const { usage, prompts } = codex.readTranscript(transcript, null)
    expect(usage).toEqual([
      {
        model: 'gpt-5.4',
        input: 22,
        output: 84,
        cacheRead: 10_000,
        cacheWrite: 1_400,
        costUsd: null,
        requests: 2,
      },
    ])
    expect(prompts).toEqual(['Add a greeting.'])
  })

  it('counts the same, read in pieces of a line', () => {
    let carry: unknown = null
    let output = 0
    const prompts: string[] = []
    for (const line of transcript.split('\n')) {
      const read = codex.readTranscript(`${line}\n`, carry)
      carry = JSON.parse(JSON.stringify(read.carry))
      output += read.usage.reduce((sum, one) => sum + one.output, 0)
      prompts.push(...read.prompts)
    }
    expect(output).toBe(84)
    expect(prompts).toEqual(['Add a greeting.'])
  })
})

describe('The login of Codex CLI', () => {
  const missing = (files: Record<string, string>, env = {}) =>
    codex.loginMissing('/home/person', env, (path) => files[path] ?? null)

  it('is there with a file of it, or with a provider whose key is set', () => {
    expect(missing({ '/home/person/.codex/auth.json': '{}' })).toBeNull()
    expect(missing({ '/else/auth.json': '{}' }, { CODEX_HOME: '/else' })).toBeNull()
    const own = 'model_provider = "mine"\n[model_providers.mine]\nenv_key = "MY_KEY"\n'
    expect(missing({ '/home/person/.codex/config.toml': own }, { MY_KEY: 'k' })).toBeNull()
    expect(missing({ '/home/person/.codex/config.toml': own })).toContain('MY_KEY')
    const keyring = 'cli_auth_credentials_store = "keyring"\n'
    expect(missing({ '/home/person/.codex/config.toml': keyring })).toBeNull()
  })

  it('is missing without one, also with a key that the program does not look at', () => {
    expect(missing({})).toContain('codex login')
    expect(missing({}, { OPENAI_API_KEY: 'k' })).toContain('codex login')
  })

  it('knows its version from what it prints', () => {
    expect(codex.version('codex-cli 0.169.0\n')).toBe('0.169.0')
    expect(codex.version('something else')).toBeNull()
  })
})
