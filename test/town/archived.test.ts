// Replay and fork of a town whose old records lie in archives; and what is said when one of those is not there.

import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { createLog, type Entry, openLog } from '../../eventlog/index.ts'
import type { ReplayReport } from '../../src/api/town.ts'
import { makeFork } from '../../src/town/fork/index.ts'
import { replay } from '../../src/town/past/replay.ts'
import { createStates } from '../../src/town/past/states.ts'
import { textOf } from '../support/past-properties.ts'
import { folder, linesOf } from './past/histories.ts'

const RECORDS = 1_300
const ARCHIVED = 1_024
const POSITIONS = [5, 700, ARCHIVED, ARCHIVED + 1, RECORDS]
const ASKED = { to: null, verify: true, into: null, checkpoint: null } as const

let dir: string
let lines: string[]
beforeEach(async () => {
  dir = folder()
  lines = await linesOf(21, RECORDS)
  const log = await createLog(join(dir, 'log'), { autoSeal: false })
  const entries = lines.map((line) => {
    const { seq: _, ...entry } = JSON.parse(line) as Entry
    return entry
  })
  for (let n = 0; n < RECORDS; n += 100) await log.append(entries.slice(n, n + 100), { id: `n-${n}` })
  await log.seal()
  await log.close()
}, 60_000)

async function asked(): Promise<{ report: Partial<ReplayReport>; rows: string[] }> {
  const log = await openLog(join(dir, 'log'), { autoSeal: false })
  const { durationMs: _, recordsPerSecond: __, ...report } = await replay(log, ASKED, null, () => {})
  const states = createStates(log, { dir: folder(), writes: true, sizes: { records: 128, runs: 4 } })
  await states.catchUp()
  const rows: string[] = []
  for (const seq of POSITIONS)
    rows.push(await states.withProjections(seq, async (projections) => textOf(projections)))
  states.close()
  await log.close()
  return { report, rows }
}

async function archive(): Promise<void> {
  const log = await openLog(join(dir, 'log'), { autoSeal: false })
  expect(await log.archive(RECORDS)).toEqual({ entries: ARCHIVED })
  await log.close()
}

test('[L17] [P1] [P4] a replay, its check of every decision and rows as of any record are the same once records are archived', async () => {
  const before = await asked()
  expect(before.report).toMatchObject({ records: RECORDS, verified: true })
  await archive()
  expect(await asked()).toEqual(before)
}, 120_000)

test('[L17] a fork from inside what is archived, and from behind it, is a whole town that replays', async () => {
  await archive()
  for (const seq of [700, RECORDS]) {
    const log = await openLog(join(dir, 'log'), { autoSeal: false })
    const source = {
      dir,
      townId: 't1',
      name: 'farm',
      seq,
      at: (JSON.parse(lines[seq - 1] ?? '') as { at: string }).at,
      bytes: lines.join().length,
      async *lines() {
        const some: string[] = []
        for await (const { line } of log.read({ to: seq })) some.push(line)
        yield some
      },
    }
    const place = join(folder(), 'f')
    await makeFork(source, { dir: place, name: null })
    await log.close()
    const forked = await openLog(join(place, '.gt/log'), { autoSeal: false })
    const taken: string[] = []
    for await (const { line } of forked.read({ to: seq })) taken.push(line)
    expect(taken).toEqual(lines.slice(0, seq))
    expect((await forked.stats()).archived).toBe(0)
    expect(forked.head.seq).toBeGreaterThan(seq)
    expect(await replay(forked, ASKED, null, () => {})).toMatchObject({ verified: true, divergenceCount: 0 })
    await forked.close()
  }
}, 120_000)

test('[L18] without an archive the log is refused: its range, its file and the way on are named, and put back it is whole', async () => {
  await archive()
  const [name = ''] = readdirSync(join(dir, 'log/archive'))
  const file = join(dir, 'log/archive', name)
  renameSync(file, `${file}.away`)
  await expect(openLog(join(dir, 'log'))).rejects.toMatchObject({
    code: 'LOG_DAMAGED',
    message: expect.stringContaining(
      `The archive of the entries 1 to ${ARCHIVED} is missing or cut off: put archive/${name} back from a backup.`,
    ),
  })
  renameSync(`${file}.away`, file)
  const log = await openLog(join(dir, 'log'), { autoSeal: false })
  expect(await log.verify()).toMatchObject({ ok: true, records: RECORDS })
  await log.close()
}, 120_000)
