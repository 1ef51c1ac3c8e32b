import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createLog,
  type EventLog,
  openLog,
  unpackEntries,
  unpackEntry,
  unpackLines,
  verifyLog,
} from '../../eventlog/index.ts'
import { META_FORMAT, rangeOf } from '../../eventlog/level/keys.ts'
import { PackedValues, Packer } from '../../eventlog/level/pack.ts'
import { packLines, unpackValues } from '../../eventlog/level/segment.ts'
import { decodeText, encodeText } from '../../eventlog/level/values.ts'
import { all, entry, gathered } from './contract.ts'
import { temporaryFolder } from './level-subject.ts'

const packed = (values: readonly unknown[]): Buffer => {
  const packer = new Packer()
  for (const value of values) packer.add(value)
  return packer.finish()
}

const asText = (lines: readonly string[]) => packLines(lines, Buffer.from(lines.join('\n')))

describe('packed values', () => {
  test('[L10] come back as they were, whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 5 }), { maxLength: 20 }), (values) => {
        // Lines with that key are kept as text.
        fc.pre(!JSON.stringify(values).includes('__proto__'))
        // What JSON.parse gives: no -0, no undefined.
        const parsed = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown)
        const found = new PackedValues(packed(parsed)).next(parsed.length)
        expect(found.map((value) => JSON.stringify(value))).toEqual(
          parsed.map((value) => JSON.stringify(value)),
        )
        expect(found).toEqual(parsed)
      }),
      { numRuns: 500 },
    )
  })

  test('[L10] come back at the edges of numbers, texts and shapes', () => {
    const edges = [
      [
        0,
        1,
        127,
        128,
        2 ** 28 - 1,
        2 ** 28,
        2 ** 30,
        2 ** 31,
        2 ** 48,
        2 ** 50 - 1,
        2 ** 50,
        2 ** 53,
        1e21,
        1e-7,
      ],
      [-1, -127, -(2 ** 31), -(2 ** 50), -0.5, 0.1 + 0.2, Number.MAX_VALUE, Number.MIN_VALUE],
      ['', '\ud800', 'a\udc00b', '\u0000\n"', '\u2028', '😀', 'ü'.repeat(70_000)],
      [[], {}, [[]], [{}], { '': 0 }, { a: { a: { a: [] } } }, { '7': 1, x: 2 }, { 'a\u0000b': 1, a: 1 }],
      [true, false, null],
    ]
    expect(new PackedValues(packed(edges)).next(edges.length)).toEqual(edges)
    const many = Array.from({ length: 600 }, (_, n) => ({ [`key${n}`]: `text${n}`, n }))
    expect(new PackedValues(packed(many)).next(600)).toEqual(many)
  })

  test('[L9] reading ends, also when the bytes are not what was packed', () => {
    const bytes = packed([
      { text: 'abc', list: [1, 2, [3, -4, 5.5, { n: null }]] },
      { text: 'abc', list: [] },
    ])
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const wrong = Buffer.from(bytes)
      wrong[at >> 3] = (wrong[at >> 3] ?? 0) ^ (1 << (at & 7))
      try {
        new PackedValues(wrong).next(2)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }
  })
})

