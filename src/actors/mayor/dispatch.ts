// The dispatch queue: who begins where and when, and what keeps the others.

import { beadOwner, polecat, refinery, sandboxOf } from '../../events/address.ts'
import type { WaitingFor } from '../../events/define.ts'
import type { Deciding, Event } from '../machine.ts'
import { type Books, type MayorContext, openBooks } from './books.ts'
import { settleEscalations } from './escalations.ts'
import { freeName } from './names.ts'

type Entry = {
  rig: string
  priority: number
  /** Seq of the request: first come, first served within a priority. */
  order: number
  ready: boolean
  agent: string | null
  preset: string | null
  maxAtOnce: number | null
  group: string
  waiting: string | null
}
type Place = { bead: string; group: string }

type To = Deciding<MayorContext>

export function openRig(
  context: MayorContext,
  { rig, placesMax, epics, meta }: Event<'dispatch.openRig'>,
  to: To,
): void {
  const books = openBooks(context, to)
  books.put(`rig/${rig}`, { placesMax, ...(epics !== undefined && { epics }) })
  holdRefinery(books, rig, to)
  dispatch(books, to, meta.at)
}

export function request(context: MayorContext, event: Event<'dispatch.request'>, to: To): void {
  const { bead, rig, priority, agent, preset, maxAtOnce, group, now, meta } = event
  const books = openBooks(context, to)
  if (books.get(`rig/${rig}`) === undefined) return to.refuse('RIG_NOT_FOUND', `There is no rig ${rig}.`)
  if (books.get(`queue/${bead}`) !== undefined) {
    return to.refuse('BEAD_QUEUED', `${bead} is in the dispatch queue already.`)
  }
  // With `now` the bead has just agreed, in the same turn, that it waits for nothing.
  const entry: Entry = {
    rig,
    priority,
    order: meta.seq,
    ready: now,
    agent,
    preset,
    maxAtOnce,
    group,
    waiting: null,
  }
  const waits = now ? hindrance(books, bead, entry) : null
  if (waits !== null) return to.refuse('NO_PLACE', `${noPlace(waits, rig)} for ${bead}.`)
  books.put(`queue/${bead}`, entry)
  settleEscalations(books, bead, 'slung again', to)
  to.fact({ type: 'DispatchQueued', bead, rig, group, preset })
  dispatch(books, to, meta.at)
}

/** Without a turn in the queue: it had a place, and a person gives it back. */
export function retake(
  context: MayorContext,
  { bead, rig, name, sandbox }: Event<'dispatch.retake'>,
  to: To,
): void {
  const books = openBooks(context, to)
  const group = `undo ${bead}`
  const agent = polecat(rig, name)
  if (books.get(`queue/${bead}`) !== undefined)
    return to.refuse('BEAD_QUEUED', `${bead} is in the dispatch queue.`)
  const busy = books.get<Place>(`place/${rig}/${name}`)
  if (busy !== undefined) return to.refuse('AGENT_BUSY', `${agent} has ${busy.bead} on its hook.`)
  const entry = { rig, priority: 0, order: 0, ready: true, agent: name, preset: null, maxAtOnce: null, group }
  const waits = hindrance(books, bead, { ...entry, waiting: null })
  if (waits !== null) return to.refuse('NO_PLACE', `${noPlace(waits, rig)} for ${bead}.`)
  books.put(`place/${rig}/${name}`, { bead, group })
  settleEscalations(books, bead, 'brought back', to)
  to.fact({ type: 'DispatchStarted', bead, rig, agent, sandbox })
}

export function changeEntry(
  context: MayorContext,
  bead: string,
  change: Partial<Entry>,
  { meta }: { meta: Event['meta'] },
  to: To,
): void {
  const books = openBooks(context, to)
  const entry = books.get<Entry>(`queue/${bead}`)
  // Told also of beads that nobody slung.
  if (entry === undefined) return
  books.put(`queue/${bead}`, { ...entry, ...change })
  dispatch(books, to, meta.at)
}

/** Whoever could begin long ago begins now. */
export function look(context: MayorContext, { meta }: Event<'dispatch.look'>, to: To): void {
  dispatch(openBooks(context, to), to, meta.at)
}

