import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PackedRows, RowMap, type RowPlace, rowsWith, tally } from '../../src/projections/row-map.ts'

type Row = { n: number }

/** Rows in chunks of three, as text; counts what was looked into. */
function packed(rows: readonly (readonly [string, Row])[]): PackedRows & { readonly read: string[] } {
  const read: string[] = []
  const chunks = Array.from({ length: Math.ceil(rows.length / 3) }, (_, n) => rows.slice(n * 3, n * 3 + 3))
  return {
    read,
    size: rows.length,
    chunkCount: chunks.length,
    marked: 'n',
    marks: (chunk) => (chunks[chunk] ?? []).map(([, row]) => row.n),
    keys: (chunk) => (chunks[chunk] ?? []).map(([key]) => key),
    text(chunk, n) {
      const [key, row] = (chunks[chunk] ?? [])[n] as readonly [string, Row]
      read.push(key)
      return JSON.stringify(row)
    },
    find(key): RowPlace | null {
      const at = rows.findIndex(([one]) => one === key)
      return at < 0 ? null : { chunk: Math.floor(at / 3), n: at % 3 }
    },
  }
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', '']
const key = fc.constantFrom(...KEYS)

type Step = (map: Map<string, Row>) => unknown
const step: fc.Arbitrary<Step> = fc.oneof(
  key.map(
    (k): Step =>
      (map) =>
        map.get(k),
  ),
  key.map(
    (k): Step =>
      (map) =>
        map.has(k),
  ),
  key.map(
    (k): Step =>
      (map) =>
        map.delete(k),
  ),
  fc.tuple(key, fc.nat(9)).map(
    ([k, n]): Step =>
      (map) =>
        map.set(k, { n }).size,
  ),
  // As handlers do: a row is changed where it is.
  fc.tuple(key, fc.nat(9)).map(
    ([k, n]): Step =>
      (map) => {
        const row = map.get(k)
        if (row !== undefined) row.n = n
        return map.get(k)
      },
  ),
  fc.constant<Step>((map) => [...map.values()]),
  fc.constant<Step>((map) => [...map.keys()]),
  fc.constant<Step>((map) => {
    // Rows that go and come while somebody walks.
    const met: string[] = []
    for (const [k] of map) {
      met.push(k)
      if (k === 'a') map.delete('b')
      if (k === 'c' && !map.has('new')) map.set('new', { n: 1 })
    }
    return met
  }),
  fc.constant<Step>((map) => {
    map.clear()
    return map.size
  }),
)

test('[PR-25] rows that are still text answer as a map of the same rows does, whatever is done to them', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.array(step, { maxLength: 30 }), (keys, steps) => {
      const rows = keys.map((k, n): [string, Row] => [k, { n }])
      const plain = new Map(rows.map(([k, row]): [string, Row] => [k, { ...row }]))
      const lazy = new RowMap<Row>(packed(rows))
      for (const each of steps) expect(each(lazy)).toEqual(each(plain))
      expect(tally(lazy, 'n')).toEqual(tally(plain, 'n'))
      expect([...rowsWith(lazy, 'n', [1, 3])]).toEqual([...rowsWith(plain, 'n', [1, 3])])
      expect([...lazy.snapshot()]).toEqual([...plain])
      expect([...lazy.passing()]).toEqual([...plain])
      expect([...lazy]).toEqual([...plain])
      expect(lazy.size).toBe(plain.size)
      const entries: unknown[] = []
      lazy.forEach((row, k) => {
        entries.push([k, row])
      })
      expect(entries).toEqual([...plain])
    }),
    { numRuns: 500 },
  )
})

test('[PR-25] what was packed and what is other now make the rows as they are', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.array(step, { maxLength: 20 }), (keys, steps) => {
      const rows = keys.map((k, n): [string, Row] => [k, { n }])
      const lazy = new RowMap<Row>(packed(rows))
      for (const each of steps) each(lazy)
      const { loaded, gone, fresh } = lazy.changes()
      const now = new Map(rows)
      for (const [k, row] of loaded) now.set(k, row)
      for (const k of gone) now.delete(k)
      for (const [k, row] of fresh) now.set(k, row)
      expect([...now]).toEqual([...lazy])
    }),
    { numRuns: 300 },
  )
})

test('[PR-25] a row is unpacked when somebody asks for it, once, and is the same object from then on', () => {
  const text = packed(KEYS.map((k, n): [string, Row] => [k, { n }]))
  const rows = new RowMap<Row>(text)
  expect([rows.size, rows.has('a'), [...rows.keys()].length]).toEqual([KEYS.length, true, KEYS.length])
  expect([tally(rows, 'n').size, [...rowsWith(rows, 'n', [99])]]).toEqual([KEYS.length, []])
  expect(text.read).toEqual([])
  expect([...rowsWith(rows, 'n', [2])]).toEqual([rows.get('c')])
  expect(text.read).toEqual(['c'])
  const row = rows.get('d')
  expect(row).toBe(rows.get('d'))
  expect(row).toBe([...rows.values()][3])
  expect(text.read.filter((k) => k === 'd')).toEqual(['d'])
})

test('[PR-25] a snapshot stays as it was', () => {
  const rows = new RowMap<Row>(
    packed([
      ['a', { n: 1 }],
      ['b', { n: 2 }],
    ]),
  )
  rows.set('c', { n: 3 })
  const then = rows.snapshot()
  rows.set('a', { n: 9 })
  rows.delete('b')
  rows.set('d', { n: 4 })
  expect([...then]).toEqual([
    ['a', { n: 1 }],
    ['b', { n: 2 }],
    ['c', { n: 3 }],
  ])
})
