// The past of a town, as its live side asks for it.
//
// Owns:      the thread that answers: begun at the first question, and when the log has grown; ended when it has nothing
//            to do for a while.
// Does not:  read the past itself; it hands out pieces of the log, and takes answers.
// Always:    a question is answered once. One whose thread is lost is refused with PAST_ENDED, and the next begins anew.

import { Worker } from 'node:worker_threads'
import type { EventLog } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { Past } from '../../api/town.ts'
import { entry } from '../entry.ts'
import { handOut } from './hand-out.ts'
import type { FromThread, PastData, ToThread } from './protocol.ts'

/** A thread that nobody asks anything ends after this, ms: what it has folded is worth no memory then. */
const IDLE_MS = 60_000
/** Records by which the log has grown when the thread keeps what they changed. */
const GROWN_MIN = 4_096

export type TownPast = Past & {
  /** The log has another record: nothing else makes the past look, for a quiet town sets no timer. */
  recorded(): void
  /**
   * Resolves when what all records changed is kept, but for the last ones; or at once when more than `most` records lack it.
   * @throws {Fault} PAST_ENDED
   */
  keep(most?: number): Promise<void>
  close(): Promise<void>
}

type Asked = { resolve(text: string): void; reject(error: Error): void }
type Running = { readonly worker: Worker; readonly asked: Map<number, Asked> }

export function createPast({ log, ...data }: { readonly log: EventLog } & Omit<PastData, 'logId'>): TownPast {
  let running: Running | undefined
  let idle: NodeJS.Timeout | undefined
  let next = 1

  const begin = (): Running => {
    const workerData: PastData = { ...data, logId: log.logId }
    const begun: Running = { worker: new Worker(entry('./past/past-main'), { workerData }), asked: new Map() }
    begun.worker.on('message', (message: FromThread) => heard(begun, message))
    begun.worker.on('error', (error: Error) => lost(begun, error.message))
    begun.worker.on('exit', () => lost(begun, 'it was ended'))
    return begun
  }
  const end = async (): Promise<void> => {
    clearTimeout(idle)
    const ending = running
    running = undefined
    await ending?.worker.terminate()
  }
  const lost = (one: Running, why: string): void => {
    if (running === one) running = undefined
    const waiting = [...one.asked.values()]
    one.asked.clear()
    for (const { reject } of waiting)
      reject(new Fault('PAST_ENDED', `What answers questions about the past has stopped: ${why}.`))
  }
  const settle = (one: Running, n: number): Asked | undefined => {
    const found = one.asked.get(n)
    one.asked.delete(n)
    clearTimeout(idle)
    if (one.asked.size === 0) idle = setTimeout(() => void end(), IDLE_MS).unref()
    return found
  }
  const heard = (from: Running, message: FromThread): void => {
    const { n } = message
    switch (message.kind) {
      case 'answer':
        settle(from, n)?.resolve(message.text)
        return
      case 'failed': {
        const { code, message: text, details } = message.error
        settle(from, n)?.reject(new Fault(code, text, details))
        return
      }
      case 'read':
      case 'stats':
        void handOut(log, from.worker, message)
    }
  }

  const ask = (question: (n: number) => ToThread): { readonly n: number; readonly text: Promise<string> } => {
    clearTimeout(idle)
    running ??= begin()
    const { worker, asked } = running
    const n = next++
    const text = new Promise<string>((resolve, reject) => asked.set(n, { resolve, reject }))
    worker.postMessage(question(n))
    return { n, text }
  }

  /** So that a question finds the versions of rows kept already. */
  let keptTo = 0
  let keeping = false
  const keep = async (most?: number): Promise<void> => {
    const { head } = log
    keptTo = Number(await ask((n) => ({ kind: 'grown', n, head, most })).text)
  }

  return {
    keep,
    read(question, signal) {
      const { n, text } = ask((n) => ({ kind: 'ask', n, ask: question, head: log.head }))
      const asked = running
      const drop = (): void => asked?.worker.postMessage({ kind: 'drop', n } satisfies ToThread)
      signal.addEventListener('abort', drop, { once: true })
      return text
    },
    recorded() {
      const { seq } = log.head
      if (keeping || seq - keptTo < GROWN_MIN) return
      keeping = true
      keep()
        // Nobody waits for it: the next question says what is wrong.
        .catch(() => {
          keptTo = seq
        })
        .finally(() => {
          keeping = false
        })
    },
    async close() {
      // Whoever closes it may have deleted what it kept.
      keptTo = 0
      await end()
    },
  }
}
