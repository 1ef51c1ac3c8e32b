// The past of a town, as its live side asks for it.
//
// Owns:      the thread that answers: begun at the first question, ended when nobody has asked for a while.
// Does not:  read the past itself; it hands out lines, and takes answers.
// Always:    a question is answered once. One whose thread is lost is refused with PAST_ENDED, and the next begins anew.

import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { EventLog, ReadOptions } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { Past } from '../../api/town.ts'
import { type FromThread, failed, type PastData, type ToThread } from './protocol.ts'

/** A thread that nobody asks anything ends after this, ms: what it has folded is worth no memory then. */
const IDLE_MS = 60_000
/** Lines handed out at once. */
const LINES_MAX = 1024

export type TownPast = Past & { close(): Promise<void> }

type Asked = { resolve(text: string): void; reject(error: Error): void }
type Running = { readonly worker: Worker; readonly asked: Map<number, Asked> }

export function createPast({ log, ...data }: { readonly log: EventLog } & Omit<PastData, 'logId'>): TownPast {
  let running: Running | undefined
  let idle: NodeJS.Timeout | undefined
  let next = 1

  const begin = (): Running => {
    const workerData: PastData = { ...data, logId: log.logId }
    const begun: Running = { worker: new Worker(entry('past-main'), { workerData }), asked: new Map() }
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
    const say = (answer: ToThread): void => from.worker.postMessage(answer)
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
        linesOf(message.range).then(say, (error: unknown) =>
          say({ kind: 'logFailed', n, error: failed(error) }),
        )
        return
      case 'stats':
        log.stats().then(
          (stats) => say({ kind: 'stats', n, stats }),
          (error: unknown) => say({ kind: 'logFailed', n, error: failed(error) }),
        )
    }

    async function linesOf(range: ReadOptions): Promise<ToThread> {
      const limit = Math.min(range.limit ?? Number.POSITIVE_INFINITY, LINES_MAX)
      const lines: string[] = []
      for await (const { line } of log.read({ ...range, limit })) lines.push(line)
      return { kind: 'lines', n, lines, last: lines.length < limit }
    }
  }

  return {
    read: (ask, signal) =>
      new Promise<string>((resolve, reject) => {
        clearTimeout(idle)
        running ??= begin()
        const { worker, asked } = running
        const n = next++
        asked.set(n, { resolve, reject })
        const drop = (): void => worker.postMessage({ kind: 'drop', n } satisfies ToThread)
        signal.addEventListener('abort', drop, { once: true })
        worker.postMessage({ kind: 'ask', n, ask, head: log.head } satisfies ToThread)
      }),
    close: end,
  }
}

/** Path of a file beside this one, as source or built. */
function entry(name: string): string {
  const here = fileURLToPath(import.meta.url)
  return fileURLToPath(new URL(`./${name}${here.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
}
