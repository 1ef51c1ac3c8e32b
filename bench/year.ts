// `npm run year -- [--days N] [--seed S] [--minutes M] [--into DIR]`: the log of 30 agents who work 8 hours a day.
//
// The rhythm: a day is 48,000 records, 200 for each of its 240 agent-hours. That is how often the actors of the corpus speak:
// its first 100,000 records hold 501 hours of sessions, from a session's start to its end, with the beads, plans, gates and
// decisions around them. A session makes one record a minute of what it does and one for each turn, as the CLIs report
// them (a hook for each tool, a turn of minutes). The log of the demo is no measure of time: its programs
// answer at once; from it come the sizes of the commits and the ids of the appends. Nights are left out, in which records
// are few.
//
// The days are written into a log, sealed as the daemon does, and indexed for as-of questions. All but the last of them is
// archived; then the log is opened, and asked of the first one. A year is counted from these days: the figures say which.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setImmediate as pause } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { createLog, type EventLog, openLog } from '../eventlog/index.ts'
import { applyAll, createProjections } from '../src/projections/index.ts'
import { recordsIn } from '../src/system/records-in.ts'
import { createStates } from '../src/town/past/states.ts'
import { createRandom } from '../test/sim/random.ts'
import { appendIds, commitSizes } from './corpus/commit-sizes.ts'
import { generate } from './corpus/generate.ts'
import { median } from './stats.ts'

const PER_DAY = 30 * 8 * 200
const DAYS = 365
const RECORDS_MAX = 20_000_000
const BYTES_MAX = 4e9
const OPEN_MS_MAX = 2_000
/** Appends on their way at once: what is measured is the log, not how often a disk can sync. */
const AT_ONCE = 64
const ASKED = 20

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    /** No further day is begun after so long. */
    minutes: { type: 'string', default: '10' },
    into: { type: 'string' },
  },
})
const records = Number(values.days) * PER_DAY
if (!(records >= 2 * PER_DAY)) throw new Error('--days: two at least, of which one is archived')
const seed = Number(values.seed)
const until = performance.now() + Number(values.minutes) * 60_000
const root = mkdtempSync(join(values.into ?? tmpdir(), 'gt-year-'))
const [dir, rows] = [join(root, 'log'), join(root, 'past')]
try {
  if (!(await measure())) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function measure(): Promise<boolean> {
  const log = await createLog(dir)
  const { lines, ms: wroteMs } = await timed(() => write(log))
  const written = log.head.seq
  say(`${written} records written in ${seconds(wroteMs)}`)
  const { entries, ms: archivedMs } = await timed(() =>
    log.archive(written - Math.min(PER_DAY, Math.floor(written / 4))),
  )
  const states = createStates(log, { dir: rows, writes: true })
  const { ms: indexedMs } = await timed(async () => ({ done: await states.catchUp() }))
  states.close()
  const { archives, bytesOnDisk } = await log.stats()
  say(`${entries} archived in ${archives} files in ${seconds(archivedMs)}, indexed in ${seconds(indexedMs)}`)
  await log.close()
  const indexes = bytesIn(rows)

  const opened: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const { log: again, ms } = await timed(async () => ({ log: await openLog(dir, { autoSeal: false }) }))
    opened.push(ms)
    await again.close()
  }
  const again = await openLog(dir, { autoSeal: false })
  const asked = await askTheArchive(again, entries)
  await again.close()

  const days = written / PER_DAY
  const ofAYear = (what: number): number => (what / days) * DAYS
  const bytes = bytesOnDisk + indexes
  const year = { records: PER_DAY * DAYS, bytes: ofAYear(bytes) }
  // Opening reads a row for each archive file and each run that is not archived, and what append ids hash to.
  const openMs = median(opened)
  say(
    `measured, ${days.toFixed(1)} days of ${PER_DAY} records (30 agents, 8 hours, 200 records an agent-hour):`,
  )
  say(
    `  NDJSON ${perRecord(lines, written)}, log ${perRecord(bytesOnDisk, written)}, its as-of indexes ${perRecord(indexes, written)}`,
  )
  say(
    `  opened in ${openMs.toFixed(0)} ms, as-of answers out of the archive in ${asked.ms.toFixed(1)} ms (median of ${ASKED})`,
  )
  say(`  ${asked.wrong} of them differ from the fold of the records; asked ${asked.checked} times more`)
  say(`counted from that, a year of ${DAYS} such days:`)
  say(
    `  ${(year.records / 1e6).toFixed(1)} million records (asked: under 20), ${(year.bytes / 1e9).toFixed(2)} GB (asked: under 4)`,
  )
  const { used } = process.resourceUsage ? { used: process.resourceUsage().maxRSS / 1024 } : { used: 0 }
  say(`  peak memory of this run ${used.toFixed(0)} MB`)
  return year.records < RECORDS_MAX && year.bytes < BYTES_MAX && openMs < OPEN_MS_MAX && asked.wrong === 0
}

