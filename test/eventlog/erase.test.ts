import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { erasedDigest } from '../../eventlog/erased.ts'
import {
  createLog,
  type Entry,
  eraseEntries,
  exportLines,
  importLines,
  LogError,
  openLog,
  repairLog,
  verifyExport,
  verifyLog,
} from '../../eventlog/index.ts'

const SECRET = 'correct horse battery'
let root: string
let dir: string
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'erase-'))
  dir = join(root, 'log')
  const log = await createLog(dir, { autoSeal: false })
  for (let n = 1; n <= 600; n += 50) {
    const entries = Array.from({ length: 50 }, (_, k) => ({
      n: n + k,
      text: (n + k) % 100 === 7 ? SECRET : `text ${n + k}`,
    }))
    await log.append(entries, { id: `a${n}` })
  }
  await log.seal()
  await log.close()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** With an entry that tells of it. */
const erase = (from = dir) =>
  eraseEntries(from, {
    erase({ line }) {
      const entry = JSON.parse(line) as Entry
      return entry.text === SECRET ? { ...entry, text: '' } : undefined
    },
    async finish(draft, erased) {
      const log = await openLog(draft)
      await log.append([{ erased: '', told: erased }], { id: 'told' })
      await log.close()
    },
  })

const linesOf = async (place: string): Promise<string[]> => {
  const log = await openLog(place)
  try {
    const lines: string[] = []
    for await (const line of exportLines(log)) lines.push(line)
    return lines
  } finally {
    await log.close()
  }
}
const holdsSecret = (): boolean =>
  readdirSync(root, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(SECRET),
  )
const SEQS = [7, 107, 207, 307, 407, 507]

test('[L16] what is erased is in no file; every other line, the chain, the id and the append ids stay', async () => {
  const before = await linesOf(dir)
  const was = await verifyLog(dir)
  const { erased, head } = await erase()
  expect(head).toEqual(was.head)
  expect(erased.map(({ seq }) => seq)).toEqual(SEQS)
  expect(holdsSecret()).toBe(false)
  expect(readdirSync(root)).toEqual(['log'])
  const after = await linesOf(dir)
  for (const [n, line] of before.entries()) {
    if (SEQS.includes(n + 1)) expect(erasedDigest(after[n] as string)).toMatch(/^[0-9a-f]{64}$/)
    else expect(after[n]).toBe(line)
  }
  expect(await verifyLog(dir)).toMatchObject({ ok: true, erased: SEQS.map((seq) => ({ seq, by: 601 })) })
  const log = await openLog(dir)
  expect(await log.verify()).toMatchObject({ ok: true, erased: SEQS.map((seq) => ({ seq, by: 601 })) })
  expect(await log.append([{ n: 1 }], { id: 'a51' })).toEqual({ first: 51, last: 100, repeated: true })
  await log.close()
})

test('[L16] [L15] the export of an erased log has its chain, and its import is the same log', async () => {
  await erase()
  const lines = await linesOf(dir)
  const { head } = await verifyLog(dir)
  expect(await verifyExport(lines, { head })).toMatchObject({ ok: true, erased: { length: SEQS.length } })
  expect(await importLines(join(root, 'copy'), lines)).toEqual(head)
  expect(await linesOf(join(root, 'copy'))).toEqual(lines)
})

test('[L15] [L16] whatever was written and erased, the export of an import is the export', async () => {
  const value = fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.parse(JSON.stringify(one)) as unknown)
  const history = fc.array(fc.tuple(value, fc.nat(4)), { minLength: 1, maxLength: 40 })
  let round = 0
  await fc.assert(
    fc.asyncProperty(history, fc.nat(3), async (entries, times) => {
      round += 1
      const place = join(root, `history-${round}`)
      const log = await createLog(place, { autoSeal: false })
      // Some of them fill a run.
      const filler = Array.from({ length: times === 3 ? 500 : 0 }, (_, n): Entry => ({ n }))
      await log.append(
        [...entries.map(([one, erased]): Entry => ({ one: one as never, erased })), ...filler],
        { id: 'all' },
      )
      await log.seal()
      await log.close()
      for (let time = 0; time < Math.min(times, 2); time += 1)
        await eraseEntries(place, {
          erase({ line }) {
            const entry = JSON.parse(line) as Entry & { erased?: unknown }
            return entry.erased === time ? { ...entry, one: null } : undefined
          },
          finish: async () => {},
        })
      const { head } = await verifyLog(place)
      const lines = await linesOf(place)
      expect(await importLines(`${place}-copy`, lines)).toEqual(head)
      expect(await linesOf(`${place}-copy`)).toEqual(lines)
      expect(await verifyExport(lines, { head })).toMatchObject({ ok: true })
    }),
    { numRuns: 10 },
  )
}, 90_000)

