import { expect, test } from 'vitest'
import { createOutput } from '../../src/cli/output.ts'
import { drawn, progressBar } from '../../src/cli/progress-bar.ts'

const STEP = { doing: 'folding', done: 250_000, of: 1_000_000, perSecond: 90_000, leftMs: 8_300 } as const

function written(stream: { isTTY: boolean }, flags: { json: boolean; quiet: boolean }, env = {}): string {
  let text = ''
  const stdout = { ...stream, write: (more: string) => (text += more) }
  const bar = progressBar(createOutput({ stdout, stderr: stdout }, flags, env))
  bar.onProgress?.(STEP)
  bar.done()
  return text
}

test('a person at a terminal sees records, records a second and the time left, on one line that goes again', () => {
  expect(drawn(STEP)).toBe('[#####...............] 250000 of 1000000 records, 90000/s, 9 s left')
  expect(drawn({ ...STEP, leftMs: 200_000 })).toContain('4 min left')
  expect(drawn({ ...STEP, doing: 'looking', done: 3, of: 12 })).toBe(
    '[#####...............] 3 of 12 looked at, 9 s left',
  )
  const text = written({ isTTY: true }, { json: false, quiet: false })
  expect(text).toBe(`\r${drawn(STEP)}\x1b[K\r\x1b[K`)
})

test('nobody else sees it: no pipe, no --json, no -q, no NO_COLOR', () => {
  expect(written({ isTTY: false }, { json: false, quiet: false })).toBe('')
  expect(written({ isTTY: true }, { json: true, quiet: false })).toBe('')
  expect(written({ isTTY: true }, { json: false, quiet: true })).toBe('')
  expect(written({ isTTY: true }, { json: false, quiet: false }, { NO_COLOR: '1' })).toBe('')
})
