// A bisect with the states of a town at hand.

import type { BisectOptions, BisectReport, JobProgress } from '../../api/town.ts'
import { townFiles } from '../files.ts'
import { openPrices } from '../prices/prices.ts'
import { bisect } from './bisect.ts'
import type { PastLog } from './reader.ts'
import { createStates } from './states.ts'

type Town = { readonly log: PastLog; readonly dir: string; readonly name: string; readonly townId: string }

/** Whoever keeps rows is another: here they are only looked at. */
export async function bisectIn(
  town: Town,
  asked: BisectOptions,
  onProgress: (progress: JobProgress) => void,
): Promise<BisectReport> {
  const states = createStates(town.log, { dir: townFiles(town.dir).past, writes: false })
  try {
    return await bisect({ ...town, ...states, priceOf: openPrices(town.dir).of }, asked, onProgress)
  } finally {
    states.close()
  }
}
