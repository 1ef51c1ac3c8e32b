// One part of the projections: the rows of it that were asked for, and all of them once somebody goes through the whole.
//
// Owns:      rows in memory, their order, and what became of them while a record was folded.
// Always:    a row is the same object each time, for handlers change it in place.

import { bornAt, type Changes, type Keyed, type RowSource, type Version } from './rows.ts'

/** What all parts share: where they are, and what they are doing. */
export type Noting = {
  readonly source: RowSource
  /** Rows that are not in memory are those of this record. */
  from: number
  /** The record that is folded now, or was last. */
  seq: number
  /** Rows that came with it. */
  births: number
  folding: boolean
  readonly notes: boolean
}

export interface LazyPart {
  readonly name: string
  get(key: string): unknown
  set(key: string, value: unknown): void
  /** The one value of a part that is a single one; `empty` before anything changed it. */
  single(empty: unknown): unknown
  asMap(map: Map<string, unknown>, codec?: Codec): void
  asSet(set: Set<string>, prefix: string): void
  asMembers(map: Map<string, Set<string>>): void
  /** What a handler puts things into. */
  asSink(): unknown
  asList(): unknown[]
  /** Compares what was touched with what it was, and forgets rows that were not used for long. */
  takeChanges(): Changes
}

type Codec = { parse(json: string): unknown; text(value: unknown): string }
const PLAIN: Codec = { parse: (json) => JSON.parse(json) as unknown, text: (value) => JSON.stringify(value) }

type Row = {
  readonly key: string
  /** Parsed when it is asked for. */
  json: string | null
  value: unknown
  there: boolean
  born: number
  /** As of the last record that was noted. */
  noted: string | null
  used: number
}

/** Rows looked up one by one after which looking at all of them is quicker. */
const SINGLY_MAX = 1_000
/** Records for which a row stays in memory after it was used, while a long history is folded. */
const STAYS = 8_192

/**
 * `sizes`: where the number of its rows is kept. `check` throws when a row, or (null) any row, may be another one by now than
 * what can be looked up.
 */
