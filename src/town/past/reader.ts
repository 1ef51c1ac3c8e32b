// The town's log as the thread of the past reads it: by asking the thread that holds it.
//
// Owns:      questions under way, and asking for the next lines while those at hand are looked at.
// Always:    a read is one run of positions: what is written meanwhile is not in it.

import type { Head, LogStats, ReadOptions, Stored } from '../../../eventlog/index.ts'
import type { FromThread, HeadSaid, ToThread } from './protocol.ts'

export type PastLog = {
  readonly head: Head
  readonly logId: string
  read(options?: ReadOptions): AsyncGenerator<Stored>
  get(seq: number): Promise<Stored | undefined>
  stats(): Promise<LogStats>
}

export type Reader = {
  readonly log: PastLog
  /** Where the log ends, as was said with a question. */
  reached(head: HeadSaid): void
  /** An answer to what was asked here. */
  take(message: Extract<ToThread, { kind: 'lines' | 'stats' | 'logFailed' }>): void
}

type Batch = { readonly lines: readonly string[]; readonly last: boolean }
type Waiting = { resolve(answer: Batch | LogStats): void; reject(error: Error): void }

export function createReader(logId: string, say: (message: FromThread) => void): Reader {
  let head: HeadSaid = { seq: 0, chain: '' }
  let next = 1
  const waiting = new Map<number, Waiting>()

  const ask = <T extends Batch | LogStats>(question: (n: number) => FromThread): Promise<T> =>
    new Promise<Batch | LogStats>((resolve, reject) => {
      const n = next++
      waiting.set(n, { resolve, reject })
      say(question(n))
    }) as Promise<T>
  const some = (range: ReadOptions): Promise<Batch> => ask((n) => ({ kind: 'read', n, range }))

  async function* read(options: ReadOptions = {}): AsyncGenerator<Stored> {
    const reverse = options.reverse === true
    let after = Math.max(0, options.after ?? 0)
    let to = Math.min(options.to ?? head.seq, head.seq)
    let left = options.limit ?? Number.POSITIVE_INFINITY
    if (after >= to || left <= 0) return
    const rest = (): ReadOptions => ({
      after,
      to,
      reverse,
      ...(Number.isFinite(left) ? { limit: left } : {}),
    })
    let coming = some(rest())
    for (;;) {
      const { lines, last } = await coming
      const from = reverse ? to : after + 1
      if (reverse) to -= lines.length
      else after += lines.length
      left -= lines.length
      const over = last || after >= to || left <= 0 || lines.length === 0
      if (!over) {
        coming = some(rest())
        // Whoever stops early does not come back for it.
        coming.catch(() => {})
      }
      for (const [index, line] of lines.entries()) yield { seq: reverse ? from - index : from + index, line }
      if (over) return
    }
  }

  return {
    log: {
      get head() {
        return head
      },
      logId,
      read,
      async get(seq) {
        if (!Number.isSafeInteger(seq) || seq < 1) return undefined
        for await (const stored of read({ after: seq - 1, to: seq })) return stored
        return undefined
      },
      stats: () => ask((n) => ({ kind: 'stats', n })),
    },
    reached(said) {
      if (said.seq >= head.seq) head = said
    },
    take(message) {
      const asked = waiting.get(message.n)
      waiting.delete(message.n)
      if (message.kind === 'lines') asked?.resolve({ lines: message.lines, last: message.last })
      else if (message.kind === 'stats') asked?.resolve(message.stats)
      else asked?.reject(Object.assign(new Error(message.error.message), message.error))
    },
  }
}
