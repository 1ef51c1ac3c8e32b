// Appends the lines of a file, 64 records a commit, and seals all of them, several times; prints for how long the loop was
// held each time. A process of its own: collecting garbage is as dear as the heap is large, and here is nothing but a log.
//
// Arguments: NDJSON file, folder for the logs, number of runs. The first run only warms up, and is left out.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLog, type Entry } from '../eventlog/index.ts'
import { type Held, watchLoop } from './loop-watch.ts'

const COMMIT = 64
const NEWLINE = 10

const [file = '', folder = '', runs = '1'] = process.argv.slice(2)
const commits = commitsIn(readFileSync(file))
const held: Held[] = []
for (let run = 0; run <= Number(runs); run += 1) {
  const one = await heldBy(join(folder, `held-${run}`))
  if (run > 0) held.push(one)
}
process.stdout.write(JSON.stringify(held))

async function heldBy(dir: string): Promise<Held> {
  const log = await createLog(dir)
  const loop = watchLoop()
  let under: Promise<unknown> = Promise.resolve()
  for (const [n, commit] of commits.entries()) {
    const entries = loop.own(() => commit.toString().split('\n').map(entryOf))
    const next = log.append(entries, { id: `held-${n}` })
    await under
    under = next
  }
  await under
  await log.seal()
  const found = await loop.end()
  await log.close()
  return found
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
