// Versions of rows: what each row of each projection was at the end of each run of records that changed it.
//
// Owns:      which parts the projections have, and how the changes of a run of records become one text per part.
// Does not:  keep anything (src/town/past has the files), or know what a row means.
// Always:    a row as of the end of a run is its last version at or before it; a version without JSON says that it was taken
//            away. Within a run, a row that the run did not change is as it was before; one that it changed is folded.

import { createProjections, type Projections } from '../projections/index.ts'

/**
 * What a part is, and so how it is taken apart. `map`: key to row. `set`: members. `sets`: key to a small set, kept as one
 * row. `members`: key to a large set, each member kept by itself. `list`: what is put in behind and taken out in front.
 * `single`: one value.
 */
export type PartKind = 'map' | 'set' | 'sets' | 'members' | 'list' | 'single'

export type Part = {
  /** `beads.byId`, or the projection's name when all of its rows are one map. */
  readonly name: string
  readonly kind: PartKind
  readonly projection: keyof Projections
  /** Of the projection's rows; null when they are one map. */
  readonly field: string | null
}

/** Maps whose values are sets; all other values are plain JSON. */
const OF_SETS: Readonly<Record<string, PartKind>> = {
  'beads.byRig': 'members',
  'beads.byStatus': 'members',
  'beads.dependents': 'sets',
}

/** What depends on the last records alone, and on each by itself, is not kept: it is folded from some records before. */
export const WINDOWS: ReadonlySet<string> = new Set<keyof Projections>(['feed'])

/** All parts, always in the same order. */
export const PARTS: readonly Part[] = Object.entries(createProjections()).flatMap(
  ([projection, { rows }]): Part[] => {
    const of = projection as keyof Projections
    if (WINDOWS.has(of)) return []
    if (rows instanceof Map) return [{ name: of, kind: 'map', projection: of, field: null }]
    return Object.entries(rows).map(([field, empty]) => {
      const name = `${of}.${field}`
      return { name, kind: OF_SETS[name] ?? kindOf(empty), projection: of, field }
    })
  },
)

function kindOf(empty: unknown): PartKind {
  if (empty instanceof Map) return 'map'
  if (empty instanceof Set) return 'set'
  return Array.isArray(empty) ? 'list' : 'single'
}

/** Besides the parts of the projections: how many rows each of them has. */
export const SIZES = '#sizes'
/** And the context of each owner, by its address. */
export const CONTEXTS = '#contexts'

export type Version = {
  /** Where it stands among the rows of its part: rows are in the order in which they came. */
  readonly born: number
  /** null: there is no such row. */
  readonly json: string | null
}

export type Keyed = readonly [key: string, version: Version]

/** What a run did to a part. */
export type Changes = {
  /** Rows that are not at its end what they were before. */
  readonly rows: readonly Keyed[]
  /** All that may have been something else in between, those included. */
  readonly touched: readonly string[]
}

/** Whatever knows rows as they were at the ends of runs. */
export type RowSource = {
  /** The last record that it knows; the end of a run. */
  readonly seq: number
  /** As of the end of a run; null when there was none yet. */
  find(part: string, key: string, seq: number): Version | null
  /** Every row that there was as of the end of a run, in their order. */
  all(part: string, seq: number): readonly Keyed[]
  /** Whether the runs in which the records after `after` up to `to` lie touched a row, or (null) any of a part; or may have. */
  changes(part: string, key: string | null, after: number, to: number): boolean
}

export const NO_ROWS: RowSource = { seq: 0, find: () => null, all: () => [], changes: () => true }

/** Keys of rows that may differ between two moments, by part. */
export type Touched = ReadonlyMap<string, ReadonlySet<string>>

/** A place among the rows of a part: the n-th that came with a record. */
export const bornAt = (seq: number, n: number): number => seq * 65_536 + n

/** A block: the rows of one part that one run, or several, changed. */
export type Block = {
  find(key: string): Version | null
  keys(): readonly string[]
  entries(): Iterable<Keyed>
}

/** Its key, where it stands, and the length of its JSON (-1: it was taken away). */
type Listed = readonly [key: string, born: number, length: number]

export function encodeBlock(changed: readonly Keyed[]): string {
  const table = changed.map(([key, { born, json }]): Listed => [key, born, json?.length ?? -1])
  return `${JSON.stringify(table)}\n${changed.map(([, { json }]) => json ?? '').join('')}`
}

export function decodeBlock(text: string): Block {
  const begin = text.indexOf('\n') + 1
  const table = JSON.parse(text.slice(0, begin)) as readonly Listed[]
  const versionAt = ([, born, length]: Listed, at: number): Version => ({
    born,
    json: length < 0 ? null : text.slice(at, at + length),
  })
  return {
    find(key) {
      let at = begin
      for (const listed of table) {
        if (listed[0] === key) return versionAt(listed, at)
        at += Math.max(0, listed[2])
      }
      return null
    },
    keys: () => table.map(([key]) => key),
    *entries() {
      let at = begin
      for (const listed of table) {
        yield [listed[0], versionAt(listed, at)]
        at += Math.max(0, listed[2])
      }
    },
  }
}

/** Several blocks of one part, oldest first, as one that has only the last version of each row. */
export function mergeBlocks(blocks: readonly Block[]): Keyed[] {
  const last = new Map<string, Version>()
  for (const block of blocks) for (const [key, version] of block.entries()) last.set(key, version)
  return [...last]
}
