// Versions of rows: what each row of each projection was, from which record on.
//
// Owns:      which parts the projections have, and how the changes of a run of records become one text per part.
// Does not:  keep anything (src/town/past has the files), or know what a row means.
// Always:    a row as of a record is its last version at or before it; a version without JSON says that it was taken away.

import { createProjections, type Projections } from '../projections/index.ts'

/** Records whose changes are kept together. */
export const RUN_RECORDS = 512

/** The run that a record lies in, counted from 0. */
export const runOf = (seq: number): number => Math.floor((seq - 1) / RUN_RECORDS)
/** The last record of a run. */
export const lastOf = (run: number): number => (run + 1) * RUN_RECORDS

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

/** All parts, always in the same order. */
export const PARTS: readonly Part[] = Object.entries(createProjections()).flatMap(
  ([projection, { rows }]): Part[] => {
    const of = projection as keyof Projections
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
/** The owners' states, only as they were at the end of each run: the rest is in the records themselves. */
export const OWNERS = '#owners'

export type Version = {
  /** The record from which on it is so. */
  readonly seq: number
  /** Where it stands among the rows of its part: rows are in the order in which they came. */
  readonly born: number
  /** null: there is no such row. */
  readonly json: string | null
}

export type Versions = { readonly key: string; readonly versions: readonly Version[] }

/** Whatever knows rows as they were. */
export type RowSource = {
  /** The last record that it knows. */
  readonly seq: number
  /** The last version at or before `seq`, or null when there was none yet. */
  find(part: string, key: string, seq: number): Version | null
  /** Every row that there was as of `seq`, in their order. */
  all(part: string, seq: number): readonly (readonly [key: string, version: Version])[]
}

export const NO_ROWS: RowSource = { seq: 0, find: () => null, all: () => [] }

/** A place among the rows of a part: the n-th that came with a record. */
export const bornAt = (seq: number, n: number): number => seq * 65_536 + n

/** A block: the versions of one part that one run brought. */
export type Block = {
  /** The version of a key at or before `seq`, or null. */
  find(key: string, seq: number): Version | null
  entries(): Iterable<Versions>
}

/** [key, seq, born, length of its JSON (-1: none), and so on for each version] */
type Listed = [string, ...number[]]

export function encodeBlock(changed: readonly Versions[]): string {
  const texts: string[] = []
  const table = changed.map(({ key, versions }): Listed => {
    const listed: Listed = [key]
    for (const { seq, born, json } of versions) {
      listed.push(seq, born, json === null ? -1 : json.length)
      if (json !== null) texts.push(json)
    }
    return listed
  })
  return `${JSON.stringify(table)}\n${texts.join('')}`
}

export function decodeBlock(text: string): Block {
  const begin = text.indexOf('\n') + 1
  const table = JSON.parse(text.slice(0, begin)) as readonly Listed[]
  const versionsOf = ([, ...numbers]: Listed, from: number): Version[] => {
    const versions: Version[] = []
    let at = from
    for (let n = 0; n < numbers.length; n += 3) {
      const length = numbers[n + 2] ?? -1
      const json = length < 0 ? null : text.slice(at, at + length)
      versions.push({ seq: numbers[n] ?? 0, born: numbers[n + 1] ?? 0, json })
      at += Math.max(0, length)
    }
    return versions
  }
  return {
    find(key, seq) {
      let at = begin
      for (const listed of table) {
        if (listed[0] === key) return versionsOf(listed, at).findLast((version) => version.seq <= seq) ?? null
        at += lengthOf(listed)
      }
      return null
    },
    *entries() {
      let at = begin
      for (const listed of table) {
        yield { key: listed[0], versions: versionsOf(listed, at) }
        at += lengthOf(listed)
      }
    },
  }
}

function lengthOf(listed: Listed): number {
  let length = 0
  for (let n = 3; n < listed.length; n += 3) length += Math.max(0, listed[n] as number)
  return length
}

/** Several blocks of one part, oldest first, as one that has only the last version of each row. */
export function mergeBlocks(blocks: readonly Block[]): Versions[] {
  const last = new Map<string, Version>()
  for (const block of blocks)
    for (const { key, versions } of block.entries()) {
      const version = versions.at(-1)
      if (version !== undefined) last.set(key, version)
    }
  return [...last].map(([key, version]) => ({ key, versions: [version] }))
}
