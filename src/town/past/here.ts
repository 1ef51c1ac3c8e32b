// The past of a town that a command has opened by itself: answered in the same thread, for nothing else goes on there.
//
// Always:    whoever has a town open alone keeps its rows: it holds the lock of the log, and no thread of a daemon lives.

import type { EventLog } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import { answerPast, type PastTown } from '../../api/past.ts'
import type { BisectReport, JobProgress, JobWatch, Past, ReplayReport, TownHandle } from '../../api/town.ts'
import { machineClock } from '../clock.ts'
import { townFiles } from '../files.ts'
import { bisect } from './bisect.ts'
import type { Job } from './job-protocol.ts'
import type { Jobs } from './jobs.ts'
import { replay } from './replay.ts'
import type { LiveState } from './slices.ts'
import { createStates } from './states.ts'

export type PastHere = Pick<Jobs, 'run'> & {
  readonly past: Past
  close(): Promise<void>
}

/** `keeps`: false where there is no folder for rows. */
export function pastHere(
  town: Pick<TownHandle, 'dir' | 'name' | 'townId' | 'priceOf'> & { readonly log: EventLog },
  { keeps }: { readonly keeps: boolean },
): PastHere {
  const { log } = town
  const states = createStates(log, { dir: keeps ? townFiles(town.dir).past : null, writes: keeps })
  const { withProjections } = states
  const past: PastTown = { ...town, alone: true, clock: machineClock, withProjections, between: states }
  const run = async (
    job: Job,
    { signal, onProgress }: JobWatch,
    live: LiveState | null,
  ): Promise<ReplayReport | BisectReport> => {
    const watched = (progress: JobProgress): void => {
      if (signal.aborted) throw new Fault('PAST_ENDED', `The ${job.kind} has stopped: nobody waits for it.`)
      onProgress?.(progress)
    }
    return job.kind === 'replay'
      ? replay(log, job.asked, live, watched)
      : bisect({ ...past, ...states }, job.asked, watched)
  }
  return {
    past: { read: (ask, signal) => answerPast(past, ask, signal) },
    run: <T>(...asked: Parameters<typeof run>) => run(...asked) as Promise<T>,
    close: async () => states.close(),
  }
}
