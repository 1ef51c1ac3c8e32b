// Reading and decoding the log in order, and appending to it, against JSON.parse and node:sqlite in the same run.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createLog, type Entry, type EventLog, type Piece, unpackEntries } from '../eventlog/index.ts'
import { generate } from './corpus/generate.ts'
import { commitToSqlite, openSqlite } from './log-sqlite.ts'
import type { Held } from './loop-watch.ts'
import { type Figure, median } from './stats.ts'

const RECORDS = 40_000
const RUNS = 9
const COMMIT = 64
const SEALED_MIN = 0.9
const SQLITE_MIN = 1.5
const TAIL_MIN = 0.3
const APPEND_MIN = 0.6
const BLOCKED_MAX_MS = 5

/** NDJSON lines; the same ones each time. */
export async function corpusLines(records = RECORDS): Promise<readonly string[]> {
  const lines: string[] = []
  await generate({ records, seed: 4, onLines: (some) => void lines.push(...some) })
  return lines
}

/** All of it sealed; checksums are compared. */
export async function sealedRead(lines?: readonly string[]): Promise<Figure> {
  const corpus = lines ?? (await corpusLines())
  return inFolder(async (folder) => {
    const log = await filled(join(folder, 'log'), corpus, () => COMMIT)
    await log.seal()
    const { sealed, records } = await log.stats()
    const sqlite = openSqlite(join(folder, 'peer.db'))
    appendToSqlite(sqlite, corpus)
    const times = await alternating({
      parse: () => parseAll(corpus),
      log: () => decodeAll(log, sealed),
      sqlite: () => readSqlite(sqlite),
    })
    sqlite.close()
    await log.close()
    // The log's last entries are not a full run, and are left out.
    const ofParse = (times.parse * (sealed / records)) / times.log
    const ofSqlite = (times.sqlite * (sealed / records)) / times.log
    return {
      name: `reading and decoding ${sealed} sealed records in order, checksums compared`,
      found: `${ofParse.toFixed(2)} times JSON.parse, ${ofSqlite.toFixed(2)} times node:sqlite with JSON.parse`,
      peer: `JSON.parse of a line ${perRecord(times.parse, records)}, sealed ${perRecord(times.log, sealed)}, median of ${RUNS}`,
      asked: `at least ${SEALED_MIN} and ${SQLITE_MIN}`,
      holds: ofParse >= SEALED_MIN && ofSqlite >= SQLITE_MIN,
    }
  })
}

/** Nothing of it sealed. `size` gives the number of records of the next commit. */
export async function tailRead(lines?: readonly string[], size: () => number = () => 1): Promise<Figure> {
  const corpus = (lines ?? (await corpusLines())).slice(0, RECORDS / 2)
  return inFolder(async (folder) => {
    const log = await filled(join(folder, 'log'), corpus, size)
    const times = await alternating({ parse: () => parseAll(corpus), log: () => decodeAll(log) })
    await log.close()
    const ratio = times.parse / times.log
    return {
      name: `reading and decoding ${corpus.length} records that are not sealed, checksums compared`,
      found: `${ratio.toFixed(2)} times JSON.parse`,
      peer: `JSON.parse of a line ${perRecord(times.parse, corpus.length)}, median of ${RUNS}`,
      asked: `at least ${TAIL_MIN}`,
      holds: ratio >= TAIL_MIN,
    }
  })
}

/**
 * 64 records a commit, one after the other. For how long the loop is held is taken from other runs, in a process of its own
 * (log-held-run.ts): the appends, then the sealing of all of them as fast as it goes. It is the longest turn of the loop, with
 * what the log makes it wait for and the garbage it leaves, without waiting for a processor (loop-watch.ts). Beside it, for the
 * reader: the same with node:sqlite, which waits for the disk on the loop, and the floor, in which nothing is written.
 */
