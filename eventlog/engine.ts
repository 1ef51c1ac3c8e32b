// What a log needs from the thing that keeps bytes.
//
// Owns:      the seam between the log's rules and a storage engine.
// Does not:  decide positions, group commits, answer subscribers: that is the same for every engine.
// Always:    write() and a seal's apply() are never called while another of them is under way.

import type { ErasedEntries } from './erased.ts'
import type { Appended, LogProblem, LogStats, Piece, Stored } from './types.ts'

/** Where a log ends, with the chain as 32 raw bytes. */
export type Position = { readonly seq: number; readonly chain: Buffer }

export type WrittenId = { readonly id: string; readonly first: number; readonly last: number }

/** One commit: the lines of one or more appends, written together or not at all. */
export type Commit = {
  readonly first: number
  readonly last: number
  readonly lines: readonly string[]
  readonly before: Buffer
  readonly after: Buffer
  readonly ids: readonly WrittenId[]
}

export type Opened = { readonly logId: string; readonly head: Position }

/** Rows of entries from `after` (exclusive) to `to` (inclusive). */
export type Range = { readonly after: number; readonly to: number; readonly reverse: boolean }

export type SealStep = {
  /** Writes what was prepared. */
  apply(): void | Promise<void>
}

export type ArchiveStep = SealStep & {
  /** How many entries are archived with it. */
  readonly entries: number
}

export interface Engine {
  /** Opens, and checks the tail before anything is used. @throws {LogError} */
  open(): Opened | Promise<Opened>
  /** Durable when it returns, or when the promise it returns resolves. After an error the outcome is unknown. */
  write(commit: Commit): void | Promise<void>
  /** Where an id was written, if it is within the window as seen from `head`. Synchronous: it decides a position. */
  findId(id: string, head: number): Appended | undefined
  /** Batches in order; checks every checksum on the way. @throws {LogError} LOG_DAMAGED */
  read(range: Range): AsyncIterable<readonly Stored[]>
  /** The same, as the rows lie; their checksums are left to whoever takes the pieces apart. @throws {LogError} LOG_DAMAGED */
  pieces(range: Omit<Range, 'reverse'>): AsyncIterable<Piece>
  /**
   * Prepares the sealing of the next full run up to `head`, writing nothing; undefined when there is none, or when `signal`
   * was aborted. @throws {LogError} LOG_DAMAGED; LOG_UNAVAILABLE: it may go well later
   */
  nextSeal(head: number, signal?: AbortSignal): Promise<SealStep | undefined>
  /**
   * Prepares the archiving of the next sealed runs that end at or before `to`; undefined when there are none. What is
   * written for it is no part of the log until it is applied.
   */
  nextArchive(to: number): Promise<ArchiveStep | undefined>
  /** Problems of everything after `from` and up to `head`. May throw anything once `signal` is aborted. */
  verify(
    from: Position,
    head: Position,
    onProgress: (seq: number) => void,
    erased: ErasedEntries,
    signal?: AbortSignal,
  ): Promise<readonly LogProblem[]>
  stats(head: number): Promise<LogStats>
  /** Gives back room; answers how many bytes are taken then. */
  compact(): Promise<number>
  /** Copies everything to a new place, whole or not at all. Called only while closed. @throws {LogError} */
  copyTo(place: string): Promise<void>
  close(): void | Promise<void>
}
