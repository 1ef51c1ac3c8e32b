// Reading a recap: which records it is folded from, and between which moments.
//
// Owns:      the span: from when, until when, and until when anybody was there to see time pass.
// Does not:  fold anything (src/past/recap does).

import { z } from 'zod'
import type { LogRecord } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { KNOWN_FROM } from '../../past/recap/hours.ts'
import { createRecap, toLookBackFor } from '../../past/recap/recap.ts'
import type { Moment, Span } from '../../past/recap/types.ts'
import { downIn } from '../../past/recap/watched.ts'
import { town as townRow } from '../../projections/town.ts'
import { Fault } from '../fault.ts'
import { lastBefore, parseMoment, parseSince } from '../moment.ts'
import { read } from '../read.ts'
import { shown } from '../resolve.ts'
import { recordAt } from '../shapes.ts'
import type { TownHandle } from '../town.ts'
import type { View } from '../view.ts'
import { waitsForYou } from './status.ts'

/** What is looked at when nobody says since when, ms. */
const NIGHT_MS = 12 * 3_600_000

const recap = read({
  path: '/v1/recap',
  summary:
    'What happened since a moment: landed, not landed and why, what waits for you, red, agents, money, hours.',
  past: true,
  query: z.strictObject({ since: z.string().max(60).optional() }),
  async run({ town, view, query }) {
    const span = await spanOf(town, view, query)
    const { projections, seq } = view
    const waits = waitsForYou(projections)
    const folding = createRecap({ span, projections, waits })
    const looked = await lookedBackTo(town, span, toLookBackFor({ span, projections }))
    for await (const stored of town.log.read({ after: looked - 1, to: seq })) {
      const record = recordOf(stored.line)
      if (record.seq <= span.from.seq) folding.before(record)
      else folding.take(record)
    }
    const { name } = townRow(projections.town.rows)
    return { town: name ?? town.name, ...folding.end(), waitsForYou: waits, seq }
  },
})

export const recapReads = [recap]

/** The first record that has to be folded for these beads' ways to be known when the span begins. */
async function lookedBackTo(town: TownHandle, { from }: Span, wanted: Set<string>): Promise<number> {
  let first = from.seq + 1
  if (wanted.size === 0) return first
  for await (const { seq, line } of town.log.read({ to: from.seq, reverse: true })) {
    if (!NAMES.some((name) => line.includes(name))) continue
    for (const { type, bead } of recordOf(line).facts) {
      if (typeof bead !== 'string' || !KNOWN_FROM.has(type) || !wanted.delete(bead)) continue
      first = seq
    }
    if (wanted.size === 0) break
  }
  return first
}

/** Most lines say nothing of the kind; those are not parsed. */
const NAMES: readonly string[] = [...KNOWN_FROM].map((type) => `"${type}"`)

async function spanOf(
  town: TownHandle,
  { projections, seq, alone }: View,
  { since, at }: { readonly since?: string | undefined; readonly at?: string | undefined },
): Promise<Span> {
  const last = await recordAt(town, seq)
  const to: Moment = { seq, at: await endOf(town, at, last) }
  const { installedAt, running } = townRow(projections.town.rows)
  const next = at === undefined ? null : await recordAt(town, seq + 1)
  // After kill -9, or a machine that went out, nobody has said yet that the town does not run.
  const isGone = next === null && alone === true
  const watchedUntil = running && !isGone ? notBeyond(to.at, next) : (last?.at ?? to.at)
  const end = Date.parse(to.at)
  if (since === undefined) {
    const night = new Date(end - NIGHT_MS).toISOString()
    const from = installedAt !== null && installedAt > night ? installedAt : night
    return { from: await momentAt(town, from), to, watchedUntil }
  }
  const moment = parseSince(since, end)
  const from =
    moment.kind === 'seq'
      ? { seq: moment.seq, at: (await recordAt(town, Math.max(1, moment.seq)))?.at ?? to.at }
      : await momentAt(town, new Date(moment.ms).toISOString())
  if (from.seq > seq || from.at > to.at)
    throw new Fault('POSITION_INVALID', `${shown(since)} comes after what is to be looked at.`)
  return { from, to, watchedUntil }
}

const momentAt = async ({ log }: TownHandle, at: string): Promise<Moment> => ({
  seq: await lastBefore(log, at),
  at,
})

/** A record that is asked for stands for its own time; none, for that of the first. */
async function endOf(town: TownHandle, at: string | undefined, last: LogRecord | null): Promise<string> {
  const now = town.clock.now()
  const moment: ReturnType<typeof parseMoment> =
    at === undefined ? { kind: 'time', ms: now } : parseMoment(at, now)
  if (moment.kind === 'seq') return (last ?? (await recordAt(town, 1)))?.at ?? new Date(now).toISOString()
  const iso = new Date(moment.ms).toISOString()
  // A clock may have gone backwards.
  return last !== null && last.at > iso ? last.at : iso
}

/** A daemon that was started again says since when there had been none. */
function notBeyond(to: string, next: LogRecord | null): string {
  const down = next === null ? 0 : downIn(next)
  if (next === null || down === 0) return to
  const gone = new Date(Date.parse(next.at) - down).toISOString()
  return gone < to ? gone : to
}
