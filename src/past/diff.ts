// What changed between two moments: row by row of each projection, and owner by owner.
//
// Owns:      which rows there are to compare, and what counts as a change of one.
// Does not:  fold anything: both moments are handed in. Sentences of the feed are no rows: they are what happened, not what is.
// Always:    a row is added, removed or changed; of a changed one only the fields that differ are told.

import { beadOwner, rigOf } from '../events/address.ts'
import type { Address, Json, LogRecord } from '../events/record.ts'
import { createProjections, type Projections } from '../projections/index.ts'
import type { Projection } from '../projections/types.ts'
import type { Contexts } from './contexts.ts'
import { stateText } from './history.ts'
import type { Touched } from './rows.ts'

/** Text of each row by its key, by part: `beads.byId`, `rigs`. */
export type RowTexts = ReadonlyMap<string, ReadonlyMap<string, string>>

export type Changed = { readonly [field: string]: { readonly before: Json; readonly after: Json } }
export type RowChange =
  | { readonly key: string; readonly change: 'added'; readonly after: Json }
  | { readonly key: string; readonly change: 'removed'; readonly before: Json }
  | { readonly key: string; readonly change: 'changed'; readonly fields: Changed }

export type OwnerChange = {
  readonly address: Address
  /** `-` when it was not there. */
  readonly from: string
  readonly to: string
  readonly records: number
  readonly fields: Changed
}

/** Which rows and owners are asked for. */
export type DiffFilter = { readonly rig?: string | undefined; readonly bead?: string | undefined }

/** `touched`: the only rows that are wanted; null for all. */
export function rowTexts(
  projections: Projections,
  filter: DiffFilter,
  touched: Touched | null = null,
): RowTexts {
  const all: readonly [string, Projection<unknown>][] = Object.entries(projections)
  const texts = new Map<string, Map<string, string>>()
  for (const [of, { name, rows }] of all)
    for (const part of PARTS.get(name) ?? []) {
      const keys = touched === null ? null : (touched.get(part === '' ? of : `${of}.${part}`) ?? NO_KEYS)
      const kept = new Map<string, string>()
      for (const [key, row] of entries(
        () => (part === '' ? rows : (rows as Record<string, unknown>)[part]),
        keys,
      ))
        if (isAsked(name, key, row, filter)) kept.set(key, JSON.stringify(row) ?? 'null')
      texts.set(part === '' ? name : `${name}.${part}`, kept)
    }
  return texts
}

const NO_KEYS: ReadonlySet<string> = new Set()

/** Of those the ones that are asked for. */
export const restricted = (texts: RowTexts, filter: DiffFilter): RowTexts =>
  new Map(
    [...texts].map(([part, rows]) => {
      const [projection = ''] = part.split('.')
      return [
        part,
        new Map([...rows].filter(([key, text]) => isAsked(projection, key, JSON.parse(text), filter))),
      ]
    }),
  )

/** By part; parts without a change are left out. */
export function rowChanges(before: RowTexts, after: RowTexts): Record<string, RowChange[]> {
  const changes: Record<string, RowChange[]> = {}
  for (const [part, rows] of after) {
    const old = before.get(part) ?? new Map<string, string>()
    const found: RowChange[] = []
    for (const [key, text] of rows) {
      const was = old.get(key)
      if (was === undefined) found.push({ key, change: 'added', after: JSON.parse(text) })
      else if (was !== text)
        found.push({ key, change: 'changed', fields: fieldsOf(JSON.parse(was), JSON.parse(text)) })
    }
    // Lists forget what is old; that is no news.
    if (!LISTS.has(part))
      for (const [key, text] of old)
        if (!rows.has(key)) found.push({ key, change: 'removed', before: JSON.parse(text) })
    // The same order, however they were found.
    if (!LISTS.has(part)) found.sort((left, right) => (left.key < right.key ? -1 : 1))
    if (found.length > 0) changes[part] = found
  }
  return changes
}

/** `a` and `b` as objects: the fields that differ. Anything else is one field without a name. */
function fieldsOf(a: Json, b: Json): Changed {
  if (!isObject(a) || !isObject(b)) return { '': { before: a, after: b } }
  const fields: Record<string, { before: Json; after: Json }> = {}
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [before = null, after = null] = [a[name], b[name]]
    if (JSON.stringify(before) !== JSON.stringify(after)) fields[name] = { before, after }
  }
  return fields
}

