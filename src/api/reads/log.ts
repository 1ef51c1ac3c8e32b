// Reading the log: records and the feed.

import { z } from 'zod'
import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { type FeedItem, feedItemFits, feedItems } from '../../projections/feed.ts'
import { Fault } from '../fault.ts'
import { lastBefore } from '../moment.ts'
import { flag, read } from '../read.ts'
import { findAgent, findBead, findRig } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'
import { sinceIso } from './beads.ts'

const limit = z.coerce.number().int().min(1).max(5_000)
const seqNumber = z.coerce.number().int().min(0)

const records = read({
  path: '/v1/records',
  summary: 'Records of the log in order; `last` the newest ones.',
  past: true,
  query: z.strictObject({
    after: seqNumber.optional(),
    last: limit.optional(),
    limit: limit.default(200),
    actor: z.string().optional(),
    since: z.string().max(60).optional(),
  }),
  async run({ town, view, query }) {
    const { seq } = view
    const wanted = actorFilter(view, query.actor)
    if (query.last !== undefined && query.after === undefined) {
      const since = query.since === undefined ? '' : await sinceIso(town, query.since)
      const items = await newest(town, seq, query.last, (record) => wanted(record) && record.at >= since)
      return { items, next: items.at(-1)?.seq ?? seq, seq }
    }
    const from = Math.max(query.after ?? 0, query.since === undefined ? 0 : await before(town, query.since))
    const items: LogRecord[] = []
    for await (const { line } of town.log.read({ after: from, to: seq })) {
      const record = recordOf(line)
      if (wanted(record)) items.push(record)
      if (items.length >= query.limit) break
    }
    return { items, next: items.at(-1)?.seq ?? from, seq }
  },
})

const oneRecord = read({
  path: '/v1/records/:seq',
  summary: 'One record of the log.',
  async run({ town, view, params }) {
    const seq = /^\d{1,15}$/.test(params.seq) ? Number(params.seq) : 0
    const record = seq <= view.seq ? await recordAt(town, seq) : null
    if (record === null) throw new Fault('RECORD_NOT_FOUND', `There is no record ${params.seq.slice(0, 20)}.`)
    return record
  },
})

export const feedQuery = {
  rig: z.string().optional(),
  bead: z.string().optional(),
  actor: z.string().optional(),
  problems: flag.optional(),
}

const feed = read({
  path: '/v1/feed',
  summary: 'What happened, one sentence each: the last ones, or those after a record.',
  past: true,
  query: z.strictObject({
    ...feedQuery,
    after: seqNumber.optional(),
    since: z.string().max(60).optional(),
    limit: limit.default(50),
  }),
  async run({ town, view, query }) {
    const fits = feedFilter(view, query)
    if (query.after !== undefined || query.since !== undefined) {
      const from = Math.max(query.after ?? 0, query.since === undefined ? 0 : await before(town, query.since))
      const items: FeedItem[] = []
      let next = from
      for await (const { seq, line } of town.log.read({ after: from, to: view.seq })) {
        items.push(...feedItems(recordOf(line)).filter(fits))
        next = seq
        if (items.length >= query.limit) break
      }
      return { items, next, seq: view.seq }
    }
    const items: FeedItem[] = []
    for await (const { line } of town.log.read({ to: view.seq, reverse: true })) {
      items.unshift(...feedItems(recordOf(line)).filter(fits))
      if (items.length >= query.limit) break
    }
    return { items: items.slice(-query.limit), next: view.seq, seq: view.seq }
  },
})

const lines = read({
  path: '/v1/log/lines',
  summary: 'Records as they are kept, byte for byte: what the chain of digests is made of.',
  past: true,
  query: z.strictObject({ after: seqNumber.default(0), limit: limit.default(2_000) }),
  async run({ town, view, query }) {
    const kept: string[] = []
    let next = query.after
    for await (const { seq, line } of town.log.read({
      after: query.after,
      to: view.seq,
      limit: query.limit,
    })) {
      kept.push(line)
      next = seq
    }
    return { lines: kept, next, seq: view.seq }
  },
})

const stats = read({
  path: '/v1/log/stats',
  summary: 'How long the log is, how much of it is sealed, what it takes, and of what it is made.',
  past: true,
  query: z.strictObject({ top: z.coerce.number().int().min(0).max(1_000).default(10) }),
  async run({ town, view, query }) {
    const kinds = new Map<string, { records: number; bytes: number }>()
    for await (const { line } of town.log.read({ to: view.seq })) {
      const type = messageTypeOf(line)
      const kind = kinds.get(type) ?? { records: 0, bytes: 0 }
      kind.records += 1
      kind.bytes += Buffer.byteLength(line) + 1
      kinds.set(type, kind)
    }
    const byKind = [...kinds].map(([type, kind]) => ({ message: type, ...kind }))
    byKind.sort((a, b) => b.bytes - a.bytes || (a.message < b.message ? -1 : 1))
    return {
      ...(await town.log.stats()),
      kinds: byKind.length,
      byKind: byKind.slice(0, query.top),
      head: town.log.head,
      logId: town.log.logId,
      seq: view.seq,
    }
  },
})

export const logReads = [records, oneRecord, feed, lines, stats]

/** The first message in a line is the record's own: before it stand only times and addresses. */
const MESSAGE_TYPE = /"message":\{"type":"([^"\\]+)"/

const messageTypeOf = (line: string): string => MESSAGE_TYPE.exec(line)?.[1] ?? recordOf(line).message.type

function actorFilter({ projections }: View, name: string | undefined): (record: LogRecord) => boolean {
  if (name === undefined) return () => true
  const known = name.includes('/') || projections.agents.rows.byAddress.has(name)
  const address =
    known || ['town', 'overseer', 'host', 'worker', 'clock'].includes(name)
      ? name
      : findAgent(projections, name)
  return ({ actor, by }) => actor === address || by === address || actor.startsWith(`${address}/`)
}

async function newest(
  town: TownHandle,
  to: number,
  count: number,
  wanted: (record: LogRecord) => boolean,
): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const { line } of town.log.read({ to, reverse: true })) {
    const record = recordOf(line)
    if (wanted(record)) found.unshift(record)
    if (found.length >= count) break
  }
  return found
}

/** The last record before a moment. */
async function before(town: TownHandle, since: string): Promise<number> {
  const iso = await sinceIso(town, since)
  return lastBefore(town.log, new Date(Date.parse(iso) - 1).toISOString())
}

export function feedFilter(
  { projections }: View,
  {
    rig,
    bead,
    actor,
    problems,
  }: {
    rig?: string | undefined
    bead?: string | undefined
    actor?: string | undefined
    problems?: boolean | undefined
  },
): (item: FeedItem) => boolean {
  const filter = {
    rig: rig === undefined ? undefined : findRig(projections, rig).name,
    bead: bead === undefined ? undefined : findBead(projections, bead).id,
    actor: actor === undefined ? undefined : findAgent(projections, actor),
    problems,
  }
  return (item) => feedItemFits(item, filter)
}
