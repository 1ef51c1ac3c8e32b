// The log: the rules of types.ts on top of any engine.
//
// Owns:      the life of one opened log: open, poisoned, reopening, closed.
// Does not:  keep bytes (engine.ts), order writes (appender.ts), follow subscribers (subscriptions.ts).
// Always:    an engine is used only while it is open, and closed only when no write is under way.

import { Appender } from './appender.ts'
import { CHAIN_START, chainBytes, chainText } from './chain.ts'
import type { Engine, Opened, Position } from './engine.ts'
import { ErasedEntries } from './erased.ts'
import { readPieces } from './pieces.ts'
import { type ReadGate, readEntries } from './read.ts'
import { Sealer } from './seal-policy.ts'
import { Subscriptions } from './subscriptions.ts'
import {
  type Appended,
  type AppendOptions,
  type Entry,
  type EventLog,
  type Head,
  LogError,
  type LogOptions,
  type LogStats,
  type Piece,
  type PieceOptions,
  type ReadOptions,
  type Stored,
  type Subscription,
  type VerifyReport,
} from './types.ts'

const SUBSCRIBER_QUEUE_MAX = 10_000

type VerifyOptions = NonNullable<Parameters<EventLog['verify']>[0]>

type Phase = 'open' | 'reopening' | 'unopened' | 'closing' | 'closed'

/** A log on an engine that is open, beginning where the engine said the log ends. */
export class Log implements EventLog {
  readonly #engine: Engine
  readonly #appender: Appender
  readonly #subscriptions: Subscriptions
  readonly #sealer: Sealer
  #logId: string
  #phase: Phase = 'open'
  #openings = 1
  /** Aborted when the engine is going to be closed. */
  #leaving = new AbortController()
  #waiting: (() => void)[] = []
  #reopening: Promise<Head> | undefined
  /** The file that is being written: what closes the engine waits for it. */
  #archiving: Promise<number> | undefined
  #closing: Promise<void> | undefined

