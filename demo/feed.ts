// What happens in the town, as `gt feed --follow` tells it, also over the death of the daemon.

import type { Gt } from './gt.ts'

export type FeedItem = {
  readonly seq: number
  readonly type: string
  readonly summary: string
  readonly bead?: string
  readonly by: string
  readonly actor: string
}

export interface Feed {
  readonly items: readonly FeedItem[]
  /** The first item that fits, also of those that were there before. @throws when it takes too long. */
  seen(what: string, fits: (item: FeedItem) => boolean, timeoutMs?: number): Promise<FeedItem>
  /** The n-th item that fits. */
  seenTimes(n: number, what: string, fits: (item: FeedItem) => boolean): Promise<FeedItem>
  stop(): Promise<void>
}

/** Longest time without the item that is awaited, in ms. */
const PATIENCE_MS = 25_000

export function followFeed(gt: Gt, onItem: (item: FeedItem) => void): Feed {
  const items: FeedItem[] = []
  const watchers = new Set<() => void>()
  const stream = gt.follow(['feed', '--follow'], (document) => {
    const item = document as FeedItem
    items.push(item)
    onItem(item)
    for (const look of [...watchers]) look()
  })
  const seenTimes = (n: number, what: string, fits: (item: FeedItem) => boolean, patienceMs = PATIENCE_MS) =>
    new Promise<FeedItem>((resolve, reject) => {
      const look = () => {
        const found = items.filter(fits)[n - 1]
        if (found === undefined) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`${what} did not come within ${patienceMs / 1_000} s.`))
      }, patienceMs)
      watchers.add(look)
      look()
    })
  return {
    items,
    seen: (what, fits, timeoutMs) => seenTimes(1, what, fits, timeoutMs),
    seenTimes,
    stop: stream.stop,
  }
}
