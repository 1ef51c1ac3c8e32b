// Projections whose rows are looked up when they are asked for.
//
// Owns:      standing in for every map, set and list of the projections; noting which rows a record changed.
// Does not:  know where rows come from (rows.ts: RowSource), or what a handler does with them.
// Always:    an answer is the one that projections folded from the first record would give. Going through the whole of a
//            part loads that part, and nothing else.

import type { LogRecord } from '../events/record.ts'
import { applyAll, createProjections, type Projections } from '../projections/index.ts'
import { type LazyPart, lazyPart, type Noting } from './lazy-part.ts'
import { PARTS, type Part, type RowSource, SIZES, type Versions } from './rows.ts'

export type LazyProjections = {
  readonly projections: Projections
  /** The last record that is folded in. */
  readonly seq: number
  /** Folds the next record. */
  apply(record: LogRecord): void
  /** Versions of rows since this was called last, by part. Only when changes are noted. */
  takeChanges(): Map<string, Versions[]>
  /** Rows are asked for anew from `source`, which knows them all by now; those that were used lately stay. */
  settle(): void
}

/** The state as of `seq`, which `source` knows. `notes`: what later records change is noted. */
export function lazyProjections(
  source: RowSource,
  seq: number,
  { notes = false }: { readonly notes?: boolean } = {},
): LazyProjections {
  const projections = createProjections()
  const noting: Noting = { source, from: seq, seq, births: 0, folding: false, notes, touched: new Set() }
  const sizes = lazyPart(SIZES, noting, null)
  const parts: LazyPart[] = [sizes]
  for (const part of PARTS) {
    const own = lazyPart(part.name, noting, sizes)
    parts.push(own)
    standIn(projections, part, own, noting)
  }
  return {
    projections,
    get seq() {
      return noting.seq
    },
    apply(record) {
      noting.seq = record.seq
      noting.births = 0
      noting.folding = true
      try {
        applyAll(projections, record)
      } finally {
        noting.folding = false
      }
      if (!notes) return
      // Sizes last: the others change them.
      for (const part of noting.touched) if (part !== sizes) part.note()
      sizes.note()
      noting.touched.clear()
    },
    takeChanges: () =>
      new Map(
        parts.map((part) => [part.name, part.takeChanges()] as const).filter(([, some]) => some.length > 0),
      ),
    settle() {
      noting.from = noting.seq
      for (const part of parts) part.settle()
    },
  }
}

/** Puts what stands in for a part in its place. */
function standIn(projections: Projections, part: Part, own: LazyPart, noting: Noting): void {
  const { rows } = projections[part.projection]
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
