// How one bead came to where it is, as a tree that reads like a story: who ordered it, who took it, each attempt with
// what was handed in, what was found, and the landing.
//
// Owns:      what hangs below what, where the records alone do not say it: what an agent does hangs below the attempt it
//            does it in, an attempt below the assignment, an assignment below the order.
// Always:    every line is a record, and stands below an earlier one. Nothing is guessed.

import { lastPart, OVERSEER, ownerKind, sandboxOfSession } from '../../events/address.ts'
import type { AttemptReason } from '../../events/define.ts'
import type { AnyFact, LogRecord } from '../../events/record.ts'
import { isNoise, isOrder, nodeOf, sayOf, type WhyNode } from './node.ts'
import { BEGAN } from './words.ts'

/**
 * `said`: the records that speak of the bead, in their order. `before`: any record that led to one of them. `folded`
 * counts those that are no line of their own.
 */
export function story(
  bead: string,
  said: readonly LogRecord[],
  before: (seq: number) => LogRecord | undefined,
): { readonly tree: WhyNode[]; readonly folded: number } {
  const records = said.filter((record) => !isOfAnother(record, bead))
  const places = placesOf(records)
  const nodes = new Map<number, WhyNode>()
  const roots: WhyNode[] = []
  const node = (record: LogRecord): WhyNode => {
    const made = nodeOf(record)
    nodes.set(record.seq, made)
    return made
  }
  for (const record of records) {
    const { seq } = record
    if (nodes.has(seq)) continue
    const parent = parentOf(record)
    if (!isTold(record)) {
      if (isMail(record)) nodes.get(parent?.seq ?? 0)?.mail.push(record.message.type)
      continue
    }
    const own = node(record)
    own.note = noteOf(record)
    if (parent === null) roots.push(own)
    else placed(parent).children.push(own)
  }
  roots.sort((left, right) => left.seq - right.seq)
  return { tree: roots, folded: said.length - [...nodes.keys()].filter((seq) => places.own.has(seq)).length }

  /** An order from elsewhere that this bead's story hangs on becomes part of it. */
  function placed(record: LogRecord): WhyNode {
    const found = nodes.get(record.seq)
    if (found !== undefined) return found
    const made = node(record)
    roots.push(made)
    return made
  }

  function parentOf(record: LogRecord): LogRecord | null {
    const led = ledBy(record)
    if (led !== null && isOrder(led)) return led
    const place = places.attempts.get(record.seq) ?? null
    if (place !== null) return earlier(places.hooked.get(sandboxOfSession(place)), record) ?? led
    if (led !== null) return led
    if (isOrder(record)) return null
    return isRoot(record)
      ? null
      : earlier(
          places.orders.findLast(({ seq }) => seq < record.seq),
          record,
        )
  }

  /** The nearest told record that led to it, over what its session, its decision or its request was opened by. */
  function ledBy(record: LogRecord): LogRecord | null {
    let at: LogRecord | undefined = record
    const seen = new Set<number>()
    while (at !== undefined && !seen.has(at.seq)) {
      seen.add(at.seq)
      const up: LogRecord | undefined = at.cause === null ? opening(at) : before(at.cause)
      if (up === undefined) return null
      for (const candidate of [up, ...(places.beside.get(up.cause ?? 0) ?? [])])
        if (
          candidate.seq < record.seq &&
          candidate.seq !== record.seq &&
          isTold(candidate) &&
          isMine(candidate)
        )
          return candidate
      at = up
    }
    return null
  }

  /** A bead's own, or a person's word. */
  function isMine(record: LogRecord): boolean {
    return places.own.has(record.seq) || isOrder(record)
  }

  /** Where what came from outside belongs: the attempt of the session that said it, or whatever made its owner. */
  function opening({ seq, by, actor, message }: LogRecord): LogRecord | undefined {
    const isPerson = by === OVERSEER
    const session = typeof message.session === 'string' ? message.session : actor
    const start = isPerson ? undefined : places.started.get(session)
    if (start !== undefined && start.seq < seq) return start
    const made = places.opened.get(actor)
    // A person's word to a bead or a worktree is where its story begins anew.
    if (made === undefined || made.seq >= seq || (isPerson && !ASKED.has(ownerKind(actor) ?? '')))
      return undefined
    return made
  }

  function noteOf(record: LogRecord): string | null {
    const session = places.attempts.get(record.seq)
    if (session !== undefined) {
      const opened = places.opened.get(session)
      const reason = opened?.message.reason as AttemptReason | undefined
      if (reason === undefined || reason === 'first') return null
      const resumed = typeof opened?.message.resume === 'string' ? '; it goes on with its conversation' : ''
      return `${BEGAN[reason]}${resumed}`
    }
    if (ledBy(record) !== null && !hasFact(record, 'BeadHooked')) return null
    return setOffBy(record)
  }

  /** What of somebody else's led to it. */
  function setOffBy(record: LogRecord): string | null {
    let at: LogRecord | undefined = record
    const seen = new Set<number>()
    while (at?.cause != null && !seen.has(at.seq)) {
      seen.add(at.seq)
      at = before(at.cause)
      if (at === undefined) return null
      const place = at.facts.find(({ type }) => type === 'PlaceFreed')
      if (place !== undefined) return `${String(place.name)} became free`
      const said = isMine(at) ? null : sayOf(at)
      if (said !== null) return said
    }
    return null
  }
}

