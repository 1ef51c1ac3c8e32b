import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { widthOf } from '../../src/cli/layout.ts'
import { markdown, screen } from '../../src/cli/recap-lines.ts'
import { type Recap, timeText } from '../../src/cli/recap-parts.ts'
import { type CliTown, createCliTown } from './town.ts'

const at = '2027-03-02T06:00:00.000Z'
const cost = (costUsd: number | null, unpriced = 0) => ({
  tokens: { input: 1_000, output: 10, cacheRead: 0, cacheWrite: 0 },
  costUsd,
  requests: 3,
  unpriced,
})
const HOSTILE = 'Take \x1b[31mit\x1b[0m\u202e <b>back</b> | `now` @ada #12 https://example.org'

/** As much of everything as a bad night leaves. */
function badNight(count: number): Recap {
  const many = <T>(n: number, one: (n: number) => T): T[] =>
    Array.from({ length: n }, (_, index) => one(index + 1))
  return {
    town: 'farm',
    span: {
      from: { seq: 17, at: '2027-03-01T18:00:00.000Z' },
      to: { seq: 900, at },
      awakeMs: 11 * 3_600_000,
      lengthMs: 12 * 3_600_000,
    },
    first: many(3, (n) => ({
      what: 'stands',
      about: `sh-${n}`,
      text: `waits for you: ${'x'.repeat(90)}`,
      more: 'gt why sh-1',
    })),
    landed: many(count, (n) => ({
      bead: `sh-${n}`,
      title: n === 1 ? HOSTILE : `Fix cart number ${n} where it is empty and nobody looks`,
      agent: 'shop/polecats/nux',
      commit: 'c'.repeat(40),
      lines: n === 2 ? null : { added: 12 * n, removed: n },
      reopened: n === 3,
      more: `gt why sh-${n}`,
    })),
    notLanded: many(count, (n) => ({
      bead: `sh-${n}`,
      title: 'Pay',
      reason: 'waits for your decision: which order is it to be, of all the orders there are?',
      since: at,
      more: `gt why sh-${n}`,
    })),
    closed: many(3, (n) => ({
      bead: `sh-${n}`,
      title: 'Lose',
      reason: 'not needed',
      more: `gt why sh-${n}`,
    })),
    waitsForYou: many(count, (n) => ({
      id: `d-${n}`,
      bead: `sh-${n}`,
      what: 'May it run rm -rf node_modules',
      since: at,
      next:
        n === 1
          ? 'gt attach shop/polecats/nux, or gt nudge shop/polecats/nux "Go on."'
          : `gt answer ${n} allow|deny`,
    })),
    red: many(4, (n) => ({
      kind: 'gate',
      rig: 'shop',
      what: 'test',
      message: 'The gate test failed.',
      since: n === 1 ? null : at,
      until: n === 2 ? null : at,
      more: 'gt mq show sh-2',
    })),
    agents: many(6, () => ({
      agent: 'shop/polecats/nux',
      bead: 'sh-1',
      restarts: 2,
      stuck: true,
      cause: 'its session ended: signal SIGKILL',
      more: 'gt history shop/polecats/nux',
    })),
    costs: {
      items: many(5, (n) => ({ key: `sh-${n}`, title: 'Pay', ...cost(n === 1 ? null : n, 1) })),
      more: 3,
      total: cost(14, 2),
    },
    hours: { place: 1e6, working: 2e7, person: 3e6, gates: 4e6, rework: 0, other: 5e6 },
  }
}

