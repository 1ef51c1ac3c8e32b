// The appender: from append() to a durable commit.
//
// Owns:      positions, pending ids, group commit, the one write under way, and poisoning.
// Does not:  keep bytes (the engine), tell subscribers (the log does, from `committed`).
// Crosses:   append() on the way in; engine.write() on the way out.
//
//   A position is decided when append() is called, synchronously: `next` is true at once. That is sound because
//   appends are written in the order of their calls, and if one fails all after it fail too.
//   Two writes under way may reach LevelDB's own log in either order, and a write after a failed one may be
//   acknowledged and then lost. So one write is under way at a time, sealing included, and after an error none.

import { CHAIN_START, chainOver } from './chain.ts'
import type { Commit, Engine, Position, WrittenId } from './engine.ts'
import { lineOf } from './line.ts'
import { type Appended, type AppendOptions, type Entry, LogError } from './types.ts'

/** A commit takes no further append once it holds this much, so that one commit cannot grow without end. */
const COMMIT_CHARS_ENOUGH = 1024 * 1024
const COMMIT_APPENDS_MAX = 4096
const ID_CHARS_MAX = 512

type Pending = {
  readonly id: string
  readonly first: number
  readonly last: number
  readonly lines: readonly string[]
  /** The chain at `last`. */
  readonly after: Buffer
  readonly promise: Promise<Appended>
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: LogError) => void
}

type OwnWrite = { readonly write: () => void | Promise<void>; readonly settle: (error?: unknown) => void }

export type AppenderHooks = {
  /** Called after the head has moved and the appends of the commit were answered. */
  committed(commit: Commit): void
}

export class Appender {
  head: Position = { seq: 0, chain: CHAIN_START }
  next = 1
  /** Why nothing is accepted until reopen(), or undefined. */
  poison: unknown

  /** The chain at `next - 1`: made at once, while the commit before is still on its way to the disk. */
  #chain = CHAIN_START
  readonly #engine: Engine
  readonly #hooks: AppenderHooks
  readonly #pendingById = new Map<string, Pending>()
  #queue: Pending[] = []
  #ownWrites: OwnWrite[] = []
  #busy = false
  #scheduled = false
  #idleWaiters: (() => void)[] = []

  constructor(engine: Engine, hooks: AppenderHooks) {
    this.#engine = engine
    this.#hooks = hooks
  }

  /** Begins at a head that was read from the engine. Ends a poisoning. */
  start(head: Position): void {
    this.head = head
    this.next = head.seq + 1
    this.#chain = head.chain
    this.poison = undefined
  }

  /** True while something waits to be written or is being written. */
  get busy(): boolean {
    return this.#busy || this.#queue.length > 0
  }

