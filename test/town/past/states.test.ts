// The state as of any record, by every way that leads there.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { EventLog } from '../../../eventlog/index.ts'
import { createStates, type States } from '../../../src/town/past/states.ts'
import { append, logOf, textOf } from '../../support/past-properties.ts'
import { foldedAt, folder, linesOf } from './histories.ts'

const RECORDS = 900
/** So that a short history has many runs, and groups of runs. */
const sizes = { records: 32, runs: 4 }
const POSITIONS = [1, 31, 32, 33, 128, 256, 300, 511, 640, 641, 777, RECORDS]

let lines: string[]
let log: EventLog
let then: Map<number, string>
beforeAll(async () => {
  lines = await linesOf(7, RECORDS)
  log = await logOf(lines)
  then = foldedAt(lines, (seq) => seq % 53 === 0 || POSITIONS.includes(seq))
})

const stateOf = (states: States, seq: number): Promise<string> =>
  states.withProjections(seq, async (projections) => textOf(projections))

async function holds(states: States, positions: Iterable<number> = POSITIONS): Promise<void> {
  for (const seq of positions) expect(await stateOf(states, seq), `as of ${seq}`).toBe(then.get(seq))
}

async function kept(of = log): Promise<string> {
  const dir = folder()
  const states = createStates(of, { dir, writes: true, sizes })
  await states.catchUp()
  states.close()
  return dir
}

test('[PAST-4] [P4] the state as of any record is what folding the log up to there gives, kept or not', async () => {
  const dir = await kept()
  for (const writes of [true, false]) {
    const states = createStates(log, { dir, writes, sizes })
    await holds(states, then.keys())
    await holds(states, POSITIONS.toReversed())
    states.close()
  }
  await holds(createStates(log))
})

test('[PAST-6] [P4] what is kept already, and what is not yet, are answered while the rest is kept', async () => {
  const states = createStates(log, { dir: folder(), writes: true, sizes })
  const keeping = states.catchUp()
  await Promise.all(POSITIONS.map(async (seq) => expect(await stateOf(states, seq)).toBe(then.get(seq))))
  await keeping
  await holds(states)
  states.close()
})

test('[PAST-4] [P4] rows are kept on from where a thread before has ended', async () => {
  const dir = folder()
  const growing = await logOf(lines.slice(0, 250))
  for (let to = 250; to <= RECORDS; to += 130) {
    const states = createStates(growing, { dir, writes: true, sizes })
    await states.catchUp()
    await holds(
      states,
      POSITIONS.filter((seq) => seq <= to),
    )
    if (to < RECORDS) await append(growing, lines.slice(to, to + 130))
    await holds(
      states,
      POSITIONS.filter((seq) => seq <= growing.head.seq),
    )
    states.close()
  }
})

test('[PAST-5] [P1] kept rows that are cut off at any byte, changed, or of another log or build, change no answer', async () => {
  const short = await logOf(lines.slice(0, 300))
  const dir = await kept(short)
  const [rows, keys] = [join(dir, 'rows'), join(dir, 'keys')]
  let copies = 0
  const copy = (): string => {
    const to = join(folder(), String(copies++))
    mkdirSync(to)
    for (const name of ['rows', 'keys']) copyFileSync(join(dir, name), join(to, name))
    return to
  }
  const check = async (damage: (to: string) => void): Promise<void> => {
    for (const writes of [true, false]) {
      const to = copy()
      damage(to)
      const states = createStates(short, { dir: to, writes, sizes })
      await holds(states, [33, 300])
      if (writes) await states.catchUp()
      await holds(states, [128])
      states.close()
    }
  }
  const flip = (name: string, at: number) => (to: string) => {
    const bytes = readFileSync(join(to, name))
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    writeFileSync(join(to, name), bytes)
  }
  for (let part = 0; part < 3; part += 1) {
    const within = (file: string): number => Math.floor((statSync(file).size * (part + 0.37)) / 3)
    await check((to) => truncateSync(join(to, 'keys'), within(keys)))
    await check((to) => truncateSync(join(to, 'rows'), within(rows)))
    await check(flip('keys', within(keys)))
    await check(flip('rows', within(rows)))
  }
  await check(flip('keys', 14))
  // Of a log with the same beginning that went another way.
  const other = await logOf(await linesOf(8, 250))
  const otherDir = folder()
  const states = createStates({ ...pick(other), logId: log.logId }, { dir: otherDir, writes: true, sizes })
  await states.catchUp()
  states.close()
  const again = createStates(short, { dir: otherDir, writes: true, sizes })
  await holds(again, [33, 128, 300])
  again.close()
  expect(existsSync(join(otherDir, 'rows'))).toBe(true)
})

const pick = (of: EventLog): Pick<EventLog, 'pieces' | 'get' | 'head'> => ({
  pieces: (range) => of.pieces(range),
  get: (seq) => of.get(seq),
  head: of.head,
})