/** Answers how many bytes the lines have. */
async function write(log: EventLog): Promise<{ readonly lines: number }> {
  const random = createRandom(seed)
  const size = commitSizes(random.fork('commits').next)
  const idOf = appendIds(random.fork('ids').next)
  let lines = 0
  let said = 0
  let [commit, wanted]: [Record<string, unknown>[], number] = [[], size()]
  let underWay: Promise<unknown>[] = []
  let over = false
  await generate({
    records,
    seed,
    async onLines(made) {
      if (over) return
      for (const line of made) {
        lines += Buffer.byteLength(line) + 1
        const { seq: _, ...entry } = JSON.parse(line) as Record<string, unknown>
        commit.push(entry)
        if (commit.length < wanted) continue
        underWay.push(log.append(commit, { id: idOf(log.next) }))
        ;[commit, wanted] = [[], size()]
        if (underWay.length < AT_ONCE) continue
        await Promise.all(underWay)
        underWay = []
      }
      await pause()
      const day = Math.floor(log.head.seq / PER_DAY)
      if (day > said) {
        said = day
        say(`day ${day}`)
        over = performance.now() > until
      }
    },
    ended: () => over,
  })
  await Promise.all(underWay)
  await log.seal()
  return { lines }
}

/** Beads as of moments of the archived days: how long that takes, and whether they are what the records say. */
async function askTheArchive(
  log: EventLog,
  archived: number,
): Promise<{ readonly ms: number; readonly wrong: number; readonly checked: number }> {
  const states = createStates(log, { dir: rows, writes: false })
  const random = createRandom(seed).fork('asked')
  const took: number[] = []
  const beadAt = async (seq: number, id: string): Promise<unknown> => {
    const begun = performance.now()
    const bead = await states.withProjections(seq, async ({ beads }) => beads.rows.byId.get(id))
    took.push(performance.now() - begun)
    return structuredClone(bead)
  }
  // The fold of the first day or so, looked at here and there on the way.
  const folded = createProjections()
  const last = Math.min(archived, PER_DAY)
  const stops = Array.from({ length: ASKED }, () => random.between(1_000, last)).sort((a, b) => a - b)
  let wrong = 0
  let checked = 0
  for await (const piece of log.pieces({ to: last })) {
    for (const record of recordsIn(piece)) {
      applyAll(folded, record)
      while (record.seq === stops[0]) {
        stops.shift()
        const id = random.pick([...folded.beads.rows.byId.keys()])
        const wanted = structuredClone(folded.beads.rows.byId.get(id))
        if (!isDeepStrictEqual(await beadAt(record.seq, id), wanted)) wrong += 1
      }
    }
  }
  // And some of all that is archived, each asked once.
  const ids = [...folded.beads.rows.byId.keys()]
  for (; checked < ASKED; checked += 1)
    if ((await beadAt(random.between(last, archived), random.pick(ids))) === undefined) wrong += 1
  states.close()
  return { ms: median(took), wrong, checked }
}

async function timed<T extends object>(run: () => Promise<T>): Promise<T & { readonly ms: number }> {
  const begun = performance.now()
  const result = await run()
  return { ...result, ms: performance.now() - begun }
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  return bytes
}

function perRecord(bytes: number, count: number): string {
  return `${(bytes / count).toFixed(0)} bytes a record`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