/** Owners that are opened to be answered: what a person says to them belongs where they were opened. */
const ASKED: ReadonlySet<string> = new Set(['decision', 'nudge', 'plan'])

const isTold = (record: LogRecord): boolean => sayOf(record) !== null && !isNoise(nodeOf(record))

/** What it leads to for another bead is that one's story. */
const isOfAnother = ({ actor }: LogRecord, bead: string): boolean =>
  ownerKind(actor) === 'bead' && lastPart(actor) !== bead

const isMail = ({ message }: LogRecord): boolean => /^[A-Z_]+$/.test(message.type)

const isRoot = (record: LogRecord): boolean => hasFact(record, 'BeadCreated') || hasFact(record, 'BeadQueued')

const hasFact = ({ facts }: LogRecord, name: string): boolean => facts.some(({ type }) => type === name)

const earlier = (one: LogRecord | undefined, than: LogRecord): LogRecord | null =>
  one !== undefined && one.seq < than.seq ? one : null

type Places = {
  readonly own: ReadonlySet<number>
  /** Session -> the record that says that its attempt began. */
  readonly started: ReadonlyMap<string, LogRecord>
  /** The same by record -> session. */
  readonly attempts: ReadonlyMap<number, string>
  /** Sandbox -> the record that put the bead on that hook. */
  readonly hooked: ReadonlyMap<string, LogRecord>
  readonly orders: readonly LogRecord[]
  /** Owner -> the record that made it. */
  readonly opened: ReadonlyMap<string, LogRecord>
  /** Cause -> the bead's own records that it led to: they say what the others beside them do. */
  readonly beside: ReadonlyMap<number, readonly LogRecord[]>
}

function placesOf(records: readonly LogRecord[]): Places {
  const started = new Map<string, LogRecord>()
  const attempts = new Map<number, string>()
  const hooked = new Map<string, LogRecord>()
  const orders: LogRecord[] = []
  const opened = new Map<string, LogRecord>()
  const beside = new Map<number, LogRecord[]>()
  const look: { readonly [fact: string]: (fact: AnyFact, record: LogRecord) => void } = {
    BeadStarted: ({ session }, record) => {
      if (!started.has(String(session))) started.set(String(session), record)
      attempts.set(record.seq, String(session))
    },
    BeadHooked: ({ sandbox }, record) => hooked.set(String(sandbox), record),
    BeadQueued: (_, record) => orders.push(record),
  }
  for (const record of records) {
    if (record.from === null) opened.set(record.actor, record)
    if (record.cause !== null && ownerKind(record.actor) === 'bead' && isTold(record)) {
      const others = beside.get(record.cause)
      if (others === undefined) beside.set(record.cause, [record])
      else others.push(record)
    }
    for (const fact of record.facts) look[fact.type]?.(fact, record)
  }
  return { own: new Set(records.map(({ seq }) => seq)), started, attempts, hooked, orders, opened, beside }
}