export function freePlace(context: MayorContext, rig: string, name: string, at: string, to: To): void {
  const books = openBooks(context, to)
  if (books.get(`place/${rig}/${name}`) === undefined) return
  books.drop(`place/${rig}/${name}`)
  to.fact({ type: 'PlaceFreed', rig, name })
  dispatch(books, to, at)
}

export function withdraw(context: MayorContext, { bead, reason }: Event<'dispatch.withdraw'>, to: To): void {
  if (context[`queue/${bead}`] === undefined) return
  openBooks(context, to).drop(`queue/${bead}`)
  to.fact({ type: 'DispatchWithdrawn', bead, reason })
}

/** The bead was taken off the queue between our decision and the bead's. */
export function startRefused(
  context: MayorContext,
  { to: who, messages, message: reason, meta }: Event<'tell.refused'>,
  to: To,
): void {
  for (const { to: address, message } of messages) {
    if (message.type !== 'polecat.hook') continue
    const [rig = '', , name = ''] = address.split('/')
    const bead = String(message.bead)
    to.fact({ type: 'DispatchWithdrawn', bead, reason })
    if (who !== beadOwner(bead)) {
      to.tell({ to: beadOwner(bead), message: { type: 'bead.unqueue', reason } })
    }
    freePlace(context, rig, name, meta.at, to)
  }
}

/** Gives places to those that are ready, in order; notes what the others wait for when that is new. */
export function dispatch(books: Books, to: To, at: string): void {
  const queue = books
    .keys('queue/')
    .map((key) => ({ bead: key.slice('queue/'.length), entry: books.get<Entry>(key) as Entry }))
    .filter(({ entry }) => entry.ready)
    .sort((a, b) => a.entry.priority - b.entry.priority || a.entry.order - b.entry.order)
  for (const { bead, entry } of queue) {
    const waits = hindrance(books, bead, entry)
    if (waits === null) {
      start(books, bead, entry, to)
      continue
    }
    const waiting = waits.kind === 'place' ? waits.id : `${waits.kind} ${waits.id}`
    if (entry.waiting === waiting) continue
    books.put(`queue/${bead}`, { ...entry, waiting })
    to.fact({ type: 'DispatchWaiting', bead, waitingFor: { ...waits, since: at } })
  }
}

type Waits = Pick<WaitingFor, 'kind' | 'id'>

/**
 * What keeps a ready bead from starting: a stop of everybody, a budget, the rig without a free place, the polecat that
 * is busy; or nothing.
 */
function hindrance(books: Books, bead: string, { rig, agent, maxAtOnce, group }: Entry): Waits | null {
  if (books.get(EVERYBODY) !== undefined) return { kind: 'thaw', id: 'town' }
  if (books.get(LOW_DISK) !== undefined) return { kind: 'disk', id: 'town' }
  if (books.get(holdKey('massDeath', 'town', 'town')) !== undefined) return { kind: 'massDeath', id: 'town' }
  const spent = (scope: string, id: string) => books.get(holdKey('budget', scope, id)) !== undefined
  if (books.get(parkedKey(rig)) !== undefined) return { kind: 'rig', id: rig }
  if (spent('town', 'town')) return { kind: 'budget', id: 'town' }
  if (spent('rig', rig)) return { kind: 'budget', id: `rig ${rig}` }
  if (spent('bead', bead)) return { kind: 'budget', id: `bead ${bead}` }
  const { placesMax } = books.get<{ placesMax: number }>(`rig/${rig}`) ?? { placesMax: 0 }
  const places = books.keys(`place/${rig}/`)
  if (places.length >= placesMax) return { kind: 'place', id: rig }
  if (maxAtOnce !== null) {
    const own = places.filter((key) => books.get<Place>(key)?.group === group)
    if (own.length >= maxAtOnce) return { kind: 'place', id: rig }
  }
  if (agent === null) return null
  const address = polecat(rig, agent)
  if (spent('agent', address)) return { kind: 'budget', id: `agent ${address}` }
  if (books.get(holdKey('quarantine', 'agent', address)) !== undefined)
    return { kind: 'quarantine', id: address }
  return books.get(`place/${rig}/${agent}`) !== undefined ? { kind: 'place', id: address } : null
}

