// Long jobs over the log of a live town, each in a thread of its own: replay and bisect.
//
// Owns:      the thread of the job that runs, what it reads of the log and of the live state.
// Does not:  do the job (job-main.ts), or fold anything.
// Always:    one job at a time; a job ends with its thread, and whoever asked is answered once. A job that is ended
//            half way has changed nothing.

import { Worker } from 'node:worker_threads'
import type { EventLog } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { JobWatch } from '../../api/town.ts'
import { entry } from '../entry.ts'
import { handOut } from './hand-out.ts'
import type { FromJob, Job, JobData, ToJob } from './job-protocol.ts'
import type { LiveState } from './slices.ts'

export type Jobs = {
  /**
   * @throws {Fault} PAST_BUSY; PAST_ENDED when the thread is lost or `watch.signal` is aborted; whatever the job throws.
   */
  run<T>(job: Job, watch: JobWatch, live: LiveState | null): Promise<T>
  close(): Promise<void>
}

export function createJobs({
  log,
  ...data
}: { readonly log: EventLog } & Pick<JobData, 'dir' | 'name' | 'townId'>): Jobs {
  let running: { readonly job: Job; readonly worker: Worker } | undefined
  return {
    async run<T>(job: Job, { signal, onProgress }: JobWatch, live: LiveState | null): Promise<T> {
      if (running !== undefined)
        throw new Fault('PAST_BUSY', `A ${running.job.kind} is under way, and one at a time is enough.`)
      if (signal.aborted) throw new Fault('PAST_ENDED', 'Nobody waits for it any more.')
      const workerData: JobData = { job, ...data, logId: log.logId, head: log.head }
      const worker = new Worker(entry('./past/job-main'), { workerData })
      running = { job, worker }
      const say = (message: ToJob): void => worker.postMessage(message)
      const drop = (): void => void worker.terminate()
      signal.addEventListener('abort', drop, { once: true })
      try {
        return await new Promise<T>((resolve, reject) => {
          const lost = (why: string): void =>
            reject(new Fault('PAST_ENDED', `The ${job.kind} has stopped: ${why}.`))
          worker.on('error', (error: Error) => lost(error.message))
          worker.on('exit', () => lost('it was ended'))
          worker.on('message', (message: FromJob) => {
            switch (message.kind) {
              case 'read':
              case 'stats':
                void handOut(log, worker, message)
                return
              case 'slice':
                if (live === null) return lost('it asked for a state that it was not given')
                void Promise.resolve(live.next()).then((slice) =>
                  say({ kind: 'slice', slice, head: log.head }),
                )
                return
              case 'progress':
                onProgress?.(message.progress)
                return
              case 'failed': {
                const { code, message: text, details } = message.error
                reject(new Fault(code, text, details))
                return
              }
              case 'done':
                resolve(message.result as T)
            }
          })
        })
      } finally {
        signal.removeEventListener('abort', drop)
        await worker.terminate()
        running = undefined
      }
    },
    async close() {
      await running?.worker.terminate()
    },
  }
}
