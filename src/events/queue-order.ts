// In which order requests go on, and what keeps one of them from its turn.
//
// Owns:      the sum that says who is next, and the two ways of lining up (`mq.order`).
// Does not:  read a clock: the time is that of the record in which it is decided.
// Always:    a request goes before all those that came OVERTAKEN_MAX_H or more after it, whatever they are.

import type { ORDERS } from './settings.ts'

/** `fifo`: as they came. `score`: by the sum, and as they came where it is the same. */
type Order = (typeof ORDERS)[number]

/** What the order is decided by. Times are ISO. */
export type Standing = {
  readonly address: string
  readonly bead: string
  /** Sequence number, or any other that grows from one submission to the next. */
  readonly order: number
  /** Submitted; null for one of which nobody noted it: such a one came before all others. */
  readonly at: string | null
  readonly priority: number
  /** Submissions before this one. */
  readonly retries: number
  /** Beads that have to be closed before it may land. */
  readonly needs: readonly string[]
  /** Since when the convoy of its bead is under way. */
  readonly convoySince?: string | undefined
}

/** The sum, term by term. Hours are cut to hundredths, so that what is shown adds up. */
export type Sum = {
  readonly base: number
  readonly convoy: number
  readonly priority: number
  readonly retries: number
  readonly age: number
  readonly ageing: number
  readonly score: number
}

const BASE = 1_000
const PER_CONVOY_HOUR = 10
const CONVOY_HOURS_MAX = 48
const PER_PRIORITY = 100
const PRIORITY_LAST = 4
const PER_RETRY = 50
const RETRIES_MAX = 300
const PER_HOUR = 1
const AGEING_FROM_H = 2
const AGEING = 75

/**
 * Nobody is overtaken by who came so much later, in hours: by then ageing alone is worth more than everything in which
 * two requests may differ (convoy 480, priority 400, retries 300).
 */
export const OVERTAKEN_MAX_H =
  AGEING_FROM_H +
  Math.sqrt((PER_CONVOY_HOUR * CONVOY_HOURS_MAX + PER_PRIORITY * PRIORITY_LAST + RETRIES_MAX + 20) / AGEING)

export function sumOf({ at, priority, retries, convoySince }: Standing, now: string): Sum {
  const hours = hoursOf(at, now)
  const terms = {
    base: BASE,
    convoy: PER_CONVOY_HOUR * Math.min(hoursOf(convoySince ?? null, now), CONVOY_HOURS_MAX),
    priority: PER_PRIORITY * (PRIORITY_LAST - Math.min(Math.max(priority, 0), PRIORITY_LAST)),
    retries: -Math.min(PER_RETRY * retries, RETRIES_MAX),
    age: PER_HOUR * hours,
    ageing: AGEING * Math.max(0, hours - AGEING_FROM_H) ** 2,
  }
  const rounded = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, cents(term)]))
  const score = Object.values(rounded).reduce((sum, term) => sum + term, 0)
  return { ...(rounded as Omit<Sum, 'score'>), score: cents(score) }
}

/** Never negative: a time that lies ahead counts as now. */
const hoursOf = (since: string | null, now: string): number =>
  since === null ? 0 : Math.max(0, cents((Date.parse(now) - Date.parse(since)) / 3_600_000))
const cents = (n: number): number => Math.round(n * 100) / 100

/** Whose turn it is first. What waits for other beads stands in line like everybody, and is passed over. */
export function linedUp<S extends Standing>(all: readonly S[], order: Order, now: string): S[] {
  const came = (left: S, right: S): number =>
    Number(left.at !== null) - Number(right.at !== null) || left.order - right.order
  if (order === 'fifo') return [...all].sort((left, right) => left.order - right.order)
  const scores = new Map(all.map((each) => [each, sumOf(each, now).score]))
  return [...all].sort(
    (left, right) =>
      (left.at === null || right.at === null
        ? 0
        : (scores.get(right) as number) - (scores.get(left) as number)) || came(left, right),
  )
}

export const NEEDS_OPEN = 'NEEDS_OPEN'

/**
 * Why its beads' needs keep it from landing, in one sentence; null when none is open. `inQueue` gives the id of the
 * request of a bead that stands in line.
 */
export function needsSentence(
  needs: readonly string[],
  inQueue: (bead: string) => string | null,
): string | null {
  if (needs.length === 0) return null
  const said = needs.slice(0, 10).map((need) => {
    const request = inQueue(need)
    return request === null ? `${need}, which is not closed` : `${need}, which is in the queue as ${request}`
  })
  return `It needs ${said.join('; ')}${needs.length > said.length ? '; and more' : ''}.`
}
