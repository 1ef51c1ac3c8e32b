// What the thread that has a log open and the one beside it say to each other (side-thread.ts, side-main.ts).
//
// Owns:      the messages. Positions have their chain as text: a Buffer would arrive with all of the memory it is a part of.
// Does not:  send or answer any.

import type { LogErrorCode, LogProblem } from '../types.ts'
import type { Kind } from './keys.ts'

/** `n` counts the jobs, and `scan` the scans of a job. */
export type ToSide =
  | { readonly kind: 'begin'; readonly n: number; readonly job: SideJob }
  | {
      readonly kind: 'rows'
      readonly n: number
      readonly scan: number
      readonly bytes: Uint8Array<ArrayBuffer>
    }
  | {
      readonly kind: 'unreadable'
      readonly n: number
      readonly scan: number
      readonly why: string
      readonly passed: boolean
    }
  | { readonly kind: 'end'; readonly n: number; readonly scan: number }
  /** Nobody waits for it any more. */
  | { readonly kind: 'drop'; readonly n: number }

export type FromSide =
  | { readonly kind: 'scan'; readonly n: number; readonly scan: number; readonly ask: ScanAsk }
  /** One message of rows was taken: another may come. */
  | { readonly kind: 'more'; readonly n: number; readonly scan: number }
  | { readonly kind: 'progress'; readonly n: number; readonly seq: number }
  | { readonly kind: 'done'; readonly n: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly n: number; readonly error: SideError }

export type ScanAsk = { readonly kind: Kind; readonly from: Uint8Array | null }

export type SidePosition = { readonly seq: number; readonly chain: string }

export type SideJob =
  | { readonly kind: 'seal'; readonly from: SidePosition; readonly format: number }
  | { readonly kind: 'verify'; readonly from: SidePosition; readonly known: SidePosition | null }

export type SealResult = { readonly bytes: Uint8Array<ArrayBuffer>; readonly end: SidePosition }

export type VerifyResult = {
  readonly problems: readonly LogProblem[]
  readonly end: number
  readonly erased: readonly { readonly seq: number; readonly by: number | null }[]
}

export type SideError = {
  /** Of a LogError. */
  readonly code: LogErrorCode | null
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** How many messages of rows are on their way at once: one is worked on while the next is read. */
export const READ_AHEAD = 2
