// The town's log as another thread reads it: by asking the one that holds it for pieces.
//
// Owns:      questions under way, asking for the next pieces while those at hand are taken apart, and what was read lately.
// Always:    a read is one run of positions: what is written meanwhile is not in it.

import {
  type Entry,
  type EventLog,
  type LogStats,
  type Piece,
  type PieceOptions,
  type ReadOptions,
  type Stored,
  unpackEntries,
  unpackEntry,
  unpackLines,
} from '../../../eventlog/index.ts'
import type { HeadSaid, LogAnswer, LogQuestion } from './protocol.ts'

/** What can be read of a log in any thread. */
export type PastLog = Pick<EventLog, 'head' | 'logId' | 'read' | 'pieces' | 'get' | 'stats'>

export type Reader = {
  readonly log: PastLog
  /** Where the log ends, as was said last. */
  reached(head: HeadSaid): void
  /** An answer to what was asked here. */
  take(message: LogAnswer): void
}

type Batch = { readonly pieces: readonly Piece[]; readonly last: boolean }
type Waiting = { resolve(answer: Batch | LogStats): void; reject(error: Error): void }

/** Entries looked at backwards are fetched so many at once. */
const BACKWARD = 1_024
/** Entries are kept so many together, as the log seals them, after one of them was asked for. */
const SEALED = 512
/** Of which they are so many, the pieces; and of those that another one was asked for of, the entries. */
const KEPT = 8
const UNPACKED = 8

export function createReader(logId: string, say: (message: LogQuestion) => void): Reader {
  let head: HeadSaid = { seq: 0, chain: '' }
  let next = 1
  const waiting = new Map<number, Waiting>()
  /** By run; those of the last one are not all there yet. */
  const kept = new Map<number, Promise<readonly Piece[]>>()
  const unpacked = new Map<number, readonly Entry[]>()

  const ask = <T extends Batch | LogStats>(question: (n: number) => LogQuestion): Promise<T> =>
    new Promise<Batch | LogStats>((resolve, reject) => {
      const n = next++
      waiting.set(n, { resolve, reject })
      say(question(n))
    }) as Promise<T>
  const some = (range: PieceOptions): Promise<Batch> => ask((n) => ({ kind: 'read', n, range }))

  async function* pieces(range: PieceOptions = {}): AsyncGenerator<Piece> {
    let after = Math.max(0, range.after ?? 0)
    const to = Math.min(range.to ?? head.seq, head.seq)
    if (after >= to) return
    let coming = some({ after, to })
    for (;;) {
      const batch = await coming
      after = batch.pieces.at(-1)?.last ?? to
      const over = batch.last || after >= to
      if (!over) {
        coming = some({ after, to })
        // Whoever stops early does not come back for it.
        coming.catch(() => {})
      }
      yield* batch.pieces
      if (over) return
    }
  }

  async function* forward(range: PieceOptions): AsyncGenerator<Stored> {
    for await (const piece of pieces(range)) yield* unpackLines(piece)
  }

  async function* backward(after: number, to: number, limit: number): AsyncGenerator<Stored> {
    for (let last = to; last > after; ) {
      const first = Math.max(after, last - Math.min(BACKWARD, limit))
      const found: Stored[] = []
      for await (const stored of forward({ after: first, to: last })) found.push(stored)
      yield* found.reverse()
      last = first
    }
  }

  async function* read({
    after = 0,
    to = head.seq,
    reverse,
    limit,
  }: ReadOptions = {}): AsyncGenerator<Stored> {
    let left = limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    const [from, until] = [Math.max(0, after), Math.min(to, head.seq)]
    const end = reverse === true ? until : Math.min(until, from + left)
    const found = reverse === true ? backward(from, until, left) : forward({ after: from, to: end })
    for await (const stored of found) {
      yield stored
      left -= 1
      if (left === 0) return
    }
  }

  const piecesOf = async (run: number, to: number): Promise<readonly Piece[]> => {
    const found: Piece[] = []
    for await (const piece of pieces({ after: run * SEALED, to })) found.push(piece)
    return found
  }
  /** Whoever asks for one of a run asks for others: the second time all of them are unpacked, and kept. */
  const entryAt = async (seq: number): Promise<Entry | undefined> => {
    const run = Math.floor((seq - 1) / SEALED)
    const place = (seq - 1) % SEALED
    const all = unpacked.get(run)
    if (all !== undefined && place < all.length) return all[place]
    const before = kept.get(run)
    const known = (await before)?.at(-1)
    const isAgain = known !== undefined && known.last >= seq
    const of =
      isAgain && before !== undefined ? before : piecesOf(run, Math.min((run + 1) * SEALED, head.seq))
    of.catch(() => kept.delete(run))
    keep(kept, run, of, KEPT)
    const found = await of
    if (!isAgain)
      return found.flatMap((piece) =>
        piece.last < seq || piece.first > seq ? [] : [unpackEntry(piece, seq)],
      )[0]
    const entries = found.flatMap((piece) => unpackEntries(piece).map(({ entry }) => entry))
    keep(unpacked, run, entries, UNPACKED)
    return entries[place]
  }

  return {
    log: {
      get head() {
        return head
      },
      logId,
      read,
      pieces,
      async get(seq) {
        if (!Number.isSafeInteger(seq) || seq < 1 || seq > head.seq) return undefined
        const entry = await entryAt(seq)
        return entry === undefined ? undefined : { seq, line: JSON.stringify(entry) }
      },
      stats: () => ask((n) => ({ kind: 'stats', n })),
    },
    reached(said) {
      if (said.seq >= head.seq) head = said
    },
    take(message) {
      const asked = waiting.get(message.n)
      waiting.delete(message.n)
      if (message.kind === 'pieces') asked?.resolve({ pieces: message.pieces, last: message.last })
      else if (message.kind === 'stats') asked?.resolve(message.stats)
      else asked?.reject(Object.assign(new Error(message.error.message), message.error))
    },
  }
}

/** Those that were kept last; the one that was not wanted for longest goes. */
function keep<T>(among: Map<number, T>, run: number, value: T, most: number): void {
  among.delete(run)
  among.set(run, value)
  if (among.size > most) among.delete(among.keys().next().value as number)
}
