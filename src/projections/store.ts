// The one way a projection is made: rows in an @xstate/store, changed by the handlers of the facts it knows.
//
// Owns:      the store, the revision, saving and loading.
// Does not:  know any fact (the files beside this one do), read a clock, validate what the log holds.
// Crosses:   records in, rows out; rows are read at once and never kept across an await.
//
//   Always:  the revision rises by one for a record that changed a row, and by nothing for any other;
//            what `save()` gives and `load()` takes shares no object with the rows.

import { createStore } from '@xstate/store'
import type { Fact, FactOf, LogRecord } from '../events/index.ts'
import type { AnyFact } from '../events/record.ts'
import type { Projection } from './types.ts'

/** Changes rows in place. True when it changed anything that an answer shows. */
export type Fold<Rows, F> = (rows: Rows, fact: F, record: LogRecord) => boolean

export type Handlers<Rows> = { readonly [T in Fact['type']]?: Fold<Rows, FactOf<T>> }

/** A map, or an object whose top-level parts are maps, sets or plain JSON. */
export type RowsShape = ReadonlyMap<string, unknown> | object

export type ProjectionSpec<Rows extends RowsShape> = {
  readonly name: string
  readonly version: number
  empty(): Rows
  readonly handlers: Handlers<Rows>
  /** Sees each record of one of these messages once, before its facts. For what a record says besides them. */
  readonly messages?: { readonly types: ReadonlySet<string>; fold(rows: Rows, record: LogRecord): boolean }
  /** Parts that follow from the others: not saved, made again after loading. */
  readonly derived?: { readonly parts: readonly string[]; rebuild(rows: Rows): void }
}

const NONE: ReadonlySet<string> = new Set()

export function projection<Rows extends RowsShape>(spec: ProjectionSpec<Rows>): Projection<Rows> {
  // The handler under a type takes just that type's fact; records are trusted, so the name is the proof.
  const folds = new Map(Object.entries(spec.handlers)) as unknown as ReadonlyMap<string, Fold<Rows, AnyFact>>

  const facts: ReadonlySet<string> = new Set(folds.keys())
  const messages = spec.messages?.types ?? NONE

  const foldRecord = (rows: Rows, record: LogRecord): boolean => {
    let changed = messages.has(record.message.type) && spec.messages?.fold(rows, record) === true
    for (const fact of record.facts) if (folds.get(fact.type)?.(rows, fact, record)) changed = true
    return changed
  }

  const store = createStore({
    context: { rows: spec.empty(), revision: 0 },
    on: {
      recorded: (context, event: { record: LogRecord }) =>
        foldRecord(context.rows, event.record)
          ? { rows: context.rows, revision: context.revision + 1 }
          : context,
      recordedMany: (context, event: { records: readonly LogRecord[] }) => {
        let changes = 0
        for (const record of event.records) if (foldRecord(context.rows, record)) changes += 1
        return changes > 0 ? { rows: context.rows, revision: context.revision + changes } : context
      },
      loaded: (_context, event: { rows: Rows; revision: number }) => ({
        rows: event.rows,
        revision: event.revision,
      }),
    },
  })

  return {
    name: spec.name,
    version: spec.version,
    facts,
    messages,
    apply(record) {
      if (!messages.has(record.message.type) && !record.facts.some(({ type }) => facts.has(type))) return
      store.send({ type: 'recorded', record })
    },
    applyMany(records) {
      if (records.length > 0) store.send({ type: 'recordedMany', records })
    },
    get revision() {
      return store.getSnapshot().context.revision
    },
    get rows() {
      return store.getSnapshot().context.rows
    },
    save() {
      const { rows, revision } = store.getSnapshot().context
      return { revision, rows: saveRows(rows, spec.derived?.parts ?? []) }
    },
    load(saved) {
      const { revision, rows: parts } = saved as { revision: number; rows: unknown }
      const rows = loadRows(spec.empty(), parts)
      spec.derived?.rebuild(rows)
      store.send({ type: 'loaded', rows, revision })
    },
    adopt(rows, revision) {
      store.send({ type: 'loaded', rows, revision })
    },
  }
}

const saveRows = (rows: RowsShape, derived: readonly string[]): unknown =>
  rows instanceof Map
    ? savePart(rows)
    : Object.fromEntries(
        Object.entries(rows)
          .filter(([part]) => !derived.includes(part))
          .map(([part, value]) => [part, savePart(value)]),
      )

const savePart = (part: unknown): unknown =>
  part instanceof Map || part instanceof Set ? structuredClone([...part]) : structuredClone(part)

/** `template` is empty and tells which parts are maps and sets. */
function loadRows<Rows extends RowsShape>(template: Rows, saved: unknown): Rows {
  if (template instanceof Map) return loadPart(template, saved) as Rows
  const parts = saved as { readonly [part: string]: unknown }
  const loaded = Object.entries(template).map(([part, empty]) => [
    part,
    part in parts ? loadPart(empty, parts[part]) : empty,
  ])
  return Object.fromEntries(loaded) as Rows
}

function loadPart(empty: unknown, saved: unknown): unknown {
  const copy: unknown = structuredClone(saved)
  if (empty instanceof Map) return new Map(copy as [string, unknown][])
  return empty instanceof Set ? new Set(copy as string[]) : copy
}
