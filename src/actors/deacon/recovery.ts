// Who may begin again after a death, and which bead goes back into the queue.

import { MAYOR } from '../../events/address.ts'
import { PRIORITY_DEFAULT } from '../../events/bead.ts'
import type { Event } from '../machine.ts'
import { type Books, openBooks } from '../mayor/books.ts'
import { slinging } from '../slinging.ts'
import { age, isPaused, noteDeath, QUIET_MS } from './deaths.ts'
import { type DeaconContext, type To, waitFor, waitNoMore, waits } from './waiting.ts'

/** Of one assignment before a person is asked. More only burns money on work that does not hold. */
const RECOVERIES_MAX = 3
/** Between one recovery of a bead and the next, ms. The first is at once. */
const RECOVERY_COOLDOWN_MS = 5 * 60_000

/** A bead is given out again so often before a person is told. */
const REDISPATCHES_MAX = 3
/** Between one and the next of a bead, ms. The first is at once. */
const REDISPATCH_COOLDOWN_MS = 5 * 60_000
/** A bead is begun again so often, for whatever reason, before a person is asked. */
const RESPAWNS_MAX = 8
/** What a bead was begun again is forgotten after so long without. */
const FORGOTTEN_MS = 24 * 60 * 60_000

/** How often, and when last. */
type Tries = { n: number; lastAt: string }
type Again = Tries & {
  rig: string
  agent: string
  sandbox: string
  priority: number
  preset: string | null
}

const again = (bead: string): string => `again/${bead}`

export function recover(context: DeaconContext, event: Event<'RECOVERY_NEEDED'>, to: To): void {
  const { bead, sandbox, agent, reason, meta } = event
  const books = openBooks(context, to)
  const tries = books.get<Tries>(`bead/${bead}`)
  const n = (tries?.n ?? 0) + 1
  const respawns = respawnsOf(books, bead, meta.at)
  const why =
    n > RECOVERIES_MAX
      ? `${RECOVERIES_MAX} recoveries did not help`
      : respawns >= RESPAWNS_MAX
        ? `It was begun again ${respawns} times`
        : null
  if (why !== null) {
    to.fact({ type: 'RecoveryRefused', bead, agent, n })
    to.tell({
      to: sandbox,
      message: { type: 'sandbox.giveUp', reason: `${why}: ${reason}`.slice(0, 1_900) },
    })
    return noteDeath(books, event, to)
  }
  noteDeath(books, event, to)
  const now = Date.parse(meta.at)
  const cooldownMs = tries === undefined ? 0 : Math.max(0, age(meta.at, tries.lastAt) + RECOVERY_COOLDOWN_MS)
  // What many have just died of, the next one would die of too.
  const waitMs = isPaused(books) ? Math.max(cooldownMs, QUIET_MS) : cooldownMs
  books.put(`bead/${bead}`, { n, lastAt: new Date(now + waitMs).toISOString() })
  books.put(`respawns/${bead}`, { n: respawns + 1, lastAt: meta.at })
  to.fact({ type: 'RecoveryGranted', bead, agent, n, waitMs })
  to.tell({ to: sandbox, message: { type: 'sandbox.recover', waitMs } })
}

export function redispatch(context: DeaconContext, event: Event<'RECOVERED_BEAD'>, to: To): void {
  const { bead, rig, agent, sandbox, reason, meta } = event
  const books = openBooks(context, to)
  const before = books.get<Again>(again(bead))
  // Said twice of the same assignment.
  if (before?.sandbox === sandbox || waits(books, again(bead))) return
  const isOld = before === undefined || age(before.lastAt, meta.at) >= FORGOTTEN_MS
  const n = isOld ? 1 : before.n + 1
  const respawns = respawnsOf(books, bead, meta.at)
  if (n > REDISPATCHES_MAX || respawns >= RESPAWNS_MAX) {
    const times =
      n > REDISPATCHES_MAX
        ? `${REDISPATCHES_MAX} times given out again`
        : `begun again ${respawns} times in all`
    forget(books, bead, to)
    to.fact({ type: 'RedispatchRefused', bead, rig, agent, n, reason })
    to.tell({
      to: MAYOR,
      message: {
        type: 'escalation.raise',
        bead,
        agent,
        code: 'REDISPATCH_FAILED',
        reason: `It was ${times} and did not get on; it stays open: ${reason}`.slice(0, 1_900),
      },
    })
    return
  }
  const waitMs = isOld ? 0 : Math.max(0, age(meta.at, before.lastAt) + REDISPATCH_COOLDOWN_MS)
  const lastAt = new Date(Date.parse(meta.at) + waitMs).toISOString()
  const { priority = PRIORITY_DEFAULT, preset = null } = event
  books.put(again(bead), { n, lastAt, rig, agent, sandbox, priority, preset })
  books.put(`respawns/${bead}`, { n: respawns + 1, lastAt: meta.at })
  to.fact({ type: 'RedispatchGranted', bead, rig, agent, n, waitMs, reason })
  if (waitMs === 0) queueAgain(books, bead, to)
  else waitFor(books, again(bead), waitMs, meta.at, to)
}

/** What has waited and is due, if it is a bead. */
export function recoveryDue(books: Books, what: string, to: To): void {
  if (what.startsWith(again(''))) queueAgain(books, what.slice(again('').length), to)
}

function queueAgain(books: Books, bead: string, to: To): void {
  const entry = books.get<Again>(again(bead))
  if (entry === undefined) return
  const { n, rig, priority, preset } = entry
  to.fact({ type: 'BeadRedispatched', bead, rig, n })
  to.tell(...slinging({ bead, rig, priority, preset, group: `again ${bead}` }))
}

/** A person was quicker, or the rig is gone: it is theirs. */
export function notQueued(_: DeaconContext, event: Event<'tell.refused'>, to: To): void {
  const { messages, code, message } = event
  for (const told of messages) {
    if (told.message.type !== 'dispatch.request') continue
    to.fact({ type: 'RedispatchDropped', bead: String(told.message.bead), code, message })
  }
}

export function forgetBead(context: DeaconContext, { bead, outcome }: Event<'deacon.forget'>, to: To): void {
  const books = openBooks(context, to)
  if (context[`bead/${bead}`] !== undefined) books.drop(`bead/${bead}`)
  if (outcome === 'landed') forget(books, bead, to)
}

/** Whatever begins with it next begins anew. */
function forget(books: Books, bead: string, to: To): void {
  if (waits(books, again(bead))) waitNoMore(books, again(bead), to)
  for (const key of [again(bead), `respawns/${bead}`]) if (books.get(key) !== undefined) books.drop(key)
}

/** Recoveries and re-dispatches together. */
function respawnsOf(books: Books, bead: string, at: string): number {
  const before = books.get<Tries>(`respawns/${bead}`)
  return before === undefined || age(before.lastAt, at) >= FORGOTTEN_MS ? 0 : before.n
}
