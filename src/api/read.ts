// What a read is to the routes, and how lists are cut into pages.

import { z } from 'zod'
import type { Address } from '../events/record.ts'
import type { Contexts } from '../past/contexts.ts'
import type { Touched } from '../past/rows.ts'
import type { Workplace } from './callers.ts'
import { Fault } from './fault.ts'
import type { Caller, TownHandle } from './town.ts'
import type { View } from './view.ts'

export type ReadContext<Query, Params> = {
  readonly town: TownHandle
  readonly caller: Caller
  readonly view: View
  readonly query: Query
  readonly params: Params
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
  /** Of a route that says so: what it took from the town as it was at an earlier moment. */
  readonly earlier?: {
    readonly seq: number
    readonly taken: unknown
    /** Rows that may be others since; null: any. */
    readonly touched: Touched | null
    /** Of owners as they were then. */
    contexts(owners: ReadonlySet<Address>): Promise<Contexts>
  }
}

/** A read of two moments: it takes what it needs of the earlier one first, for only one is at hand at a time. */
export type Earlier = {
  at(query: Values): string
  /** `touched`: rows that may be others at the later moment; null: any. */
  take(view: View, query: Values, touched: Touched | null): unknown
}
type Values = Readonly<Record<string, unknown>>

/** What a session may see of a read. */
export type Own = Pick<Workplace, 'role' | 'bead' | 'agent' | 'rig'>

export type ReadRoute = {
  readonly path: string
  readonly summary: string
  readonly query: z.ZodObject
  /** It goes through the log: it is answered beside the live town, also when it is asked as of now. */
  readonly past?: true
  /**
   * What it shows is not in the log alone: the live town answers it, also as of a moment. What the log said then it asks
   * of the past (as-of.ts).
   */
  readonly outside?: true
  readonly earlier?: Earlier
  /** True when a session may read this of its own; absent: never. */
  readonly own?: (
    own: Own,
    params: Readonly<Record<string, string>>,
    query: Readonly<Record<string, unknown>>,
  ) => boolean
  run(context: ReadContext<unknown, unknown>): unknown
}

/** Keeps the types of query and params between the schema and `run`. */
export const read = <S extends z.ZodObject, const P extends string>(spec: {
  readonly path: P
  readonly summary: string
  readonly query?: S
  readonly past?: true
  readonly outside?: true
  readonly earlier?: Earlier
  readonly own?: ReadRoute['own']
  run(context: ReadContext<z.output<S> & { at?: string | undefined }, ParamsOf<P>>): unknown
}): ReadRoute => {
  const query = (spec.query ?? z.strictObject({})).extend({ at: z.string().max(60).optional() })
  return { ...spec, query } as unknown as ReadRoute
}

type ParamsOf<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [K in Name]: string } & ParamsOf<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? { readonly [K in Name]: string }
    : unknown

const PAGE = 200
const PAGE_MAX = 5_000

/** `limit` and `cursor` of lists. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).optional(),
  cursor: z.string().max(400).optional(),
}
export const flag = z
  .enum(['', 'true', 'false', '1', '0'])
  .transform((text) => text !== 'false' && text !== '0')
/** Several values: repeated, or with commas. */
export const several = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : value.split(',')).filter((each) => each !== ''))

/**
 * One page of a list that is in a fixed order. The cursor names the last item, so that what changes before it moves
 * nothing.
 * @throws {Fault} CURSOR_INVALID: that item is no longer in the list.
 */
export function page<T>(
  items: readonly T[],
  { limit = PAGE, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  key: (item: T) => string | number,
): { items: T[]; cursor: string | null } {
  let from = 0
  if (cursor !== undefined) {
    const last = Buffer.from(cursor, 'base64url').toString()
    from = items.findIndex((item) => String(key(item)) === last) + 1
    if (from === 0) throw new Fault('CURSOR_INVALID', 'The list has changed under this cursor.')
  }
  const cut = items.slice(from, from + limit)
  const last = cut.at(-1)
  const more = from + cut.length < items.length && last !== undefined
  return { items: cut, cursor: more ? Buffer.from(String(key(last))).toString('base64url') : null }
}
