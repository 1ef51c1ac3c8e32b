import serialize from '@xterm/addon-serialize'
import headless from '@xterm/headless'
import { expect, test } from 'vitest'
import { withoutScrolledOut } from '../../src/pty/skip.ts'

const HISTORY = 50
const ROWS = 20

async function shown(text: string): Promise<string> {
  const terminal = new headless.Terminal({
    cols: 40,
    rows: ROWS,
    scrollback: HISTORY,
    allowProposedApi: true,
  })
  const serializer = new serialize.SerializeAddon()
  terminal.loadAddon(serializer)
  await new Promise<void>((resolve) => terminal.write(text, resolve))
  return serializer.serialize()
}

const lines = (from: number, count: number, make = (n: number): string => `line ${n}`): string =>
  Array.from({ length: count }, (_, n) => `${make(from + n)}\r\n`).join('')

test.each([
  ['plain lines', lines(0, 2000)],
  ['lines that wrap', lines(0, 2000, (n) => `${n} `.repeat(30))],
  ['colours that go on', `${lines(0, 500)}\x1b[0;31m${lines(0, 300)}\x1b[1m${lines(0, 1000)}`],
  ['a cursor in the middle of the screen', `\x1b[2J\x1b[7;9H${lines(0, 2000)}`],
  ['a scroll region', `\x1b[2J\x1b[5;15r\x1b[5;1H${lines(0, 2000)}`],
  ['the alternate screen', `before\r\n\x1b[?1049h${lines(0, 2000)}`],
  ['a title and a move in the middle', `${lines(0, 900)}\x1b]0;title\x07\x1b[3;3Hhere\r\n${lines(0, 1500)}`],
  ['a beginning in the middle of a sequence', `5;31mred${lines(0, 2000)}`],
])('a screen looks the same when what scrolls out is left out: %s', async (_, text) => {
  const short = withoutScrolledOut(text, HISTORY + ROWS)
  expect(short.length).toBeLessThan(text.length / 2)
  expect(await shown(short)).toBe(await shown(text))
})

test.each([
  ['few lines', lines(0, 60)],
  ['no lines', 'x'.repeat(10_000)],
  ['moves on every line', lines(0, 1000, (n) => `\x1b[${n % 20};1Hx`)],
])('%s are left as they are', (_, text) => {
  expect(withoutScrolledOut(text, HISTORY + ROWS)).toBe(text)
})
