// What the live town and the thread of one long job say to each other.

import type { Head, Piece, PieceOptions } from '../../../eventlog/index.ts'
import type { BisectOptions, JobProgress } from '../../api/town.ts'
import type { Slice } from '../../past/compare.ts'
import type { Failed } from './protocol.ts'

export type Job =
  | { readonly kind: 'replay'; readonly asked: ReplayAsked }
  | { readonly kind: 'bisect'; readonly asked: BisectOptions }

export type ReplayAsked = {
  /** Last record to fold; null: as far as the live town is, and held against it. */
  readonly to: number | null
  readonly verify: boolean
  /** Folder that gets the rebuilt state as JSON files, or null. */
  readonly into: string | null
  /** File of the checkpoint that is replaced when the live state is the one that was rebuilt; null: none. */
  readonly checkpoint: string | null
}

export type JobData = {
  readonly job: Job
  readonly dir: string
  readonly name: string
  readonly townId: string
  readonly logId: string
  readonly head: Head
}

export type ToJob =
  | { readonly kind: 'piece'; readonly n: number; readonly piece: Piece }
  /** No more pieces of this read. */
  | { readonly kind: 'end'; readonly n: number; readonly error: Failed | null }
  | { readonly kind: 'slice'; readonly slice: Slice }

export type FromJob =
  /** Wants the pieces of a range; `READ_AHEAD` come unasked, then one for each `more`. */
  | { readonly kind: 'read'; readonly n: number; readonly range: PieceOptions }
  | { readonly kind: 'more'; readonly n: number }
  | { readonly kind: 'stop'; readonly n: number }
  /** Wants the next rows of the live state. */
  | { readonly kind: 'slice' }
  | { readonly kind: 'progress'; readonly progress: JobProgress }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: Failed }

/** Pieces on the way to the thread while it takes others apart. */
export const READ_AHEAD = 4
