import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createLog,
  exportLines,
  importLines,
  openLog,
  repairLog,
  type Stored,
  verifyLog,
} from '../../eventlog/index.ts'
import { seqKey } from '../../eventlog/level/keys.ts'
import { entry, expectCode, gathered } from './contract.ts'
import { copyLog, temporaryFolder } from './level-subject.ts'

let folder: { readonly path: string; remove(): Promise<void> }
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())
const at = (name: string): string => join(folder.path, name)

/** Three sealed runs, in tables after the first opening, and 64 entries of one commit each that are not sealed. */
async function makeLog(dir: string): Promise<{ readonly lines: readonly string[]; readonly logId: string }> {
  const log = await createLog(dir, { autoSeal: false })
  for (let first = 1; first <= 1536; first += 64) {
    await log.append(
      Array.from({ length: 64 }, (_, n) => entry(first + n)),
      { id: `many-${first}` },
    )
  }
  await log.compact()
  await log.close()
  const again = await openLog(dir, { autoSeal: false })
  for (let n = 1537; n <= 1600; n += 1) await again.append([entry(n)], { id: `one-${n}` })
  const lines = await gathered(exportLines(again))
  const { logId } = again
  await again.close()
  return { lines, logId }
}

/** Flips a bit in the row of these last entries, wherever a file holds one. */
async function flipRows(dir: string, ...lasts: readonly number[]): Promise<void> {
  await copyLog(dir, `${dir}-read`)
  const db = new ClassicLevel<Buffer, Buffer>(join(`${dir}-read`, 'db'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  const values = await db.getMany(lasts.map((last) => seqKey('r', last)))
  await db.close()
  await rm(`${dir}-read`, { recursive: true })
  let flipped = 0
  for (const name of await readdir(join(dir, 'db'))) {
    if (!/\.(ldb|log)$/.test(name)) continue
    const path = join(dir, 'db', name)
    const bytes = await readFile(path)
    for (const value of values) {
      // It begins with its chain values, which nothing else holds in this order.
      const index = value ? bytes.indexOf(value.subarray(0, 60)) : -1
      if (index < 0) continue
      bytes[index + 70] = (bytes[index + 70] ?? 0) ^ 1
      flipped += 1
    }
    await writeFile(path, bytes)
  }
  expect(flipped).toBe(lasts.length)
}

const contents = async (dir: string): Promise<string[]> => {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((found) =>
    found.isFile(),
  )
  return Promise.all(
    names.map(
      async ({ parentPath, name }) => `${name} ${(await readFile(join(parentPath, name))).toString('hex')}`,
    ),
  )
}

describe('repairing', () => {
  test('[L14] a sound log comes out whole, with its lines, its id and its append ids', async () => {
    const { lines, logId } = await makeLog(at('log'))
    const report = await repairLog(at('log'), at('whole'))
    expect(report).toMatchObject({ head: { seq: 1600 }, lost: [], behind: [] })
    const log = await openLog(at('whole'))
    expect(await gathered(exportLines(log))).toEqual(lines)
    expect({ logId: log.logId, head: log.head }).toEqual({ logId, head: report.head })
    expect(await log.find('many-65')).toMatchObject({ first: 65, last: 128 })
    expect(await log.append([entry(1)], { id: 'one-1600' })).toMatchObject({ first: 1600, repeated: true })
    expect(await log.append([entry(1601)], { id: 'one-1601' })).toMatchObject({
      first: 1601,
      repeated: false,
    })
    await log.close()
    expect((await verifyLog(at('whole'))).problems).toEqual([])
  })

  test('[L14] a sealed run that is damaged is what is lost, and what lies behind can still be read', async () => {
    const { lines } = await makeLog(at('log'))
    await flipRows(at('log'), 1024)
    expect((await verifyLog(at('log'))).problems[0]?.seq).toBeGreaterThan(512)
    const before = await contents(at('log'))
    const behind: Stored[] = []
    const report = await repairLog(at('log'), at('whole'), { onBehind: (stored) => void behind.push(stored) })
    expect(report).toMatchObject({
      head: { seq: 512 },
      lost: [{ first: 513, last: 1024 }],
      behind: [{ first: 1025, last: 1600 }],
    })
    expect(behind.map(({ line }) => line)).toEqual(lines.slice(1024))
    expect(behind[0]?.seq).toBe(1025)
    expect(await contents(at('log'))).toEqual(before)
    const log = await openLog(at('whole'))
    expect(await gathered(exportLines(log))).toEqual(lines.slice(0, 512))
    expect(await log.find('many-449')).toMatchObject({ last: 512 })
    expect(await log.find('many-513')).toBeUndefined()
    await log.close()
    expect((await verifyLog(at('whole'))).problems).toEqual([])
  })

  test('[L14] entries that are lost between others, and at the end, are named', async () => {
    const { lines } = await makeLog(at('log'))
    await flipRows(at('log'), 1540, 1541, 1590, 1600)
    const report = await repairLog(at('log'), at('whole'))
    expect(report.head.seq).toBe(1539)
    expect(report.lost).toEqual([
      { first: 1540, last: 1541 },
      { first: 1590, last: 1590 },
      { first: 1600, last: 1600 },
    ])
    expect(report.behind).toEqual([
      { first: 1542, last: 1589 },
      { first: 1591, last: 1599 },
    ])
    const log = await openLog(at('whole'))
    expect(await gathered(exportLines(log))).toEqual(lines.slice(0, 1539))
    await log.close()
  })

  test('[L14] of 40 logs with a flipped bit each gives back its beginning, and says what of the rest is lost', async () => {
    const { lines } = await makeLog(at('log'))
    const files = (await readdir(at('log/db'))).filter((name) => /\.(ldb|log)$/.test(name))
    for (let round = 0; round < 40; round += 1) {
      await copyLog(at('log'), at('copy'))
      const path = join(at('copy/db'), files[round % files.length] ?? '')
      const bytes = await readFile(path)
      const index = Math.floor((bytes.length * ((round * 0.618) % 1)) | 0)
      if (bytes.length === 0) continue
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (round & 7))
      await writeFile(path, bytes)
      const { head, lost, behind } = await repairLog(at('copy'), at(`whole-${round}`))
      const told = [...lost, ...behind].sort((a, b) => a.first - b.first)
      let next = head.seq + 1
      for (const { first, last } of told) {
        expect(first).toBe(next)
        next = last + 1
      }
      expect(next, `byte ${index} of ${path}`).toBe(1601)
      const log = await openLog(at(`whole-${round}`))
      expect(await gathered(exportLines(log))).toEqual(lines.slice(0, head.seq))
      await log.close()
    }
  }, 60_000)

  test('[L14] what is not there, is open, or would be overwritten is refused', async () => {
    await expectCode(repairLog(at('none'), at('whole')), 'LOG_MISSING')
    await makeLog(at('log'))
    await expectCode(repairLog(at('log'), at('log')), 'LOG_EXISTS')
    const log = await openLog(at('log'))
    await expectCode(repairLog(at('log'), at('whole')), 'LOG_LOCKED')
    await log.close()
    expect(await readdir(folder.path)).toEqual(['log'])
  })
})

describe('importing', () => {
  test('[L8] [L15] the export of what was imported is byte for byte what was imported', async () => {
    const { lines } = await makeLog(at('log'))
    const log = await openLog(at('log'))
    const { head, logId } = log
    await log.close()
    expect(await importLines(at('copy'), lines)).toEqual(head)
    const copy = await openLog(at('copy'))
    expect(await gathered(exportLines(copy))).toEqual(lines)
    expect(copy.logId).not.toBe(logId)
    expect(await copy.stats()).toMatchObject({ records: 1600, sealed: 1536, segments: 3 })
    expect(await copy.append([entry(1601)], { id: 'on' })).toMatchObject({ first: 1601 })
    await copy.close()
    expect((await verifyLog(at('copy'))).problems).toEqual([])
    expect(await importLines(at('empty'), [])).toEqual({ seq: 0, chain: '0'.repeat(64) })
    await (await openLog(at('empty'))).close()
  })

  test.each([
    ['is no JSON', '{"seq":600,"a":'],
    ['is another entry', '{"seq":601,"a":1}'],
    ['begins with something else', '{"a":1,"seq":600}'],
    ['holds a newline', '{"seq":600,\n"a":1}'],
    ['is empty', ''],
    ['holds half a character', '{"seq":600,"a":"\ud800"}'],
  ])('[L15] a line that %s is named, and nothing is imported', async (_, broken) => {
    const lines = Array.from({ length: 700 }, (_, n) => JSON.stringify({ seq: n + 1, n }))
    const error = await expectCode(importLines(at('copy'), lines.with(599, broken)), 'ENTRY_INVALID')
    expect(error.details).toMatchObject({ line: 600 })
    expect(await readdir(folder.path)).toEqual([])
  })

  test('[L15] nothing is imported over something', async () => {
    await makeLog(at('log'))
    await expectCode(importLines(at('log'), []), 'LOG_EXISTS')
  })
})
