// The Mayor: owner of the dispatch queue, and the one who is told what needs a person. Rules: SPEC.md.
//
// The queue lives in the context under flat keys, so that a record holds only the entry that changed:
//   rig/<rig>            places of a rig
//   queue/<bead>         a bead that waits for a place
//   place/<rig>/<name>   a polecat at work
//   count/<rig>/<name>   assignments a polecat has had
//   escalation/<id>      something a person was told of and has not closed
//   hold/<why>/<scope>/<id>   nothing begins there: a budget is used up, or a person stopped everybody

import { setup } from 'xstate'
import { beadOwner, MAYOR, polecat, refinery, sandboxOf } from '../../events/address.ts'
import type { WaitingFor } from '../../events/define.ts'
import type { Json } from '../../events/record.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'
import { escalationNotice } from '../notice.ts'
import { freeName } from './names.ts'

type MayorContext = { readonly [key: string]: Json | undefined }

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

const { does } = writing<MayorContext>()

const machine = setup({ types: typesOf<MayorContext>(), actions: ACTIONS }).createMachine({
  id: MAYOR,
  options: OPTIONS,
  initial: 'dispatching',
  context: {},
  states: { dispatching: {} },
  on: {
    'dispatch.openRig': {
      actions: does('dispatch.openRig', (context, { rig, placesMax, meta }, to) => {
        const books = openBooks(context, to)
        books.put(`rig/${rig}`, { placesMax })
        if (books.get(EVERYBODY) !== undefined) holdRefinery(rig, to)
        dispatch(books, to, meta.at)
      }),
    },
    'dispatch.closeRig': {
      actions: does('dispatch.closeRig', (context, { rig }, to) => openBooks(context, to).drop(`rig/${rig}`)),
    },
    'dispatch.request': { actions: does('dispatch.request', request) },
    'dispatch.ready': {
      actions: does('dispatch.ready', (context, event, to) =>
        changeEntry(context, event.bead, { ready: true }, event, to),
      ),
    },
    'dispatch.unready': {
      actions: does('dispatch.unready', (context, event, to) =>
        changeEntry(context, event.bead, { ready: false, waiting: null }, event, to),
      ),
    },
    'dispatch.withdraw': {
      actions: does('dispatch.withdraw', (context, { bead, reason }, to) => {
        if (context[`queue/${bead}`] === undefined) return
        openBooks(context, to).drop(`queue/${bead}`)
        to.fact({ type: 'DispatchWithdrawn', bead, reason })
      }),
    },
    'dispatch.hold': { actions: does('dispatch.hold', hold) },
    'dispatch.letGo': { actions: does('dispatch.letGo', letGo) },
    'dispatch.freePlace': {
      actions: does('dispatch.freePlace', (context, { rig, name, meta }, to) =>
        freePlace(context, rig, name, meta.at, to),
      ),
    },
    'dispatch.retake': { actions: does('dispatch.retake', retake) },
    // The bead was taken off the queue between our decision and the bead's.
    'tell.refused': {
      actions: does('tell.refused', (context, { to: who, messages, message: reason, meta }, to) => {
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
      }),
    },
    'escalation.raise': {
      actions: does('escalation.raise', (context, { bead, agent, code, reason, meta }, to) => {
        const id = `e-${meta.seq}`
        openBooks(context, to).put(`escalation/${id}`, { bead, agent, code, reason })
        to.fact({ type: 'EscalationRaised', id, bead, agent, code, reason })
        to.effect('notice.send', escalationNotice({ id, bead, agent, code, reason }))
      }),
    },
    'escalation.settle': {
      actions: does('escalation.settle', (context, { bead, note }, to) =>
        settleEscalations(openBooks(context, to), bead, note, to),
      ),
    },
    'escalation.close': {
      actions: does('escalation.close', (context, { id, note }, to) => {
        if (context[`escalation/${id}`] === undefined) {
          return to.refuse('ESCALATION_NOT_FOUND', `There is no open escalation ${id}.`)
        }
        openBooks(context, to).drop(`escalation/${id}`)
        to.fact({ type: 'EscalationClosed', id, note })
      }),
    },
    'notice.sent': {
      actions: does('notice.sent', (context, { decision, ways, failed }, to) => {
        for (const about of told(context, decision))
          to.fact({ type: 'OperatorNotified', ...about, ways, failed })
      }),
    },
    'notice.notSent': {
      actions: does('notice.notSent', (context, event, to) => notTold(context, event.decision, event, to)),
    },
    'effect.failed': {
      actions: does('effect.failed', (context, event, to) =>
        notTold(context, String(event.params.decision), event, to),
      ),
    },
    '*': UNEXPECTED,
  },
})

