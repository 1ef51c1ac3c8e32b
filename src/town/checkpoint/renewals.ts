// Checkpoints of a live town: one each time so many records have come.
//
// Owns:      when one is made, and the thread that makes it.
// Does not:  make it (renew.ts), or look at a clock: a quiet town makes none (P7).
// Always:    one at a time. Killed at any instant, the checkpoint before is still whole, or there is none.

import { rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { EventLog, Head } from '../../../eventlog/index.ts'
import { entry } from '../entry.ts'
import { handOut } from '../past/hand-out.ts'
import type { Failed, LogQuestion } from '../past/protocol.ts'
import type { Renewed } from './renew.ts'

/** Records after which one is made. A start folds those that came since, and no others. */
export const RENEWED_EVERY = 1_024

export type RenewalData = { readonly dir: string; readonly logId: string; readonly head: Head }

export type FromRenewal =
  | { readonly kind: 'done'; readonly renewed: Renewed }
  | { readonly kind: 'failed'; readonly error: Failed }

export interface Renewals {
  /** The log has another record. */
  recorded(): void
  /** None is made while `run` goes on: it puts its own in place. */
  pauseFor<T>(run: () => Promise<T>): Promise<T>
  /** What is there goes, and none is made any more. */
  giveUp(): void
  /** Resolves when none is being made. */
  idle(): Promise<void>
  /** One that is being made is left off. */
  close(): Promise<void>
}

export function createRenewals(options: {
  readonly log: EventLog
  readonly dir: string
  /** Of the checkpoint that there is; 0 for none. */
  readonly seq: number
  readonly onTrouble: (code: string, message: string) => void
}): Renewals {
  const { log, dir, onTrouble } = options
  let { seq } = options
  let running: { readonly worker: Worker; readonly ended: Promise<void> } | null = null
  let isOver = false
  let paused = 0

  const make = async (worker: Worker): Promise<void> => {
    try {
      const { renewed } = await new Promise<Extract<FromRenewal, { kind: 'done' }>>((resolve, reject) => {
        worker.on('error', reject)
        worker.on('exit', () => reject(new Error('its thread was ended')))
        worker.on('message', (message: FromRenewal | LogQuestion) => {
          if (message.kind === 'done') resolve(message)
          else if (message.kind === 'failed') reject(new Error(message.error.message))
          else void handOut(log, worker, message)
        })
      })
      seq = renewed.seq
    } catch (error) {
      // Tried again when as many records have come once more.
      seq = log.head.seq
      if (!isOver) onTrouble('NO_CHECKPOINT', `The checkpoint was not renewed: ${String(error)}`)
    } finally {
      await worker.terminate()
      running = null
    }
  }

  return {
    recorded() {
      if (running !== null || isOver || paused > 0 || log.head.seq - seq < RENEWED_EVERY) return
      const workerData: RenewalData = { dir, logId: log.logId, head: log.head }
      const worker = new Worker(entry('./checkpoint/renew-main'), { workerData })
      running = { worker, ended: make(worker) }
    },
    async pauseFor(run) {
      paused += 1
      try {
        await running?.ended
        return await run()
      } finally {
        paused -= 1
      }
    },
    giveUp() {
      isOver = true
      void running?.worker.terminate()
      rmSync(dir, { recursive: true, force: true })
      void running?.ended.then(() => rmSync(dir, { recursive: true, force: true }))
    },
    async idle() {
      while (running !== null) await running.ended
    },
    async close() {
      isOver = true
      await running?.worker.terminate()
      await running?.ended
    },
  }
}
