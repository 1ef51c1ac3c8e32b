// Does one thing with the lines of a file, 64 at a time, several times; prints for how long the loop was held each time. A
// process of its own: collecting garbage is as dear as the heap is large, and here is nothing else.
//
// Arguments: what is done, NDJSON file, folder, number of runs. The first run only warms up, and is left out. What is done:
//   log      appends to a log, and seals all of it
//   sqlite   commits with node:sqlite, on the loop
//   floor    makes entries and lines of them, while another thread does that too and packs them: what holds the loop then
//            is the machine and the collection of garbage

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { zstdCompressSync } from 'node:zlib'
import { createLog, type Entry } from '../eventlog/index.ts'
import { commitToSqlite, openSqlite } from './log-sqlite.ts'
import { type Held, type LoopWatch, watchLoop } from './loop-watch.ts'

const COMMIT = 64
const NEWLINE = 10

const WORKS: Readonly<Record<string, (commits: readonly Buffer[], place: string) => Promise<Held>>> = {
  log: heldByLog,
  sqlite: heldBySqlite,
  floor: heldByFloor,
}

if (isMainThread) {
  const [what = '', file = '', folder = '', runs = '1'] = process.argv.slice(2)
  const commits = commitsIn(readFileSync(file))
  const work = WORKS[what]
  if (work === undefined) throw new Error(`There is no ${what}.`)
  const held: Held[] = []
  for (let run = 0; run <= Number(runs); run += 1) {
    const one = await work(commits, join(folder, `held-${what}-${run}`))
    if (run > 0) held.push(one)
  }
  process.stdout.write(JSON.stringify(held))
} else {
  // The other thread of the floor, which works until it is ended.
  const commits = commitsIn(Buffer.from(workerData as Uint8Array<SharedArrayBuffer>))
  for (;;) for (const commit of commits) zstdCompressSync(linesOf(entriesOf(commit)))
}

async function heldByLog(commits: readonly Buffer[], place: string): Promise<Held> {
  const log = await createLog(place)
  const loop = watchLoop()
  let under: Promise<unknown> = Promise.resolve()
  for (const [n, commit] of commits.entries()) {
    const next = log.append(ownEntries(loop, commit), { id: `held-${n}` })
    await under
    under = next
  }
  await under
  await log.seal()
  const found = await loop.end()
  await log.close()
  return found
}

async function heldBySqlite(commits: readonly Buffer[], place: string): Promise<Held> {
  const sqlite = openSqlite(place)
  const loop = watchLoop()
  for (const [n, commit] of commits.entries()) {
    commitToSqlite(sqlite, n * COMMIT + 1, ownEntries(loop, commit))
    await turn()
  }
  const found = await loop.end()
  sqlite.close()
  return found
}

async function heldByFloor(commits: readonly Buffer[]): Promise<Held> {
  const shared = new Uint8Array(
    new SharedArrayBuffer(commits.reduce((sum, { length }) => sum + length + 1, 0)),
  )
  shared.fill(NEWLINE)
  let at = 0
  for (const commit of commits) {
    shared.set(commit, at)
    at += commit.length + 1
  }
  const other = new Worker(new URL(import.meta.url), { workerData: shared })
  const loop = watchLoop()
  for (const commit of commits) {
    linesOf(ownEntries(loop, commit))
    await turn()
  }
  const found = await loop.end()
  await other.terminate()
  return found
}

/** Made by the bench itself. */
function ownEntries(loop: LoopWatch, commit: Buffer): Entry[] {
  return loop.own(() => entriesOf(commit))
}

function entriesOf(commit: Buffer): Entry[] {
  return commit.toString().split('\n').map(entryOf)
}

function linesOf(entries: readonly Entry[]): string {
  return entries.map((entry) => JSON.stringify(entry)).join('\n')
}

function entryOf(line: string): Entry {
  const { seq: _, ...entry } = JSON.parse(line) as Entry
  return entry
}

/** The lines of each commit: outside of the heap until their turn comes. */
function commitsIn(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  let [from, lines] = [0, 0]
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    lines += 1
    if (lines < COMMIT) continue
    found.push(bytes.subarray(from, at))
    ;[from, lines] = [at + 1, 0]
  }
  return found
}
