// The whole state as named parts with rows: what is compared, digested and written out row by row.
//
// Owns:      which parts there are, and the text of a row.
// Does not:  copy anything: rows are looked at where they are, and looked at again each time.
// Always:    two states that answer every question alike have the same rows; what only follows from other rows is no
//            part. A part can be walked while it changes: rows that stay are met, each at least once.

import { createProjections, type Projections } from '../projections/index.ts'
import { RowMap } from '../projections/row-map.ts'
import type { Projection } from '../projections/types.ts'
import type { OwnerState, SystemCheckpoint } from '../system/types.ts'

export interface Part {
  /** `owners`, `promises.timers`, `hooks`, `beads.byId`: projection and part of it. */
  readonly name: string
  /** True when it stays as it was when it was asked for; else it goes on with the projection. */
  readonly still: boolean
  /** `value`: one row without a key. */
  readonly kind: 'rows' | 'list' | 'value'
  rows(): Iterable<readonly [key: string, value: unknown]>
  /** Undefined when there is no such row. */
  get(key: string): unknown
  readonly size: number
}

type Hash = { update(text: string): unknown }
type State = {
  readonly system: Omit<SystemCheckpoint, 'owners'> & { readonly owners: Rows }
  readonly projections: Projections
}
type Rows = ReadonlyMap<string, unknown> | readonly (readonly [string, unknown])[]

export const OWNERS = 'owners'

export function partsOf({ system, projections }: State): Part[] {
  const { effects, timers, tells, unwatchedMs } = system.ledger
  return [
    still(OWNERS, system.owners),
    still('promises.effects', byId(effects)),
    still('promises.timers', byId(timers)),
    still('promises.tells', byId(tells)),
    still('promises', [['unwatchedMs', unwatchedMs]]),
    ...Object.values(projections).flatMap(projectionParts),
  ]
}

/** The text of a row: equal for equal rows. Keys of a context have no order. */
export function rowText(part: string, value: unknown): string {
  if (part !== OWNERS) return JSON.stringify(value) ?? 'null'
  const { value: state, context, seq, machine } = value as OwnerState
  const sorted = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ value: state, context: Object.fromEntries(sorted), seq, machine })
}

/**
 * Every row into a hash. `instead`: texts to take in place of those of the rows, by part and row; null for none.
 * Rows of `instead` that the state does not have come after the others of their part.
 */
export function digestInto(hash: Hash, parts: readonly Part[], instead?: Instead): void {
  for (const part of parts) {
    const other = instead?.get(part.name)
    const seen = new Set<string>()
    let text = ''
    const put = (key: string, row: string | null) => {
      if (row !== null) text += `${part.name} ${JSON.stringify(key)} ${row}\n`
      if (text.length < HASHED_AT_ONCE) return
      hash.update(text)
      text = ''
    }
    for (const [key, value] of part.name === OWNERS ? byName(part.rows()) : part.rows()) {
      const replaced = other?.get(key)
      if (replaced !== undefined) seen.add(key)
      put(key, replaced === undefined ? rowText(part.name, value) : replaced)
    }
    for (const [key, row] of other ?? []) if (!seen.has(key)) put(key, row)
    hash.update(text)
  }
}

/** Owners have no order. */
const byName = <T>(rows: Iterable<readonly [string, T]>) =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

export type Instead = ReadonlyMap<string, ReadonlyMap<string, string | null>>

/** Characters: a hash takes some large texts in less time than many small ones. */
const HASHED_AT_ONCE = 65_536

function still(name: string, rows: Rows): Part {
  let byKey = rows instanceof Map ? (rows as ReadonlyMap<string, unknown>) : undefined
  return {
    name,
    still: true,
    kind: 'rows',
    rows: () => (rows instanceof RowMap ? rows.passing() : rows),
    get(key) {
      byKey ??= new Map(rows)
      return byKey.get(key)
    },
    size: 'length' in rows ? rows.length : rows.size,
  }
}

const byId = <T extends { readonly id: string }>(all: readonly T[]) =>
  all.map((one) => [one.id, one] as const)

function projectionParts(projection: Projection<unknown>): Part[] {
  const saved = SAVED.get(projection.name)
  if (saved === undefined) return [livePart(projection.name, () => projection.rows)]
  return saved.map((name) =>
    livePart(`${projection.name}.${name}`, () => (projection.rows as Record<string, unknown>)[name]),
  )
}

/** Parts that are saved, of each projection whose rows have parts; the others follow from them. */
const SAVED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(createProjections()).flatMap((one: Projection<unknown>) => {
    const { rows } = one.save() as { rows: object }
    return Array.isArray(rows) ? [] : [[one.name, Object.keys(rows)] as const]
  }),
)

/** `now`: the part as it is; another object after some changes. */
function livePart(name: string, now: () => unknown): Part {
  return {
    name,
    still: false,
    get kind() {
      const part = now()
      return Array.isArray(part) ? 'list' : part instanceof Map || part instanceof Set ? 'rows' : 'value'
    },
    *rows() {
      const part = now()
      if (part instanceof RowMap) yield* part.passing()
      else if (part instanceof Map) yield* part
      else if (part instanceof Set) for (const key of part) yield [String(key), true] as const
      else if (Array.isArray(part)) yield* backwards(() => now() as readonly unknown[])
      else yield ['', part]
    },
    get(key) {
      const part = now()
      if (part instanceof Map) return part.get(key)
      if (part instanceof Set) return part.has(key) ? true : undefined
      return Array.isArray(part) ? part[Number(key)] : part
    },
    get size() {
      const part = now()
      if (part instanceof Map || part instanceof Set) return part.size
      return Array.isArray(part) ? part.length : 1
    },
  }
}

/** A list that grows at its end and is cut at its beginning is met whole only from its end. */
function* backwards(now: () => readonly unknown[]): Generator<readonly [string, unknown]> {
  for (let n = now().length - 1; n >= 0; n -= 1) if (n < now().length) yield [String(n), now()[n]]
}
