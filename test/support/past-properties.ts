// What must hold of any history and at any position of it, whoever asks: each answers with what does not, or with nothing.
//
// Owns:      the plain way to each answer: one fold from the first record, one look at every record.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryLog, type Entry, type EventLog } from '../../eventlog/index.ts'
import { seqAt } from '../../src/api/moment.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { bisect, firstTurn, type Probe } from '../../src/past/bisect.ts'
import { createRebuild } from '../../src/past/rebuild.ts'
import { PARTS } from '../../src/past/rows.ts'
import {
  beadCounts,
  beads,
  blockedBeads,
  dependentsOf,
  readyBeads,
} from '../../src/projections/bead-queries.ts'
import { applyAll, canonical, createProjections, type Projections } from '../../src/projections/index.ts'
import { onePass } from '../../src/town/past/one-pass.ts'
import type { RunSizes } from '../../src/town/past/row-files.ts'
import { createStates, type States } from '../../src/town/past/states.ts'
import type { Random } from '../sim/random.ts'

export async function logOf(lines: readonly string[]): Promise<EventLog> {
  const log = createMemoryLog()
  for (let from = 0; from < lines.length; from += 100) await append(log, lines.slice(from, from + 100))
  return log
}

export async function append(log: EventLog, lines: readonly string[]): Promise<void> {
  const entries = lines.map((line) => {
    const { seq: _, ...entry } = JSON.parse(line) as Entry
    return entry
  })
  await log.append(entries, { id: `from ${log.next}` })
}

/** All rows in their order, and what follows from them. */
export function textOf(projections: Projections): string {
  const { rows } = projections.beads
  const idsOf = (all: readonly { readonly id: string }[]): string[] => all.map(({ id }) => id)
  const asked = [
    readyBeads(rows),
    blockedBeads(rows),
    beads(rows, { status: 'open' }),
    beads(rows, { rig: 'shop' }),
  ]
  const needed = beads(rows).map(({ id }) => idsOf(dependentsOf(rows, id)))
  const counts = [beadCounts(rows), ...[...rows.byRig.keys()].sort().map((rig) => beadCounts(rows, rig))]
  return JSON.stringify([asked.map(idsOf), needed, counts]) + canonical(projections)
}

/**
 * Every row as of some positions, by each way that leads there, is what a replay up to there gives: through kept rows, with
 * all of them kept, with some, by one who only reads them, and folded from the first record.
 */
export async function asOfIsReplay(
  lines: readonly string[],
  random: Random,
  count: number,
): Promise<string[]> {
  const log = await logOf(lines)
  const sizes = { records: random.between(5, 70), runs: random.between(2, 5) }
  const dir = mkdtempSync(join(tmpdir(), 'gt-asof-'))
  const rows = join(dir, 'rows')
  const told = `runs of ${sizes.records}, ${sizes.runs} together`
  const differences: string[] = []
  const ways = {
    'what is kept by the one who keeps': createStates(log, { dir: rows, writes: true, sizes }),
    'what is kept by a reader': createStates(log, { dir: rows, writes: false, sizes }),
    'the first record': createStates(log),
    'one pass': passOver(log, random),
  }
  try {
    // Beginnings and ends of runs, and anything between; some asked twice.
    const positions = Array.from({ length: count }, (_, n) => {
      const any = random.between(1, lines.length)
      const end = any - (any % sizes.records)
      return Math.min(lines.length, Math.max(1, n % 3 === 0 ? end + random.between(-1, 1) : any))
    })
    const [middle = 1] = positions
    const first = ways['what is kept by the one who keeps']
    // Half of it is kept when the questions begin.
    const early = createStates(headed(log, middle), { dir: rows, writes: true, sizes })
    await early.catchUp()
    early.close()
    const texts = new Map(positions.map((seq) => [seq, replayedTo(lines, seq)]))
    for (const half of [0, 1]) {
      for (const [way, states] of Object.entries(ways)) {
        for (const seq of positions.filter((_, n) => n % 2 === half)) {
          const text = await states.withProjections(seq, async (projections) => textOf(projections))
          if (text !== texts.get(seq))
            differences.push(`As of ${seq}, from ${way} (${told}), rows are others.`)
        }
      }
      await first.catchUp()
    }
    for (const seq of new Set(positions))
      differences.push(...(await rowsAlone(lines, log, { rows, sizes, seq, random })))
  } finally {
    for (const way of Object.values(ways)) if ('close' in way) way.close()
    rmSync(dir, { recursive: true, force: true })
  }
  return differences
}

