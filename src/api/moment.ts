// A moment of the past, as a person writes it: a record number, an ISO time, HH:MM, or a time ago.
//
// Always:    the answer is a seq that the log has, or 0 for a time before the first record.

import { recordOf } from '../events/upcasters.ts'
import { Fault } from './fault.ts'
import type { TownHandle } from './town.ts'

/** A log that may know the times of every `every`-th record, from the first on. */
export type TimedLog = Pick<TownHandle['log'], 'head' | 'get'> & {
  firstAts?(): Promise<{ readonly every: number; readonly ats: readonly string[] }>
}

const AGO = /^-?(\d+(?:\.\d+)?)(s|m|h|d)$/
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)$/
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/
const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

export type Moment =
  | { readonly kind: 'seq'; readonly seq: number }
  | { readonly kind: 'time'; readonly ms: number }

/** @throws {Fault} POSITION_INVALID. `now` in ms since the epoch; HH:MM is the last time the local clock said so. */
export function parseMoment(text: string, now: number): Moment {
  if (/^\d{1,15}$/.test(text)) return { kind: 'seq', seq: Number(text) }
  const [, amount, unit] = AGO.exec(text) ?? []
  if (amount !== undefined) return { kind: 'time', ms: now - Number(amount) * MS[unit as keyof typeof MS] }
  const [, hours, minutes] = CLOCK.exec(text) ?? []
  if (hours !== undefined) {
    const minute = lastTime(Number(hours), Number(minutes), now)
    // The whole minute counts; the one that runs now is not over.
    return { kind: 'time', ms: Math.min(minute + MS.m - 1, now) }
  }
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new Fault('POSITION_INVALID', `${JSON.stringify(text.slice(0, 60))} is no moment.`)
  return { kind: 'time', ms }
}

/** Since when: as `parseMoment`, but HH:MM is the beginning of that minute. @throws {Fault} POSITION_INVALID. */
export function parseSince(text: string, now: number): Moment {
  const [, hours, minutes] = CLOCK.exec(text) ?? []
  return hours === undefined
    ? parseMoment(text, now)
    : { kind: 'time', ms: lastTime(Number(hours), Number(minutes), now) }
}

/** When the local clock showed that minute last, ms since the epoch; its beginning. */
function lastTime(hours: number, minutes: number, now: number): number {
  const day = new Date(now)
  day.setHours(hours, minutes, 0, 0)
  if (day.getTime() > now) day.setDate(day.getDate() - 1)
  return day.getTime()
}

/**
 * The last record at or before a moment.
 * @throws {Fault} POSITION_INVALID, POSITION_IN_FUTURE.
 */
export const seqAt = (log: TimedLog, text: string, now: number): Promise<number> =>
  positionOf(log, parseMoment(text, now), text, now)

/** The last record before what is since a moment; a number is that record. @throws {Fault} as `seqAt`. */
export const seqSince = (log: TimedLog, text: string, now: number): Promise<number> => {
  const moment = parseSince(text, now)
  return positionOf(log, moment.kind === 'seq' ? moment : { ...moment, ms: moment.ms - 1 }, text, now)
}

async function positionOf(log: TimedLog, moment: Moment, text: string, now: number): Promise<number> {
  const head = log.head.seq
  if (moment.kind === 'seq') {
    if (moment.seq > head)
      throw new Fault('POSITION_IN_FUTURE', `The last record is ${head}; there is no ${moment.seq} yet.`, {
        head,
      })
    return moment.seq
  }
  if (moment.ms > now) throw new Fault('POSITION_IN_FUTURE', `${text} has not been yet.`)
  return lastBefore(log, new Date(moment.ms).toISOString())
}

/** `at` never decreases along the log, so halving finds it. 0 when every record is later. */
export async function lastBefore(log: TimedLog, iso: string): Promise<number> {
  const known = await log.firstAts?.()
  const head = log.head.seq
  let low = 0
  let high = head
  if (known !== undefined) {
    const { every, ats } = known
    const later = ats.findIndex((at) => at > iso)
    const begun = later === -1 ? ats.length : later
    low = begun === 0 ? 0 : Math.min((begun - 1) * every + 1, head)
    high = later === -1 ? head : Math.min(later * every, head)
  }
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const stored = await log.get(middle)
    const at = stored === undefined ? '' : recordOf(stored.line).at
    if (at <= iso) low = middle
    else high = middle - 1
  }
  return low
}
