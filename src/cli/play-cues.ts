// What is played: the sentences of the feed, and what an agent's screen showed, one after the other in time.
//
// Owns:      asking the town for them, page by page, and putting them in order.

import type { Connection } from '../client/connection.ts'
import { ClientFault } from '../client/fault.ts'
import type { FeedItem } from './commands/feed.ts'

export type Shown = { readonly at: number; readonly kind: 'o' | 'r' | 'm'; readonly data: string }
export type Cue =
  | { readonly kind: 'feed'; readonly at: number; readonly item: FeedItem }
  | { readonly kind: 'screen'; readonly at: number; readonly session: string; readonly shown: Shown }

export type Wanted = {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly feed: boolean
  readonly screen: string | undefined
}

export type Found = {
  readonly cues: readonly Cue[]
  /** What the agent's first screen measures. */
  readonly size: { readonly columns: number; readonly rows: number }
}

/** When nobody says from when, ms before the end. */
const BACK_MS = 12 * 3_600_000
const PAGE = 5_000

/**
 * In the order in which they were.
 * @throws {ClientFault} AGENT_HAS_NO_SESSION: no recording lies in that time; POSITION_INVALID: it ends before it begins.
 */
export async function cuesOf(town: Connection, wanted: Wanted): Promise<Found> {
  const { seq, at: ended } = await town.get<{ seq: number; at: string }>('/v1/status', { at: wanted.to })
  const since = wanted.from ?? new Date(Date.parse(ended) - BACK_MS).toISOString()
  const begin = await town.get<{ seq: number; at: string }>('/v1/status', { at: since })
  if (begin.seq > seq)
    throw new ClientFault(
      'POSITION_INVALID',
      `--from is record ${begin.seq}, and --to is record ${seq}, which is before that.`,
    )
  const feed = await feedBetween(town, since, seq)
  const { cues: screens, size } =
    wanted.screen === undefined
      ? { cues: [], size: { columns: 80, rows: 24 } }
      : await screensOf(town, wanted.screen, {
          since: begin.seq === 0 ? 0 : Date.parse(begin.at),
          ended,
          seq,
        })
  const all: Cue[] = [...(wanted.feed ? feed : []), ...screens]
  // Both are in order already; sorting keeps what came at the same time as it is.
  return { cues: all.sort((left, right) => left.at - right.at), size }
}

async function feedBetween(town: Connection, since: string, seq: number): Promise<Cue[]> {
  const cues: Cue[] = []
  let after: number | undefined
  for (;;) {
    const page = await town.get<{ items: FeedItem[]; next: number }>('/v1/feed', {
      since,
      after,
      at: seq,
      limit: PAGE,
    })
    for (const item of page.items) cues.push({ kind: 'feed', at: Date.parse(item.at), item })
    // The log goes no further, or the span is empty.
    if (page.next >= seq || page.next === after) return cues
    after = page.next
  }
}

async function screensOf(
  town: Connection,
  agent: string,
  { since, ended, seq }: { readonly since: number; readonly ended: string; readonly seq: number },
): Promise<Found> {
  if (town.dir === null) throw new ClientFault('TOWN_NOT_FOUND', 'There is no town here.')
  const { items } = await town.get<{
    items: { session: string; startedAt: string | null; endedAt: string | null }[]
  }>('/v1/sessions', { agent, at: seq, limit: PAGE })
  const door = await import('../client/embedded.ts')
  const { eventsOf } = await door.attach()
  const end = Date.parse(ended)
  const cues: Cue[] = []
  let size: Found['size'] | undefined
  for (const { session, startedAt, endedAt } of items.toReversed()) {
    if (startedAt === null || Date.parse(startedAt) > end) continue
    if (endedAt !== null && Date.parse(endedAt) < since) continue
    const recording = await eventsOf(town.dir, session)
    if (recording === null) continue
    size ??= recording
    // What it showed before is there from the beginning.
    for (const shown of recording.events)
      if (shown.at <= end) cues.push({ kind: 'screen', at: Math.max(shown.at, since), session, shown })
  }
  if (size === undefined)
    throw new ClientFault('AGENT_HAS_NO_SESSION', `${agent} has no recording from that time.`)
  return { cues, size: { columns: size.columns, rows: size.rows } }
}
