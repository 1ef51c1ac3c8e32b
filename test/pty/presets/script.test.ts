// The preset of a program of the user's own.

import { expect, it } from 'vitest'
import { script } from '../../../src/pty/presets/script.ts'

it('starts a program of the user as it was written down, with nothing added', () => {
  const launch = script.launch({
    command: ['/bin/mine', '--fast'],
    runtimeSession: 'id',
    resume: 'other',
    fork: true,
    worktree: '/w',
    folder: '/f',
    home: '/h',
    permissions: 'bypass',
    model: 'm',
    orders: 'Do it.',
    rules: 'Rules.',
    hook: () => 'hook',
    login: { KEY: 'k' },
  })
  expect(launch).toEqual({ command: ['/bin/mine', '--fast'], env: {}, files: [], runtimeSession: null })
})

it('reads nothing into its screen, hears nothing, and takes nothing typed', () => {
  expect(script.interactive).toBe(false)
  expect(script.hooks).toEqual([])
  expect(
    script.read({ columns: 80, rows: 24, lines: [], cursor: { column: 0, row: 0 }, title: '' }).kind,
  ).toBe('unknown')
  expect(script.readTranscript('x\n', 7)).toEqual({ usage: [], prompts: [], carry: 7 })
})
