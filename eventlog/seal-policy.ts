// When runs are sealed.
//
// Owns:      that sealing happens in the background, one run at a time, never against a commit.
// Does not:  know what a sealed run looks like (the engine), nor write it by itself (the appender's turn).
// Always:    damage met while sealing seals nothing, and stops sealing until the next opening.

import type { Appender } from './appender.ts'
import type { Engine } from './engine.ts'

/** Entries in a sealed segment. Part of the stored format: seq 1 to 512 is the first one. */
export const SEGMENT_ENTRIES = 512

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

  constructor(engine: Engine, appender: Appender, policy: SealPolicy) {
    this.#engine = engine
    this.#appender = appender
    this.#policy = policy
  }

  afterCommit(headSeq: number): void {
    if (!this.#policy.automatic || this.#stopped || this.#paused || headSeq < this.#nextTry) return
    if (this.#running) return
    this.#nextTry = Math.floor(headSeq / SEGMENT_ENTRIES) * SEGMENT_ENTRIES + SEGMENT_ENTRIES
    this.seal().catch((error: unknown) => {
      this.#stopped = true
      // A poisoned log has already told its writers.
      if (this.#appender.poison === undefined && error instanceof Error) this.#policy.onError?.(error)
    })
  }

  /** Seals every full run up to the head; answers how many. A second call joins the first. */
  seal(): Promise<number> {
    this.#running ??= this.#sealAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  pause(): void {
    this.#paused = true
  }

  resume(headSeq: number): void {
    this.#paused = false
    this.#stopped = false
    this.#nextTry = SEGMENT_ENTRIES
    this.afterCommit(headSeq)
  }

  async idle(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #sealAll(): Promise<number> {
    let segments = 0
    while (!this.#paused) {
      const step = await this.#engine.nextSeal(this.#appender.head.seq)
      if (!step || this.#paused) break
      await this.#appender.writeAlone(() => step.apply())
      segments += 1
    }
    return segments
  }
}
