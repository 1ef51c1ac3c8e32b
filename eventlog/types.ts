// The event log: what it promises, whichever engine keeps it.
//
// Owns:      the order of entries, their durability, their chain, and the answer to "was this written?".
// Does not:  know what an entry means. Any JSON object is an entry.
// Crosses:   append() on the way in; read(), subscribe() and verify() on the way out.
//
//   L1.  `seq` starts at 1 and has no gap.
//   L2.  The entries of one append are written together or not at all.
//   L3.  An append with `expected` is refused unless the last entry is exactly `expected`.
//   L4.  append() resolves when the entries are on disk (group commit, one commit in flight).
//   L5.  An append whose id was already written writes nothing and answers where it was written, also after a
//        restart, for 7 days or 1,000,000 entries, whichever is less.
//   L6.  After a write error nothing more is acknowledged until reopen(); what was under way is *unknown*.
//   L7.  A subscription sees each entry after its position once, in order, with no gap between past and live.
//   L8.  chain(n) = SHA-256(chain(n-1) + digest(n)); digest(n) = SHA-256 of the entry's line in the export.
//   L9.  Damage is found before it is used, and named by seq; a lost tail is found by the head file.
//   L10. Sealing changes no line and no chain value.
//   L11. A backup is whole or absent, and from then on apart.
//   L12. Pieces hold what a read would give, undecoded, for any thread.
//
// Logs of older formats (L13), repair (L14), import and compacting (L15): SPEC.md.

/** Any JSON object. The log adds `seq` as the first key of the line it keeps. */
export type Entry = { readonly [key: string]: unknown }

/** One entry as it is kept. `line` is its NDJSON line without the newline; `chain` is 64 hex digits. */
export type Stored = { readonly seq: number; readonly line: string }

/** Where the log ends. An empty log has seq 0 and a chain of 64 zeros. */
export type Head = { readonly seq: number; readonly chain: string }

export type Appended = {
  readonly first: number
  readonly last: number
  /** True when the id had been written before, and nothing was written now. */
  readonly repeated: boolean
}

export type AppendOptions = {
  /** Remembered for the idempotency window; the same id never writes twice. */
  readonly id: string
  /** Refuses with EXPECTED_POSITION unless the last seq (pending appends included) is this one. */
  readonly expected?: number
}

export type ReadOptions = {
  /** Only entries with a greater seq. Default 0. */
  readonly after?: number
  /** Only entries with a seq up to and including this one. Default: the head when reading begins. */
  readonly to?: number
  /** Newest first. */
  readonly reverse?: boolean
  readonly limit?: number
}

/** Which entries are wanted as pieces: as in ReadOptions. */
export type PieceOptions = Pick<ReadOptions, 'after' | 'to'>

/**
 * Entries `first` to `last`, still encoded; only `unpack.ts` knows what the bytes mean, and they are checked there.
 * The ArrayBuffer is the piece's own: the piece may be transferred to another thread.
 */
