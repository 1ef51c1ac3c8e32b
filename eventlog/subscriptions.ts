// Subscriptions: the past, then what comes, without a seam.
//
// Owns:      each subscriber's position, its queue and its end.
// Does not:  keep entries: a subscriber that is behind reads them from the log like anybody else.
// Crosses:   publish() after each commit; the subscriber's callback.
//
//   The next entry delivered is always `cursor + 1`, whether it comes from the log or from a commit.
//   Nothing a subscriber does can delay or fail an append: it is closed instead.

import { LogError, type Stored, type Subscription } from './types.ts'

const PAST_BATCH = 512

type OnEntries = (batch: readonly Stored[]) => void | Promise<void>
type OnClosed = (reason: Error) => void

type Subscriber = {
  readonly onEntries: OnEntries
  readonly onClosed: OnClosed | undefined
  /** Last seq handed to the callback. */
  cursor: number
  queue: Stored[]
  pumping: boolean
  /** The past is being read; commits meanwhile are read too, not queued. */
  reading: boolean
  closed: boolean
}

export class Subscriptions {
  readonly #subscribers = new Set<Subscriber>()
  readonly #read: (after: number, to: number) => AsyncIterable<Stored>
  readonly #headSeq: () => number
  readonly #queueMax: number

  constructor(
    read: (after: number, to: number) => AsyncIterable<Stored>,
    headSeq: () => number,
    queueMax: number,
  ) {
    this.#read = read
    this.#headSeq = headSeq
    this.#queueMax = queueMax
  }

  add(after: number, onEntries: OnEntries, onClosed?: OnClosed): Subscription {
    const subscriber: Subscriber = {
      onEntries,
      onClosed,
      cursor: after,
      queue: [],
      pumping: false,
      reading: false,
      closed: false,
    }
    this.#subscribers.add(subscriber)
    void this.#pump(subscriber)
    return { close: () => this.#end(subscriber) }
  }

  publish(first: number, lines: readonly string[]): void {
    if (this.#subscribers.size === 0) return
    const batch = lines.map((line, index) => ({ seq: first + index, line }))
    for (const subscriber of [...this.#subscribers]) this.#offer(subscriber, batch)
  }

  /** After a reopening the log may have grown by an append whose outcome was unknown. */
  catchUp(): void {
    for (const subscriber of [...this.#subscribers]) void this.#pump(subscriber)
  }

  closeAll(reason: Error): void {
    for (const subscriber of [...this.#subscribers]) this.#end(subscriber, reason)
  }

  #offer(subscriber: Subscriber, batch: readonly Stored[]): void {
    const end = subscriber.queue.at(-1)?.seq ?? subscriber.cursor
    const first = batch[0]?.seq ?? 0
    if (subscriber.closed || subscriber.reading || first > end + 1) return
    const news = first === end + 1 ? batch : batch.filter((stored) => stored.seq > end)
    if (news.length === 0) return
    if (subscriber.pumping && subscriber.queue.length + news.length > this.#queueMax) {
      this.#end(
        subscriber,
        new LogError(
          'SUBSCRIBER_SLOW',
          `A subscriber fell more than ${this.#queueMax} entries behind; subscribe again after the last entry that was handled.`,
          { details: { after: subscriber.cursor } },
        ),
      )
      return
    }
    for (const stored of news) subscriber.queue.push(stored)
    void this.#pump(subscriber)
  }

  // Runs synchronously up to the first await, so a ready subscriber hears of a commit at once.
  async #pump(subscriber: Subscriber): Promise<void> {
    if (subscriber.pumping) return
    subscriber.pumping = true
    try {
      while (!subscriber.closed) {
        let batch = takeQueue(subscriber)
        if (batch.length === 0) {
          // No await between "nothing is left" and the end of this loop: a commit in between would be missed.
          const past = this.#past(subscriber)
          if (past === undefined) break
          batch = await past
          if (subscriber.closed) break
        }
        subscriber.cursor = batch.at(-1)?.seq ?? subscriber.cursor
        const handled = subscriber.onEntries(batch)
        if (handled !== undefined) await handled
      }
    } catch (error) {
      this.#end(subscriber, error instanceof Error ? error : new Error(String(error)))
    } finally {
      subscriber.pumping = false
    }
  }

  #past(subscriber: Subscriber): Promise<readonly Stored[]> | undefined {
    const head = this.#headSeq()
    if (subscriber.cursor >= head) return undefined
    subscriber.reading = true
    return this.#collect(subscriber.cursor, Math.min(head, subscriber.cursor + PAST_BATCH)).finally(() => {
      subscriber.reading = false
    })
  }

  async #collect(after: number, to: number): Promise<readonly Stored[]> {
    const batch: Stored[] = []
    for await (const stored of this.#read(after, to)) batch.push(stored)
    return batch
  }

  #end(subscriber: Subscriber, reason?: Error): void {
    if (subscriber.closed) return
    subscriber.closed = true
    subscriber.queue = []
    this.#subscribers.delete(subscriber)
    const { onClosed } = subscriber
    // On its own: what a subscriber throws here must not reach the commit that ran into it.
    if (reason && onClosed) queueMicrotask(() => onClosed(reason))
  }
}

function takeQueue(subscriber: Subscriber): readonly Stored[] {
  const batch = subscriber.queue
  subscriber.queue = []
  return batch
}
