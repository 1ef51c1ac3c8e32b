// The Mayor: owner of the dispatch queue, and the one who is told what needs a person. Rules: SPEC.md.
//
// The queue lives in the context under flat keys, so that a record holds only the entry that changed:
//   rig/<rig>            places of a rig
//   queue/<bead>         a bead that waits for a place
//   place/<rig>/<name>   a polecat at work
//   count/<rig>/<name>   assignments a polecat has had
//   escalation/<id>      something a person was told of and has not closed

import { setup } from 'xstate'
import { beadOwner, MAYOR, polecat, sandboxOf } from '../../events/address.ts'
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
    'dispatch.freePlace': {
      actions: does('dispatch.freePlace', (context, { rig, name, meta }, to) =>
        freePlace(context, rig, name, meta.at, to),
      ),
    },
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
    '*': UNEXPECTED,
  },
})

export const mayor: MachineDef = { name: 'mayor', version: 1, machine, live: true }

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
  if (now && hindrance(books, entry) !== null) {
    return to.refuse('NO_PLACE', `No polecat of ${rig} is free for ${bead}.`)
  }
  books.put(`queue/${bead}`, entry)
  settleEscalations(books, bead, 'slung again', to)
  to.fact({ type: 'DispatchQueued', bead, rig, group, preset })
  dispatch(books, to, meta.at)
}

/** A person has acted on what they were told. */
function settleEscalations(books: Books, bead: string, note: string, to: To): void {
  for (const key of books.keys('escalation/')) {
    if (books.get<{ bead: string | null }>(key)?.bead !== bead) continue
    books.drop(key)
    to.fact({ type: 'EscalationClosed', id: key.slice('escalation/'.length), note })
  }
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
    const waits = hindrance(books, entry)
    if (waits === null) start(books, bead, entry, to)
    else if (entry.waiting !== waits) {
      books.put(`queue/${bead}`, { ...entry, waiting: waits })
      to.fact({ type: 'DispatchWaiting', bead, waitingFor: { kind: 'place', id: waits, since: at } })
    }
  }
}

/** What keeps a ready bead from starting: the rig without a free place, the polecat that is busy, or nothing. */
function hindrance(books: Books, { rig, agent, maxAtOnce, group }: Entry): string | null {
  const { placesMax } = books.get<{ placesMax: number }>(`rig/${rig}`) ?? { placesMax: 0 }
  const places = books.keys(`place/${rig}/`)
  if (places.length >= placesMax) return rig
  if (maxAtOnce !== null) {
    const own = places.filter((key) => books.get<Place>(key)?.group === group)
    if (own.length >= maxAtOnce) return rig
  }
  return agent !== null && books.get(`place/${rig}/${agent}`) !== undefined ? polecat(rig, agent) : null
}

function start(books: Books, bead: string, entry: Entry, to: To): void {
  const { rig, group, preset } = entry
  const name = entry.agent ?? freeName((one) => books.get(`place/${rig}/${one}`) !== undefined)
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
