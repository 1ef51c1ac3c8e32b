// What happened to one owner: which records are its own, which speak of it, and each as one step from here to there.
//
// Owns:      what counts as a step, and what a step says of itself.
// Does not:  find the owner by a shortened name, or read the log.

import type { Address, AnyFact, AnyMessage, LogRecord, StateValue } from '../events/record.ts'
import { feedItems } from '../projections/feed.ts'

export type Step = LogRecord & {
  /** In plain words, where there are any. */
  readonly summary: string | null
  /** Why, as whoever caused it said. */
  readonly reason: string | null
}

/** An owner's address, and what messages and facts call it. */
export type Subject = { readonly owner: Address; readonly about: string }

/** A record of the owner itself, or of one that lives below it: an agent's assignments and sessions. */
export const isOwn = ({ actor }: Pick<LogRecord, 'actor'>, { owner }: Subject): boolean =>
  actor === owner || actor.startsWith(`${owner}/`)

/** Its own, or one of another owner whose message or facts name it. */
export function speaksOf(record: LogRecord, subject: Subject): boolean {
  const names = (fields: AnyMessage | AnyFact): boolean => Object.values(fields).includes(subject.about)
  return isOwn(record, subject) || names(record.message) || record.facts.some(names)
}

/** False for nearly every line that does not speak of it: those need not be parsed. */
export function mayBeOf({ owner, about }: Subject): (line: string) => boolean {
  const quoted = JSON.stringify(about)
  const inside = JSON.stringify(owner).slice(0, -1)
  return (line) => line.includes(quoted) || line.includes(inside)
}

/** Something of its own changed, was refused, or is worth a sentence. */
export const isStep = (record: LogRecord, subject: Subject): boolean =>
  isOwn(record, subject) &&
  (record.refused !== undefined ||
    stateText(record.from) !== stateText(record.to) ||
    feedItems(record).length > 0)

export const stepOf = (record: LogRecord): Step => ({
  ...record,
  summary: feedItems(record)[0]?.summary ?? null,
  reason: reasonOf(record),
})

/** `in_progress.testing`; `-` of an owner that was not there. */
export function stateText(value: StateValue | null): string {
  if (value === null) return '-'
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${stateText(inner)}`)
    .join(', ')
}

function reasonOf({ refused, message, facts }: LogRecord): string | null {
  if (refused !== undefined) return `refused: ${refused.message}`
  for (const said of [message, ...facts]) {
    const text = said.reason ?? (said.code === undefined ? undefined : said.message)
    if (typeof text === 'string' && text !== '') return text
  }
  return null
}
