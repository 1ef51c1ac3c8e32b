// Appending to the log, one record a call: many callers at once against the SQLite store of Emmett, and at random
// moments against a plain file.
//
// The append of 64 records a commit is measured in log-read.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import type { Engine } from '../eventlog/engine.ts'
import { createLog, type Entry } from '../eventlog/index.ts'
import { createRandom, type Random } from '../test/sim/random.ts'
import { generate } from './corpus/generate.ts'
import { callAt } from './log-arrivals.ts'
import { circumstances } from './log-disk.ts'
import { type Figure, median } from './stats.ts'

const CALLERS = 64
const CALLS = 12_000
const RUNS = 5
const EMMETT_MIN = 3

const PER_SECOND = 500
/** The log and the file take turns, so that a busy moment of the disk meets both. */
const TURNS = 5
const TURN_MS = 4_000
const MEDIAN_MAX = 2.5
const P99_MAX = 10

/**
 * One record a call from 64 callers, each of which waits for its answer. The peer is the append of emmett-sqlite 0.42.4
 * done with node:sqlite: that package stands on `sqlite3`, which fetches or compiles a binary when it is installed. All
 * callers share one connection there, which is kinder than a connection for each call: those would refuse one another.
 */
export async function manyCallers(): Promise<Figure> {
  const { entries } = await corpusOf(CALLS)
  return inFolder(async (folder) => {
    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let run = 0; run <= RUNS; run += 1) {
      const log = await createLog(join(folder, `log-${run}`))
      const took = await calls(entries, (entry, n) => log.append([entry], { id: `call-${n}` }))
      await log.close()
      const peer = openPeer(join(folder, `peer-${run}.db`))
      const tookPeer = await calls(entries, (entry) => appendToPeer(peer, entry))
      peer.database.close()
      if (run === 0) continue
      ours.push(took)
      theirs.push(tookPeer)
    }
    const ratio = median(theirs) / median(ours)
    const rate = (took: number) => `${Math.round((CALLS / took) * 1_000)}/s`
    return {
      name: `append, one record a call from ${CALLERS} callers`,
      found: `${ratio.toFixed(1)} times (${rate(median(ours))})`,
      peer: `node:sqlite with the statements of emmett-sqlite 0.42.4 (the package itself NOT RUN: it needs a binary of sqlite3) ${rate(median(theirs))}, median of ${RUNS}; ${circumstances(folder)}`,
      asked: `at least ${EMMETT_MIN} times`,
      holds: ratio >= EMMETT_MIN,
    }
  })
}

/**
 * 500 records a second, one at a time at random moments, whether or not those before are answered. Ours are counted from the
 * moment at which they were due; the file's from the moment at which the one before was done. Beside that, for the reader: the
 * file's with that wait, and our commits without it, which tells the disk's tail from ours.
 */
export async function openLoop(): Promise<Figure> {
  const { lines, entries } = await corpusOf((PER_SECOND * TURNS * TURN_MS * 1.2) / 1_000)
  return inFolder(async (folder) => {
    const random = createRandom(11)
    const commits: number[] = []
    const log = await createLog(join(folder, 'log'), {
      wrapEngine: (engine) => withTimes(engine, (took) => commits.push(took)),
    })
    const file = await open(join(folder, 'file'), 'w')
    const [ours, theirs, waiting]: [number[], number[], number[]] = [[], [], []]
    const plain = oneAtATime(file, (took) => waiting.push(took))
    let next = 0
    for (let turn = 0; turn < TURNS; turn += 1) {
      const first = next
      const took = await arrivals(random.fork(`turn ${turn}`), (n) => {
        next = first + n + 1
        return timed(() => log.append([entries[first + n] as Entry], { id: `open-${first + n}` }))
      })
      ours.push(...took)
      // The file has its turn to itself: what was appended is sealed when nobody appends.
      await log.seal()
      // The same bytes at the same moments.
      theirs.push(...(await arrivals(random.fork(`turn ${turn}`), (n) => plain(`${lines[first + n]}\n`))))
    }
    await file.close()
    await log.close()
    const medians = median(ours) / median(theirs)
    const tails = nearly(ours, 0.99) / median(theirs)
    const ms = (value: number) => `${value.toFixed(2)} ms`
    return {
      name: `append at ${PER_SECOND} a second in random arrival, one at a time`,
      found: `median ${medians.toFixed(2)} times (${ms(median(ours))}), p99 ${tails.toFixed(1)} times (${ms(nearly(ours, 0.99))})`,
      peer: `the median of write+fdatasync of the same bytes ${ms(median(theirs))}, its p99 ${ms(nearly(theirs, 0.99))} alone and ${ms(nearly(waiting, 0.99))} (${(nearly(waiting, 0.99) / median(theirs)).toFixed(1)} times) with what it waited for those before it, ours ${(nearly(ours, 0.99) / nearly(waiting, 0.99)).toFixed(2)} of that; a commit of ours alone median ${ms(median(commits))}, p99 ${ms(nearly(commits, 0.99))}; ${ours.length} of each in turns; ${circumstances(folder)}`,
      asked: `median at most ${MEDIAN_MAX} times, p99 at most ${P99_MAX} times that median`,
      holds: medians <= MEDIAN_MAX && tails <= P99_MAX,
    }
  })
}

