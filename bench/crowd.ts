// Fifty agents at once: a flood of output, and the memory that each of them takes.

import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pssMb } from './processes.ts'
import { type Figure, median, ms, percentile } from './stats.ts'
import { type BenchTown, createBead, makeTown } from './town.ts'

const AGENTS = 50
const FLOOD = fileURLToPath(new URL('flood.pl', import.meta.url))
const RATE = 1_000_000
const HEALTH_MAX_MS = 50
const LOOK_MS = 50
/** A recording ends with a marker beyond this. */
const RECORDING_CAP = 64 * 1024 * 1024

/** All print 1 MB a second for `seconds`. */
export async function flood(seconds: number): Promise<Figure> {
  const town = crowdTown((root) => [
    `while [ ! -e ${root}/go ]; do sleep 0.2; done; perl ${FLOOD} ${RATE} ${seconds}; sleep 3600`,
  ])
  try {
    sling(town, AGENTS, 0)
    await sleep(3_000)
    const socket = join(town.dir, '.gt', 'gt.sock')
    const quiet = await healthTimes(socket, () => Promise.resolve(false), 40)
    writeFileSync(join(town.root, 'go'), '')
    const from = performance.now()
    const endAt = from + seconds * 20_000
    const during = await healthTimes(socket, async () => performance.now() < endAt && !allEnded(town))
    const took = (performance.now() - from) / 1_000
    const damaged: string[] = []
    let bytes = 0
    for (const file of recordings(town)) {
      const seen = await checkRecording(file)
      bytes += seen.bytes
      if (!seen.isComplete) damaged.push(file)
    }
    const p99 = percentile(during, 0.99)
    return {
      name: `${AGENTS} agents that print 1 MB/s each for ${seconds} s`,
      found: `${AGENTS - damaged.length} recordings complete (${Math.round(bytes / 1e6)} MB in ${took.toFixed(0)} s), health p99 ${ms(p99)}, median ${ms(median(during))}`,
      peer: `before it, p99 ${ms(percentile(quiet, 0.99))}; ${during.length} looks`,
      asked: `${AGENTS} complete up to ${RECORDING_CAP >> 20} MB, p99 under ${HEALTH_MAX_MS} ms`,
      holds: damaged.length === 0 && recordings(town).length === AGENTS && p99 < HEALTH_MAX_MS,
    }
  } finally {
    town.close()
  }
}

const FIRST = 10
const LINES = 5_000
const MEMORY_MAX_MB = 4

/** Memory of daemon and host, per session beyond the first ten. */
export async function memory(): Promise<Figure> {
  const line = 'the quick brown fox jumps over the lazy dog and prints a build line src/foo/bar.ts ok'
  const town = crowdTown(() => [
    `awk 'BEGIN { for (n = 0; n < ${LINES}; n++) print n, "${line}" }'; echo THE-END; sleep 3600`,
  ])
  try {
    sling(town, FIRST, 0)
    const few = await settled(town)
    sling(town, AGENTS - FIRST, FIRST)
    const many = await settled(town)
    const each = (many.daemon + many.host - few.daemon - few.host) / (AGENTS - FIRST)
    const of = (now: { daemon: number; host: number }): string =>
      `daemon ${now.daemon.toFixed(0)} + host ${now.host.toFixed(0)} MB`
    return {
      name: `memory of daemon and host per further session, ${LINES} lines of output each`,
      found: `${each.toFixed(2)} MB`,
      peer: `with ${FIRST}: ${of(few)}; with ${AGENTS}: ${of(many)} (PSS)`,
      asked: `under ${MEMORY_MAX_MB} MB`,
      holds: each < MEMORY_MAX_MB,
    }
  } finally {
    town.close()
  }
}

const crowdTown = (script: (root: string) => readonly string[]): BenchTown =>
  makeTown({
    agent: (root) => ['/bin/sh', '-c', ...script(root)],
    gate: ['true'],
    polecats: AGENTS,
    files: { 'README.md': 'bench\n' },
  })

function sling(town: BenchTown, count: number, from: number): void {
  const beads = Array.from({ length: count }, (_, n) => createBead(town, `Crowd ${from + n}`))
  town.gt('sling', ...beads, 'bench', '--wait=started', '--timeout', '180s')
}

const recordings = (town: BenchTown): string[] =>
  readdirSync(join(town.dir, '.gt', 'sessions')).map((name) =>
    join(town.dir, '.gt', 'sessions', name, 'terminal.cast'),
  )

const allEnded = (town: BenchTown): boolean =>
  recordings(town).every((file) =>
    /END \d+ [\d.]+\\r\\n/.test(readFileSync(file).subarray(-4_000).toString()),
  )

/** Memory 10 s after the last line was printed: the garbage is gone by then. */
async function settled(town: BenchTown): Promise<{ daemon: number; host: number }> {
  while (!recordings(town).every((file) => readFileSync(file, 'latin1').includes('THE-END'))) await sleep(500)
  await sleep(10_000)
  const { daemon } = town.gt('status') as { daemon: { pid: number } }
  const host = JSON.parse(readFileSync(join(town.dir, '.gt', 'host.pid'), 'utf8')) as { pid: number }
  return { daemon: pssMb(daemon.pid), host: pssMb(host.pid) }
}

/** ms of one GET /v1/health after the other, while `goOn` says so, or `count` of them. */
async function healthTimes(
  socketPath: string,
  goOn: () => Promise<boolean>,
  count = Number.NaN,
): Promise<number[]> {
  const times: number[] = []
  let lookAt = performance.now() + 2_000
  while (times.length < count || Number.isNaN(count)) {
    const from = performance.now()
    await new Promise<void>((resolve, reject) => {
      request({ socketPath, path: '/v1/health' }, (answer) => answer.resume().once('end', resolve))
        .once('error', reject)
        .end()
    })
    times.push(performance.now() - from)
    await sleep(LOOK_MS)
    if (performance.now() < lookAt) continue
    lookAt = performance.now() + 2_000
    if (Number.isNaN(count) && !(await goOn())) break
  }
  return times
}

/** Every numbered line in its place, and the last; or the marker of the cap. */
async function checkRecording(file: string): Promise<{ isComplete: boolean; bytes: number }> {
  let [next, bytes, rest, isWhole, isCut, ended] = [0, 0, '', true, false, false]
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const event = JSON.parse(text) as unknown
    if (!Array.isArray(event)) continue
    if (event[1] === 'm') isCut = true
    if (event[1] !== 'o') continue
    const lines = (rest + event[2]).split('\r\n')
    bytes += event[2].length
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (/^END /.test(line)) ended = Number(line.split(' ')[1]) === next
      else if (Number(line.slice(0, 8)) === next) next++
      else isWhole = false
    }
  }
  return { isComplete: isWhole && (ended || isCut), bytes }
}