describe('the lines of a sealed run', () => {
  test('[L10] are packed when every one comes back byte for byte', async () => {
    const lines = Array.from({ length: 512 }, (_, n) =>
      JSON.stringify({ seq: n + 1, n, text: `number ${n}`, deep: { n } }),
    )
    const { as, bytes } = await asText(lines)
    expect(as).toBe('values')
    expect(unpackValues(bytes, 512).map((value) => JSON.stringify(value))).toEqual(lines)
  })

  test.each([
    ['a whole number too large to be exact', '{"seq":1,"n":9007199254740993}'],
    ['minus zero', '{"seq":1,"n":-0}'],
    ['a number in another notation', '{"seq":1,"n":1E21}'],
    ['a decimal with a zero at its end', '{"seq":1,"n":1.50}'],
    ['a key __proto__', '{"seq":1,"a":{"__proto__":{"b":1}}}'],
    ['a key twice', '{"seq":1,"a":1,"a":2}'],
    ['a number as a key behind others', '{"seq":1,"7":1}'],
    ['a lone surrogate as it is', '{"seq":1,"a":"\ud800"}'],
    ['a space', '{"seq":1, "a":1}'],
    ['an escape that is not needed', '{"seq":1,"a":"\\u0061"}'],
    ['no JSON', '{"seq":1,'],
    ['depth without end', `{"seq":1,"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('[L10] are kept as text because of %s', async (_, odd) => {
    expect((await asText([odd])).as).toBe('text')
    expect((await asText(['{"seq":1}', odd])).as).toBe('text')
  })

  test.each([
    ['a large float', '{"seq":1,"n":1e+21}'],
    ['a lone surrogate, escaped', '{"seq":1,"a":"\\ud800"}'],
    ['a line of half a megabyte', `{"seq":1,"a":"${'x'.repeat(500_000)}"}`],
  ])('[L10] are packed in spite of %s', async (_, fine) => {
    const { as, bytes } = await asText([fine])
    expect(as).toBe('values')
    expect(JSON.stringify(unpackValues(bytes, 1)[0])).toBe(fine)
  })
})

describe('a log with sealed runs', () => {
  let folder: { readonly path: string; remove(): Promise<void> }
  let dir: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'log')
  })
  afterEach(() => folder.remove())

  const fill = async (log: EventLog, count: number, odd = false) => {
    const appends: Promise<unknown>[] = []
    for (let n = log.next, end = n + count; n < end; n += 1) {
      const extra = odd ? (JSON.parse('{"__proto__":1}') as object) : {}
      const made = odd
        ? Object.defineProperties({}, Object.getOwnPropertyDescriptors({ ...entry(n), ...extra }))
        : entry(n)
      appends.push(log.append([made], { id: `n-${n}` }))
    }
    await Promise.all(appends)
  }
  const rowsOf = async <T>(use: (db: ClassicLevel<Buffer, Buffer>) => Promise<T>): Promise<T> => {
    const db = new ClassicLevel<Buffer, Buffer>(join(dir, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    })
    try {
      return await use(db)
    } finally {
      await db.close()
    }
  }
  const kinds = () => rowsOf(async (db) => (await db.values(rangeOf('r')).all()).map((value) => value[0]))
  const format = () =>
    rowsOf(async (db) => decodeText(META_FORMAT, (await db.get(META_FORMAT)) ?? Buffer.alloc(0)))

  test('[L10] packs what can be packed, keeps the rest as text, and gives back both', async () => {
    let log = await createLog(dir, { autoSeal: false })
    await fill(log, 512)
    await fill(log, 512, true)
    await fill(log, 600)
    const before = await all(log)
    const { head } = log
    expect(before[600]?.line).toContain('__proto__')
    await log.seal()
    expect(await all(log)).toEqual(before)
    await log.close()
    expect((await kinds()).slice(0, 3)).toEqual([3, 2, 3])
    log = await openLog(dir, { autoSeal: false })
    expect(log.head).toEqual(head)
    expect(await all(log)).toEqual(before)
    const pieces = await gathered(log.pieces())
    expect(pieces.flatMap(unpackLines)).toEqual(before)
    expect(pieces.flatMap(unpackEntries)).toEqual(
      before.map(({ seq, line }) => ({ seq, entry: JSON.parse(line) })),
    )
    for (const piece of pieces)
      for (let { first: seq } = piece; seq <= piece.last; seq += 1)
        expect(unpackEntry(piece, seq)).toEqual(JSON.parse(before[seq - 1]?.line ?? ''))
    await log.close()
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 1624 })
  })

  test('[L10] one entry is the line that it was, asked for the first time or again, and one that is gone is missed', async () => {
    let log = await createLog(dir, { autoSeal: false })
    await fill(log, 512)
    await fill(log, 512, true)
    await fill(log, 20)
    const before = await all(log)
    await log.seal()
    await log.close()
    for (const place of [0, 200, 511]) {
      log = await openLog(dir, { autoSeal: false })
      for (const at of [place, place + 512, 1_024 + (place % 20), 511 - place])
        expect(await log.get(at + 1)).toEqual(before[at])
      await log.close()
    }
    await rowsOf(async (db) => db.del((await db.keys({ ...rangeOf('r'), limit: 1 }).all())[0] as Buffer))
    log = await openLog(dir, { autoSeal: false })
    await expect(log.get(5)).rejects.toMatchObject({ code: 'LOG_DAMAGED' })
    await log.close()
  })

  test('[L10] [L13] a log of format 1 is opened and read, and has the format of this build from its next commit on', async () => {
    let log = await createLog(dir, { autoSeal: false })
    await fill(log, 512, true)
    await log.seal()
    await fill(log, 30)
    await log.close()
    expect(await kinds()).toContain(2)
    await rowsOf((db) => db.put(META_FORMAT, encodeText(META_FORMAT, '1')))
    log = await openLog(dir, { autoSeal: false })
    expect(await all(log)).toHaveLength(542)
    await log.close()
    expect(await format()).toBe('1')
    log = await openLog(dir, { autoSeal: false })
    await fill(log, 500)
    const before = await all(log)
    const { head } = log
    await log.close()
    expect(await format()).toBe('3')
    log = await openLog(dir, { autoSeal: false })
    expect(await log.seal()).toEqual({ segments: 1 })
    expect(log.head).toEqual(head)
    expect(await all(log)).toEqual(before)
    await log.close()
    expect((await kinds()).slice(0, 2)).toEqual([2, 3])
    expect((await verifyLog(dir)).problems).toEqual([])
  })
})