test('[L16] erasing again keeps the digest of the line that was first written', async () => {
  await erase()
  const once = await linesOf(dir)
  await eraseEntries(dir, {
    erase: ({ seq, line }) => (seq === 7 ? { ...(JSON.parse(line) as Entry), n: 0 } : undefined),
    finish: async () => {},
  })
  const twice = await linesOf(dir)
  expect(twice[6]).not.toBe(once[6])
  expect(erasedDigest(twice[6] as string)).toBe(erasedDigest(once[6] as string))
  // Nobody told of the second time.
  const { ok, erased } = await verifyLog(dir)
  expect([ok, erased?.[0]]).toEqual([true, { seq: 7, by: null }])
})

test('[L16] when the end of it fails nothing has changed', async () => {
  const before = await verifyLog(dir)
  const failing = eraseEntries(dir, {
    erase: ({ line }) => JSON.parse(line) as Entry,
    finish: () => Promise.reject(new Error('no')),
  })
  await expect(failing).rejects.toThrow('no')
  expect(await verifyLog(dir)).toEqual(before)
  expect(readdirSync(root)).toEqual(['log'])
})

test('[L16] a log that is open is not erased in', async () => {
  const log = await openLog(dir)
  await expect(erase()).rejects.toMatchObject({ code: 'LOG_LOCKED' })
  await log.close()
  await expect(erase(join(root, 'nothing'))).rejects.toBeInstanceOf(LogError)
})

test('[L16] killed -9 before whatever it does to files, it leaves the old log or the new one, and nothing else', async () => {
  const old = await linesOf(dir)
  const sound = join(root, '..', `${basename(root)}-sound`)
  const held = mkdtempSync(join(tmpdir(), 'erase-held-'))
  const run = (nth: number) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'damage/eraser.ts'), dir, SECRET, String(nth)], {
      encoding: 'utf8',
      // Nobody takes away what it holds there when it is killed. And the first, which is not killed, compiles for all.
      env: { ...process.env, TMPDIR: held, NODE_COMPILE_CACHE: held },
    })
  cpSync(dir, sound, { recursive: true })
  try {
    const { stdout, stderr } = run(0)
    expect(stderr).toBe('')
    const steps = Number(stdout)
    const anew = await linesOf(dir)
    expect(anew).toHaveLength(old.length + 1)
    // The logs change places in the last steps; before, one step is like another.
    const points = Array.from({ length: steps }, (_, n) => n + 1).filter((n) => n > steps - 5 || n % 9 === 0)
    const seen = { old: 0, anew: 0, between: 0 }
    for (const n of points) {
      rmSync(root, { recursive: true })
      mkdirSync(root)
      cpSync(sound, dir, { recursive: true })
      expect(run(n).signal, `step ${n} of ${steps}`).toBe('SIGKILL')
      if (!existsSync(dir)) {
        seen.between += 1
        // Whoever comes first ends it: also repairing.
        const into = join(root, 'repaired')
        expect((await repairLog(dir, into)).head.seq).toBe(anew.length)
        rmSync(into, { recursive: true })
      }
      const lines = await linesOf(dir)
      expect([old.length, anew.length], `step ${n} of ${steps}`).toContain(lines.length)
      expect(lines).toEqual(lines.length === old.length ? old : anew)
      seen[lines.length === old.length ? 'old' : 'anew'] += 1
      expect(holdsSecret()).toBe(lines.length === old.length)
      expect(readdirSync(root), `step ${n} of ${steps}`).toEqual(['log'])
      expect((await verifyLog(dir)).ok).toBe(true)
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0)
  } finally {
    for (const folder of [sound, held]) rmSync(folder, { recursive: true, force: true })
  }
}, 90_000)

test('[L16] only the last key of an entry is the mark', () => {
  const digest = 'ab'.repeat(32)
  expect(erasedDigest(`{"seq":1,"a":"","erased":"${digest}"}`)).toBe(digest)
  expect(erasedDigest(`{"seq":1,"a":{"b":"","erased":"${digest}"}}`)).toBeUndefined()
  expect(erasedDigest(JSON.stringify({ seq: 1, a: `,"erased":"${digest}"}` }))).toBeUndefined()
  expect(erasedDigest(`{"seq":1,"erased":"${digest}","a":1}`)).toBeUndefined()
  expect(erasedDigest('{"seq":1,"erased":""}')).toBeUndefined()
})
