// Server-sent events: records, or feed sentences, as they are written. A client resumes with `Last-Event-ID`.
//
// Owns:      the open streams of this server.
// Always:    an event's id is the seq of its record; a slow reader is dropped and resumes by that; nothing is sent
//            while nobody is connected, and closing the server ends every stream.

import type { ServerResponse } from 'node:http'
import type { LogRecord } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import type { TownHandle } from './town.ts'

/** Between comments that keep a silent connection alive, ms. */
const HEARTBEAT_MS = 15_000
/** Until a browser that lost us looks for us again, ms. */
const AGAIN_MS = 1_000
/** Bytes that may wait in a socket before its reader counts as slow. */
const BACKLOG_MAX = 4 * 1024 * 1024

export type Streams = {
  /** Sends what `events` makes of each record after `after`, until either side ends it. */
  open(
    response: ServerResponse,
    after: number,
    events: (record: LogRecord, line: string) => readonly string[],
  ): void
  closeAll(): void
}

export function createStreams(town: TownHandle): Streams {
  const open = new Set<() => void>()
  return {
    open(response, after, events) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        connection: 'close',
      })
      response.write(`retry: ${AGAIN_MS}\n: connected\n\n`)
      let cancelBeat = beat()
      let over = false
      const end = () => {
        if (over) return
        over = true
        open.delete(end)
        cancelBeat()
        response.end()
        // The subscription may call back before `subscribe` has returned.
        setImmediate(() => subscription?.close())
      }
      open.add(end)
      let subscription: { close(): void } | undefined
      response.on('close', end)
      const send = (batch: readonly { readonly seq: number; readonly line: string }[]): void => {
        if (over) return
        for (const { seq, line } of batch) {
          for (const data of events(recordOf(line), line)) response.write(`id: ${seq}\ndata: ${data}\n\n`)
        }
        if (response.writableLength > BACKLOG_MAX) end()
      }
      try {
        subscription = town.log.subscribe(after, send, end)
      } catch {
        // The log is closing; whoever reads connects again.
        end()
      }

      function beat(): () => void {
        return town.clock.after(HEARTBEAT_MS, () => {
          response.write(': still here\n\n')
          cancelBeat = beat()
        })
      }
    },
    closeAll() {
      for (const end of [...open]) end()
    },
  }
}

/** Where a stream begins: after the last event its reader has, else after `after`, else now. */
export function startOf(
  town: TownHandle,
  lastEventId: string | undefined,
  after: number | undefined,
): number {
  const last = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : undefined
  return Math.min(last ?? after ?? town.log.head.seq, town.log.head.seq)
}
