// What the page knows, and how it comes to know it.
//
// Owns:      the one state that is drawn; questions to the town; the stream of what happens; the URL.
// Does not:  draw (views).
//
//   1. A question that is asked anew makes the one before it stale: its answer is dropped.
//   2. In the past nothing arrives by itself: the feed stops at that moment.
//   3. Dragging asks at most once in DRAG_MS, and not before the last answer is there; always for where it stopped.

import { ask, Refused } from './ask.ts'
import { HOME, type Open, type Place, placeOf, searchOf, type Tab } from './place.ts'
import type { Agent, Bead, FeedItem, History, Machine, Status, Why } from './shapes.ts'

const DRAG_MS = 120
/** Many records come together; one look is enough for all. */
const LOOK_MS = 250
/** What an agent does from one moment to the next makes no sentence in the feed, ms. */
const LOOK_AGAIN_MS = 15_000
/** Until a town that does not answer is asked again, ms. */
const AGAIN_MS = 2_000
const FEED_KEPT = 200
/** Beads that are listed at once. */
const BEADS_LISTED = 60

export type Stream = 'live' | 'connecting' | 'past'

export type Item = {
  readonly open: Open
  readonly bead: Bead | null
  readonly agent: Agent | null
  readonly history: History | null
  readonly why: Why | null
  readonly refused: Refused | null
}

export type State = {
  readonly place: Place
  /** Newest record that we know of. */
  readonly head: number
  readonly status: Status | null
  readonly beads: readonly Bead[]
  /** Where the next page of beads begins, or null. */
  readonly more: string | null
  readonly feed: readonly FeedItem[]
  readonly stream: Stream
  readonly item: Item | null
  readonly machines: readonly Machine[]
  /** Why nothing new can be shown. */
  readonly refused: Refused | null
}

export type Actions = {
  go(place: Partial<Place>): void
  /** As `go`, while somebody drags: the way there is no history of the browser. */
  drag(at: number): void
  /** Lists the beads that have this in id or title, as somebody types. */
  find(text: string): void
  open(open: Open, tab?: Tab): void
  now(): void
}

