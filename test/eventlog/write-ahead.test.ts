import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog, openLog, verifyLog } from '../../eventlog/index.ts'
import { maskedCrc32c } from '../../eventlog/level/crc32c.ts'
import { seqKey } from '../../eventlog/level/keys.ts'
import { checkWriteAhead, readWriteAhead } from '../../eventlog/level/write-ahead.ts'
import { seeded } from '../support/seeded.ts'
import { all, entry, expectCode } from './contract.ts'
import { copyLog, temporaryFolder } from './level-subject.ts'

const BLOCK = 32 * 1024

describe("LevelDB's own log", () => {
  let folder: { readonly path: string; remove(): Promise<void> }
  let dir: string
  let copy: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'log')
    copy = join(folder.path, 'copy')
  })
  afterEach(() => folder.remove())

  /** 60 commits, some of them over one or more blocks. */
  async function written(): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    const log = await createLog(dir, { autoSeal: false })
    for (let n = 1; n <= 60; n += 1) await log.append([sized(n)], { id: `n-${n}` })
    await log.close()
    return await logFile(dir)
  }

  test('[L9] of 200 bits flipped in it each is refused with the entry it concerns, and no byte of the log is changed', async () => {
    const { name, bytes } = await written()
    expect(bytes.length).toBeGreaterThan(4 * BLOCK)
    const textAt = (seq: number) => {
      const at = bytes.indexOf(`{"seq":${seq},`)
      return at < 0 ? bytes.length : at
    }
    const random = seeded(20261122)
    for (let round = 0; round < 200; round += 1) {
      // Half of them among the small commits at the end, where the rest of the block is at stake.
      const from = round % 2 === 0 ? 0 : textAt(41)
      const at = from + Math.floor(random() * (bytes.length - from))
      const where = `bit ${round % 8} of byte ${at}`
      await copyLog(dir, copy)
      await writeFile(join(copy, 'db', name), flipped(bytes, at, round % 8))
      const before = await contents(copy)
      const error = await expectCode(openLog(copy, { autoSeal: false }), 'LOG_DAMAGED')
      expect(await contents(copy), where).toEqual(before)
      const [problem] = error.details.problems as [{ seq: number; message: string }]
      expect(problem.message, where).toContain(`db/${name} is damaged at byte `)
      const seq = problem.seq || 1
      if (problem.seq > 0) {
        expect(problem.message).toContain(`after entry ${seq - 1}: the first concerned is ${seq}.`)
      }
      if (seq > 1) expect(at, `${where}, entry ${seq}`).toBeGreaterThan(textAt(seq - 1))
      expect(at, `${where}, entry ${seq}`).toBeLessThan(textAt(seq + 1))
    }
  }, 30_000)

  test('[L9] a bit flipped in it is named by verification as the entry that opening refuses', async () => {
    const { name, bytes } = await written()
    for (const seq of [2, 20, 41, 60]) {
      await copyLog(dir, copy)
      await writeFile(join(copy, 'db', name), flipped(bytes, bytes.indexOf(`{"seq":${seq},`) + 10, 0))
      const error = await expectCode(openLog(copy), 'LOG_DAMAGED')
      expect(error.details).toMatchObject({ problems: [{ seq }] })
      expect((await verifyLog(copy)).problems[0]).toMatchObject({ seq })
    }
  })

  test('[L9] a page of zeros, a lost block and two blocks in the wrong order are refused, and change nothing', async () => {
    const { name, bytes } = await written()
    const page = Buffer.from(bytes).fill(0, 8192, 8192 + 4096)
    const block = Buffer.concat([bytes.subarray(0, BLOCK), bytes.subarray(2 * BLOCK)])
    const order = [0, 2, 1].map((n) => bytes.subarray(n * BLOCK, (n + 1) * BLOCK))
    for (const damaged of [page, block, Buffer.concat([...order, bytes.subarray(3 * BLOCK)])]) {
      await copyLog(dir, copy)
      await writeFile(join(copy, 'db', name), damaged)
      const before = await contents(copy)
      await expectCode(openLog(copy), 'LOG_DAMAGED')
      expect(await contents(copy)).toEqual(before)
    }
  })

  test('[L2] [L9] [P2] torn at every length of its last record it opens with all entries before it', async () => {
    const log = await createLog(dir)
    for (let n = 1; n <= 5; n += 1) await log.append([entry(n)], { id: `n-${n}` })
    await log.close()
    // The head file of a log that ended before the last commit, as it is when a crash tears that one.
    const known = join(folder.path, 'known')
    await copyLog(dir, known)
    const again = await openLog(dir)
    await again.append([entry(6)], { id: 'n-6' })
    const kept = (await logFile(dir)).bytes.length
    await again.append([entry(7)], { id: 'n-7' })
    await again.close()
    await copyFile(join(known, 'head'), join(dir, 'head'))
    const { name, bytes } = await logFile(dir)
    const garbage = Buffer.from(
      Array.from(
        { length: 5000 },
        (
          (random) => () =>
            random() * 256
        )(seeded(3)),
      ),
    )
    expect(bytes.length - kept).toBeGreaterThan(200)
    for (let length = kept; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length)
      const tails = [cut, Buffer.concat([cut, Buffer.alloc(40_000)]), Buffer.concat([cut, garbage])]
      // A record that ends in zeros is whole again with zeros for what was cut.
      const last = (tail: Buffer) => (tail.subarray(0, bytes.length).equals(bytes) ? 7 : 6)
      for (const tail of tails) expect(readWriteAhead(tail)).toMatchObject({ seq: last(tail) })
      const expected = tails.map((tail) => readWriteAhead(tail).broken?.followed ?? false)
      expect(expected, `${length - kept} bytes of the last record`).toEqual([false, false, false])
      await copyLog(dir, copy)
      const torn = tails[length % 3] ?? cut
      await writeFile(join(copy, 'db', name), torn)
      const opened = await openLog(copy)
      expect((await all(opened)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7].slice(0, last(torn)))
      await opened.close()
    }
  }, 120_000)

  test('[L2] [L9] torn within a record of several blocks it opens with all entries before it, whatever pages are lost', async () => {
    await (await createLog(dir)).close()
    const known = join(folder.path, 'known')
    await copyLog(dir, known)
    const log = await openLog(dir)
    for (const n of [1, 20, 2]) await log.append([sized(n)], { id: `n-${n}` })
    await log.close()
    await copyFile(join(known, 'head'), join(dir, 'head'))
    const { name, bytes } = await logFile(dir)
    const small = bytes.indexOf('{"seq":3,') - 7 - 12 - 2 - 7 - 2 - 73
    const large = bytes.subarray(0, small)
    expect(readWriteAhead(large)).toMatchObject({ seq: 2, broken: undefined })
    const torn = [BLOCK - 7, BLOCK - 1, BLOCK, BLOCK + 3, BLOCK + 7, BLOCK + 8, small - 1].map((length) =>
      large.subarray(0, length),
    )
    torn.push(Buffer.from(large).fill(0, 4096, 8192), Buffer.from(large).fill(0, BLOCK, BLOCK + 4096))
    for (const tail of torn) {
      await copyLog(dir, copy)
      await writeFile(join(copy, 'db', name), tail)
      const opened = await openLog(copy)
      expect(opened.head.seq).toBe(1)
      await opened.close()
      // With the next commit behind it, it was whole once.
      await copyLog(dir, copy)
      await writeFile(join(copy, 'db', name), Buffer.concat([tail, bytes.subarray(tail.length)]))
      if (tail.length === small) await expectCode(openLog(copy), 'LOG_DAMAGED')
    }
  })

  test('[L9] bytes that nobody reads may change: the end of a block that is too short for a record', async () => {
    const first = record(1, 1, BLOCK - 7 - 3)
    const file = Buffer.concat([first, Buffer.from([0, 9, 0]), record(2, 2, 100)])
    expect(first.length).toBe(BLOCK - 3)
    expect(readWriteAhead(file)).toEqual({ seq: 2, begins: 1n, ends: 3n, broken: undefined })
  })

  test('[L9] a torn end is damage when a later batch was written, in this file or the next, and else is none', async () => {
    const db = join(folder.path, 'db')
    await mkdir(db)
    const check = async (...files: Buffer[]) => {
      for (const [index, file] of files.entries()) await writeFile(join(db, `00000${index + 1}.log`), file)
      return await checkWriteAhead(db, { state: 'missing' })
    }
    const one = record(1, 11)
    const bad = flipped(record(2, 12), 30, 2)
    const none = Buffer.alloc(0)
    expect(await check(one, none, none)).toBeUndefined()
    expect(await check(Buffer.concat([one, bad]), none, none)).toBeUndefined()
    // Opened again after the crash: the number of the torn batch is given to the next.
    expect(await check(Buffer.concat([one, bad]), none, record(2, 12))).toBeUndefined()
    expect(await check(Buffer.concat([one, bad]), none, record(3, 13))).toMatchObject({ seq: 12 })
    expect(await check(Buffer.concat([one, bad, record(3, 13)]), none, none)).toMatchObject({ seq: 12 })
    expect(await check(Buffer.concat([one, record(3, 13)]), none, none), 'a missing batch').toMatchObject({
      seq: 12,
    })
    // What was on the disk before, and became visible in a power cut, has lower numbers.
    const used = Buffer.concat([record(7, 17), flipped(record(8, 18), 30, 2), record(3, 13)])
    expect(await check(used, none, none)).toBeUndefined()
  })

  test('[L9] the only commit in it is missed when the head file has seen it', async () => {
    const db = join(folder.path, 'db')
    await mkdir(db)
    await writeFile(join(db, '000001.log'), flipped(record(5, 40), 60, 1))
    const head = (seq: number) =>
      ({ state: 'found', logId: '', seq, chain: Buffer.alloc(32), slot: 0 }) as const
    expect(await checkWriteAhead(db, head(39))).toBeUndefined()
    expect(await checkWriteAhead(db, head(40))).toMatchObject({ seq: 0, kind: 'checksum' })
  })

  test('checking 4 MB of it takes a short time', async () => {
    const log = await createLog(dir, { autoSeal: false })
    for (let n = 1; n <= 330; n += 1)
      void log.append([{ n, text: 'x'.repeat(12_000) }], { id: `n-${n}` }).catch(() => {})
    await log.append([entry(0)], { id: 'last' })
    await log.close()
    const { bytes } = await logFile(dir)
    expect(bytes.length).toBeGreaterThan(3_500_000)
    const times: number[] = []
    for (let round = 0; round < 8; round += 1) {
      const began = performance.now()
      expect(await checkWriteAhead(join(dir, 'db'), { state: 'missing' })).toBeUndefined()
      times.push(performance.now() - began)
    }
    // 10 ms is the aim; the least of eight, and some air, keep a busy machine out of it.
    expect(Math.min(...times)).toBeLessThan(50)
  })
})