export async function durableAppend(lines?: readonly string[]): Promise<Figure> {
  const corpus = (lines ?? (await corpusLines())).slice(0, RECORDS / 2)
  const held = await inFolder((folder) => heldBy(folder, corpus, 'log'))
  const ofSqlite = await inFolder((folder) => heldBy(folder, corpus, 'sqlite'))
  const floor = await inFolder((folder) => heldBy(folder, corpus, 'floor'))
  const entries = corpus.map(entryOf)
  return inFolder(async (folder) => {
    let run = 0
    const times = await alternating({
      log: async () => {
        const log = await createLog(join(folder, `log-${run++}`))
        const begun = performance.now()
        await appendAll(log, entries, () => COMMIT)
        const took = performance.now() - begun
        await log.close()
        return took
      },
      sqlite: async () => {
        const sqlite = openSqlite(join(folder, `peer-${run++}.db`))
        const begun = performance.now()
        appendToSqlite(sqlite, entries)
        const took = performance.now() - begun
        sqlite.close()
        return took
      },
    })
    const ratio = times.sqlite / times.log
    const turn = Math.max(...held.map((one) => one.turn))
    const perSecond = (took: number): string => `${Math.round((entries.length / took) * 1000)}/s`
    return {
      name: `durable append at ${COMMIT} records a commit, sealed meanwhile`,
      found: `${ratio.toFixed(2)} times node:sqlite (${perSecond(times.log)}), the loop held for ${heldText(held)}`,
      peer: `node:sqlite, WAL, synchronous=FULL ${perSecond(times.sqlite)}, median of ${RUNS}; held: ${held.length} runs of ${corpus.length} records; by node:sqlite ${heldText(ofSqlite)}; while nothing is written ${heldText(floor)}`,
      asked: `at least ${APPEND_MIN} times, at most ${BLOCKED_MAX_MS} ms`,
      holds: ratio >= APPEND_MIN && turn <= BLOCKED_MAX_MS,
    }
  })
}

/** For how long this held the loop of a process that does nothing else (log-held-run.ts). */
async function heldBy(
  folder: string,
  corpus: readonly string[],
  what: 'log' | 'sqlite' | 'floor',
): Promise<readonly Held[]> {
  const file = join(folder, 'corpus.ndjson')
  writeFileSync(file, `${corpus.join('\n')}\n`)
  const run = fileURLToPath(new URL('./log-held-run.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [run, what, file, folder, String(RUNS)])
  return JSON.parse(stdout) as readonly Held[]
}

function heldText(held: readonly Held[]): string {
  const turns = held.map((one) => one.turn)
  const computed = Math.max(...held.map((one) => one.computed))
  return `${Math.max(...turns).toFixed(1)} ms at most (median of the runs ${median(turns).toFixed(1)} ms, computing ${computed.toFixed(1)} ms at most)`
}

/** Median ms of each; they take turns, and the first turn only warms up. What returns a number says itself how long it took. */
async function alternating<Name extends string>(
  runs: Readonly<Record<Name, () => Promise<number> | Promise<void> | void>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(runs) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let turn = 0; turn <= RUNS; turn += 1) {
    for (const name of names) {
      const begun = performance.now()
      const said = await runs[name]()
      if (turn > 0) times.get(name)?.push(said ?? performance.now() - begun)
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all)])) as Record<Name, number>
}

function parseAll(lines: readonly string[]): void {
  for (const line of lines) JSON.parse(line)
}

async function decodeAll(log: EventLog, to = log.head.seq): Promise<void> {
  const pieces = log.pieces({ to })[Symbol.asyncIterator]()
  let seq = 0
  // The next piece is read while this one is taken apart.
  let coming: Promise<IteratorResult<Piece>> = pieces.next()
  for (let next = await coming; !next.done; next = await coming) {
    coming = pieces.next()
    seq = unpackEntries(next.value).at(-1)?.seq ?? 0
  }
  if (seq !== to) throw new Error(`Reading ended at ${seq}, not at ${to}.`)
}

function readSqlite(sqlite: DatabaseSync): void {
  for (const row of sqlite.prepare('select body from entries order by seq').iterate())
    JSON.parse(String(row.body))
}

function appendToSqlite(sqlite: DatabaseSync, entries: readonly (Entry | string)[]): void {
  for (let from = 0; from < entries.length; from += COMMIT)
    commitToSqlite(sqlite, from + 1, entries.slice(from, from + COMMIT))
}

async function filled(dir: string, lines: readonly string[], size: () => number): Promise<EventLog> {
  const log = await createLog(dir, { autoSeal: false })
  await appendAll(log, lines.map(entryOf), size)
  return log
}

/** The next commit waits while one is being written: none is made of two. */
async function appendAll(log: EventLog, entries: readonly Entry[], size: () => number): Promise<void> {
  let under: Promise<unknown> = Promise.resolve()
  for (let from = 0, to = 0; from < entries.length; from = to) {
    to = Math.min(from + size(), entries.length)
    const next = log.append(entries.slice(from, to), { id: `bench-${from}` })
    await under
    under = next
  }
  await under
}

function entryOf(line: string): Entry {
  const { seq: _, ...entry } = JSON.parse(line) as Entry
  return entry
}

const perRecord = (took: number, records: number): string => `${((took / records) * 1000).toFixed(2)} us`

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'gt-bench-log-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