describe('a recap on a screen', () => {
  test.each([0, 1, 10, 30, 200])('of %i beads fits 80 by 50, and says what it leaves out', (count) => {
    const lines = screen(badNight(count), 80)
    expect(lines.length).toBeLessThanOrEqual(49)
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([])
    if (count < 30) return
    const left = lines.filter((line) => /^ {2}and \d+ more: gt /.test(line))
    expect(left.length).toBeGreaterThanOrEqual(3)
    const shown = lines.filter((line) => /gt why sh-\d+$/.test(line) && line.includes('12')).length
    expect(shown).toBeGreaterThan(0)
  })

  test('ends each line with the command that shows more', () => {
    const lines = screen(badNight(10), 80)
    const items = lines.filter((line) => line.startsWith('  '))
    expect(items.length).toBeGreaterThan(20)
    expect(items.filter((line) => !/ (gt [^…]*)$/.test(line))).toEqual([])
    expect(lines.join('\n')).toMatch(/nux +\+12 -1 +ccccccc +gt why sh-1\n/)
    expect(lines.join('\n')).toContain('? lines')
    expect(lines.join('\n')).toMatch(/sh-1 .* gt attach shop\/polecats\/nux$/m)
    expect(lines[0]).toMatch(/^farm, .* awake 11h 0m: 10 landed, 10 not$/)
  })

  test('says once what was red again and again, and what still is first', () => {
    const night = badNight(1)
    const [red] = night.red as [Recap['red'][number]]
    const other = { ...red, what: 'lint', until: null }
    const lines = screen({ ...night, red: [red, { ...red, since: at }, other] }, 80)
    const from = lines.indexOf('WAS RED: 2')
    expect(lines[from + 1]).toMatch(/^ {2}gate lint +shop, from before until now: The gate/)
    expect(lines[from + 2]).toMatch(/^ {2}gate test +shop, 2 times, last /)
  })

  test('says money that nobody knows as unknown', () => {
    const text = screen(badNight(1), 80).join('\n')
    expect(text).toMatch(/USED: 1k tokens, \$14\.00 \+ unknown: gt costs --by bead --since 17/)
    expect(text).toMatch(/sh-1 +Pay +1k tokens +unknown/)
    expect(text).toMatch(/sh-2 +Pay +1k tokens +\$2\.00 \+ unknown/)
  })

  test('says of a quiet night that it was quiet', () => {
    const quiet = badNight(0)
    const lines = screen(
      {
        ...quiet,
        first: [],
        closed: [],
        red: [],
        agents: [],
        costs: { items: [], more: 0, total: { ...cost(0), requests: 0 } },
        hours: { place: 0, working: 0, person: 0, gates: 0, rework: 0, other: 0 },
      },
      80,
    )
    expect(lines.slice(1)).toEqual([
      'Nothing needs a look.',
      'Nothing landed.',
      'Everything that was handed over has landed or is closed.',
      'Nothing waits for you.',
      'Nothing is known to have been used.',
      'No work was on its way.',
    ])
  })

  test('neutralises what agents wrote, also for a page that shows Markdown', () => {
    const text = markdown(badNight(5)).join('\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
    expect(text).toContain('\\`now\\`')
    expect(text).toContain('&lt;b\\>')
    expect(text).not.toMatch(/@ada|[^\\]#12|https:\/\//)
    expect(text).toMatch(/^# farm, /)
    expect(text).toMatch(/^- sh-2 · Fix cart .* `gt why sh-2`$/m)
  })

  test('says hours and minutes', () => {
    expect([0, 20_000, 59 * 60_000, 60 * 60_000, 27_600_000].map(timeText)).toEqual([
      '0s',
      '20s',
      '59m',
      '1h 0m',
      '7h 40m',
    ])
  })
})

describe('gt recap', () => {
  let town: CliTown
  let bead: string
  beforeAll(async () => {
    town = await createCliTown()
    bead = await town.bead('Fix the empty cart')
    await town.gt('sling', bead)
    await town.working(bead)
  })
  afterAll(() => town.close())

  test('is for a person, a pipe, and a program', async () => {
    expect((await town.gt('recap')).out).toMatch(
      new RegExp(`NOT LANDED: 1\\n +${bead} +\\d+s +nux works on it .* gt why ${bead}\\n`),
    )
    expect((await town.gt('recap', '--markdown')).out).toContain('**NOT LANDED: 1**')
    const { town: name, notLanded } = JSON.parse((await town.gt('recap', '--json')).out)
    expect(name).toBe('test')
    expect(notLanded).toMatchObject([{ bead, kind: 'working' }])
  })

  test('every command that a line ends with runs as it stands and shows something', async () => {
    const waiting = await town.bead('Fix the till')
    await town.gt('sling', waiting)
    const shown = (await town.gt('recap')).out
    const commands = new Set([...shown.matchAll(/ (gt [a-z].*)$/gm)].map(([, command = '']) => command))
    expect([...commands]).toEqual(expect.arrayContaining([`gt why ${bead}`, `gt why ${waiting}`]))
    for (const command of commands) {
      const { code, out, err } = await town.gt(...command.split(' ').slice(1))
      expect([command, code, err]).toEqual([command, 0, ''])
      expect(out, command).not.toBe('')
    }
  })

  test('refuses a span that ends before it begins, and a moment that is none', async () => {
    expect((await town.gt('recap', '--since', '5', '--at', '3')).err).toContain(
      '5 comes after what is to be looked at',
    )
    expect((await town.gt('recap', '--since', 'soon')).err).toContain('is no moment')
    expect((await town.gt('recap', '--since', '9999999')).code).toBe(1)
  })
})