  constructor(engine: Engine, opened: Opened, options: LogOptions, autoSeal: boolean) {
    this.#engine = engine
    this.#logId = opened.logId
    this.#appender = new Appender(engine, {
      committed: (commit) => {
        this.#subscriptions.publish(commit.first, commit.lines)
        this.#sealer.afterCommit(commit.last)
      },
    })
    this.#appender.start(opened.head)
    this.#sealer = new Sealer(engine, this.#appender, {
      automatic: options.autoSeal ?? autoSeal,
      onError: options.onBackgroundError,
    })
    this.#subscriptions = new Subscriptions(
      (after, to) => this.read({ after, to }),
      () => this.#appender.head.seq,
      options.subscriberQueueMax ?? SUBSCRIBER_QUEUE_MAX,
    )
    this.#sealer.afterCommit(opened.head.seq)
  }

  get head(): Head {
    return headOf(this.#appender.head)
  }

  get next(): number {
    return this.#appender.next
  }

  get logId(): string {
    return this.#logId
  }

  /** An error of the engine outside a write (the head file): poisons like a failed write. */
  failed(cause: unknown): void {
    this.#appender.fail(cause)
  }

  append(entries: readonly Entry[], options: AppendOptions): Promise<Appended> {
    if (this.#phase === 'open') return this.#appender.append(entries, options)
    if (this.#phase === 'reopening') {
      return new Promise((resolve) => this.#waiting.push(() => resolve(this.append(entries, options))))
    }
    return Promise.reject(this.#notOpen())
  }

  async find(id: string): Promise<Appended | undefined> {
    await this.#opened()
    const { seq } = this.#appender.head
    const found = this.#engine.findId(id, seq)
    return found && found.last <= seq ? found : undefined
  }

  read(options: ReadOptions = {}): AsyncIterable<Stored> {
    return readEntries(this.#gate(), options, this.#appender.head.seq)
  }

  pieces(options: PieceOptions = {}): AsyncIterable<Piece> {
    return readPieces(this.#gate(), options, this.#appender.head.seq)
  }

  async get(seq: number): Promise<Stored | undefined> {
    if (!Number.isSafeInteger(seq) || seq < 1) return undefined
    for await (const stored of this.read({ after: seq - 1, to: seq })) return stored
    return undefined
  }

  subscribe(
    after: number,
    onEntries: (batch: readonly Stored[]) => void | Promise<void>,
    onClosed?: (reason: Error) => void,
  ): Subscription {
    if (this.#phase === 'closing' || this.#phase === 'closed') throw this.#notOpen()
    return this.#subscriptions.add(after, onEntries, onClosed)
  }

  async verify({ from, onProgress = () => {}, signal }: VerifyOptions = {}): Promise<VerifyReport> {
    const start: Position = from
      ? { seq: from.seq, chain: chainBytes(from.chain) }
      : { seq: 0, chain: CHAIN_START }
    for (;;) {
      await this.#opened()
      signal?.throwIfAborted()
      const closing = this.#leaving.signal
      const { head } = this.#appender
      const erased = new ErasedEntries()
      const either = signal ? AbortSignal.any([signal, closing]) : closing
      try {
        const problems = await this.#engine.verify(start, head, onProgress, erased, either)
        // What an engine finds while it is being closed is not damage: look again.
        if (closing.aborted) continue
        return {
          ok: problems.length === 0,
          records: head.seq,
          head: headOf(head),
          problems,
          ...erased.report(),
        }
      } catch (error) {
        if (!either.aborted) throw error
      }
    }
  }

  async seal(): Promise<{ readonly segments: number }> {
    await this.#opened()
    return { segments: await this.#sealer.seal() }
  }

  async stats(): Promise<LogStats> {
    await this.#opened()
    return this.#engine.stats(this.#appender.head.seq)
  }

  async compact(): Promise<{ readonly segments: number; readonly bytesOnDisk: number }> {
    const { segments } = await this.seal()
    await this.#opened()
    return { segments, bytesOnDisk: await this.#engine.compact() }
  }

  async archive(to: number): Promise<{ readonly entries: number }> {
    let entries = 0
    for (;;) {
      await this.#opened()
      const opening = this.#openings
      await this.seal()
      if (this.#archiving) await this.#archiving.catch(() => {})
      else if (this.#phase === 'open') {
        const moved = await this.#archiveNext(to)
        // A reopening ends sealing early.
        if (moved === 0 && opening === this.#openings) break
        entries += moved
      }
    }
    if (entries > 0) {
      await this.#opened()
      await this.#engine.compact()
    }
    return { entries }
  }

  #archiveNext(to: number): Promise<number> {
    const archiving = (async () => {
      const step = await this.#engine.nextArchive(to)
      if (!step) return 0
      await this.#appender.writeAlone(() => step.apply())
      return step.entries
    })()
    this.#archiving = archiving.finally(() => {
      this.#archiving = undefined
    })
    return this.#archiving
  }

  reopen(between?: () => Promise<void>): Promise<Head> {
    if (this.#phase === 'closing' || this.#phase === 'closed') return Promise.reject(this.#notOpen())
    if (this.#reopening) return this.#reopening.then(() => this.reopen(between))
    this.#reopening = this.#reopen(between).finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async backup(to: string): Promise<Head> {
    let head = this.head
    await this.reopen(async () => {
      await this.#engine.copyTo(to)
      head = this.head
    })
    return head
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #reopen(between: (() => Promise<void>) | undefined): Promise<Head> {
    const wasOpen = this.#phase === 'open'
    this.#phase = 'reopening'
    let failure: { readonly error: unknown } | undefined
    try {
      await this.#settle()
      const before = this.#appender.head
      this.#openings += 1
      if (wasOpen) await this.#engine.close()
      try {
        await between?.()
      } catch (error) {
        failure = { error }
      }
      const opened = await this.#engine.open()
      await this.#refuseLostTail(opened, before)
      this.#logId = opened.logId
      this.#appender.start(opened.head)
    } catch (error) {
      this.#appender.fail(error)
      this.#resume('unopened')
      throw error
    }
    this.#resume('open')
    // It may have grown by an append whose outcome was unknown.
    this.#subscriptions.catchUp()
    if (failure) throw failure.error
    return this.head
  }

  async #refuseLostTail(opened: Opened, before: Position): Promise<void> {
    const { head } = opened
    if (head.seq > before.seq) return
    if (head.seq === before.seq && head.chain.equals(before.chain)) return
    await this.#engine.close()
    const message = `The log ends at ${head.seq}, but entries up to ${before.seq} had been acknowledged.`
    throw new LogError('LOG_DAMAGED', message, {
      details: { problems: [{ seq: Math.min(head.seq + 1, before.seq), kind: 'head', message }] },
    })
  }

  async #close(): Promise<void> {
    if (this.#reopening) await this.#reopening.catch(() => {})
    const wasOpen = this.#phase === 'open'
    this.#phase = 'closing'
    await this.#settle()
    this.#phase = 'closed'
    this.#openings += 1
    this.#subscriptions.closeAll(new LogError('LOG_CLOSED', 'The log was closed.'))
    if (wasOpen) await this.#engine.close()
  }

  /** Nothing is being written, and sealing has stopped. */
  async #settle(): Promise<void> {
    this.#sealer.pause()
    this.#leaving.abort()
    await this.#appender.idle()
    await this.#sealer.idle()
    await this.#archiving?.catch(() => {})
    await this.#appender.idle()
  }

  #resume(phase: 'open' | 'unopened'): void {
    this.#phase = phase
    this.#leaving = new AbortController()
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
    if (phase === 'open') this.#sealer.resume(this.#appender.head.seq)
  }

  #gate(): ReadGate {
    return { engine: this.#engine, opening: () => this.#openings, open: () => this.#opened() }
  }

  #opened(): void | Promise<void> {
    if (this.#phase === 'open') return
    if (this.#phase !== 'reopening') throw this.#notOpen()
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#opened())
  }

  #notOpen(): LogError {
    if (this.#phase === 'unopened') {
      return new LogError('LOG_POISONED', 'The log could not be opened again; call reopen() once more.', {
        cause: this.#appender.poison,
      })
    }
    return new LogError('LOG_CLOSED', 'The log is closed.')
  }
}

function headOf(position: Position): Head {
  return { seq: position.seq, chain: chainText(position.chain) }
}
