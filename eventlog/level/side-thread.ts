// The thread beside the one that has a log open: what takes long and only computes is done there.
//
// Owns:      one thread for all logs of this process, begun by the first job, and ended when it had none for a while.
// Does not:  do a job (side-main.ts), or give a database to another thread: rows are read here and handed over.
// Always:    a job is answered once. With its thread a job is lost, and nothing else: whoever asked still has everything.

import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { LogError } from '../types.ts'
import type { Scanned } from './scan.ts'
import {
  type FromSide,
  READ_AHEAD,
  type ScanAsk,
  type SideError,
  type SideJob,
  type ToSide,
} from './side-messages.ts'
import { packRows, type SideRow } from './side-rows.ts'

/** A thread that has nothing to do ends after this, ms: a quiet process keeps none. */
const IDLE_MS = 2_000
/** Rows are sent when they are so many bytes, or so many. */
const SEND_BYTES = 256 * 1024
const SEND_ROWS = 512

export type SideOptions = {
  /** What the job asks to read. It is not asked any more once the job is over. */
  readonly scan: (ask: ScanAsk) => AsyncIterable<Scanned> | Iterable<Scanned>
  /** Ends the job: the answer is a SideDropped. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((seq: number) => void) | undefined
}

/** Nobody waits for this job any more. */
export class SideDropped extends Error {}

/** The thread of this job has ended before it. */
export class SideLost extends Error {}

/**
 * Does the job in the other thread. When it settles, no scan of it is under way any more.
 * @throws {LogError} what the job throws; SideDropped; SideLost; and what a scan throws, as it is
 */
export async function aside<Result>(
  job: SideJob,
  { scan, signal, onProgress }: SideOptions,
): Promise<Result> {
  if (signal?.aborted) throw new SideDropped()
  const one = running ?? begin()
  const n = ++last
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const feeds = new Map<number, Feed>()
  const reading: Promise<void>[] = []
  const open: Open = {
    hear(message) {
      switch (message.kind) {
        case 'scan': {
          const feed = new Feed(one, n, message.scan)
          feeds.set(message.scan, feed)
          reading.push(feed.give(scan(message.ask)).catch(reject))
          return
        }
        case 'more':
          feeds.get(message.scan)?.more()
          return
        case 'progress':
          onProgress?.(message.seq)
          return
        case 'done':
          resolve(message.result)
          return
        case 'failed':
          reject(errorOf(message.error))
      }
    },
    lost: (why) => reject(new SideLost(why)),
  }
  const drop = (): void => reject(new SideDropped())
  signal?.addEventListener('abort', drop, { once: true })
  took(one, n, open)
  try {
    one.say({ kind: 'begin', n, job })
    return (await promise) as Result
  } finally {
    signal?.removeEventListener('abort', drop)
    for (const feed of feeds.values()) feed.stop()
    await Promise.all(reading)
    one.say({ kind: 'drop', n })
    gave(one, n)
  }
}

/** A job that is under way. */
type Open = { hear(message: FromSide): void; lost(why: string): void }

type Running = {
  readonly worker: Worker
  readonly jobs: Map<number, Open>
  say(message: ToSide): void
  idle: NodeJS.Timeout | undefined
}

let running: Running | undefined
let last = 0

function begin(): Running {
  const worker = new Worker(fileURLToPath(new URL(`./side-main${extension}`, import.meta.url)))
  const one: Running = {
    worker,
    jobs: new Map(),
    idle: undefined,
    say: (message) => worker.postMessage(message, message.kind === 'rows' ? [message.bytes.buffer] : []),
  }
  const lost = (why: string): void => {
    if (running === one) running = undefined
    clearTimeout(one.idle)
    for (const job of one.jobs.values()) job.lost(why)
  }
  worker.on('message', (message: FromSide) => one.jobs.get(message.n)?.hear(message))
  worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
  worker.on('exit', () => lost('it was ended'))
  running = one
  return one
}

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** While it has a job the thread keeps the process alive, as any work does. */
function took(one: Running, n: number, job: Open): void {
  clearTimeout(one.idle)
  one.idle = undefined
  if (one.jobs.size === 0) one.worker.ref()
  one.jobs.set(n, job)
}

function gave(one: Running, n: number): void {
  one.jobs.delete(n)
  if (one.jobs.size > 0) return
  one.worker.unref()
  if (running !== one) return
  one.idle = setTimeout(() => {
    running = undefined
    void one.worker.terminate()
  }, IDLE_MS).unref()
}

/** One scan on its way to the other thread, never far ahead of it. */
class Feed {
  readonly #to: Running
  readonly #place: { readonly n: number; readonly scan: number }
  #left = READ_AHEAD
  #wake: (() => void) | undefined
  #stopped = false

  constructor(to: Running, n: number, scan: number) {
    this.#to = to
    this.#place = { n, scan }
  }

  more(): void {
    this.#left += 1
    this.#wake?.()
  }

  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  async give(scanned: AsyncIterable<Scanned> | Iterable<Scanned>): Promise<void> {
    let rows: SideRow[] = []
    let bytes = 0
    const send = async (): Promise<void> => {
      const sent = rows
      rows = []
      bytes = 0
      if (sent.length === 0) return
      while (this.#left === 0 && !this.#stopped) await this.#woken()
      this.#left -= 1
      this.#say({ kind: 'rows', ...this.#place, bytes: packRows(sent) })
    }
    for await (const one of scanned) {
      if (this.#stopped) return
      if ('unreadable' in one) {
        await send()
        const why = one.unreadable instanceof Error ? one.unreadable.message : String(one.unreadable)
        this.#say({ kind: 'unreadable', ...this.#place, why, passed: one.passed })
        continue
      }
      rows.push({ key: one.key, value: one.value })
      bytes += one.key.length + one.value.length
      if (bytes >= SEND_BYTES || rows.length >= SEND_ROWS) await send()
    }
    await send()
    this.#say({ kind: 'end', ...this.#place })
  }

  #say(message: ToSide): void {
    if (!this.#stopped) this.#to.say(message)
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function errorOf({ code, message, details }: SideError): Error {
  return code === null ? new Error(message) : new LogError(code, message, { details })
}