export function createController(draw: (state: State, actions: Actions) => void): void {
  let state: State = {
    place: placeOf(location.search),
    head: 0,
    status: null,
    beads: [],
    more: null,
    feed: [],
    stream: 'connecting',
    item: null,
    machines: [],
    refused: null,
  }
  let town = new AbortController()
  let thing = new AbortController()
  let source: EventSource | undefined
  let look: ReturnType<typeof setTimeout> | undefined
  let drawn = false
  /** Looks at the town that are under way. */
  let asking = 0

  const actions: Actions = {
    go(place) {
      move({ ...state.place, ...place }, 'push')
    },
    drag(at) {
      if (at >= state.head) return actions.now()
      const from = state.place.at
      move({ ...state.place, at: within(at) }, from === null ? 'push' : 'replace')
    },
    find: (find) => move({ ...state.place, find, page: null }, 'replace'),
    open: (open, tab = 'history') => actions.go({ open, tab }),
    now: () => actions.go({ at: null }),
  }
  const within = (at: number): number => Math.max(1, Math.min(state.head, Math.round(at)))

  addEventListener('popstate', () => move(placeOf(location.search), 'none'))
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') soon(0)
  })
  setInterval(() => {
    if (document.visibilityState === 'visible' && state.place.at === null) soon(0)
  }, LOOK_AGAIN_MS)
  void machines()
  refresh()

  function set(more: Partial<State>): void {
    state = { ...state, ...more }
    if (drawn) return
    drawn = true
    // One picture for all that is known by then.
    queueMicrotask(() => {
      drawn = false
      draw(state, actions)
    })
  }

  function move(place: Place, history: 'push' | 'replace' | 'none'): void {
    const before = state.place
    const search = searchOf(place)
    if (history === 'push' && search !== searchOf(before)) window.history.pushState(null, '', search)
    if (history === 'replace') window.history.replaceState(null, '', search)
    const isSame = place.open?.id === before.open?.id && place.open?.kind === before.open?.kind
    set({ place, ...(!isSame && { item: null }) })
    const lists = place.at !== before.at || place.find !== before.find || place.page !== before.page
    if (lists) soon(history === 'replace' ? DRAG_MS : 0)
    else if (place.open !== null) void lookAtItem()
  }

  /** Looks again in `ms`, or when it was going to anyway. */
  function soon(ms: number): void {
    if (look !== undefined) {
      if (ms > 0) return
      clearTimeout(look)
    }
    look = setTimeout(() => {
      look = undefined
      // Whoever drags on would otherwise see no answer at all of a town that is slow.
      if (ms > 0 && asking > 0) soon(ms)
      else refresh()
    }, ms)
  }

  function refresh(): void {
    void lookAtTown()
    if (state.place.open !== null) void lookAtItem()
  }

  async function lookAtTown(): Promise<void> {
    town.abort()
    town = new AbortController()
    const { signal } = town
    const { at } = state.place
    if (at !== null) follow(null)
    asking += 1
    try {
      const beads = ask<{ items: Bead[]; cursor: string | null }>('/v1/beads', listed(), at, signal)
      const feed =
        at === null && source !== undefined
          ? null
          : ask<{ items: FeedItem[]; seq: number }>('/v1/feed', { limit: FEED_KEPT }, at, signal)
      // Whoever fails first is told; the others are not left without anybody who listens.
      beads.catch(() => undefined)
      feed?.catch(() => undefined)
      const status = await ask<Status>('/v1/status', {}, at, signal)
      if (signal.aborted) return
      set({ status, head: Math.max(state.head, status.seq), refused: null })
      const [{ items, cursor }, told] = await Promise.all([beads, feed])
      if (signal.aborted) return
      set({ beads: items, more: cursor })
      if (told !== null) {
        set({ feed: told.items, stream: at === null ? state.stream : 'past' })
        if (at === null) follow(told.seq)
        else if (state.head === status.seq) void learnHead(signal)
      }
    } catch (error) {
      failed(error, signal)
    } finally {
      asking -= 1
    }
  }

  function listed(): Record<string, string | number> {
    const { find, page } = state.place
    return {
      limit: BEADS_LISTED,
      order: 'moved',
      ...(find !== '' && { text: find }),
      ...(page !== null && { cursor: page }),
    }
  }

  /** A page that was opened in the past does not know yet how far it could go. */
  async function learnHead(signal: AbortSignal): Promise<void> {
    const { at } = state.place
    const { seq } = await ask<{ seq: number }>('/v1/health', {}, at, signal).catch(() => ({ seq: 0 }))
    set({ head: Math.max(state.head, seq) })
  }

  async function lookAtItem(): Promise<void> {
    thing.abort()
    thing = new AbortController()
    const { signal } = thing
    const { open, at } = state.place
    if (open === null) return
    const id = encodeURIComponent(open.id)
    const before = state.item ?? { open, bead: null, agent: null, history: null, why: null, refused: null }
    const put = (more: Partial<Item>): void => {
      if (signal.aborted) return
      set({ item: { ...(state.item ?? before), open, refused: null, ...more } })
    }
    const told = (error: unknown): void => {
      if (signal.aborted || !(error instanceof Refused)) return
      set({ item: { ...before, refused: error } })
    }
    const questions = [
      ask<History>(`/v1/history/${id}`, { steps: 'true', last: 300 }, at, signal).then((history) =>
        put({ history }),
      ),
      ...(open.kind === 'bead'
        ? [
            ask<Bead>(`/v1/beads/${id}`, {}, at, signal).then((bead) => put({ bead })),
            ask<Why>(`/v1/why/${id}`, {}, at, signal).then((why) => put({ why })),
          ]
        : []),
      ...(open.kind === 'agent'
        ? [
            ask<Agent>(`/v1/agents/${id}`, {}, at, signal).then(async (agent) => {
              put({ agent })
              if (agent.hook === null) return put({ why: null })
              put({ why: await ask<Why>(`/v1/why/${encodeURIComponent(agent.hook)}`, {}, at, signal) })
            }),
          ]
        : []),
    ]
    await Promise.all(questions.map((question) => question.catch(told)))
  }

  async function machines(): Promise<void> {
    const answer = await fetch('/machines.json')
    set({ machines: (await answer.json()) as Machine[] })
  }

  /** Follows the feed after a record; null: no more. The browser connects again by itself, and goes on where it was. */
  function follow(after: number | null): void {
    if (after === null) {
      source?.close()
      source = undefined
      return
    }
    if (source !== undefined) return
    const stream = new EventSource(`/v1/feed/stream?after=${after}`)
    source = stream
    stream.onopen = () => {
      set({ stream: 'live' })
      soon(LOOK_MS)
    }
    stream.onmessage = ({ data }) => {
      const item = JSON.parse(data) as FeedItem
      set({ feed: [...state.feed, item].slice(-FEED_KEPT), head: Math.max(state.head, item.seq) })
      soon(LOOK_MS)
    }
    stream.onerror = () => {
      if (source !== stream) return
      set({ stream: 'connecting' })
      if (stream.readyState !== EventSource.CLOSED) return
      source = undefined
      soon(AGAIN_MS)
    }
  }

  function failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    if (error instanceof Refused) {
      set({ refused: error })
      // A link to a moment that has not been, or of another town, leads to the present.
      if (error.code === 'POSITION_IN_FUTURE') move(HOME, 'replace')
      // The bead that the page began after is listed no more.
      if (error.code === 'CURSOR_INVALID') move({ ...state.place, page: null }, 'replace')
      return
    }
    set({
      refused: new Refused(0, { detail: 'The town does not answer.', remedy: 'gt up starts it.' }),
      stream: 'connecting',
    })
    follow(null)
    soon(AGAIN_MS)
  }
}
