// Checking a whole log that is open, and what others have of its loop meanwhile.

import { loadavg } from 'node:os'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { openLog } from '../eventlog/index.ts'
import { corpus } from './corpus/cache.ts'
import type { Figure } from './stats.ts'

const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000) / 10
const SEED = 1
const DELAY_MAX_MS = 20
/** The watch looks so often, ms; that much is taken off again. */
const RESOLUTION_MS = 1

/** The delay of the loop of the process that has the log open, while every record, key and append id of it is checked. */
export async function verifyBeside(): Promise<Figure> {
  const { log: place } = await corpus({ records: RECORDS, seed: SEED })
  const log = await openLog(place, { autoSeal: false })
  const watch = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const computed = process.threadCpuUsage()
  const all = process.cpuUsage()
  const begun = performance.now()
  watch.enable()
  const { ok, records } = await log.verify()
  watch.disable()
  const took = performance.now() - begun
  const { user, system } = process.threadCpuUsage(computed)
  const whole = process.cpuUsage(all)
  await log.close()
  const ms = (share: number): number => watch.percentile(share) / 1e6 - RESOLUTION_MS
  const onLoop = Math.round(((user + system) / (whole.user + whole.system)) * 100)
  return {
    name: `checking all of a log of ${records} records that is open`,
    found: `p99 of the loop's delay ${ms(99).toFixed(1)} ms, at most ${ms(100).toFixed(1)} ms, in ${(took / 1_000).toFixed(1)} s; ${onLoop} % of the processor time on the loop`,
    peer: ok ? `all sound; load ${(loadavg()[0] ?? 0).toFixed(1)}` : 'DAMAGED',
    asked: `p99 under ${DELAY_MAX_MS} ms`,
    holds: ok && ms(99) < DELAY_MAX_MS,
  }
}
