// What the Deacon does later. One timer counts for all of it, in watched time.
//
// Always:    `wait/<what>` has so many ms left, as of when the timer was set (`armed`); nothing comes early by a machine
//            that slept while nothing else happened, and the timer runs exactly while something waits.

import type { Deciding } from '../machine.ts'
import type { Books, MayorContext } from '../mayor/books.ts'

export type DeaconContext = MayorContext
export type To = Deciding<DeaconContext>

type Left = { leftMs: number }
type Armed = { ms: number; at: string }

const PREFIX = 'wait/'
const ARMED = 'armed'

export const waits = (books: Books, what: string): boolean => books.get(PREFIX + what) !== undefined

/** Again for what waits already: from now on. */
export function waitFor(books: Books, what: string, ms: number, at: string, to: To): void {
  const armed = books.get<Armed>(ARMED)
  const passed = armed === undefined ? 0 : between(0, Date.parse(at) - Date.parse(armed.at), armed.ms)
  // Over by the wall clock, the timer may be away with the time in which nobody was there, or gone: it is set again.
  if (armed !== undefined && passed < armed.ms && passed + ms >= armed.ms) {
    books.put(PREFIX + what, { leftMs: ms + passed })
    return
  }
  advance(books, passed)
  books.put(PREFIX + what, { leftMs: ms })
  arm(books, at, to)
}

export function waitNoMore(books: Books, what: string, to: To): void {
  books.drop(PREFIX + what)
  if (books.keys(PREFIX).length > 0 || books.get(ARMED) === undefined) return
  books.drop(ARMED)
  to.callOff('deacon.due')
}

/** The timer has run out: what is due now. */
export function dueOf(books: Books, at: string, to: To): string[] {
  advance(books, books.get<Armed>(ARMED)?.ms ?? 0)
  const due = books.keys(PREFIX).filter((key) => (books.get<Left>(key)?.leftMs ?? 0) <= 0)
  for (const key of due) books.drop(key)
  books.drop(ARMED)
  if (books.keys(PREFIX).length > 0) arm(books, at, to)
  return due.map((key) => key.slice(PREFIX.length))
}

function advance(books: Books, ms: number): void {
  if (ms === 0) return
  for (const key of books.keys(PREFIX)) books.put(key, { leftMs: (books.get<Left>(key)?.leftMs ?? 0) - ms })
}

function arm(books: Books, at: string, to: To): void {
  if (books.get(ARMED) !== undefined) to.callOff('deacon.due')
  const left = books.keys(PREFIX).map((key) => books.get<Left>(key)?.leftMs ?? 0)
  const ms = Math.max(0, Math.min(...left))
  books.put(ARMED, { ms, at })
  to.later('deacon.due', ms)
}

const between = (least: number, value: number, most: number): number => Math.min(Math.max(value, least), most)