  append(entries: readonly Entry[], options: AppendOptions): Promise<Appended> {
    try {
      return this.#accept(entries, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Runs a write of the engine's own (sealing) while no other is under way. A failure poisons like any other. */
  writeAlone(write: () => void | Promise<void>): Promise<void> {
    if (this.poison !== undefined) return Promise.reject(this.#poisoned())
    return new Promise((resolve, reject) => {
      this.#ownWrites.push({ write, settle: (error) => (error === undefined ? resolve() : reject(error)) })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (!this.#busy && !this.#scheduled && this.#queue.length === 0 && this.#ownWrites.length === 0) {
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  /** Stops accepting. `underWay` may have happened; what only waited has not. */
  fail(cause: unknown, underWay: readonly Pending[] = []): void {
    if (this.poison === undefined) this.poison = cause ?? new Error('A write failed.')
    const waiting = this.#queue
    const ownWrites = this.#ownWrites
    this.#queue = []
    this.#ownWrites = []
    this.#pendingById.clear()
    this.next = this.head.seq + 1
    this.#chain = this.head.chain
    for (const pending of underWay) pending.reject(unknownOutcome(pending, cause))
    for (const pending of waiting) pending.reject(this.#poisoned())
    for (const own of ownWrites) own.settle(this.#poisoned())
  }

  #accept(entries: readonly Entry[], { id, expected }: AppendOptions): Promise<Appended> {
    if (this.poison !== undefined) throw this.#poisoned()
    if (typeof id !== 'string' || id.length === 0 || id.length > ID_CHARS_MAX) {
      throw new LogError('ENTRY_INVALID', `An append needs an id of 1 to ${ID_CHARS_MAX} characters.`)
    }
    if (!Array.isArray(entries) || entries.length === 0) {
      throw new LogError('ENTRY_INVALID', 'An append needs at least one entry.')
    }
    const pendingFirst = this.#pendingById.get(id)
    if (pendingFirst) return pendingFirst.promise.then((appended) => ({ ...appended, repeated: true }))
    const written = this.#engine.findId(id, this.head.seq)
    if (written) return Promise.resolve(written)

    const tail = this.next - 1
    if (expected !== undefined && expected !== tail) {
      throw new LogError(
        'EXPECTED_POSITION',
        `The log ends at ${tail}, not at ${expected}; read on from there and decide again.`,
        { details: { expected, actual: tail } },
      )
    }
    const first = this.next
    const lines = entries.map((entry, index) => lineOf(first + index, entry))
    this.next = first + lines.length
    this.#chain = chainOver(this.#chain, lines)
    const { promise, resolve, reject } = Promise.withResolvers<Appended>()
    const pending: Pending = {
      id,
      first,
      last: this.next - 1,
      lines,
      after: this.#chain,
      promise,
      resolve,
      reject,
    }
    this.#pendingById.set(id, pending)
    this.#queue.push(pending)
    this.#schedule()
    return promise
  }

  // A microtask later, so that appends of one tick share a commit.
  #schedule(): void {
    if (this.#busy || this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (!this.#busy) this.#writeNext()
    })
  }

  #writeNext(): void {
    const own = this.#ownWrites.shift()
    if (own) {
      this.#run(
        own.write,
        () => own.settle(),
        (cause) => {
          own.settle(cause)
          this.fail(cause)
        },
      )
      return
    }
    if (this.#queue.length > 0) {
      const group = this.#takeGroup()
      const commit = commitOf(group, this.head.chain)
      this.#run(
        () => this.#engine.write(commit),
        () => this.#committed(group, commit),
        (cause) => this.fail(cause, group),
      )
      return
    }
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const resolve of waiters) resolve()
  }

  #run(write: () => void | Promise<void>, done: () => void, failed: (cause: unknown) => void): void {
    this.#busy = true
    const end = (settle: () => void) => {
      this.#busy = false
      settle()
      this.#schedule()
    }
    let result: void | Promise<void>
    try {
      result = write()
    } catch (cause) {
      end(() => failed(cause))
      return
    }
    if (result === undefined) end(done)
    else
      result.then(
        () => end(done),
        (cause: unknown) => end(() => failed(cause)),
      )
  }

  #takeGroup(): Pending[] {
    let chars = 0
    let count = 0
    for (const pending of this.#queue) {
      if (count === COMMIT_APPENDS_MAX || chars > COMMIT_CHARS_ENOUGH) break
      for (const line of pending.lines) chars += line.length
      count += 1
    }
    if (count === this.#queue.length) {
      const all = this.#queue
      this.#queue = []
      return all
    }
    return this.#queue.splice(0, count)
  }

  #committed(group: readonly Pending[], commit: Commit): void {
    // The head file may have failed meanwhile: after an error nothing more is acknowledged.
    if (this.poison !== undefined) {
      for (const pending of group) pending.reject(unknownOutcome(pending, this.poison))
      return
    }
    this.head = { seq: commit.last, chain: commit.after }
    for (const pending of group) {
      this.#pendingById.delete(pending.id)
      pending.resolve({ first: pending.first, last: pending.last, repeated: false })
    }
    this.#hooks.committed(commit)
  }

  #poisoned(): LogError {
    return new LogError(
      'LOG_POISONED',
      `A write failed (${reasonOf(this.poison)}); nothing is accepted until the log is opened again.`,
      { cause: this.poison },
    )
  }
}

function commitOf(group: readonly Pending[], before: Buffer): Commit {
  const lines = group.length === 1 ? (group[0]?.lines ?? []) : group.flatMap((pending) => pending.lines)
  const ids: WrittenId[] = group.map(({ id, first, last }) => ({ id, first, last }))
  const first = ids[0]?.first ?? 0
  const after = group.at(-1)?.after ?? before
  return { first, last: first + lines.length - 1, lines, before, after, ids }
}

function unknownOutcome(pending: Pending, cause: unknown): LogError {
  return new LogError(
    'APPEND_UNKNOWN',
    `Writing the entries ${pending.first} to ${pending.last} failed (${reasonOf(cause)}); whether they were written is known after the log was opened again.`,
    { cause, details: { id: pending.id, first: pending.first, last: pending.last } },
  )
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
