// Long jobs over the log of a town that a command has opened by itself: done in the same thread.

import { type EventLog, unpackEntries } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { BisectReport, JobProgress, JobWatch, ReplayReport } from '../../api/town.ts'
import { replay } from '../replay.ts'
import { bisectIn } from './bisect-in.ts'
import type { JobLog } from './job-log.ts'
import type { Job } from './job-protocol.ts'
import type { Jobs } from './jobs.ts'
import type { LiveState } from './slices.ts'

export function jobsHere(town: {
  readonly log: EventLog
  readonly dir: string
  readonly name: string
  readonly townId: string
}): Jobs {
  const run = async (
    job: Job,
    { signal, onProgress }: JobWatch,
    live: LiveState | null,
  ): Promise<ReplayReport | BisectReport> => {
    const watched = (progress: JobProgress): void => {
      if (signal.aborted) throw new Fault('PAST_ENDED', `The ${job.kind} has stopped: nobody waits for it.`)
      onProgress?.(progress)
    }
    if (job.kind === 'replay') return replay(town.log, job.asked, live, watched)
    return bisectIn({ ...town, log: readable(town.log) }, job.asked, watched)
  }
  return {
    run: <T>(...asked: Parameters<typeof run>) => run(...asked) as Promise<T>,
    close: () => Promise.resolve(),
  }
}

export const readable = (log: EventLog): JobLog => ({
  head: log.head,
  logId: log.logId,
  read: (range) => log.read(range),
  get: (seq) => log.get(seq),
  pieces: (range) => log.pieces(range),
  async *entries(range) {
    for await (const piece of log.pieces(range)) yield unpackEntries(piece)
  },
})