/** Mostly small; every 20th crosses blocks, but for the 60th. */
function sized(n: number) {
  return n % 20 === 0 && n < 60 ? { n, text: `${n} `.repeat(20_000) } : entry(n)
}

/** One piece with a batch of one put: the ids of the commit that ends at `seq`. */
function record(number: number, seq: number, size = 80): Buffer {
  const bytes = Buffer.alloc(7 + size)
  bytes.writeUInt16LE(size, 4)
  bytes[6] = 1
  bytes.writeBigUInt64LE(BigInt(number), 7)
  bytes.writeUInt32LE(1, 15)
  const value = size - 12 - 2 - 7 - 3
  const lengths = [(value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14]
  Buffer.concat([Buffer.from([1, 7]), seqKey('x', seq), Buffer.from(lengths)]).copy(bytes, 19)
  bytes.writeUInt32LE(maskedCrc32c(bytes, 6, bytes.length), 0)
  return bytes
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ (1 << bit)
  return changed
}

/** The one that holds something. */
async function logFile(dir: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  for (const name of await readdir(join(dir, 'db'))) {
    const bytes = name.endsWith('.log') ? await readFile(join(dir, 'db', name)) : Buffer.alloc(0)
    if (bytes.length > 0) return { name, bytes }
  }
  throw new Error(`There is no log of LevelDB in ${dir}.`)
}

async function contents(dir: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of await readdir(dir, { recursive: true })) {
    files.set(name, await digestOf(join(dir, name)).catch(() => 'folder'))
  }
  return files
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
