// Deaths of sessions: of one polecat again and again, and of many at once.

import { MAYOR } from '../../events/address.ts'
import type { Event } from '../machine.ts'
import type { Books } from '../mayor/books.ts'
import { type To, waitFor, waitNoMore, waits } from './waiting.ts'

/** Of one polecat, in `WINDOW_MS`, before it is given no bead for a while. One bead alone causes 4 at most. */
const DEATHS_MAX = 5
const WINDOW_MS = 60 * 60_000
/** The first quarantine, and the longest; each is twice as long as the one before. */
const QUARANTINE_MS = 10 * 60_000
const QUARANTINE_MAX_MS = 8 * 60 * 60_000
/** After so long without one it begins with the first again. */
const FORGOTTEN_MS = 24 * 60 * 60_000

/** So many deaths in so short a time have one cause, and another start would only be another death. */
const MASS_DEATHS = 3
const MASS_WITHIN_MS = 30_000
/** Nothing is given out until no session died for so long. */
export const QUIET_MS = 5 * 60_000
/** After a start it is heard all at once who died while nobody listened. */
const HEARD_LATE_MS = 60_000

type Record = { deaths: readonly string[]; times: number; lastAt: string }
type Death = { at: string; agent: string; lost: boolean }

const QUIET = 'quiet'
const quarantine = (agent: string): string => `quarantine/${agent}`

export const isPaused = (books: Books): boolean => waits(books, QUIET)

/** Counts one death. */
export function noteDeath(books: Books, event: Event<'RECOVERY_NEEDED'>, to: To): void {
  noteOfAgent(books, event, to)
  noteAmongAll(books, event, to)
}

function noteOfAgent(books: Books, { agent, ending, reason, meta }: Event<'RECOVERY_NEEDED'>, to: To): void {
  // It is not its fault that its host went.
  if (ending === 'lost') return
  const key = `agent/${agent}`
  const before = books.get<Record>(key)
  const isOld = before === undefined || age(before.lastAt, meta.at) >= FORGOTTEN_MS
  const recent = (before?.deaths ?? []).filter((at) => age(at, meta.at) < WINDOW_MS)
  const deaths = [...recent, meta.at].slice(-DEATHS_MAX)
  const times = isOld ? 0 : before.times
  if (deaths.length < DEATHS_MAX || waits(books, quarantine(agent))) {
    books.put(key, { deaths, times, lastAt: isOld ? meta.at : before.lastAt })
    return
  }
  const n = times + 1
  const ms = Math.min(QUARANTINE_MS * 2 ** (n - 1), QUARANTINE_MAX_MS)
  books.put(key, { deaths: [], times: n, lastAt: meta.at })
  waitFor(books, quarantine(agent), ms, meta.at, to)
  to.fact({ type: 'AgentQuarantined', agent, deaths: deaths.length, n, ms, reason })
  to.tell({
    to: MAYOR,
    message: { type: 'dispatch.hold', why: 'quarantine', scope: 'agent', id: agent },
  })
}

function noteAmongAll(books: Books, { agent, ending, meta }: Event<'RECOVERY_NEEDED'>, to: To): void {
  const { at } = meta
  const lost = ending === 'lost'
  const upAt = books.get<string>('upAt')
  if (!lost && upAt !== undefined && age(upAt, at) < HEARD_LATE_MS) return
  const recent = (books.get<Death[]>('deaths') ?? []).filter((one) => age(one.at, at) < MASS_WITHIN_MS)
  // A host that went takes all its sessions with it: one death, for what they died of is known, and over.
  if (lost && recent.some((one) => one.lost)) return
  const deaths = [...recent, { at, agent, lost }].slice(-MASS_DEATHS)
  books.put('deaths', deaths)
  if (isPaused(books)) return waitFor(books, QUIET, QUIET_MS, at, to)
  if (deaths.length < MASS_DEATHS) return
  const agents = [...new Set(deaths.map((one) => one.agent))]
  waitFor(books, QUIET, QUIET_MS, at, to)
  to.fact({ type: 'DispatchPaused', deaths: deaths.length, withinMs: MASS_WITHIN_MS, agents })
  to.tell({
    to: MAYOR,
    message: { type: 'dispatch.hold', why: 'massDeath', scope: 'town', id: 'town' },
  })
  const reason = `${deaths.length} sessions died within ${MASS_WITHIN_MS / 1_000} s (${agents.join(', ')}), so no bead is given out until no session died for ${QUIET_MS / 60_000} minutes.`
  to.tell({
    to: MAYOR,
    message: { type: 'escalation.raise', bead: null, agent: null, code: 'MASS_DEATH', reason },
  })
}

/** It was quiet for long enough, or a person says so. */
export function resumeDispatch(books: Books, by: 'quiet' | 'person', to: To): void {
  waitNoMore(books, QUIET, to)
  books.drop('deaths')
  to.fact({ type: 'DispatchResumed', by })
  to.tell({
    to: MAYOR,
    message: { type: 'dispatch.letGo', why: 'massDeath', scope: 'town', id: 'town' },
  })
}

export function release(books: Books, agent: string, by: 'time' | 'person', to: To): void {
  waitNoMore(books, quarantine(agent), to)
  to.fact({ type: 'AgentReleased', agent, by })
  to.tell({
    to: MAYOR,
    message: { type: 'dispatch.letGo', why: 'quarantine', scope: 'agent', id: agent },
  })
}

export const isQuarantined = (books: Books, agent: string): boolean => waits(books, quarantine(agent))

/** What has waited and is due, if it is of these. */
export function deathsDue(books: Books, what: string, to: To): void {
  if (what === QUIET) resumeDispatch(books, 'quiet', to)
  else if (what.startsWith(quarantine(''))) release(books, what.slice(quarantine('').length), 'time', to)
}

/** ms from one ISO time to another. */
export const age = (from: string, to: string): number => Date.parse(to) - Date.parse(from)
