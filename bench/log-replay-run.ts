// One measurement in a process of its own: `node bench/log-replay-run.ts parse <ndjson>` or `… replay <log>`.
//
// Prints one JSON line: { records, ms, cpuMs, peakRssMb, stateHeapMb, digest }.

import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openLog } from '../eventlog/index.ts'
import { applyMany, canonical, createProjections } from '../src/projections/index.ts'
import { createLedger } from '../src/system/ledger.ts'
import { recordsIn } from '../src/system/records-in.ts'
import { createReplayedOwners } from '../src/system/replayed-owners.ts'
import { linesOf } from './corpus/cache.ts'

/** Lines that are in memory at a time. */
const SLICE = 50_000

const [what = '', place = ''] = process.argv.slice(2)
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const result = what === 'parse' ? await parse(place) : await replay(place)
process.stdout.write(`${JSON.stringify(result)}\n`)

/** JSON.parse of each line, one thread; reading the lines is not counted. */
async function parse(ndjson: string) {
  let [records, ms, cpuMs] = [0, 0, 0]
  let lines: string[] = []
  const measure = (): void => {
    const cpu = process.cpuUsage()
    const begun = performance.now()
    for (const line of lines) JSON.parse(line)
    ms += performance.now() - begun
    cpuMs += cpuSince(cpu)
    records += lines.length
    lines = []
  }
  for await (const line of linesOf(ndjson)) {
    lines.push(line)
    if (lines.length === SLICE) measure()
  }
  measure()
  return { records, ms, cpuMs, peakRssMb: peakRss(), stateHeapMb: 0, digest: '' }
}

/** Every owner, every promise and every projection, from the first record to the last. */
async function replay(dir: string) {
  const log = await openLog(dir, { autoSeal: false })
  collect()
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const owners = createReplayedOwners()
  const ledger = createLedger()
  const projections = createProjections()
  let records = 0
  for await (const piece of log.pieces()) {
    const some = recordsIn(piece)
    for (const record of some) {
      owners.fold(record)
      ledger.apply(record)
    }
    applyMany(projections, some)
    records += some.length
  }
  const ms = performance.now() - begun
  const cpuMs = cpuSince(cpu)
  const peakRssMb = peakRss()
  await log.close()
  collect()
  const stateHeapMb = process.memoryUsage().heapUsed / 2 ** 20
  const digest = createHash('sha256').update(canonical(projections)).digest('hex').slice(0, 16)
  return { records, ms, cpuMs, peakRssMb, stateHeapMb, digest }
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** Of this process, from its start; MB. */
function peakRss(): number {
  return process.resourceUsage().maxRSS / 1_024
}
