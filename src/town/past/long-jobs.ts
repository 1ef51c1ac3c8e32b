// The long jobs of an open town, and what comes of a replay for the town itself.
//
// Owns:      putting what was rebuilt in the place of the caches, and what is told when the live state is another.
// Does not:  do a job, or choose its thread.

import { rmSync } from 'node:fs'
import type { JobWatch, ReplayReport, TownHandle } from '../../api/town.ts'
import type { Renewals } from '../checkpoint/renewals.ts'
import { townFiles } from '../files.ts'
import { KEPT_FIRST_MAX } from './bisect.ts'
import type { Jobs } from './jobs.ts'
import { createSlices } from './slices.ts'

/** For whoever waits for the end in any case. */
const UNWATCHED: JobWatch = { signal: new AbortController().signal }

/** What is held in memory, and what to do when the log says something else. */
type Held = Parameters<typeof createSlices>[0] & {
  readonly dir: string
  readonly checkpoints: Pick<Renewals, 'pauseFor'>
  distrust(): void
  trouble(code: string, message: string): void
}

/**
 * `endReaders` ends whoever has files of `.gt/past` open; `keepRows` resolves when whoever keeps rows has kept all, or finds
 * that more than `most` records lack them.
 */
export function longJobs(
  town: Held,
  jobs: Pick<Jobs, 'run'>,
  endReaders: () => Promise<void>,
  keepRows: (most: number) => Promise<void> = () => Promise.resolve(),
): Pick<TownHandle, 'replay' | 'bisect'> {
  const { checkpoint, past } = townFiles(town.dir)
  return {
    async replay(options, watch = UNWATCHED) {
      const job = { kind: 'replay', asked: { ...options, checkpoint } } as const
      const run = () => jobs.run<ReplayReport>(job, watch, createSlices(town))
      const report = await town.checkpoints.pauseFor(run)
      if (report.cachesReplaced) {
        await endReaders()
        rmSync(past, { recursive: true, force: true })
      }
      const { stateDigest, liveDigest } = report
      if (liveDigest !== null && liveDigest !== stateDigest) {
        town.distrust()
        town.trouble(
          'STATE_DIFFERS',
          `The live state (${liveDigest.slice(0, 12)}) is not what the log says (${stateDigest.slice(0, 12)}).`,
        )
      }
      return report
    },
    async bisect(options, watch = UNWATCHED) {
      // A few are quickly kept, and then each moment is; without most of them the job makes one pass of its own. Whatever
      // hinders it, hinders the job as well, or not at all.
      await keepRows(town.system.seq * KEPT_FIRST_MAX).catch(() => {})
      return jobs.run({ kind: 'bisect', asked: options }, watch, null)
    },
  }
}
