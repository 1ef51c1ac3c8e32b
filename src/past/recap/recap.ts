// The recap: what happened between two moments, folded from the records between them and the rows at the end.
//
// Owns:      which beads it speaks of, and under which of its headings each stands.
// Does not:  read a log or a clock (src/api/reads/recap.ts does), cut anything to a screen.
// Crosses:   records and rows in, plain JSON out.
//
//   Always:  a bead that was handed over stands in exactly one place: landed, not landed, or closed otherwise;
//            what landed in two nights is what landed in both together; money is what `gt costs --since` says.

import { rigOf } from '../../events/address.ts'
import type { FactOf, LogRecord } from '../../events/index.ts'
import type { Address, AnyFact } from '../../events/record.ts'
import type { BeadRow } from '../../projections/beads.ts'
import { costOf, costs, createCosts } from '../../projections/costs.ts'
import type { Projections } from '../../projections/index.ts'
import { lookFirst, type Waiting } from './first.ts'
import { createHours } from './hours.ts'
import { blockedBehind, isUnderWay, reasonOf } from './standing.ts'
import { createAgentTroubles, createReds } from './troubles.ts'
import type { ClosedOtherwise, Landed, NotLanded, Recap, Span } from './types.ts'
import { watchedSince } from './watched.ts'

export type RecapParts = {
  readonly span: Span
  /** As of the end. */
  readonly projections: Projections
  /** As of the end: what only a person moves on. */
  readonly waits: readonly Waiting[]
}

export type Folding = {
  /** A record before the span, from where `toLookBackFor` is known. */
  before(record: LogRecord): void
  take(record: LogRecord): void
  end(): Recap
}

const TOP = 5

/** Beads that may have been on their way when the span began: where they stood is in earlier records. */
export function toLookBackFor({ span, projections }: Pick<RecapParts, 'span' | 'projections'>): Set<string> {
  const found = new Set<string>()
  for (const row of projections.beads.rows.byId.values()) {
    if (row.orderedBy === null || row.createdAt > span.from.at || isBlockedSinceBefore(row, span)) continue
    if (row.updatedAt >= span.from.at || isUnderWay(row)) found.add(row.id)
  }
  return found
}

const isBlockedSinceBefore = ({ status, waits }: BeadRow, { from }: Span): boolean =>
  status === 'blocked' && waits.person !== null && waits.person.since < from.at

