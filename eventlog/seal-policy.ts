// When runs are sealed.
//
// Owns:      that sealing happens in the background, one run at a time, never against a commit.
// Does not:  know what a sealed run looks like (the engine), nor write it by itself (the appender's turn).
// Always:    damage met while sealing seals nothing, and stops sealing until the next opening.
//
//   Sealing takes as long as writing did, so it waits for a quiet moment and lets go when writing begins again, unless it
//   is far behind: what is not sealed is checked whenever the log is opened.

import type { Appender } from './appender.ts'
import type { Engine } from './engine.ts'
import { LogError } from './types.ts'

/** Entries in a sealed segment. Part of the stored format: seq 1 to 512 is the first one. */
export const SEGMENT_ENTRIES = 512

/** Nothing was written for this long: then what is full is sealed. */
const QUIET_MS = 20
/** So many entries beyond a full run are not left unsealed, however much is written. */
const BEHIND_MAX = 16_384

export type SealPolicy = {
  readonly automatic: boolean
  readonly onError: ((error: Error) => void) | undefined
}

export class Sealer {
  readonly #engine: Engine
  readonly #appender: Appender
  readonly #policy: SealPolicy
  #running: Promise<number> | undefined
  #paused = false
  #stopped = false
  /** No run can be full before the head reaches this. */
  #nextTry = SEGMENT_ENTRIES
  #quiet: NodeJS.Timeout | undefined
  #giveUp = new AbortController()
  /** Somebody asked for all of it. */
  #thorough = false

  constructor(engine: Engine, appender: Appender, policy: SealPolicy) {
    this.#engine = engine
    this.#appender = appender
    this.#policy = policy
  }

  afterCommit(headSeq: number): void {
    if (!this.#policy.automatic || this.#stopped || this.#paused || headSeq < this.#nextTry) return
    if (this.#running) return
    if (this.#isFarBehind(headSeq)) this.#begin()
    else if (this.#quiet) this.#quiet.refresh()
    else this.#quiet = setTimeout(() => this.#onQuiet(), QUIET_MS).unref()
  }

  /** Seals every full run up to the head; answers how many. A second call joins the first. */
  seal(): Promise<number> {
    this.#thorough = true
    return this.#run()
  }

  pause(): void {
    this.#paused = true
    this.#giveUp.abort()
    this.#endQuiet()
  }

  resume(headSeq: number): void {
    this.#paused = false
    this.#giveUp = new AbortController()
    this.#stopped = false
    this.#nextTry = SEGMENT_ENTRIES
    this.afterCommit(headSeq)
  }

  async idle(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  #onQuiet(): void {
    // The disk may take longer than that: then this is not a quiet moment.
    if (this.#appender.busy) this.#quiet?.refresh()
    else this.#begin()
  }

  #begin(): void {
    this.#endQuiet()
    if (this.#paused || this.#stopped || this.#running) return
    this.#run().catch((error: unknown) => {
      // A poisoned log has already told its writers.
      if (this.#appender.poison === undefined && error instanceof Error) this.#policy.onError?.(error)
    })
  }

  #run(): Promise<number> {
    this.#running ??= this.#sealAll()
      .catch((error: unknown) => {
        // Then the next full run is another occasion.
        if (error instanceof LogError && error.code === 'LOG_UNAVAILABLE') this.#awaitNextRun()
        else this.#stopped = true
        throw error
      })
      .finally(() => {
        this.#running = undefined
        this.#thorough = false
        // It may have let go, or more was written meanwhile.
        this.afterCommit(this.#appender.head.seq)
      })
    return this.#running
  }

  async #sealAll(): Promise<number> {
    let segments = 0
    while (!this.#paused) {
      const step = await this.#engine.nextSeal(this.#appender.head.seq, this.#giveUp.signal)
      if (!step || this.#paused) {
        this.#awaitNextRun()
        break
      }
      await this.#appender.writeAlone(() => step.apply())
      segments += 1
      this.#nextTry += SEGMENT_ENTRIES
      if (this.#appender.busy && !this.#thorough && !this.#isFarBehind(this.#appender.head.seq)) break
    }
    return segments
  }

  #awaitNextRun(): void {
    const { seq } = this.#appender.head
    this.#nextTry = seq - (seq % SEGMENT_ENTRIES) + SEGMENT_ENTRIES
  }

  #isFarBehind(headSeq: number): boolean {
    return headSeq - this.#nextTry >= BEHIND_MAX
  }

  #endQuiet(): void {
    clearTimeout(this.#quiet)
    this.#quiet = undefined
  }
}
