// The past while a town is up: a bead or an agent as of any record, whole lists, and a bisect, against a replay of everything.
//
// The log is held by this thread, as a daemon holds it; what is asked is answered by the threads that a daemon has. What a
// question takes is from asking to the text of the answer. Meanwhile this thread's loop is watched.

import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventLog, openLog } from '../eventlog/index.ts'
import type { BisectReport, ReplayReport } from '../src/api/town.ts'
import type { FactOf } from '../src/events/index.ts'
import { createAgents } from '../src/projections/agents.ts'
import { recordsIn } from '../src/system/records-in.ts'
import { createJobs } from '../src/town/past/jobs.ts'
import { createPast } from '../src/town/past/past.ts'
import { createRandom } from '../test/sim/random.ts'
import { corpus } from './corpus/cache.ts'
import { fileSystemOf } from './log-disk.ts'
import { type Figure, median, percentile } from './stats.ts'

const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000)
const SEED = 1
/** Beads and agents that are asked for, each as of another record. */
const ASKED = 1_000
const LISTS = 25
const RUNS = 3

/** As of here beads are asked for while rows are kept, now and then. */
const BEGINNING = 2_000
const MEANWHILE_MS = 50

/** What was asked, ms. */
const ONE_MEDIAN_MAX = 2
const ONE_P99_MAX = 50
const DELAY_P99_MAX = 20
/** Of a replay. */
const LIST_MAX = 1 / 20
const BISECT_MAX = 1.5

/** A bead or an agent, and the record that it came with. */
type Born = { readonly path: string; readonly id: string; readonly seq: number }

