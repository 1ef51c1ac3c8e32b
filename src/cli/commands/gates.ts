// gt gates report: how often each gate ran, was red, and was red by chance.

import { type Command, textOf } from '../command.ts'
import { clock, table } from '../layout.ts'

type Item = {
  rig: string
  gate: string
  version: string | null
  required: boolean
  runs: number
  red: number
  skipped: number
  cached: number
  flaky: number
  redRate: number
  flakyRate: number
  meanMs: number | null
  lastAt: string
  tests: { name: string; red: number; flaky: number }[]
}

type Ahead = {
  rig: string
  runs: number
  passed: number
  red: number
  conflicted: number
  cancelled: number
  failed: number
  used: number
}

/** Tests of one gate that are named on the screen. */
const TESTS_SHOWN = 10

export const gatesReport: Command = {
  name: 'gates report',
  summary: 'how often each gate (check) ran, was red, and was red by chance',
  usage: '',
  words: [0, 0],
  options: {
    rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
    since: { type: 'text', value: '<when>', help: 'a record number, a time, HH:MM, or 15m ago' },
  },
  async run(call) {
    const found = await call.town().get<{ items: Item[]; ahead: Ahead[] }>('/v1/gates', {
      rig: textOf(call, 'rig'),
      since: textOf(call, 'since'),
      at: textOf(call, 'at'),
    })
    call.out.answer({
      json: found,
      ids: found.items.map(({ rig, gate }) => `${rig}/${gate}`),
      lines: () => [...screen(found.items, call.out.columns), ...found.ahead.map(aheadLine)],
    })
  },
}

function screen(items: readonly Item[], columns: number): string[] {
  if (items.length === 0) return ['No gate has run.']
  const share = (n: number, rate: number): string => (n === 0 ? '0' : `${n} (${Math.round(rate * 100)} %)`)
  const name = ({ rig, gate, required }: Item): string => `${rig}/${gate}${required ? '' : ' (advice)'}`
  return [
    ...table(
      ['GATE', 'VERSION', 'RUNS', 'RED', 'FLAKY', 'KNOWN', 'SKIPPED', 'MEAN', 'LAST'],
      items.map((item) => [
        name(item),
        item.version?.slice(0, 7) ?? '',
        String(item.runs),
        share(item.red, item.redRate),
        share(item.flaky, item.flakyRate),
        String(item.cached),
        String(item.skipped),
        item.meanMs === null ? '' : duration(item.meanMs),
        clock(item.lastAt),
      ]),
      { wide: 0, columns },
    ),
    ...items.flatMap((item) => testLines(item)),
  ]
}

function aheadLine({ rig, runs, passed, used, ...others }: Ahead): string {
  const { red, conflicted, cancelled, failed } = others
  const wasted = { red, conflicted, cancelled, failed, 'passed for nothing': passed - used }
  const named = Object.entries(wasted).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
  const rest = named.length === 0 ? '' : `, thrown away ${runs - used} (${named.join(', ')})`
  return `Tested ahead in ${rig}: ${runs}, of use ${used}${rest}.`
}

function testLines({ rig, gate, tests }: Item): string[] {
  const flaky = tests.filter((test) => test.flaky > 0)
  if (flaky.length === 0) return []
  return [
    `Flaky tests of ${rig}/${gate}:`,
    ...flaky
      .slice(0, TESTS_SHOWN)
      .map((test) => `  ${test.name}: ${test.flaky} of ${test.red} times it was red`),
    ...(flaky.length > TESTS_SHOWN ? [`  … and ${flaky.length - TESTS_SHOWN} more`] : []),
  ]
}

const duration = (ms: number): string =>
  ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`