export type Piece = {
  readonly first: number
  readonly last: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** An erased entry, and the later one that holds the digest of its line; null when there is none. */
export type ErasedEntry = { readonly seq: number; readonly by: number | null }

export type LogProblemKind = 'chain' | 'checksum' | 'gap' | 'head' | 'undecodable'
export type LogProblem = { readonly seq: number; readonly kind: LogProblemKind; readonly message: string }
export type VerifyReport = {
  readonly ok: boolean
  readonly records: number
  readonly head: Head
  readonly problems: readonly LogProblem[]
  /** Entries of which something was erased: no damage. Absent when there are none. */
  readonly erased?: readonly ErasedEntry[]
}

export type LogStats = {
  readonly records: number
  /** Entries that lie in sealed segments. */
  readonly sealed: number
  readonly segments: number
  /** Entries that lie in archive files, and how many files these are. */
  readonly archived: number
  readonly archives: number
  readonly bytesOfLines: number
  /** What the log takes now, with all that is kept besides the entries. */
  readonly bytesOnDisk: number
}

export type LogOptions = {
  /** Wall clock in ms, used only to forget old ids. Default: Date.now (LevelDB), always 0 (memory). */
  readonly now?: () => number
  /** How long an id is remembered. Default 7 days. */
  readonly idWindowMs?: number
  /** For how many entries an id is remembered. Default 1,000,000. */
  readonly idWindowEntries?: number
  /** Entries a live subscriber may lag behind before it is closed. Default 10,000. */
  readonly subscriberQueueMax?: number
  /** Seals full runs in the background after a commit. Default: true (LevelDB), false (memory). */
  readonly autoSeal?: boolean
  /** Hears of damage met by background sealing, which stops then; reading and verify() report it too. */
  readonly onBackgroundError?: (error: Error) => void
}

export type Subscription = { close(): void }

export interface EventLog {
  /** Last durable position. */
  readonly head: Head
  /** Seq the next append will begin with if every pending one succeeds. */
  readonly next: number
  /** Random id given when the log was created. */
  readonly logId: string

  /** @throws {LogError} EXPECTED_POSITION, APPEND_UNKNOWN, LOG_POISONED, LOG_CLOSED, ENTRY_TOO_LARGE, ENTRY_INVALID. */
  append(entries: readonly Entry[], options: AppendOptions): Promise<Appended>
  /** Where an id was written, or undefined (also when it is older than the window). Durable entries only. */
  find(id: string): Promise<Appended | undefined>
  /** Durable entries, in order. Entries appended while reading are not seen. */
  read(options?: ReadOptions): AsyncIterable<Stored>
  /**
   * The same entries as read(), in gapless pieces that are not decoded yet: unpackLines() and unpackEntries() do that,
   * in any thread. Asks little of the thread that has the log open. @throws {LogError} LOG_DAMAGED, here or there.
   */
  pieces(options?: PieceOptions): AsyncIterable<Piece>
  /** One entry, or undefined. */
  get(seq: number): Promise<Stored | undefined>
  /**
   * Calls `onEntries` with batches after `after`: first the past, then live, each seq once.
   * A subscriber whose callback throws is closed. `onClosed` says why when it was not close().
   */
  subscribe(
    after: number,
    onEntries: (batch: readonly Stored[]) => void | Promise<void>,
    onClosed?: (reason: Error) => void,
  ): Subscription
  /**
   * Checks checksums, gaps, chain and head file over the whole log (or after a position known to be good), in another
   * thread where it would take long. @throws the reason of `signal`; {LogError} LOG_CLOSED, LOG_UNAVAILABLE
   */
  verify(options?: {
    readonly from?: Head
    readonly onProgress?: (seq: number) => void
    readonly signal?: AbortSignal
  }): Promise<VerifyReport>
  /** Seals full runs of 512 entries that are not sealed yet. Safe to call at any time; one at a time. */
  seal(): Promise<{ readonly segments: number }>
  stats(): Promise<LogStats>
  /**
   * Seals as seal() does and gives back the room of what was replaced; answers what the log then takes on disk, in bytes.
   * No record changes, and appends and reads go on meanwhile.
   */
  compact(): Promise<{ readonly segments: number; readonly bytesOnDisk: number }>
  /**
   * Moves the sealed runs that end at or before `to` to files beside the database; everything reads them as before. Seals
   * first. Answers how many entries were moved now. @throws {LogError} LOG_DAMAGED, LOG_POISONED, LOG_CLOSED
   */
  archive(to: number): Promise<{ readonly entries: number }>
  /**
   * Closes the engine, runs `between` while nothing is open, opens and verifies the tail again. Ends a poisoning.
   * Appends that arrive meanwhile wait; those whose outcome was unknown were already rejected with APPEND_UNKNOWN.
   */
  reopen(between?: () => Promise<void>): Promise<Head>
  /**
   * Makes a copy of the log as it is now in `to` (a folder that is empty or not there; a name on a memory disk), whole
   * or not at all, and answers where the copy ends. Closes and opens as reopen() does; appends wait meanwhile.
   * @throws {LogError} LOG_EXISTS, LOG_UNAVAILABLE; the log itself goes on.
   */
  backup(to: string): Promise<Head>
  /** Waits for pending appends, writes the head file, closes. Safe to call twice. */
  close(): Promise<void>
}

/** Every code a log can hand to its caller. */
export type LogErrorCode =
  /** Nothing there, and creating was not asked for. */
  | 'LOG_MISSING'
  /** Creating was asked for, and something is there. */
  | 'LOG_EXISTS'
  /** Another process holds it, or another handle of this one. */
  | 'LOG_LOCKED'
  /** Damage was found; `details.problems` names it. */
  | 'LOG_DAMAGED'
  /** Written by a newer version of the format. */
  | 'LOG_NEWER'
  | 'EXPECTED_POSITION'
  /** The write failed; whether it happened is only known after reopen(), by find(id). */
  | 'APPEND_UNKNOWN'
  /** A write failed before; nothing is accepted until reopen(). */
  | 'LOG_POISONED'
  | 'LOG_CLOSED'
  | 'ENTRY_TOO_LARGE'
  /** Not a JSON object, an own key `seq`, no entry at all, or an id that is empty or too long. */
  | 'ENTRY_INVALID'
  /** A subscriber's queue was full; it may subscribe again after `details.after`. */
  | 'SUBSCRIBER_SLOW'
  /** The engine cannot open it now (full disk, too many files, no permission). Nothing is known to be damaged. */
  | 'LOG_UNAVAILABLE'

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: LogErrorCode,
    message: string,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}
