// What the live town and the thread of one long job say to each other.

import type { BisectOptions, JobProgress } from '../../api/town.ts'
import type { Slice } from '../../past/compare.ts'
import type { Failed, HeadSaid, LogAnswer, LogQuestion } from './protocol.ts'

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
  readonly head: HeadSaid
}

export type ToJob =
  | LogAnswer
  /** `head`: the log reaches at least as far as the slice. */
  | { readonly kind: 'slice'; readonly slice: Slice; readonly head: HeadSaid }

export type FromJob =
  | LogQuestion
  /** Wants the next rows of the live state. */
  | { readonly kind: 'slice' }
  | { readonly kind: 'progress'; readonly progress: JobProgress }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: Failed }
