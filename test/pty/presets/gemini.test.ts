// The preset of Gemini CLI, held to two screens that the real one showed and to hooks as it calls them. It has not
// passed the conformance suite.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { LaunchAsk, ScreenView } from '../../../src/ports/presets.ts'
import { gemini } from '../../../src/pty/presets/gemini.ts'

const screens = join(import.meta.dirname, '..', '..', 'data', 'screens', 'gemini')
const screen = (name: string) => JSON.parse(readFileSync(join(screens, `${name}.json`), 'utf8')) as ScreenView
const ASK: LaunchAsk = {
  command: ['/bin/gemini'],
  runtimeSession: '11111111-1111-4111-8111-111111111111',
  resume: null,
  fork: false,
  worktree: '/w',
  folder: '/town/.gt/sessions/s',
  home: '/home/person',
  permissions: 'ask',
  model: null,
  orders: '- Do it.',
  rules: '',
  hook: (event) => `'/gt-hook' ${event}`,
  login: { GEMINI_API_KEY: 'k' },
}
const TOOL = {
  session_id: '11111111-1111-4111-8111-111111111111',
  cwd: '/w',
  tool_name: 'run_shell_command',
  tool_input: { command: 'touch a', description: 'Touches it' },
}
type Hook = { matcher?: string; hooks: { command: string }[] }
const settingsOf = (ask: Partial<LaunchAsk> = {}) =>
  JSON.parse(gemini.launch({ ...ASK, ...ask }).files[0]?.content ?? '') as {
    security: object
    hooks: Record<string, Hook[]>
  }

it('reads the box below a finished turn, and a dialog that takes its place', () => {
  expect(gemini.read(screen('idle-after-turn'))).toMatchObject({ kind: 'ready', composer: '' })
  expect(gemini.read(screen('permission-command'))).toMatchObject({
    kind: 'dialog',
    composer: null,
    name: 'permission',
  })
})

it('reads what is typed, and work under way', () => {
  const bar = (sign: string) => ({ text: sign.repeat(120), typed: sign.repeat(120) })
  const row = (text: string) => ({ text, typed: text })
  const view = (above: string, box: string): ScreenView => ({
    columns: 120,
    rows: 40,
    lines: [row(above), bar('▄'), row(box), bar('▀'), row(' workspace')],
    cursor: { column: 0, row: 0 },
    title: '◇  Ready (work)',
  })
  expect(gemini.read(view('', ' >   half a line'))).toMatchObject({ kind: 'ready', composer: 'half a line' })
  expect(
    gemini.read(view(' ⠋ Thinking... (esc to cancel, 3s)', ' >   Type your message or @path/to/file')),
  ).toMatchObject({ kind: 'busy', composer: '' })
})

it('asks the town before a tool that changes something, and the terminal when the town says nothing', () => {
  const [looking, changing] = settingsOf().hooks.BeforeTool ?? []
  expect(new RegExp(looking?.matcher ?? '').test('read_file')).toBe(true)
  expect(new RegExp(changing?.matcher ?? '').test('read_file')).toBe(false)
  expect(new RegExp(changing?.matcher ?? '').test('run_shell_command')).toBe(true)
  expect(changing?.hooks[0]?.command).toMatch(/BeforeToolAsk.*\|\| printf .*"decision":"ask"/)
  // The program puts in values of its own for what looks like a variable.
  expect(changing?.hooks[0]?.command).not.toContain('$')
  expect(gemini.answer('BeforeToolAsk', { kind: 'none' }).stdout).toBe('{"decision":"ask"}\n')
  expect(gemini.answer('BeforeToolAsk', { kind: 'allow' }).stdout).toBe('{"decision":"allow"}\n')
  expect(gemini.answer('BeforeTool', { kind: 'deny', reason: 'No.' }).stdout).toBe(
    '{"decision":"deny","reason":"No."}\n',
  )
  expect(settingsOf({ permissions: 'bypass' }).hooks.BeforeTool).toHaveLength(1)
})

it('hears a tool, asks with its command, and guards it', () => {
  expect(gemini.hear({ event: 'BeforeToolAsk', input: TOOL })).toMatchObject({
    heard: [{ kind: 'toolStarted', tool: 'run_shell_command' }],
    asks: { command: 'touch a', why: 'Touches it' },
    guards: { command: 'touch a' },
  })
  expect(gemini.hear({ event: 'BeforeTool', input: TOOL })).toMatchObject({ asks: null })
  expect(gemini.hear({ event: 'BeforeAgent', input: { prompt: 'Do it.' } })).toMatchObject({
    heard: [{ kind: 'turnStarted' }],
    prompt: 'Do it.',
  })
  expect(gemini.hear({ event: 'AfterAgent', input: {} }).heard).toMatchObject([{ kind: 'turnEnded' }])
})

it('starts in a home of the session’s own, with the login of the person', () => {
  const { command, env, files } = gemini.launch(ASK)
  expect(env.GEMINI_CLI_HOME).toBe('/town/.gt/sessions/s/gemini')
  expect(files.map(({ path }) => path)).toEqual(['/town/.gt/sessions/s/gemini/.gemini/settings.json'])
  expect(settingsOf().security).toMatchObject({ auth: { selectedType: 'gemini-api-key' } })
  expect(settingsOf({ login: {} }).security).toMatchObject({ auth: { selectedType: 'oauth-personal' } })
  expect(command.at(-1)).toBe('--prompt-interactive=- Do it.')
  expect(gemini.launch({ ...ASK, resume: 'abc' }).command).toEqual(
    expect.arrayContaining(['--resume', 'abc']),
  )
})

it('counts a message once, though its row is written again', () => {
  const row = (more: object) =>
    JSON.stringify({ id: 'm1', type: 'gemini', model: 'gemini-2.5-flash', content: '', ...more })
  const tokens = { input: 5_011, output: 42, cached: 5_000, thoughts: 3 }
  const piece = [
    '{"sessionId":"s"}',
    '{"id":"u1","type":"user","content":[{"text":"Do it."}]}',
    row({ tokens }),
    row({ tokens, toolCalls: [] }),
  ].join('\n')
  const { usage, prompts } = gemini.readTranscript(`${piece}\n`, null)
  expect(usage).toMatchObject([{ input: 11, output: 45, cacheRead: 5_000, requests: 1, costUsd: null }])
  expect(prompts).toEqual(['Do it.'])
})

it('is not called proved', () => {
  expect(gemini.proved).toEqual([])
})
