// A disk that exists only in memory, and fails on order.
//
// Owns:      what survives a simulated crash, what does not, and the faults a test asks for.
// Does not:  check anything: the engine reads it as a real one reads a damaged file.
// Always:    no clock, no timer, no randomness: the same calls give the same disk.

import { crc32 } from 'node:zlib'
import type { Commit } from '../engine.ts'
import { LogError } from '../types.ts'

/** One kept line with its own checksum, as a real engine would keep it. */
export type DiskLine = { line: string; readonly crc: number }

/** The chain at the end of a commit, by which a run of lines is checked. */
export type DiskCommit = { readonly last: number; readonly after: Buffer }

export type DiskId = {
  readonly id: string
  readonly first: number
  readonly last: number
  readonly at: number
}

/** A file with archived entries, which may be gone. */
type DiskArchive = { readonly first: number; readonly last: number; lost: boolean }

/** How an append that fails has ended. The log cannot tell them apart, and must not. */
export type AppendFault = 'lost' | 'written'

/** Survives a simulated crash; a log is opened on it again and again. */
export interface MemoryDisk {
  /** Entries that a crash now would leave. */
  readonly durable: number
  /** True while a commit is written but not yet durable (see hold). */
  readonly pending: boolean
  /**
   * Ends every log that is open on this disk without an answer to anything under way. The volatile tail is lost,
   * or, with `tail: 'kept'`, had just become durable.
   */
  crash(options?: { readonly tail?: 'lost' | 'kept' }): void
  /** The next append rejects: 'lost' was not written, 'written' was. */
  failNext(fault: AppendFault): void
  /** From now on every append and every opening fails, until free(). */
  fill(): void
  free(): void
  /** From now on a commit stays volatile, and its append unanswered, until release(). */
  hold(): void
  /** Makes the held commit durable, and, unless `once`, ends holding. */
  release(options?: { readonly once?: boolean }): void
  /** Flips one bit of the kept line of an entry. */
  flipBit(seq: number, bit?: number): void
  /** The archive file that holds an entry is gone, or back again. */
  loseArchive(seq: number, lost: boolean): void
  /** The disk that holds the backup of that name. */
  backupAt(place: string): MemoryDisk
}

type Volatile = { readonly commit: Commit; readonly at: number; readonly settle: () => void }

/** What the engine sees of the disk, beyond what tests do. */
export class DiskState implements MemoryDisk {
  readonly logId: string
  readonly lines: DiskLine[] = []
  readonly commits: DiskCommit[] = []
  readonly ids = new Map<string, DiskId>()
  /** In the order of writing, for forgetting the oldest first. */
  readonly idOrder: DiskId[] = []
  /** Segments that seal() has made. */
  sealed = 0
  readonly archives: DiskArchive[] = []
  /** Rises with each crash: a log opened before it is dead. */
  life = 1
  /** True while a log holds the disk. */
  locked = false
  full = false
  #holding = false
  #volatile: Volatile | undefined
  #fault: AppendFault | undefined
  readonly #backups = new Map<string, DiskState>()

  constructor(logId: string) {
    this.logId = logId
  }

  get durable(): number {
    return this.lines.length
  }

  get pending(): boolean {
    return this.#volatile !== undefined
  }

  crash(options: { readonly tail?: 'lost' | 'kept' } = {}): void {
    const volatile = this.#volatile
    this.#volatile = undefined
    if (volatile && options.tail === 'kept') this.keep(volatile.commit, volatile.at)
    this.life += 1
    this.locked = false
  }

  failNext(fault: AppendFault): void {
    this.#fault = fault
  }

  fill(): void {
    this.full = true
  }

  free(): void {
    this.full = false
  }

  hold(): void {
    this.#holding = true
  }

  release(options: { readonly once?: boolean } = {}): void {
    const volatile = this.#volatile
    this.#volatile = undefined
    if (options.once !== true) this.#holding = false
    if (!volatile) return
    this.keep(volatile.commit, volatile.at)
    volatile.settle()
  }

  flipBit(seq: number, bit = 0): void {
    const kept = this.lines[seq - 1]
    if (!kept) throw new RangeError(`Entry ${seq} is not on the disk.`)
    const bytes = Buffer.from(kept.line)
    const index = (bit >> 3) % bytes.length
    bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7))
    kept.line = bytes.toString('latin1')
  }

  loseArchive(seq: number, lost: boolean): void {
    for (const file of this.archives) if (file.first <= seq && seq <= file.last) file.lost = lost
  }

  backupAt(place: string): MemoryDisk {
    const found = this.#backups.get(place)
    if (found === undefined) throw new RangeError(`There is no backup ${place}.`)
    return found
  }

  copyTo(place: string): void {
    if (this.#backups.has(place)) throw new LogError('LOG_EXISTS', `There is a backup ${place} already.`)
    if (this.full) throw new LogError('LOG_UNAVAILABLE', 'The simulated disk is full.')
    const copy = new DiskState(this.logId)
    copy.lines.push(...this.lines.map((kept) => ({ ...kept })))
    copy.commits.push(...this.commits)
    copy.idOrder.push(...this.idOrder)
    for (const [id, kept] of this.ids) copy.ids.set(id, kept)
    copy.sealed = this.sealed
    copy.archives.push(...this.archives.map((file) => ({ ...file })))
    this.#backups.set(place, copy)
  }

  write(commit: Commit, at: number): void | Promise<void> {
    if (this.full) throw new Error('No space left on the simulated disk')
    const fault = this.#fault
    this.#fault = undefined
    if (fault === 'written') this.keep(commit, at)
    if (fault) throw new Error('Simulated write error')
    if (!this.#holding) {
      this.keep(commit, at)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#volatile = { commit, at, settle: resolve }
    return promise
  }

  keep(commit: Commit, at: number): void {
    for (const line of commit.lines) this.lines.push({ line, crc: crcOf(line) })
    this.commits.push({ last: commit.last, after: commit.after })
    for (const { id, first, last } of commit.ids) {
      const kept = { id, first, last, at }
      this.ids.set(id, kept)
      this.idOrder.push(kept)
    }
  }
}

export function crcOf(line: string): number {
  return crc32(line)
}
