// The feed: one plain sentence for each fact that somebody may want to read.
//
// Owns:      the sentences, and which facts have none.
// Does not:  hold the whole feed: rows keep the last 1,000 items, any other range is made from the log by `feedItems`.
// Always:    a sentence uses no more of our own words than town, rig, bead, polecat and Refinery.

import { rigOf } from '../events/address.ts'
import type { LogRecord } from '../events/index.ts'
import type { Address, AnyFact } from '../events/record.ts'
import { sentence, TOLD } from './feed-sentences.ts'
import { projection } from './store.ts'
import type { Projection } from './types.ts'

export type FeedItem = {
  readonly seq: number
  readonly at: string
  /** Name of the fact. */
  readonly type: string
  /** Whose record it is. */
  readonly actor: Address
  /** Who caused it. */
  readonly by: Address
  readonly summary: string
  readonly bead?: string
  readonly rig?: string
  /** True when it is likely to need somebody's attention. */
  readonly problem?: true
}

export type FeedRows = { items: FeedItem[] }

const KEPT = 1_000

export const createFeed = (): Projection<FeedRows> =>
  projection({
    name: 'feed',
    version: 1,
    empty: (): FeedRows => ({ items: [] }),
    handlers: Object.fromEntries(TOLD.map((type) => [type, put])),
  })

function put({ items }: FeedRows, fact: AnyFact, record: LogRecord): boolean {
  const item = feedItem(fact, record)
  if (item === null) return false
  items.push(item)
  if (items.length > KEPT) items.shift()
  return true
}

export type FeedFilter = {
  readonly after?: number | undefined
  readonly since?: string | undefined
  readonly rig?: string | undefined
  readonly bead?: string | undefined
  readonly actor?: Address | undefined
  readonly problems?: boolean | undefined
  /** The last ones. */
  readonly limit?: number | undefined
}

/** Oldest first. */
export function feed(rows: FeedRows, filter: FeedFilter = {}): FeedItem[] {
  const found = rows.items.filter((item) => feedItemFits(item, filter))
  return filter.limit === undefined ? found : found.slice(Math.max(0, found.length - filter.limit))
}

export const feedItemFits = (
  item: FeedItem,
  { after, since, rig, bead, actor, problems }: FeedFilter,
): boolean =>
  (after === undefined || item.seq > after) &&
  (since === undefined || item.at >= since) &&
  (rig === undefined || item.rig === rig) &&
  (bead === undefined || item.bead === bead) &&
  (actor === undefined || item.actor === actor || item.by === actor) &&
  (problems !== true || item.problem === true)

/** What the feed says of one record; mostly nothing or one item. Needs no other record. */
export const feedItems = (record: LogRecord): FeedItem[] =>
  record.facts.map((fact) => feedItem(fact, record)).filter((item) => item !== null)

function feedItem(fact: AnyFact, record: LogRecord): FeedItem | null {
  const said = sentence(fact, record)
  if (said === null) return null
  const { bead, rig: named } = fact
  const rig = typeof named === 'string' ? named : rigOf(record.actor)
  return {
    seq: record.seq,
    at: record.at,
    type: fact.type,
    actor: record.actor,
    by: record.by,
    summary: said.text,
    ...(typeof bead === 'string' && { bead }),
    ...(rig !== null && { rig }),
    ...(said.problem && { problem: true as const }),
  }
}