export const mayor: MachineDef = { name: 'mayor', version: 3, machine, live: true }

type To = Deciding<MayorContext>

/** The context as it will be after what this decision has put so far. */
type Books = {
  get<T>(key: string): T | undefined
  keys(prefix: string): string[]
  put(key: string, value: Json): void
  drop(key: string): void
}

function openBooks(context: MayorContext, to: To): Books {
  const changed: { [key: string]: Json | undefined } = {}
  const read = (key: string) => (key in changed ? changed[key] : context[key])
  const write = (key: string, value: Json | undefined) => {
    changed[key] = value
    to.set({ [key]: value })
  }
  return {
    get: <T>(key: string) => read(key) as T | undefined,
    keys: (prefix) =>
      [...new Set([...Object.keys(context), ...Object.keys(changed)])].filter(
        (key) => key.startsWith(prefix) && read(key) !== undefined,
      ),
    put: write,
    drop: (key) => write(key, undefined),
  }
}

function request(context: MayorContext, event: Event<'dispatch.request'>, to: To): void {
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
function retake(context: MayorContext, { bead, rig, name, sandbox }: Event<'dispatch.retake'>, to: To): void {
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

/** A person has acted on what they were told. */
function settleEscalations(books: Books, bead: string, note: string, to: To): void {
  for (const key of books.keys('escalation/')) {
    if (books.get<{ bead: string | null }>(key)?.bead !== bead) continue
    books.drop(key)
    to.fact({ type: 'EscalationClosed', id: key.slice('escalation/'.length), note })
  }
}

/** What the person was told of, unless it is dealt with already. */
function told(context: MayorContext, id: string) {
  const open = context[`escalation/${id}`] as { bead: string | null; agent: string | null } | undefined
  return open === undefined ? [] : [{ decision: id, agent: open.agent ?? MAYOR, bead: open.bead }]
}

function notTold(
  context: MayorContext,
  id: string,
  failure: { code: string; message: string },
  to: To,
): void {
  const { code, message } = failure
  for (const about of told(context, id)) to.fact({ type: 'OperatorNotNotified', ...about, code, message })
}

function changeEntry(
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

function freePlace(context: MayorContext, rig: string, name: string, at: string, to: To): void {
  const books = openBooks(context, to)
  if (books.get(`place/${rig}/${name}`) === undefined) return
  books.drop(`place/${rig}/${name}`)
  to.fact({ type: 'PlaceFreed', rig, name })
  dispatch(books, to, at)
}

/** Gives places to those that are ready, in order; notes what the others wait for when that is new. */
function dispatch(books: Books, to: To, at: string): void {
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
  const spent = (scope: string, id: string) => books.get(holdKey('budget', scope, id)) !== undefined
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
  return books.get(`place/${rig}/${agent}`) !== undefined ? { kind: 'place', id: address } : null
}

function noPlace({ kind, id }: Waits, rig: string): string {
  if (kind === 'thaw') return 'Everybody is stopped, so there is no place'
  if (kind === 'budget') return `The budget of ${id} is used up, so there is no place`
  return `No polecat of ${rig} is free`
}

const holdKey = (why: string, scope: string, id: string): string => `hold/${why}/${scope}/${id}`
const EVERYBODY = holdKey('estop', 'town', 'town')

function hold(context: MayorContext, { why, scope, id, meta }: Event<'dispatch.hold'>, to: To): void {
  const books = openBooks(context, to)
  const key = holdKey(why, scope, id)
  if (books.get(key) !== undefined) return
  books.put(key, true)
  if (key === EVERYBODY) for (const rig of rigsOf(books)) holdRefinery(rig, to)
  dispatch(books, to, meta.at)
}

function letGo(context: MayorContext, { why, scope, id, meta }: Event<'dispatch.letGo'>, to: To): void {
  const books = openBooks(context, to)
  const key = holdKey(why, scope, id)
  if (books.get(key) === undefined) return
  books.drop(key)
  if (key === EVERYBODY)
    for (const rig of rigsOf(books)) to.tell({ to: refinery(rig), message: { type: 'refinery.letGo' } })
  dispatch(books, to, meta.at)
}

const rigsOf = (books: Books): string[] => books.keys('rig/').map((key) => key.slice('rig/'.length))

function holdRefinery(rig: string, to: To): void {
  to.tell({ to: refinery(rig), message: { type: 'refinery.hold', reason: 'everybody is stopped' } })
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

/** At work, or without means. */
const isTaken = (books: Books, rig: string, name: string): boolean =>
  books.get(`place/${rig}/${name}`) !== undefined ||
  books.get(holdKey('budget', 'agent', polecat(rig, name))) !== undefined
