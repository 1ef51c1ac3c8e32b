// Rebuilding everything from the sealed log, against JSON.parse of the same lines: how quick, how linear, how much memory.
//
// Each measurement is a process of its own (log-replay-run.ts), for memory is counted from a process's start.

import { spawnSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { corpus } from './corpus/cache.ts'
import { type Figure, median } from './stats.ts'

const RUNS = 3
const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000)
const SEED = 1
const RATIO_MIN = 0.4
/** A record of a long log may take so much longer; in a short one it takes longer, for the process has just begun. */
const GROWTH_MAX = 0.15
/** MB beyond the heap of the final state. */
const PEAK_MAX = 450

type Run = {
  readonly records: number
  readonly ms: number
  readonly cpuMs: number
  readonly peakRssMb: number
  readonly stateHeapMb: number
  readonly digest: string
}

export async function replayAll(): Promise<Figure> {
  const whole = await corpus({ records: RECORDS, seed: SEED })
  const tenth = await corpus({ records: RECORDS / 10, seed: SEED })
  const [parsed, replayed, ofTenth]: [Run[], Run[], Run[]] = [[], [], []]
  for (let n = 0; n < RUNS; n += 1) {
    parsed.push(measure('parse', whole.ndjson))
    replayed.push(measure('replay', whole.log))
    ofTenth.push(measure('replay', tenth.log))
  }
  const ratio = perRecord(parsed) / perRecord(replayed)
  const growth = perRecord(replayed) / perRecord(ofTenth) - 1
  const peak = median(replayed.map(({ peakRssMb }) => peakRssMb))
  const heap = median(replayed.map(({ stateHeapMb }) => stateHeapMb))
  const isOne = new Set(replayed.map(({ digest }) => digest)).size === 1
  return {
    name: `replay of ${RECORDS} sealed records: all owners, promises and projections`,
    found: `${ratio.toFixed(2)} times JSON.parse; a record takes ${percent(growth)} of what it takes at a tenth; peak RSS ${peak.toFixed(0)} MB with ${heap.toFixed(0)} MB of state`,
    peer: `JSON.parse of a line ${microseconds(parsed)}, replayed ${microseconds(replayed)} and at a tenth ${microseconds(ofTenth)}, median of ${RUNS} in turns; load ${(loadavg()[0] ?? 0).toFixed(1)}`,
    asked: `at least ${RATIO_MIN}, not ${GROWTH_MAX * 100} % more a record than at a tenth, under ${PEAK_MAX} MB beyond the state`,
    holds: isOne && ratio >= RATIO_MIN && growth <= GROWTH_MAX && peak < PEAK_MAX + heap,
  }
}

function measure(what: 'parse' | 'replay', place: string): Run {
  const script = join(import.meta.dirname, 'log-replay-run.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, what, place], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${what} of ${place}: ${stderr}`)
  return JSON.parse(stdout) as Run
}

const perRecord = (runs: readonly Run[]): number => median(runs.map(({ ms, records }) => ms / records))
const microseconds = (runs: readonly Run[]): string =>
  `${(perRecord(runs) * 1_000).toFixed(1)} us (${median(runs.map(({ cpuMs, records }) => (cpuMs / records) * 1_000)).toFixed(1)} us of processor)`
const percent = (share: number): string => `${(100 + share * 100).toFixed(0)} %`