export async function asOf(): Promise<Figure> {
  const { log: folder } = await corpus({ records: RECORDS, seed: SEED })
  const log = await openLog(folder, { autoSeal: false })
  const dir = mkdtempSync(join(tmpdir(), 'gt-asof-'))
  const town = { log, dir, name: 'bench', townId: 'bench' }
  const past = createPast(town)
  const jobs = createJobs(town)
  const watch = { signal: new AbortController().signal }
  const ask = async (path: string, at: number, params = {}, query = {}): Promise<number> => {
    const caller = { kind: 'operator', actor: 'overseer' } as const
    const begun = performance.now()
    await past.read({ path, caller, params, query: { ...query, at: String(at) } }, watch.signal)
    return performance.now() - begun
  }
  try {
    const { beads, agents } = await bornIn(log)
    const random = createRandom(SEED).fork('asked').next
    const anySeq = (): number => 1 + Math.floor(random() * RECORDS)
    /** One that was there then. */
    const anyOf = (born: readonly Born[], at: number): Born | undefined => {
      const there = born.filter(({ seq }) => seq <= at)
      return there[Math.floor(random() * there.length)]
    }

    const when = `$count(beads) >= ${Math.floor(beads.length * 0.63)}`
    const bisect = { kind: 'bisect', asked: { when, from: 0, to: RECORDS, first: false } } as const
    const halving = () => watched(() => jobs.run<BisectReport>(bisect, watch, null))
    // Before anything is kept.
    const first = [await halving(), await halving()]

    // The thread begins.
    await ask('/v1/rigs', 1)
    const meanwhile: number[] = []
    const keeping = await watched(async () => {
      let kept = false
      const all = ask('/v1/rigs', RECORDS).finally(() => {
        kept = true
      })
      for (const born of beads.filter(({ seq }) => seq < BEGINNING)) {
        if (kept) break
        meanwhile.push(await ask(BEAD, BEGINNING, { id: born.id }))
        await sleep(MEANWHILE_MS)
      }
      await all
    })
    const asked = new Set<string>()
    const ones: number[] = []
    const one = await watched(async () => {
      while (ones.length < ASKED) {
        const at = anySeq()
        const born = anyOf(ones.length % 2 === 0 ? beads : agents, at)
        if (born === undefined || asked.has(`${born.id} ${at}`)) continue
        asked.add(`${born.id} ${at}`)
        ones.push(await ask(born.path, at, born.path === BEAD ? { id: born.id } : { address: born.id }))
      }
    })
    const lists: number[] = []
    const list = await watched(async () => {
      for (let n = 0; n < LISTS; n += 1) lists.push(await ask('/v1/beads', anySeq(), {}, { view: 'all' }))
    })
    const [replays, bisects]: [number[], number[]] = [[], []]
    const delays: number[] = []
    for (let n = 0; n < RUNS; n += 1) {
      const replay = {
        kind: 'replay',
        asked: { to: RECORDS, verify: false, into: null, checkpoint: null },
      } as const
      const whole = await watched(() => jobs.run<ReplayReport>(replay, watch, null))
      const halved = await halving()
      replays.push(whole.ms)
      bisects.push(halved.ms)
      delays.push(whole.delay, halved.delay)
    }
    const replay = median(replays)
    const delay = Math.max(
      keeping.delay,
      one.delay,
      list.delay,
      ...first.map((each) => each.delay),
      ...delays,
    )
    const [middle, late] = [median(ones), percentile(ones, 0.99)]
    const [ofList, ofBisect] = [median(lists) / replay, median(bisects) / replay]
    const ofFirst = Math.max(...first.map(({ ms }) => ms)) / replay
    return {
      name: `as of any of ${RECORDS} records, asked while the town is up`,
      found: `one bead or agent ${middle.toFixed(2)} ms, p99 ${late.toFixed(1)} ms; a list ${ofList.toFixed(3)} and a bisect ${ofBisect.toFixed(2)} of a replay (${ofFirst.toFixed(2)} with no rows kept); the loop late by ${delay.toFixed(1)} ms at p99`,
      peer: `${ASKED} asked once each, slowest ${Math.max(...ones).toFixed(0)} ms; replay ${seconds(replay)}, ${LISTS} lists ${seconds(median(lists))}, bisect ${seconds(median(bisects))}, rows kept in ${seconds(keeping.ms)} and meanwhile ${meanwhile.length} asked, p99 ${percentile(meanwhile, 0.99).toFixed(1)} ms (loop ${keeping.delay.toFixed(1)} ms, one ${one.delay.toFixed(1)}, list ${list.delay.toFixed(1)}, jobs ${Math.max(...delays).toFixed(1)}); ${fileSystemOf(dir)}, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
      asked: `${ONE_MEDIAN_MAX} ms, p99 ${ONE_P99_MAX} ms, 1/20, ${BISECT_MAX}, ${DELAY_P99_MAX} ms`,
      holds:
        middle < ONE_MEDIAN_MAX &&
        late < ONE_P99_MAX &&
        ofList < LIST_MAX &&
        ofBisect < BISECT_MAX &&
        ofFirst < BISECT_MAX &&
        delay < DELAY_P99_MAX,
    }
  } finally {
    await past.close()
    await jobs.close()
    await log.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

const BEAD = '/v1/beads/:id'
const AGENT = '/v1/agents/:address'

/** In the order in which they came. */
async function bornIn(log: EventLog): Promise<{ beads: Born[]; agents: Born[] }> {
  const [beads, agents]: [Born[], Born[]] = [[], []]
  const rows = createAgents()
  for await (const piece of log.pieces())
    for (const record of recordsIn(piece)) {
      for (const fact of record.facts as FactOf<'BeadCreated'>[])
        if (fact.type === 'BeadCreated') beads.push({ path: BEAD, id: fact.bead, seq: record.seq })
      rows.apply(record)
      for (const id of [...rows.rows.byAddress.keys()].slice(agents.length))
        agents.push({ path: AGENT, id, seq: record.seq })
    }
  return { beads, agents }
}

/** How long something takes, and by how much this thread's loop is late meanwhile at p99; ms. */
async function watched(work: () => Promise<unknown>): Promise<{ ms: number; delay: number }> {
  const late = monitorEventLoopDelay({ resolution: 1 })
  late.enable()
  const begun = performance.now()
  await work()
  const ms = performance.now() - begun
  late.disable()
  return { ms, delay: late.percentile(99) / 1e6 }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
