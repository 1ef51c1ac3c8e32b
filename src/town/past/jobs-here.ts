// Long jobs over the log of a town that a command has opened by itself: done in the same thread.

import type { EventLog } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { BisectReport, JobProgress, JobWatch, ReplayReport } from '../../api/town.ts'
import { replay } from '../replay.ts'
import { bisectIn } from './bisect-in.ts'
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
    return bisectIn(town, job.asked, watched)
  }
  return {
    run: <T>(...asked: Parameters<typeof run>) => run(...asked) as Promise<T>,
    close: () => Promise.resolve(),
  }
}