async function corpusOf(records: number): Promise<{ lines: string[]; entries: Entry[] }> {
  const lines: string[] = []
  await generate({ records, seed: 4, onLines: (some) => void lines.push(...some) })
  const entries = lines.map((line) => {
    const { seq: _, ...entry } = JSON.parse(line) as Record<string, unknown>
    return entry
  })
  return { lines, entries }
}

/** ms until every item was appended, by callers that each have one under way. */
async function calls<T>(
  items: readonly T[],
  append: (item: T, n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let n = next++; n < items.length; n = next++) await append(items[n] as T, n)
    }),
  )
  return performance.now() - begun
}

/** ms of each call; the times between them are exponential, and time that a call had to wait to be made counts. */
function arrivals(random: Random, call: (n: number) => Promise<number>): Promise<readonly number[]> {
  const due: number[] = []
  for (let at = 0; at < TURN_MS; ) {
    at -= (Math.log(1 - random.next()) / PER_SECOND) * 1_000
    due.push(at)
  }
  return callAt(Float64Array.from(due), call)
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await what()
  return performance.now() - begun
}

/** Tells how long each commit was under way. */
function withTimes(engine: Engine, tell: (took: number) => void): Engine {
  const write = engine.write.bind(engine)
  engine.write = async (commit) => tell(await timed(async () => write(commit)))
  return engine
}

/**
 * Write and fdatasync, one after the other; the ms of each without what it waited for those before it. With that wait they are
 * told.
 */
function oneAtATime(file: FileHandle, tell: (took: number) => void): (text: string) => Promise<number> {
  let before: Promise<unknown> = Promise.resolve()
  return (text) => {
    const asked = performance.now()
    const own = before.then(async () => {
      const took = await timed(async () => {
        await file.write(text)
        await file.datasync()
      })
      tell(performance.now() - asked)
      return took
    })
    before = own
    return own
  }
}

/** The value that this share of all values does not exceed. */
function nearly(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

type Peer = {
  readonly database: DatabaseSync
  readonly position: ReturnType<DatabaseSync['prepare']>
  readonly begin: ReturnType<DatabaseSync['prepare']>
  readonly advance: ReturnType<DatabaseSync['prepare']>
  readonly insert: ReturnType<DatabaseSync['prepare']>
}

/** Two tables with the keys that the store has: streams by name, messages by global position and by place in a stream. */
function openPeer(path: string): Peer {
  const database = new DatabaseSync(path)
  database.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table streams (name text, part text, archived integer, at integer, kind text, about text,
      primary key (name, part, archived));
    create table messages (place integer primary key, stream text, at integer, part text, archived integer, kind text,
      body text, about text, version text, type text, id text, created text default current_timestamp,
      unique (stream, at, part, archived))`)
  return {
    database,
    position: database.prepare('select at from streams where name = ?'),
    begin: database.prepare("insert into streams values (?, 'p', 0, 1, 'owner', '[]') returning at"),
    advance: database.prepare(
      "update streams set at = at + 1 where name = ? and part = 'p' and archived = 0 returning at",
    ),
    insert: database.prepare(
      "insert into messages (stream, at, part, archived, kind, body, about, version, type, id) values (?, ?, 'p', 0, 'E', ?, ?, ?, ?, ?) returning place",
    ),
  }
}

/** One transaction: where the stream stands, its next place, the message. An owner's records are one stream. */
async function appendToPeer(
  { database, position, begin, advance, insert }: Peer,
  entry: Entry,
): Promise<void> {
  const { actor, message, ...data } = entry as { actor: string; message: { type: string } }
  database.exec('begin immediate')
  const stands = position.get(actor) as { at: number } | undefined
  const { at } = (stands === undefined ? begin : advance).get(actor) as { at: number }
  const id = crypto.randomUUID()
  const about = JSON.stringify({ streamName: actor, messageId: id, streamPosition: at })
  insert.get(actor, at, JSON.stringify({ message, ...data }), about, String(at - 1), message.type, id)
  database.exec('commit')
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'gtb-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