export function createRecap({ span, projections, waits }: RecapParts): Folding {
  const { rows } = projections.beads
  const [hours, reds, troubles, used] = [createHours(), createReds(), createAgentTroubles(), createCosts()]
  const watched = watchedSince(span.from.at)
  let awakeMs = 0
  const landings: Landing[] = []
  const lines = new Map<Address, Landed['lines']>()
  const moved = new Set<string>()
  /** The last word on beads that were taken back. */
  const said = new Map<string, string>()
  for (const row of rows.byId.values()) if (isBlockedSinceBefore(row, span)) hours.blocked(row.id)
  // Whose transcript is read was said before.
  for (const session of projections.costs.rows.transcribed) used.rows.transcribed.add(session)

  return {
    before: (record) => hours.take(record, 0),
    take(record) {
      const ms = watched.pass(record)
      awakeMs += ms
      hours.take(record, ms)
      reds.take(record)
      troubles.take(record)
      used.apply(record)
      for (const fact of record.facts) {
        if (fact.type === 'MergeLanded') {
          const { mergeRequest, receipt } = fact as FactOf<'MergeLanded'>
          lines.set(mergeRequest, receipt.lines ?? null)
        } else if (fact.type === 'BeadLanded') landings.push(landingOf(fact as FactOf<'BeadLanded'>, record))
        if (typeof fact.bead !== 'string' || !MOVES.has(fact.type)) continue
        moved.add(fact.bead)
        const word = wordOn(fact)
        if (word !== null) said.set(fact.bead, word)
      }
    },
    end() {
      const rest = watched.until(span.watchedUntil)
      awakeMs += rest
      hours.pass(rest)
      const told = [...rows.byId.values()].filter(
        (row) => row.orderedBy !== null && (moved.has(row.id) || isUnderWay(row)),
      )
      const notLanded = told
        .filter(({ status }) => status !== 'closed')
        .map((row) => notLandedOne(projections, row, said.get(row.id)))
        .sort((left, right) => (left.since < right.since ? -1 : left.since > right.since ? 1 : 0))
      const byBead = costs(used.rows, 'bead')
      const red = reds.end(projections, span.from.at)
      return {
        span: {
          from: span.from,
          to: span.to,
          awakeMs,
          lengthMs: Math.max(0, Date.parse(span.to.at) - Date.parse(span.from.at)),
        },
        first: lookFirst({ notLanded, waits, red, costs: byBead.items, now: span.to.at }),
        landed: landings.map((landing) => ({
          ...landing,
          title: rows.byId.get(landing.bead)?.title ?? '',
          lines: lines.get(landing.mergeRequest) ?? null,
          reopened: rows.byId.get(landing.bead)?.commit !== landing.commit,
          costUsd: costOf(used.rows, 'bead', landing.bead)?.costUsd ?? null,
          more: `gt why ${landing.bead}`,
        })),
        notLanded,
        closed: told.filter(({ status, stage }) => status === 'closed' && stage !== 'landed').map(closedOne),
        red,
        agents: troubles.end(projections),
        costs: {
          items: byBead.items
            .slice(0, TOP)
            .map((item) => ({ ...item, title: rows.byId.get(item.key)?.title ?? null })),
          more: Math.max(0, byBead.items.length - TOP),
          total: byBead.total,
        },
        hours: { ...hours.sums },
      }
    },
  }
}

/** Facts after which a bead that was handed over has somewhere to stand. */
const MOVES: ReadonlySet<string> = new Set([
  'BeadQueued',
  'BeadUnqueued',
  'DispatchWithdrawn',
  'BeadHooked',
  'BeadUnhooked',
  'BeadStarted',
  'BeadSubmitted',
  'BeadTesting',
  'BeadReworked',
  'BeadBlocked',
  'BeadUnblocked',
  'BeadDeferred',
  'BeadLanded',
  'BeadClosed',
  'BeadReopened',
])

function wordOn(fact: AnyFact): string | null {
  const reason = typeof fact.reason === 'string' && fact.reason !== '' ? `: ${fact.reason}` : ''
  switch (fact.type) {
    case 'BeadUnqueued':
    case 'DispatchWithdrawn':
      return `taken out of the queue${reason}`
    case 'BeadUnhooked':
      return `taken from its agent${reason}`
    case 'BeadReopened':
      return `open again${reason}`
    case 'BeadUnblocked':
      return 'no longer blocked, and not handed over again'
    default:
      return null
  }
}

type Landing = Pick<Landed, 'bead' | 'rig' | 'agent' | 'commit' | 'at' | 'seq'> & { mergeRequest: Address }

const landingOf = (
  { bead, agent, commit, mergeRequest }: FactOf<'BeadLanded'>,
  { at, seq }: LogRecord,
): Landing => ({ bead, rig: rigOf(mergeRequest), agent, commit, mergeRequest, at, seq })

function notLandedOne(projections: Projections, row: BeadRow, said: string | undefined): NotLanded {
  const { id, title, rig, assignee, status, stage, waitingFor } = row
  return {
    bead: id,
    title,
    rig,
    agent: assignee,
    status,
    stage,
    waitingFor: waitingFor === null ? null : { ...waitingFor },
    ...reasonOf(projections, row, said),
    blocks: blockedBehind(projections.beads.rows, id),
    more: `gt why ${id}`,
  }
}

const closedOne = ({ id, title, closeReason, closedAt, updatedAt }: BeadRow): ClosedOtherwise => ({
  bead: id,
  title,
  reason: closeReason ?? '',
  at: closedAt ?? updatedAt,
  more: `gt why ${id}`,
})
