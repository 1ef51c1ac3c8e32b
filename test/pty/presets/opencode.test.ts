// The preset of opencode, held to screens that were made by hand: it has not passed the conformance suite.

import { expect, it } from 'vitest'
import type { LaunchAsk, ScreenView } from '../../../src/ports/presets.ts'
import { opencode } from '../../../src/pty/presets/opencode.ts'

const screen = (...rows: string[]): ScreenView => ({
  columns: 120,
  rows: 40,
  lines: rows.map((text) => ({ text, typed: text })),
  cursor: { column: 0, row: 0 },
  title: '',
})
const ASK: LaunchAsk = {
  command: ['/bin/opencode'],
  runtimeSession: '11111111-1111-4111-8111-111111111111',
  resume: null,
  fork: false,
  worktree: '/w',
  folder: '/f',
  home: '/home/person',
  permissions: 'ask',
  model: 'a/b',
  orders: 'Do it.',
  rules: 'Rules.',
  hook: () => 'hook',
  login: { OPENAI_API_KEY: 'k' },
}

it('reads an empty box of opencode as ready, and a screen that it does not know as unknown', () => {
  expect(opencode.read(screen())).toMatchObject({ kind: 'starting', composer: null })
  expect(opencode.read(screen('┃  Ask anything... "Fix a bug"'))).toMatchObject({
    kind: 'ready',
    composer: '',
  })
  expect(opencode.read(screen('┃  half a line'))).toMatchObject({ kind: 'unknown', composer: null })
})

it('reads work under way and a permission that is asked for', () => {
  expect(opencode.read(screen('┃  Ask anything...', ' ⬝⬝■  esc interrupt')).kind).toBe('busy')
  expect(opencode.read(screen('△ Permission required', '$ touch a', 'Allow once   Reject'))).toMatchObject({
    kind: 'dialog',
    name: 'permission',
  })
})

it('lays its settings over the person’s for this session alone', () => {
  const { command, env, files, runtimeSession } = opencode.launch(ASK)
  expect(command).toEqual(['/bin/opencode', '--model', 'a/b', '--prompt=Rules.\n\nDo it.'])
  expect(JSON.parse(env.OPENCODE_CONFIG_CONTENT ?? '')).toMatchObject({ permission: { bash: 'ask' } })
  expect(files).toEqual([])
  expect(runtimeSession).toBeNull()
  const bypass = opencode.launch({ ...ASK, permissions: 'bypass', resume: 'ses_1', fork: true })
  expect(bypass.command).toEqual(expect.arrayContaining(['--auto', '--session', 'ses_1', '--fork']))
  expect(JSON.parse(bypass.env.OPENCODE_CONFIG_CONTENT ?? '')).not.toHaveProperty('permission')
})

it('has no hooks, and says so', () => {
  expect(opencode.hooks).toEqual([])
  expect(opencode.proved).toEqual([])
})

it('takes a key, a login or settings of one’s own for a login', () => {
  const missing = (files: string[], env = {}) =>
    opencode.loginMissing('/home/person', env, (path) => (files.includes(path) ? '{}' : null))
  expect(missing([])).toContain('opencode providers login')
  expect(missing([], { OPENAI_API_KEY: 'k' })).toBeNull()
  expect(missing(['/home/person/.local/share/opencode/auth.json'])).toBeNull()
})
