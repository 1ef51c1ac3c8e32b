// Damage to the files of a log as a whole: files that are gone, cut, emptied, older, or of another log.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { cp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportLines, LogError, openLog, repairLog, verifyLog } from '../../../eventlog/index.ts'
import { recordsOf } from '../../../eventlog/level/records.ts'
import { expectCode, gathered } from '../contract.ts'
import { contentsOf, copyFolder, entryOf, makeSoundLog, type SoundLog, scratchFolder } from './sound-log.ts'

let root: string
let sound: SoundLog
/** The same log before its last commits. */
let older: string
let other: SoundLog

beforeAll(async () => {
  root = await scratchFolder()
  process.env.TMPDIR = root
  sound = await makeSoundLog(join(root, 'log'), 1024, 160, 512)
  older = await copyFolder(sound.dir, join(root, 'older'))
  const log = await openLog(sound.dir, { autoSeal: false })
  const { seq } = log.head
  for (let n = 1; n <= 12; n += 1) await log.append([entryOf(seq + n)], { id: `late-${n}` })
  const lines = await gathered(exportLines(log))
  const { head, logId } = log
  await log.close()
  sound = { ...sound, lines, head, logId }
  other = await makeSoundLog(join(root, 'other'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const fresh = (): Promise<string> => copyFolder(sound.dir, join(root, 'copy'))
const inDb = (dir: string, kind: RegExp): string => {
  const names = readdirSync(join(dir, 'db')).filter((name) => kind.test(name))
  return join(dir, 'db', names.sort().at(-1) ?? 'none')
}
const MANIFEST = /^MANIFEST-/
const WRITE_AHEAD = /\.log$/
const TABLE = /\.ldb$/

const edited = async (path: string, edit: (bytes: Buffer) => Buffer): Promise<void> =>
  writeFile(path, edit(await readFile(path)))
const flipped = (bytes: Buffer, at: number): Buffer => {
  bytes[at] = (bytes[at] ?? 0) ^ 16
  return bytes
}

/** `kept`: refused before LevelDB has changed anything. */
const CASES: readonly (readonly [string, (dir: string) => Promise<void>, { readonly kept: boolean }])[] = [
  ['CURRENT is missing', (dir) => rm(join(dir, 'db/CURRENT')), { kept: true }],
  ['CURRENT is empty', (dir) => truncate(join(dir, 'db/CURRENT')), { kept: true }],
  ['the manifest is cut', (dir) => edited(inDb(dir, MANIFEST), (b) => b.subarray(0, 90)), { kept: true }],
  [
    'a bit of the manifest is flipped',
    (dir) => edited(inDb(dir, MANIFEST), (b) => flipped(b, 60)),
    { kept: true },
  ],
  ['the manifest is empty', (dir) => truncate(inDb(dir, MANIFEST)), { kept: true }],
  ["LevelDB's own log is deleted", (dir) => rm(inDb(dir, WRITE_AHEAD)), { kept: true }],
  [
    "LevelDB's own log is cut within a record",
    (dir) => edited(inDb(dir, WRITE_AHEAD), (b) => b.subarray(0, b.length - 20)),
    { kept: true },
  ],
  [
    "the first half of LevelDB's own log is zeros",
    (dir) => edited(inDb(dir, WRITE_AHEAD), (b) => b.fill(0, 0, b.length >> 1)),
    { kept: true },
  ],
  [
    "all of LevelDB's own log is zeros",
    (dir) => edited(inDb(dir, WRITE_AHEAD), (b) => b.fill(0)),
    { kept: false },
  ],
  ['a table is deleted', (dir) => rm(inDb(dir, TABLE)), { kept: true }],
  ['a table is cut', (dir) => edited(inDb(dir, TABLE), (b) => b.subarray(0, b.length >> 1)), { kept: true }],
  ['an archive is deleted', (dir) => rm(join(dir, 'archive'), { recursive: true }), { kept: false }],
  [
    'an older backup of the database is put back',
    async (dir) => {
      await rm(join(dir, 'db'), { recursive: true })
      await cp(join(older, 'db'), join(dir, 'db'), { recursive: true })
    },
    { kept: true },
  ],
  [
    'the database is that of another town',
    async (dir) => {
      await rm(join(dir, 'db'), { recursive: true })
      await cp(join(other.dir, 'db'), join(dir, 'db'), { recursive: true })
    },
    { kept: true },
  ],
  [
    'the head file is that of another town',
    (dir) => cp(join(other.dir, 'head'), join(dir, 'head')),
    { kept: false },
  ],
  ['the head file is missing', (dir) => rm(join(dir, 'head')), { kept: false }],
  ['the head file is empty', (dir) => truncate(join(dir, 'head')), { kept: false }],
]

describe('damage to the files of a log', () => {
  test.each(CASES)(
    '[L9] when %s the log is refused and the damage named, and nothing more is lost',
    async (_, damage, { kept }) => {
      const dir = await fresh()
      await damage(dir)
      const before = await contentsOf(dir)
      const report = await verifyLog(dir)
      expect(report.ok).toBe(false)
      expect(report.problems[0]?.message).toMatch(/\w/)
      expect(await contentsOf(dir)).toEqual(before)
      const saved = await savedOf(dir)

      const error = await expectCode(openLog(dir, { autoSeal: false }), 'LOG_DAMAGED')
      expect((error.details.problems as unknown[]).length).toBeGreaterThan(0)
      if (kept) expect(await contentsOf(dir)).toEqual(before)
      // Whatever LevelDB did to its files: what could be saved before still can be.
      expect(await savedOf(dir)).toEqual(saved)
      await expectCode(openLog(dir, { autoSeal: false }), 'LOG_DAMAGED')
    },
  )

  test('[L9] cut at any length the manifest is refused, or the log is whole', async () => {
    const long = await fresh().then((dir) => copyFolder(dir, join(root, 'long')))
    const log = await openLog(long, { autoSeal: false })
    // The list of files grows: what was written goes into a table and tables become one; LevelDB's own log is full.
    for (const size of [100, 100, 900_000]) {
      for (let n = 1; n <= 6; n += 1)
        await log.append([{ text: 'x'.repeat(size) }], { id: `more-${log.head.seq}` })
      if (size < 1_000) await log.compact()
    }
    const lines = await gathered(exportLines(log))
    await log.close()
    const manifest = await readFile(inDb(long, MANIFEST))
    const { length: records } = recordsOf(manifest).records
    expect(records).toBeGreaterThan(4)
    const ends = recordEnds(manifest)
    expect(ends).toHaveLength(records)
    const within = Array.from({ length: 8 }, (_, n) => Math.floor((manifest.length * n) / 8))
    for (const length of [...ends.slice(0, -1), ...within]) {
      const dir = await copyFolder(long, join(root, 'copy'))
      await truncate(inDb(dir, MANIFEST), length)
      const before = await contentsOf(dir)
      const error = await expectCode(openLog(dir, { autoSeal: false }), 'LOG_DAMAGED')
      expect(JSON.stringify(error.details.problems)).toMatch(/missing|cut/)
      expect(await contentsOf(dir), `${length} bytes of the manifest`).toEqual(before)
    }
    // All of it, and what a crash tore of one more record.
    const torn = await copyFolder(long, join(root, 'copy'))
    await writeFile(inDb(torn, MANIFEST), Buffer.concat([manifest, manifest.subarray(0, 20)]))
    const opened = await openLog(torn, { autoSeal: false })
    expect(await gathered(exportLines(opened))).toEqual(lines)
    await opened.close()
  })

  test("[L9] cut at any record LevelDB's own log is refused, and no byte of the log changes", async () => {
    const bytes = await readFile(inDb(sound.dir, WRITE_AHEAD))
    for (let n = 1; n <= 12; n += 3) {
      const dir = await fresh()
      const at = bytes.indexOf(`{"seq":${sound.head.seq - n + 1},`)
      // Somewhere in the header of the record, and at the end of the one before it.
      for (let from = at - 80; from > at - 200; from -= 40) {
        await writeFile(inDb(dir, WRITE_AHEAD), bytes.subarray(0, from))
        const before = await contentsOf(dir)
        await expectCode(openLog(dir, { autoSeal: false }), 'LOG_DAMAGED')
        expect(await contentsOf(dir)).toEqual(before)
      }
    }
  })

  test('[L9] without its LOCK file a closed log is as it was, and one that a process holds stays locked', async () => {
    const dir = await fresh()
    await rm(join(dir, 'db/LOCK'))
    const log = await openLog(dir, { autoSeal: false })
    expect(await gathered(exportLines(log))).toEqual(sound.lines)
    await log.close()
    const writer = spawn(process.execPath, [join(import.meta.dirname, '../writer.ts'), dir, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(writer.stdout, 'data')
      await unlink(join(dir, 'db/LOCK'))
      await expectCode(openLog(dir), 'LOG_LOCKED')
      await expectCode(verifyLog(dir), 'LOG_LOCKED')
      await expectCode(repairLog(dir, join(root, 'repaired')), 'LOG_LOCKED')
    } finally {
      writer.kill('SIGKILL')
      await once(writer, 'exit')
    }
    const again = await openLog(dir)
    expect((await again.verify()).problems).toEqual([])
    await again.close()
  })
})

function recordEnds(file: Buffer): number[] {
  return Array.from({ length: file.length }, (_, n) => n + 1).filter((length) => {
    const cut = recordsOf(file.subarray(0, length))
    return (
      cut.broken === undefined && cut.records.length > recordsOf(file.subarray(0, length - 1)).records.length
    )
  })
}

/** What repairing gives, from a copy. */
async function savedOf(dir: string): Promise<unknown> {
  const copy = await copyFolder(dir, join(root, 'to-repair'))
  const into = join(root, 'repaired')
  await rm(into, { recursive: true, force: true })
  try {
    const { head, lost, behind } = await repairLog(copy, into)
    const log = await openLog(into)
    const lines = await gathered(exportLines(log))
    await log.close()
    return { head, lost, behind, lines }
  } catch (error) {
    return error instanceof LogError ? error.code : error
  } finally {
    for (const name of await readdir(root))
      if (/^repaired/.test(name)) await rm(join(root, name), { recursive: true, force: true })
  }
}
