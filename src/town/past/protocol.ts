// What the live town and the thread of its past say to each other, and what any thread asks of the log.

import type { LogStats, Piece, PieceOptions } from '../../../eventlog/index.ts'
import type { PastAsk } from '../../api/town.ts'

/** What the thread knows of the town from its beginning. */
export type PastData = {
  readonly dir: string
  readonly name: string
  readonly townId: string
  readonly logId: string
}

/** Where the log ends, told with each question. */
export type HeadSaid = { readonly seq: number; readonly chain: string }

export type ToThread =
  | { readonly kind: 'ask'; readonly n: number; readonly ask: PastAsk; readonly head: HeadSaid }
  /** Nobody waits for it any more. */
  | { readonly kind: 'drop'; readonly n: number }
  /** The log has grown: there is more to keep, but not when it is more than `most` records. The answer: up to where it is kept. */
  | {
      readonly kind: 'grown'
      readonly n: number
      readonly head: HeadSaid
      readonly most?: number | undefined
    }
  | LogAnswer

export type FromThread =
  | { readonly kind: 'answer'; readonly n: number; readonly text: string }
  | { readonly kind: 'failed'; readonly n: number; readonly error: Failed }
  | LogQuestion

export type LogQuestion =
  /** Some of the pieces of a range; the next ones are asked for by position. */
  | { readonly kind: 'read'; readonly n: number; readonly range: PieceOptions }
  | { readonly kind: 'stats'; readonly n: number }

export type LogAnswer =
  /** `last`: there are no more in the range. */
  | { readonly kind: 'pieces'; readonly n: number; readonly pieces: readonly Piece[]; readonly last: boolean }
  | { readonly kind: 'stats'; readonly n: number; readonly stats: LogStats }
  | { readonly kind: 'logFailed'; readonly n: number; readonly error: Failed }

/** An error, as it crosses from one thread to the other. */
export type Failed = {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export function failed(error: unknown): Failed {
  const { code, details } = error as { code?: unknown; details?: unknown }
  return {
    code: typeof code === 'string' ? code : 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    details: typeof details === 'object' && details !== null ? { ...details } : {},
  }
}