export function lazyPart(
  name: string,
  noting: Noting,
  sizes: { readonly of: LazyPart; check(): void } | null,
  check: (key: string | null) => void,
): LazyPart {
  let codec = PLAIN
  const rows = new Map<string, Row>()
  /** Rows in their order, once all are here. One that has gone, or has come again, is passed over. */
  let order: { readonly row: Row; readonly born: number }[] | null = null
  let found = 0
  const touched = new Set<Row>()
  let list: unknown[] | null = null
  let listed = false

  const keep = (key: string, version: Version | null): Row => {
    const json = version?.json ?? null
    const row: Row = {
      key,
      json,
      value: undefined,
      there: json !== null,
      born: version?.born ?? 0,
      noted: noting.notes ? json : null,
      used: noting.seq,
    }
    rows.set(key, row)
    return row
  }
  const rowOf = (key: string): Row => {
    check(key)
    const known = rows.get(key)
    if (known !== undefined) {
      known.used = noting.seq
      return known
    }
    if (order !== null) return keep(key, null)
    found += 1
    if (!noting.notes && !listed && found > SINGLY_MAX) {
      loadAll()
      return rowOf(key)
    }
    return keep(key, noting.source.find(name, key, noting.from))
  }
  const touch = (row: Row): Row => {
    if (noting.notes && noting.folding) {
      touched.add(row)
    }
    return row
  }
  const valueIn = (row: Row): unknown => {
    if (row.json !== null) {
      row.value = codec.parse(row.json)
      row.json = null
    }
    return row.value
  }
  const count = (by: number): void => {
    sizes?.of.set(name, size() + by)
  }
  const size = (): number => {
    sizes?.check()
    return (sizes?.of.get(name) as number | undefined) ?? 0
  }

  const put = (key: string, value: unknown): void => {
    const row = touch(rowOf(key))
    row.json = null
    row.value = value
    if (row.there) return
    row.there = true
    row.born = bornAt(noting.seq, noting.births)
    noting.births += 1
    order?.push({ row, born: row.born })
    count(1)
  }
  const take = (key: string): boolean => {
    const row = touch(rowOf(key))
    if (!row.there) return false
    row.there = false
    row.json = null
    row.value = undefined
    count(-1)
    return true
  }
  const loadAll = (): { readonly row: Row; readonly born: number }[] => {
    check(null)
    if (order !== null) return order
    const all: Row[] = []
    for (const [key, version] of noting.source.all(name, noting.from)) if (!rows.has(key)) keep(key, version)
    for (const row of rows.values()) if (row.there) all.push(row)
    all.sort((left, right) => left.born - right.born)
    order = all.map((row) => ({ row, born: row.born }))
    return order
  }
  function* there(): Generator<Row> {
    // Rows that come while somebody goes through them are met, as in a Map.
    const all = loadAll()
    for (let n = 0; n < all.length; n += 1) {
      const each = all[n]
      if (each?.row.there && each.row.born === each.born) yield each.row
    }
  }
  const touchedValue = (row: Row): unknown => valueIn(touch(row))
  const forget = (): void => {
    for (const key of [...rows.keys()]) take(key)
  }

  const bounds = (): [number, number] => (valueIn(rowOf('')) as [number, number] | undefined) ?? [0, 0]

  const part: LazyPart = {
    name,
    get: (key) => touchedValue(rowOf(key)),
    set: put,
    single(empty) {
      const row = touch(rowOf(''))
      if (!row.there) {
        row.there = true
        row.value = empty
      }
      return valueIn(row)
    },
    asMap(map, of = PLAIN) {
      codec = of
      const all = function* <T>(what: (row: Row) => T): Generator<T> {
        for (const row of there()) yield what(row)
      }
      const entries = () => all((row): [string, unknown] => [row.key, touchedValue(row)])
      override(map, {
        get: part.get,
        has: (key: string) => rowOf(key).there,
        set(key: string, value: unknown) {
          put(key, value)
          return map
        },
        delete: take,
        clear() {
          loadAll()
          forget()
        },
        keys: () => all((row) => row.key),
        values: () => all(touchedValue),
        entries,
        [Symbol.iterator]: entries,
        forEach(use: (value: unknown, key: string, of: unknown) => void) {
          for (const row of there()) use(touchedValue(row), row.key, map)
        },
      })
      Object.defineProperty(map, 'size', { get: size })
    },
    asSet(set, prefix) {
      const keys = function* (): Generator<string> {
        for (const { key } of there()) if (key.startsWith(prefix)) yield key.slice(prefix.length)
      }
      override(set, {
        has: (key: string) => rowOf(prefix + key).there,
        add(key: string) {
          put(prefix + key, true)
          return set
        },
        delete: (key: string) => take(prefix + key),
        keys,
        values: keys,
        [Symbol.iterator]: keys,
        forEach(use: (key: string, again: string, of: unknown) => void) {
          for (const key of keys()) use(key, key, set)
        },
      })
      Object.defineProperty(set, 'size', { get: () => (prefix === '' ? size() : [...keys()].length) })
    },
    asMembers(map) {
      const inner = new Map<string, Set<string>>()
      const of = (key: string): Set<string> => {
        let set = inner.get(key)
        if (set === undefined) {
          set = new Set()
          inner.set(key, set)
          part.asSet(set, `${key}\n`)
        }
        return set
      }
      /** Those that have members: one that lost them all is as one that never was. */
      const keys = function* (): Generator<string> {
        const met = new Set<string>()
        for (const { key } of there()) {
          const name = key.slice(0, key.indexOf('\n'))
          if (!met.has(name)) yield name
          met.add(name)
        }
      }
      const entries = function* (): Generator<[string, Set<string>]> {
        for (const key of keys()) yield [key, of(key)]
      }
      override(map, {
        get: of,
        has: (key: string) => of(key).size > 0,
        set(key: string, members: Set<string>) {
          const set = of(key)
          for (const member of members) set.add(member)
          return map
        },
        keys,
        *values() {
          for (const [, set] of entries()) yield set
        },
        entries,
        [Symbol.iterator]: entries,
        forEach(use: (set: Set<string>, key: string, of: unknown) => void) {
          for (const [key, set] of entries()) use(set, key, map)
        },
      })
      Object.defineProperty(map, 'size', { get: () => [...keys()].length })
    },
    asSink() {
      listed = true
      return sink
    },
    asList() {
      listed = true
      if (list === null) {
        const [first, next] = bounds()
        list = []
        for (let n = first; n < next; n += 1) list.push(valueIn(rowOf(String(n))))
      }
      return list
    },
    takeChanges() {
      const changed: Keyed[] = []
      const keys = [...touched].map(({ key }) => key)
      for (const row of touched) {
        // Not even parsed: not changed.
        if (row.there && row.json !== null) continue
        const json = row.there ? codec.text(row.value) : null
        if (json === row.noted) continue
        row.noted = json
        changed.push([row.key, { born: row.born, json }])
      }
      touched.clear()
      if (order === null) for (const [key, { used }] of rows) if (used < noting.seq - STAYS) rows.delete(key)
      return { rows: changed, touched: keys }
    },
  }
  /** Bounds are a row of their own; what lies outside of them has gone. */
  const move = (first: number, next: number): void => {
    const row = touch(rowOf(''))
    row.there = true
    row.json = null
    row.value = [first, next]
  }
  const sink = {
    get length(): number {
      const [first, next] = bounds()
      return next - first
    },
    push(...items: unknown[]): number {
      let [first, next] = bounds()
      for (const item of items) {
        const row = touch(rowOf(String(next)))
        row.there = true
        row.json = null
        row.value = item
        list?.push(item)
        next += 1
      }
      move(first, next)
      return next - first
    },
    shift(): void {
      const [first, next] = bounds()
      if (first >= next) return
      list?.shift()
      move(first + 1, next)
    },
  }
  return part
}

function override(on: object, methods: object): void {
  for (const key of Reflect.ownKeys(methods))
    Object.defineProperty(on, key, { value: Reflect.get(methods, key) as unknown })
}