function noPlace({ kind, id }: Waits, rig: string): string {
  if (kind === 'thaw') return 'Everybody is stopped, so there is no place'
  if (kind === 'disk') return 'The disk of the town has less room than disk.floor, so there is no place'
  if (kind === 'massDeath') return 'Many sessions died at once, so there is no place until it is quiet'
  if (kind === 'quarantine') return `${id} is in quarantine, so there is no place`
  if (kind === 'budget') return `The budget of ${id} is used up, so there is no place`
  if (kind === 'rig') return `${id} is parked, so there is no place`
  return `No polecat of ${rig} is free`
}

const holdKey = (why: string, scope: string, id: string): string => `hold/${why}/${scope}/${id}`
const EVERYBODY = holdKey('estop', 'town', 'town')
/** The disk of the town has less room than its floor. */
export const LOW_DISK = holdKey('disk', 'town', 'town')
const parkedKey = (rig: string): string => holdKey('parked', 'rig', rig)

export function hold(context: MayorContext, { why, scope, id, meta }: Event<'dispatch.hold'>, to: To): void {
  const books = openBooks(context, to)
  const key = holdKey(why, scope, id)
  if (books.get(key) !== undefined) return
  books.put(key, true)
  for (const rig of heldBy(books, key, id)) holdRefinery(books, rig, to)
  dispatch(books, to, meta.at)
}

export function letGo(
  context: MayorContext,
  { why, scope, id, meta }: Event<'dispatch.letGo'>,
  to: To,
): void {
  const books = openBooks(context, to)
  const key = holdKey(why, scope, id)
  if (books.get(key) === undefined) return
  books.drop(key)
  for (const rig of heldBy(books, key, id))
    if (!holdRefinery(books, rig, to))
      for (const one of refineriesOf(books, rig)) to.tell({ to: one, message: { type: 'refinery.letGo' } })
  dispatch(books, to, meta.at)
}

const rigsOf = (books: Books): string[] => books.keys('rig/').map((key) => key.slice('rig/'.length))

/** The rigs in which that reason keeps landings from beginning. */
function heldBy(books: Books, key: string, id: string): string[] {
  if (key === EVERYBODY) return rigsOf(books)
  return key === parkedKey(id) ? [id] : []
}

/** Of its own target, and of its integration branches. */
function refineriesOf(books: Books, rig: string): string[] {
  const { epics = [] } = books.get<{ epics?: readonly string[] }>(`rig/${rig}`) ?? {}
  return [refinery(rig), ...epics.map((epic) => refinery(rig, epic))]
}

/** Tells the Refineries of the reason that there is, if there is one. */
function holdRefinery(books: Books, rig: string, to: To): boolean {
  const isParked = books.get(parkedKey(rig)) !== undefined
  const reason = books.get(EVERYBODY) !== undefined ? 'everybody is stopped' : 'the rig is parked'
  if (!isParked && books.get(EVERYBODY) === undefined) return false
  for (const one of refineriesOf(books, rig)) to.tell({ to: one, message: { type: 'refinery.hold', reason } })
  return true
}

function start(books: Books, bead: string, entry: Entry, to: To): void {
  const { rig, group, preset } = entry
  const name = entry.agent ?? freeName((one) => isTaken(books, rig, one))
  const n = (books.get<number>(`count/${rig}/${name}`) ?? 0) + 1
  const agent = polecat(rig, name)
  const sandbox = sandboxOf(agent, n)
  books.drop(`queue/${bead}`)
  books.put(`place/${rig}/${name}`, { bead, group })
  books.put(`count/${rig}/${name}`, n)
  to.fact({ type: 'DispatchStarted', bead, rig, agent, sandbox })
  to.tell(
    { to: beadOwner(bead), message: { type: 'bead.hook', agent, sandbox } },
    { to: agent, message: { type: 'polecat.hook', bead, sandbox, preset } },
  )
}

/** At work, without means, or in quarantine. */
const isTaken = (books: Books, rig: string, name: string): boolean =>
  books.get(`place/${rig}/${name}`) !== undefined ||
  books.get(holdKey('budget', 'agent', polecat(rig, name))) !== undefined ||
  books.get(holdKey('quarantine', 'agent', polecat(rig, name))) !== undefined