/** As a halving between two of its moments; at some record it has had a glance at one projection alone. */
function passOver(log: EventLog, random: Random): Pick<States, 'withProjections'> {
  const to = random.between(2, log.head.seq)
  const from = random.between(0, to - 1)
  const name = random.pick(Object.keys(createProjections()) as (keyof Projections)[])
  return onePass(log, { from, to, glance: async (_, projections) => projections[name], onFolded: () => {} })
}

/**
 * Rows that nobody asked for before are asked for by themselves: first those that changed since the last run that is kept,
 * and among them those that its end does not tell of, because they were made and taken away, or changed and changed back.
 */
async function rowsAlone(
  lines: readonly string[],
  log: EventLog,
  { rows: dir, sizes, seq, random }: { rows: string; sizes: RunSizes; seq: number; random: Random },
): Promise<string[]> {
  const base = seq - (seq % sizes.records)
  const [before, now, after] = [base, seq, Math.min(lines.length, base + sizes.records)].map((each) =>
    rowsByKey(lines, each),
  ) as [Rows, Rows, Rows]
  const all = [...new Set([...before.keys(), ...now.keys(), ...after.keys()])]
  const changed = all.filter((key) => before.get(key) !== now.get(key))
  const untold = changed.filter((key) => before.get(key) === after.get(key))
  const some = [...untold.slice(0, ALONE), ...changed.slice(0, ALONE), random.pick(all), random.pick(all)]
  const differences: string[] = []
  for (const key of new Set(some)) {
    const [part = '', ...rest] = key.split(' ')
    const states = createStates(log, { dir, writes: false, sizes })
    const row = await states.withProjections(seq, async (projections) =>
      rowText(partIn(projections, part), rest.join(' ')),
    )
    states.close()
    if (row !== (now.get(key) ?? null))
      differences.push(
        `As of ${seq}, ${key} by itself (runs of ${sizes.records}) is ${row}, and was ${now.get(key)}.`,
      )
  }
  return differences
}

type Rows = ReadonlyMap<string, string>
/** Rows of a kind that are asked for at a position: each is a state of its own. */
const ALONE = 4
const KEYED = PARTS.filter(({ kind }) => kind === 'map' || kind === 'set')

function rowsByKey(lines: readonly string[], seq: number): Rows {
  const rebuild = createRebuild(null)
  rebuild.fold(lines.slice(0, seq).map(recordOf))
  const rows = new Map<string, string>()
  for (const { name } of KEYED) {
    const part = partIn(rebuild.projections, name)
    for (const key of part.keys()) rows.set(`${name} ${key}`, rowText(part, key) ?? '')
  }
  return rows
}

function partIn(projections: Projections, name: string): Map<string, unknown> | Set<string> {
  const [projection = '', field] = name.split('.')
  const { rows } = (projections as unknown as Record<string, { rows: unknown }>)[projection] ?? { rows: null }
  return (field === undefined ? rows : (rows as Record<string, unknown>)[field]) as Map<string, unknown>
}

function rowText(part: Map<string, unknown> | Set<string>, key: string): string | null {
  if (!part.has(key)) return null
  return part instanceof Map ? JSON.stringify(part.get(key)) : 'true'
}

/** The log as it was at a record. */
export const headed = (log: EventLog, seq: number): EventLog =>
  new Proxy(log, {
    get: (all, name) => {
      if (name === 'head') return { ...all.head, seq }
      const found: unknown = Reflect.get(all, name)
      return typeof found === 'function' ? found.bind(all) : found
    },
  })

/** The rows that `replay --to` gives. */
function replayedTo(lines: readonly string[], seq: number): string {
  const rebuild = createRebuild(null)
  rebuild.fold(lines.slice(0, seq).map(recordOf))
  return textOf(rebuild.projections)
}

type Question = { readonly what: string; readonly isSo: (projections: Projections) => boolean }

/** Things that become so in a town, some of them again and again. */
export function questions(lines: readonly string[], random: Random): Question[] {
  const end = createRebuild(null)
  end.fold(lines.map(recordOf))
  const ids = [...end.projections.beads.rows.byId.keys()]
  const [one, two] = [random.pick(ids), random.pick(ids)]
  const count = random.between(1, ids.length)
  const status = random.pick(['queued', 'hooked', 'in_progress', 'closed', 'blocked', 'open'])
  const usd = random.next() * end.projections.costs.rows.total.usd
  return [
    { what: `${count} beads`, isSo: ({ beads }) => beads.rows.byId.size >= count },
    { what: `${one} is there`, isSo: ({ beads }) => beads.rows.byId.has(one) },
    { what: `${two} is ${status}`, isSo: ({ beads }) => beads.rows.byId.get(two)?.status === status },
    { what: 'somebody works', isSo: ({ hooks }) => hooks.rows.size > 0 },
    { what: 'an odd number works', isSo: ({ hooks }) => hooks.rows.size % 2 === 1 },
    { what: 'somebody waits', isSo: ({ dispatch }) => dispatch.rows.queue.size > 0 },
    { what: `more than ${usd} USD`, isSo: ({ costs }) => costs.rows.total.usd > usd },
  ]
}

