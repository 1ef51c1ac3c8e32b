import { expect, test } from 'vitest'
import { commandGates, gatesIn, gateValue } from '../../src/events/gate-settings.ts'

const NPM = { command: ['npm', 'test'] }
const read = (value: unknown) => gateValue.safeParse(value)

test('[P8] a gate is kept with all that was said of it, and can be set again as it is shown', () => {
  const written = [
    [NPM, { ...NPM, timeoutMs: 600_000 }],
    [
      { shell: 'npm ci && npm test', timeout: '90s' },
      { command: ['/bin/sh', '-c', 'npm ci && npm test'], shell: 'npm ci && npm test', timeoutMs: 90_000 },
    ],
    [
      {
        ...NPM,
        kind: 'test',
        required: false,
        paths: ['src/**'],
        after: ['build'],
        outputMax: 1_000,
        junit: 'out/*.xml',
      },
      {
        ...NPM,
        timeoutMs: 600_000,
        ...{
          kind: 'test',
          required: false,
          paths: ['src/**'],
          after: ['build'],
          outputMax: 1_000,
          junit: 'out/*.xml',
        },
      },
    ],
    [{ approval: 'person' }, { approval: 'person' }],
    [{ review: {} }, { review: { timeoutMs: 900_000 } }],
    [
      {
        review: { preset: 'codex', timeout: '5m', instructions: 'look for money' },
        required: false,
        again: true,
      },
      {
        review: { preset: 'codex', timeoutMs: 300_000, instructions: 'look for money' },
        required: false,
        again: true,
      },
    ],
  ] as const
  for (const [given, kept] of written) {
    expect(read(given).data).toEqual(kept)
    expect(read(kept).data).toEqual(kept)
  }
})

test('[P8] what contradicts itself, or reaches outside of the checkout, is refused', () => {
  for (const wrong of [
    {},
    { command: [] },
    { command: 'npm test' },
    { ...NPM, shell: 'npm test' },
    { shell: '' },
    { shell: 'a\0b' },
    { ...NPM, parallel: false, after: ['build'] },
    { ...NPM, timeout: '5m', timeoutMs: 1 },
    { ...NPM, timeout: 'soon' },
    { ...NPM, paths: [] },
    { ...NPM, paths: ['../other/**'] },
    { ...NPM, junit: '/etc/passwd' },
    { ...NPM, outputMax: 1_000_000_000 },
    { ...NPM, kind: 'a b' },
    { ...NPM, after: ['No Such'] },
    { ...NPM, requird: false },
    { approval: 'person', command: ['true'] },
    { approval: 'robot' },
  ])
    expect(read(wrong).success, JSON.stringify(wrong)).toBe(false)
})

test('[P8] a gate that nobody can read is one that does not start, not one that is missing', () => {
  const settings = {
    'gates.none': true,
    'gates.parallel': 3,
    'gates.test': { command: 'npm test' },
    'gates.old': {},
    'gates.lint': { ...NPM, required: false },
    'gates.review': { approval: 'person' },
  }
  expect(commandGates(settings)).toEqual([
    { name: 'test', command: [''] },
    { name: 'old', command: [''] },
    { name: 'lint', ...NPM, required: false },
  ])
  expect(gatesIn(settings).map(({ name }) => name)).toEqual(['test', 'old', 'lint', 'review'])
})
