import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cue } from '../../src/cli/play-cues.ts'
import { keysIn, playInTime } from '../../src/cli/playing.ts'
import { FIRST_SESSION } from '../api/town.ts'
import { type CliTown, createCliTown } from './town.ts'

let town: CliTown
let bead: string
/** Positions before and after the bead was handed over. */
let [before, after] = [0, 0]
beforeAll(async () => {
  town = await createCliTown()
  bead = await town.bead('Fix \x1b[2Jthe empty cart')
  before = town.town.log.head.seq
  await town.gt('sling', bead)
  await town.working(bead)
  after = town.town.log.head.seq
  const own = join(town.folder.dir, '.gt/sessions', FIRST_SESSION.replaceAll('/', '.'))
  mkdirSync(own, { recursive: true })
  const start = Math.floor(Date.now() / 1_000) - 1
  const lines = [
    { version: 2, width: 40, height: 5, timestamp: start },
    [0.1, 'o', 'compiling \x1b[32mcart\x1b[0m\r\n'],
    [0.12, 'o', '\x1b]0;owned\x07all green\r\n'],
    [0.9, 'r', '50x6'],
    [0.95, 'm', 'resized'],
  ]
  writeFileSync(join(own, 'terminal.cast'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
})
afterAll(() => town.close())

describe('gt play, not on a terminal', () => {
  test('says all that happened at once, each with its time', async () => {
    const { out, code } = await town.gt('play')
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines.every((line) => /^\d\d:\d\d:\d\d {2}/.test(line))).toBe(true)
    expect(lines[0]).toMatch(/rig shop is added/)
    expect(out).toContain(`polecat nux works on bead ${bead}`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is looked for
    expect(out).not.toMatch(/\x1b/)
  })

  test('says what happened between two moments, and nothing else', async () => {
    const some = await town.gt('play', '--from', String(before + 1), '--to', String(after))
    expect(some.out).not.toContain('is made')
    expect(some.out).toContain(`polecat nux takes bead ${bead}`)
    const none = await town.gt('play', '--from', String(after), '--to', String(before))
    expect(none).toMatchObject({ out: '', err: expect.stringContaining('which is before that'), code: 1 })
    expect((await town.gt('play', '--from', 'soon')).err).toContain('is no moment')
  })

  test('is one document a line with --json', async () => {
    const { out } = await town.gt('play', '--feed', '--screen', 'nux', '--json')
    const documents = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(['feed', 'screen']))
    const times = documents.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())
    const shown = documents.filter(({ kind }) => kind === 'screen')
    expect(shown.map(({ size, remark }) => size ?? remark ?? 'data')).toEqual(['data', '50x6', 'resized'])
    expect(shown[0]).toMatchObject({ session: FIRST_SESSION, data: expect.stringContaining('all green') })
  })

  test('shows an agent’s screen as lines, with nothing that acts on a terminal', async () => {
    const { out } = await town.gt('play', '--screen', 'nux')
    expect(out).toMatch(/^\d\d:\d\d:\d\d {2}nux \| compiling cart\n/)
    expect(out).toContain('nux | all green')
    expect((await town.gt('play', '--screen', 'nux', '--from', '2020-01-01')).out).toBe(out)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is looked for
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]|works on bead/)
  })

  test('refuses what cannot be', async () => {
    expect((await town.gt('play', '--speed', '0')).err).toContain('the speed must be more than 0')
    expect((await town.gt('play', 'nux', '--feed')).err).toContain('name the screen with --screen nux')
    expect((await town.gt('play', '--screen', 'nobody')).code).toBe(1)
    expect((await town.gt('play', '--screen', 'shop/witness')).err).toContain('shop/witness has no recording')
  })

  test('still plays one recording', async () => {
    expect((await town.gt('play', FIRST_SESSION.replace('1.1', '9.9'))).err).toContain('has no recording')
  })
})

describe('gt play on a terminal', () => {
  /** A terminal that keeps what is written to it. */
  function terminal() {
    let written = ''
    const stdin = new PassThrough()
    const stdout = { columns: 80, rows: 14, isTTY: true, write: (text: string) => (written += text) }
    return {
      stdin,
      written: () => written,
      stream: {
        stdin: stdin as unknown as NodeJS.ReadStream,
        stdout: stdout as unknown as NodeJS.WriteStream,
        signal: new AbortController().signal,
      },
    }
  }
  const T = Date.parse('2027-03-01T18:00:00.000Z')
  const said = (at: number, summary: string): Cue => ({
    kind: 'feed',
    at,
    item: { seq: 1, at: new Date(at).toISOString(), type: 'X', actor: 'a', by: 'b', summary },
  })
  const showed = (at: number, data: string): Cue => ({
    kind: 'screen',
    at,
    session: FIRST_SESSION,
    shown: { at, kind: 'o', data },
  })
  const size = { columns: 40, rows: 5 }

  test('says gaps that it cuts', async () => {
    const one = terminal()
    // So fast that nothing is waited for, but for what is cut.
    const cues = [said(T, 'first'), said(T + 10, 'second')]
    await playInTime(one.stream, { cues, size, speed: 1e9, feed: true, screen: false })
    expect(one.written()).toMatch(/ {2}first\n.* {2}second\n$/)
    const two = terminal()
    two.stdin.write('\x1b[C')
    await playInTime(two.stream, {
      cues: [said(T, 'first'), said(T + 3_600_000, 'second')],
      size,
      speed: 1,
      feed: true,
      screen: false,
    })
    expect(two.written()).toMatch(
      / {2}first\n {2}\(at .*\)\n {2}\(1h 0m in which nothing happened\)\n.* {2}second\n$/,
    )
  })

  test('draws a screen as text with the feed below it, and gives the terminal back', async () => {
    const one = terminal()
    const cues = [
      said(T, 'nux takes bead sh-1 \x1b[2J'),
      showed(T, '\x1b[32mcompiling\x1b[0m\r\n\x1b]0;owned\x07'),
      showed(T, 'all green'),
    ]
    await playInTime(one.stream, { cues, size, speed: 1e9, feed: true, screen: true })
    const text = one.written()
    expect(text.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
    expect(text.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
    expect(text).toContain('compiling\x1b[K\r\nall green\x1b[K')
    expect(text).toContain('nux takes bead sh-1')
    for (const acting of ['\x1b[2J', '\x1b]', '\x1b[32m']) expect(text).not.toContain(acting)
    expect(text.split('\r\n').length).toBeLessThanOrEqual(14)
  })

  test('is left with q, and with Ctrl-C', async () => {
    for (const key of ['q', '\x03']) {
      const one = terminal()
      one.stdin.write(key)
      await playInTime(one.stream, {
        cues: [said(T, 'first'), said(T + 3_600_000, 'second')],
        size,
        speed: 1,
        feed: true,
        screen: false,
      })
      expect(one.written()).not.toContain('second')
    }
  })

  test('knows its keys, also several at once', () => {
    expect(keysIn(' \x1b[C\x1b[D\x1bOCxq\x1b[A')).toEqual(['pause', 'forward', 'back', 'forward', 'leave'])
  })
})