/** What the records between two moments make of owners. */
export type OwnerChanges = {
  add(record: LogRecord): void
  readonly owners: ReadonlySet<Address>
  /** `before`: their contexts as of the first moment. */
  since(before: Contexts): OwnerChange[]
}

type Changing = { readonly from: string; to: string; records: number; readonly last: Map<string, Json> }

export function createOwnerChanges(): OwnerChanges {
  const changed = new Map<Address, Changing>()
  return {
    add({ actor, from, to, change: { set, unset } }) {
      const one = changed.get(actor) ?? { from: stateText(from), to: '', records: 0, last: new Map() }
      one.to = stateText(to)
      one.records += 1
      for (const key in set) one.last.set(key, set[key] as Json)
      for (const key of unset ?? []) one.last.set(key, null)
      changed.set(actor, one)
    },
    get owners() {
      return new Set(changed.keys())
    },
    since: (before) =>
      [...changed]
        .map(([address, { from, to, records, last }]) => {
          const was = before.get(address) ?? {}
          return {
            address,
            from,
            to,
            records,
            fields: fieldsOf(was, { ...was, ...Object.fromEntries(last) }),
          }
        })
        .filter(({ from, to, fields }) => from !== to || Object.keys(fields).length > 0)
        .sort((left, right) => (left.address < right.address ? -1 : 1)),
  }
}

/** True of an owner that belongs to what is asked for; `beads`: those of the rig. */
export const isOwnerAsked = (
  address: Address,
  { rig, bead }: DiffFilter,
  beads: ReadonlySet<string>,
): boolean =>
  (bead === undefined || address === beadOwner(bead)) &&
  (rig === undefined || rigOf(address) === rig || beads.has(address))

/** Parts that are saved: the others follow from them. `''`: the rows are one map. */
const PARTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(createProjections())
    .filter(({ name }) => name !== 'feed')
    .map((one: Projection<unknown>) => {
      const { rows } = one.save() as { rows: object }
      return [one.name, Array.isArray(rows) ? [''] : Object.keys(rows)] as const
    }),
)
const LISTS: ReadonlySet<string> = new Set(
  Object.values(createProjections()).flatMap(({ name, rows }) =>
    Object.entries(rows).flatMap(([part, value]) => (Array.isArray(value) ? [`${name}.${part}`] : [])),
  ),
)

/** Those of `keys`; of what has no keys all, when any are wanted. */
function entries(
  partOf: () => unknown,
  keys: ReadonlySet<string> | null,
): Iterable<readonly [string, unknown]> {
  if (keys?.size === 0) return []
  const part = partOf()
  if (part instanceof Map && keys !== null)
    return [...keys].flatMap((key) => (part.has(key) ? [[key, part.get(key)] as const] : []))
  if (part instanceof Map) return part as ReadonlyMap<string, unknown>
  if (part instanceof Set)
    return [...(keys ?? part)].flatMap((key) => (part.has(key) ? [[String(key), true] as const] : []))
  if (Array.isArray(part)) return part.map((item) => [seqOf(item) ?? JSON.stringify(item), item] as const)
  return [['', part]]
}

const seqOf = (item: unknown): string | null => {
  const { seq } = item as { seq?: unknown }
  return typeof seq === 'number' ? String(seq) : null
}

function isAsked(projection: string, key: string, row: unknown, { rig, bead }: DiffFilter): boolean {
  const said = (typeof row === 'object' && row !== null ? row : {}) as Readonly<Record<string, unknown>>
  const isRig = (): boolean =>
    (projection === 'rigs' && key === rig) ||
    said.rig === rig ||
    [key, said.address, said.agent, said.to].some((at) => typeof at === 'string' && rigOf(at) === rig)
  const isBead = (): boolean =>
    (projection === 'beads' && key === bead) ||
    [said.bead, said.hook].includes(bead) ||
    (said.kind === 'bead' && said.key === bead)
  return (rig === undefined || isRig()) && (bead === undefined || isBead())
}

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
