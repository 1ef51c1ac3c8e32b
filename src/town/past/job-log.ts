// The town's log as the thread of a job reads it: pieces come from the thread that has it open, and are taken apart here.
//
// Owns:      reads under way.
// Always:    a read is one run of positions; what is damaged is named before anything behind it is used.

import {
  type EventLog,
  type Head,
  type Piece,
  type PieceOptions,
  type ReadOptions,
  type Stored,
  type Unpacked,
  unpackEntries,
  unpackLines,
} from '../../../eventlog/index.ts'
import type { FromJob, ToJob } from './job-protocol.ts'

export type JobLog = Pick<EventLog, 'head' | 'logId' | 'read' | 'get' | 'pieces'> & {
  /** Entries in order, without making lines of them. */
  entries(range?: PieceOptions): AsyncGenerator<readonly Unpacked[]>
}

type Read = { readonly waiting: ToJob[]; wake: (() => void) | null }

export function createJobLog(
  { logId, head }: { readonly logId: string; readonly head: Head },
  say: (message: FromJob) => void,
): { readonly log: JobLog; take(message: Extract<ToJob, { kind: 'piece' | 'end' }>): void } {
  const reads = new Map<number, Read>()
  let last = 0

  async function* pieces(range: PieceOptions = {}): AsyncGenerator<Piece> {
    const n = ++last
    const read: Read = { waiting: [], wake: null }
    reads.set(n, read)
    say({ kind: 'read', n, range })
    try {
      for (;;) {
        const message = read.waiting.shift()
        if (message === undefined) {
          const { promise, resolve } = Promise.withResolvers<void>()
          read.wake = resolve
          await promise
        } else if (message.kind === 'piece') {
          say({ kind: 'more', n })
          yield message.piece
        } else if (message.kind === 'end') {
          if (message.error !== null)
            throw Object.assign(new Error(message.error.message), { ...message.error })
          return
        }
      }
    } finally {
      reads.delete(n)
      say({ kind: 'stop', n })
    }
  }

  async function* read(options: ReadOptions = {}): AsyncGenerator<Stored> {
    if (options.reverse === true) throw new Error('Broken invariant: a job reads forwards')
    let left = options.limit ?? Number.POSITIVE_INFINITY
    for await (const piece of pieces({ ...options, to: Math.min(options.to ?? head.seq, head.seq) })) {
      for (const stored of unpackLines(piece)) {
        if (left-- <= 0) return
        yield stored
      }
    }
  }

  return {
    log: {
      head,
      logId,
      pieces,
      async *entries(range) {
        for await (const piece of pieces(range)) yield unpackEntries(piece)
      },
      read,
      async get(seq) {
        if (!Number.isSafeInteger(seq) || seq < 1) return undefined
        for await (const stored of read({ after: seq - 1, to: seq })) return stored
        return undefined
      },
    },
    take(message) {
      const read = reads.get(message.n)
      read?.waiting.push(message)
      read?.wake?.()
    },
  }
}
