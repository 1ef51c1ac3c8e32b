// The live state against one rebuilt from the log.
//
// Owns:      what differs, and which digest the live state has.
// Does not:  need the live state to stand still: it comes in slices, each as of the record it names, and the rebuilt
//            state is folded on to that record before the slice is looked at. A fold that goes wrong later is found by
//            the next comparison.
// Always:    a row that only one of the two has is a difference, too.

import type { Divergence } from '../system/redecide.ts'
import { OWNERS, type Part, rowText } from './parts.ts'
import { type Found, found, note } from './rebuild.ts'

/** Rows of the live state, all as of one record. */
export type Slice = {
  readonly seq: number
  readonly parts: readonly {
    readonly name: string
    /** Key and text of each row in turn. */
    readonly rows: readonly string[]
    /** How many rows the part has, when these were the last; else null. */
    readonly size: number | null
  }[]
  /** Nothing comes after it. */
  readonly over: boolean
}

export type Comparison = {
  readonly differences: Found
  /** Texts of the live rows that differ, by part and row; null where the live state has no such row. */
  readonly live: ReadonlyMap<string, ReadonlyMap<string, string | null>>
  /** `rebuilt`: parts of the state as of `slice.seq`. */
  take(slice: Slice, rebuilt: readonly Part[]): void
}

export function createComparison(): Comparison {
  const differences = found()
  const live = new Map<string, Map<string, string | null>>()
  let met = new Set<string>()

  const differs = (seq: number, part: string, key: string, texts: Texts): void => {
    const rows = live.get(part) ?? new Map<string, string | null>()
    live.set(part, rows.set(key, texts.live))
    note(differences, fieldsOf(seq, part, key, texts))
  }
  return {
    differences,
    live,
    take({ seq, parts }, rebuilt) {
      for (const { name, rows, size } of parts) {
        const part = rebuilt.find((one) => one.name === name)
        if (part === undefined) throw new Error(`Broken invariant: ${name} is no part of the state`)
        for (let n = 0; n < rows.length; n += 2) {
          const key = rows[n] as string
          const text = rows[n + 1] as string
          met.add(key)
          const value = part.get(key)
          const computed = value === undefined ? null : rowText(name, value)
          if (text !== computed && !sameJson(text, computed))
            differs(seq, name, key, { live: text, rebuilt: computed })
        }
        if (size === null) continue
        // Whatever is there and was not met on the way is not in the live state.
        for (const [key, value] of part.rows())
          if (!met.has(key)) differs(seq, name, key, { live: null, rebuilt: rowText(name, value) })
        met = new Set()
      }
    },
  }
}

type Texts = { readonly live: string | null; readonly rebuilt: string | null }

/** One divergence for each field of a row that differs, or for the row. */
function fieldsOf(seq: number, part: string, key: string, { live, rebuilt }: Texts): Divergence[] {
  const actor = part === OWNERS ? key : part
  const at = (field: string) => (part === OWNERS ? field || 'state' : [key, field].filter(Boolean).join('.'))
  const recorded = parsed(live)
  const computed = parsed(rebuilt)
  if (!isObject(recorded) || !isObject(computed)) return [{ seq, actor, field: at(''), recorded, computed }]
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(computed)])]
  return names.flatMap((field) =>
    sameJson(JSON.stringify(recorded[field]) ?? null, JSON.stringify(computed[field]) ?? null)
      ? []
      : [
          {
            seq,
            actor,
            field: at(field),
            recorded: recorded[field] ?? null,
            computed: computed[field] ?? null,
          },
        ],
  )
}

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Also with keys in another order: no question is answered by that order. */
function sameJson(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b
  return a === b || stable(a) === stable(b)
}

const stable = (text: string): string =>
  JSON.stringify(JSON.parse(text), (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1))) : inner,
  )