/**
 * What bisect finds is a turn; of what turns once it is the record that looking at every one finds; one pass finds the
 * first turn. Answers how many were asked that turn at all, and how many of them once.
 */
export async function bisectFinds(
  lines: readonly string[],
  random: Random,
): Promise<{ readonly turning: number; readonly once: number; readonly differences: string[] }> {
  const states = createStates(await logOf(lines))
  const differences: string[] = []
  let turning = 0
  let once = 0
  for (const { what, isSo } of questions(lines, random)) {
    const answers = answersOf(lines, isSo)
    // Also where it is so already, and will be so again.
    const begin =
      [0, random.between(0, Math.floor(lines.length / 4)), answers.indexOf(true)][random.between(0, 2)] ?? 0
    const from = Math.max(0, Math.min(begin, lines.length - 1))
    const end = random.between(Math.max(from + 1, Math.ceil(lines.length / 2)), lines.length)
    // Mostly where it is so.
    const so = answers.lastIndexOf(true, end)
    const to = so > from && random.chance(0.8) ? so : end
    const turns = answers.flatMap((answer, seq) =>
      seq > from && seq <= to && answer && !answers[seq - 1] ? [seq] : [],
    )
    const asked: Probe = (seq) =>
      states.withProjections(seq, async (projections) => {
        const isTrue = isSo(projections)
        return { isTrue, value: isTrue }
      })
    const told = `${what}, from ${from} to ${to}`
    const found = await bisect(asked, from, to)
    if (answers[from] === true || answers[to] !== true) {
      if (found.kind === 'turn')
        differences.push(`${told}: ${found.seq} is no turn, for the ends do not differ.`)
    } else {
      turning += 1
      if (found.kind !== 'turn' || !turns.includes(found.seq))
        differences.push(`${told}: ${JSON.stringify(found)} is none of the turns ${turns.join()}.`)
      if (turns.length === 1) once += 1
    }
    const live = createProjections()
    let folded = 0
    const foldTo = (seq: number): void => {
      for (; folded < seq; folded += 1) applyAll(live, recordOf(lines[folded] ?? ''))
    }
    const passing: Probe = async (seq) => {
      foldTo(seq)
      const isTrue = isSo(live)
      return { isTrue, value: isTrue }
    }
    const changes = (async function* () {
      for (let seq = from + 1; seq <= to; seq += 1) yield seq
    })()
    const first = await firstTurn(passing, { from, changes })
    const right = turns[0] ?? null
    if ((first.kind === 'turn' ? first.seq : null) !== right)
      differences.push(`${told}: the first turn is ${right}, and one pass finds ${JSON.stringify(first)}.`)
  }
  states.close()
  return { turning, once, differences }
}

/** Whether it is so after each record; the first is before the first record. */
function answersOf(lines: readonly string[], isSo: (projections: Projections) => boolean): boolean[] {
  const projections = createProjections()
  const before = isSo(projections)
  return [
    before,
    ...lines.map((line) => {
      applyAll(projections, recordOf(line))
      return isSo(projections)
    }),
  ]
}

/**
 * A time leads to the last record at or before it, in the order of the records: whether it is the time of one or several,
 * lies between two, or before the first.
 */
export async function timesFindTheirRecord(
  lines: readonly string[],
  random: Random,
  count: number,
): Promise<string[]> {
  const log = await logOf(lines)
  const times = lines.map((line) => Date.parse(recordOf(line).at))
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  const now = last + 60_000
  const differences: string[] = []
  for (let n = 0; n < count; n += 1) {
    const near = times[random.between(0, times.length - 1)] ?? 0
    const ms = Math.min(
      now,
      n % 4 === 0 ? random.between(first - 10, last + 10) : near + random.between(-1, 1),
    )
    const right = times.findLastIndex((time) => time <= ms) + 1
    const text = new Date(ms).toISOString()
    const seq = await seqAt(log, text, now)
    if (seq !== right) differences.push(`${text} is record ${right}, and ${seq} was found.`)
    const ago = await seqAt(log, `${(now - ms) / 1_000}s`, now)
    if (ago !== right) differences.push(`${now - ms} ms ago is record ${right}, and ${ago} was found.`)
  }
  return differences
}
