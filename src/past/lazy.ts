// Projections whose rows are looked up when they are asked for.
//
// Owns:      standing in for every map, set and list of the projections; noting which rows records changed.
// Does not:  know where rows come from (rows.ts: RowSource), or what a handler does with them.
// Always:    an answer is the one that projections folded from the first record would give. Going through the whole of a
//            part loads that part, and nothing else. What is not known without folding records is never answered: NeedsRecords.

import type { Address, LogRecord } from '../events/record.ts'
import { applyAll, PROJECTIONS, type Projections } from '../projections/index.ts'
import type { Projection } from '../projections/types.ts'
import { foldContext, type OpenContext } from './contexts.ts'
import { type LazyPart, lazyPart, type Noting } from './lazy-part.ts'
import { type Changes, CONTEXTS, PARTS, type Part, type RowSource, SIZES, WINDOWS } from './rows.ts'

type Name = keyof Projections

/** Rows of this projection are known only when records were folded into it. Whoever asked asks again then. */
export class NeedsRecords extends Error {
  override readonly name = 'NeedsRecords'
  readonly projection: Name
  constructor(projection: Name) {
    super(`Rows of ${projection} are not known before some records are folded.`)
    this.projection = projection
  }
}

export type LazyFold = {
  readonly projections: Projections
  /** Folds the next record into all of them. */
  apply(record: LogRecord): void
  /** What was touched since this was called last, by part. From here on `source` knows them. */
  takeChanges(): Map<string, Changes>
}

/** Goes on from the end of what `source` knows. */
export function lazyFold(source: RowSource): LazyFold {
  const noting: Noting = { source, from: source.seq, seq: source.seq, births: 0, folding: false, notes: true }
  const { projections, parts } = standIns(noting, () => {})
  // All are made now: whoever asks for changes wants those of each.
  Object.values(projections)
  return {
    projections,
    apply(record) {
      folding(noting, record, () => applyAll(projections, record))
    },
    takeChanges() {
      const changes = new Map<string, Changes>()
      for (const part of parts) {
        const changed = part.takeChanges()
        if (changed.touched.length > 0) changes.set(part.name, changed)
      }
      noting.from = noting.seq
      return changes
    },
  }
}

/** The same for the contexts of owners. `from`: the record as of which `source` knows them. */
export function lazyContexts(source: RowSource, from: number): Omit<LazyFold, 'projections'> {
  const noting: Noting = { source, from, seq: from, births: 0, folding: false, notes: true }
  const owners = lazyPart(CONTEXTS, noting, null, () => {})
  const contexts = new Map<Address, OpenContext>()
  owners.asMap(contexts)
  return {
    apply(record) {
      folding(noting, record, () => foldContext(contexts, record))
    },
    takeChanges() {
      noting.from = noting.seq
      return new Map([[CONTEXTS, owners.takeChanges()]])
    },
  }
}

export type LazyView = {
  /** @throws {NeedsRecords} where a row is asked for that is not known yet */
  readonly projections: Projections
  /** The records from `base` on, or for a window some more before, all up to the moment: folds them into one projection. */
  fold(projection: Name, records: readonly LogRecord[]): void
}

/** The state as of `seq`. `base`: the end of a run at or before it, from which on records must be folded. */
export function lazyView(source: RowSource, base: number, seq: number): LazyView {
  const noting: Noting = { source, from: base, seq: base, births: 0, folding: false, notes: false }
  const folded = new Set<Name>()
  let now: Name | null = null
  const { projections } = standIns(noting, (part, projection, key) => {
    if (base === seq || now === projection || folded.has(projection)) return
    if (source.changes(part, key, base, seq)) throw new NeedsRecords(projection)
  })
  return {
    projections,
    fold(name, records) {
      const projection: Projection<unknown> = projections[name]
      // Somebody else has asked for the same meanwhile.
      if (folded.has(name) && !WINDOWS.has(name)) return
      if (WINDOWS.has(name)) projection.load(PROJECTIONS[name]().save())
      now = name
      try {
        for (const record of records) folding(noting, record, () => projection.apply(record))
      } finally {
        now = null
      }
      folded.add(name)
    },
  }
}

function folding(noting: Noting, record: LogRecord, apply: () => void): void {
  noting.seq = record.seq
  noting.births = 0
  noting.folding = true
  try {
    apply()
  } finally {
    noting.folding = false
  }
}

type Guard = (part: string, projection: Name, key: string | null) => void

type StandIns = { readonly projections: Projections; readonly parts: readonly LazyPart[] }

/** Each projection is made when it is asked for: a question asks for a few of them. */
function standIns(noting: Noting, guard: Guard): StandIns {
  const sizes = lazyPart(SIZES, noting, null, () => {})
  const parts: LazyPart[] = [sizes]
  const made = (name: Name): Projections[Name] => {
    const projection = PROJECTIONS[name]()
    for (const part of PARTS_OF.get(name) ?? []) {
      const counted = { of: sizes, check: () => guard(SIZES, name, part.name) }
      const own = lazyPart(part.name, noting, counted, (key) => guard(part.name, name, key))
      parts.unshift(own)
      standIn(projection, part, own, noting)
    }
    if (!noting.notes && WINDOWS.has(name)) waitFor(projection, name)
    return projection
  }
  const projections = {} as Projections
  for (const name of Object.keys(PROJECTIONS) as Name[]) {
    const get = (): Projections[Name] => {
      const value = made(name)
      Object.defineProperty(projections, name, { value, enumerable: true })
      return value
    }
    Object.defineProperty(projections, name, { get, enumerable: true, configurable: true })
  }
  return { projections, parts }
}

const PARTS_OF = Map.groupBy(PARTS, ({ projection }) => projection)

/** Nothing of it is known before records were folded into it. */
function waitFor({ rows }: Projection<unknown>, name: Name): void {
  for (const field of Object.keys(rows as object))
    Object.defineProperty(rows, field, {
      enumerable: true,
      get: () => {
        throw new NeedsRecords(name)
      },
    })
}

/** Puts what stands in for a part in its place. */
function standIn({ rows }: Projection<unknown>, part: Part, own: LazyPart, noting: Noting): void {
  if (part.field === null) {
    own.asMap(rows as Map<string, unknown>)
    return
  }
  const at = (rows as unknown as Record<string, unknown>)[part.field]
  const { field } = part
  switch (part.kind) {
    case 'map':
      own.asMap(at as Map<string, unknown>)
      return
    case 'sets':
      own.asMap(at as Map<string, unknown>, {
        parse: (json) => new Set(JSON.parse(json) as string[]),
        text: (value) => JSON.stringify([...(value as Set<string>)]),
      })
      return
    case 'set':
      own.asSet(at as Set<string>, '')
      return
    case 'members':
      own.asMembers(at as Map<string, Set<string>>)
      return
    case 'list':
      Object.defineProperty(rows, field, {
        enumerable: true,
        get: () => (noting.folding ? own.asSink() : own.asList()),
      })
      return
    case 'single':
      Object.defineProperty(rows, field, {
        enumerable: true,
        get: () => own.single(at),
        set: (value: unknown) => own.set('', value),
      })
  }
}
