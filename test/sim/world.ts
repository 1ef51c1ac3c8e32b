// The simulated town: one seed decides what is asked for, what goes wrong, and in which order.
//
// Owns:      the parts and how they meet; the phases: faults for a while, then none, then everything must come to rest.
// Always:    nothing here reads a real clock or real chance; the same seed gives the same log, byte for byte.

import { createHash } from 'node:crypto'
import { createMemoryDisk, type MemoryDisk } from '../../eventlog/index.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { feedItems } from '../../src/projections/feed.ts'
import { type Compared, LiveHistory } from '../support/live-history.ts'
import { Checker } from './checker.ts'
import type { Daemon, Plant } from './daemon.ts'
import { startFaults } from './faults.ts'
import { Host } from './host.ts'
import { startPerson } from './person.ts'
import { createRandom, type Random } from './random.ts'
import { Repository } from './repository.ts'
import { unsettledIn } from './rest.ts'
import { Scheduler } from './scheduler.ts'

/** What may go wrong in this run. */
export type Faults = {
  /** Mean time between crashes, ms; 0 for none. */
  crashMs: number
  /** Mean time between failed appends, ms; 0 for none. */
  appendMs: number
  /** A commit takes up to this long, ms; 0: it is durable at once. */
  commitMs: number
  clock: boolean
  lateTimers: boolean
  hostMs: number
  agents: boolean
  red: boolean
  effects: boolean
  foreign: boolean
  fullDisk: boolean
  /** The person freezes targets and refuses work, and somebody outside breaks a target. */
  ruling: boolean
  /** The machine sleeps for eight hours: the wall clock has jumped when it wakes, and nothing else has happened. */
  suspend: boolean
  /** What the host is asked fails, or is answered much later. */
  lookups: boolean
  /** News of an ending comes late, or twice. */
  lateNews: boolean
  /** What an agent says comes twice. */
  frames: boolean
  /** Three agents in ten lie, die or do nothing, and go on so when all else is well. */
  unreliable: boolean
}

export type BeadPlan = {
  readonly id: string
  readonly rig: string
  readonly needs: readonly string[]
  readonly files: readonly string[]
}

export type SimulationOptions = {
  readonly seed: number
  /** Which faults; by default the seed decides. */
  readonly faults?: Partial<Faults>
  readonly plant?: Plant
  /** Keeps every line of the log in the result. */
  readonly keep?: boolean
  /** Notes what the town holds after each record, and compares it with the log in the end. */
  readonly prefixes?: boolean
  /** Rebuilds everything from the first record after every crash and at the end; else only at the end of one seed in four. */
  readonly thorough?: boolean
  /** No more beads than these; by default the seed decides. */
  readonly beads?: number
  /** So long things go wrong, ms. */
  readonly faultsForMs?: number
  /** Goes on for so long when everything has come to rest, ms. */
  readonly quietMs?: number
  /** Is shown each record once it is durable, and what happens in the world. */
  readonly onRecord?: (record: LogRecord) => void
  /** Tells what happens in sentences, in the result. */
  readonly story?: boolean
}

export type SimulationResult = {
  readonly seed: number
  /** What was not as it must be, or null. */
  readonly violation: string | null
  readonly records: number
  readonly crashes: number
  readonly virtualMs: number
  readonly landed: number
  readonly facts: ReadonlyMap<string, number>
  /** Of every record and every event of the world. */
  readonly hash: string
  readonly notes: readonly string[]
  readonly lines: readonly string[]
  readonly story: readonly string[]
  /** Which faults there were, and how many beads. */
  readonly faults: Faults
  readonly beads: number
  /** What was written, asked of the world and started in the time of rest. */
  readonly quiet: { readonly records: number; readonly effects: number; readonly processes: number }
  /** Null unless it was asked for. */
  readonly prefixes: Compared | null
}

const BEGIN = Date.UTC(2027, 2, 1, 8)
/** After this long nothing goes wrong any more. */
const FAULTS_FOR_MS = 20 * 60_000
/** And this long after that everything has come to rest. */
const REST_WITHIN_MS = 30 * 60_000

export class World {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly disk: MemoryDisk
  readonly checker: Checker
  readonly host: Host
  readonly faults: Faults
  readonly rigs: readonly string[]
  readonly beads: readonly BeadPlan[]
  readonly ungated: ReadonlySet<string>
  readonly places = 3
  readonly live: LiveHistory | null
  daemon: Daemon | null = null
  crashes = 0
  /** What the wall clock shows beyond virtual time, ms. */
  skewMs = 0
  /** The most that it has shown. */
  skewMaxMs = 0
  downSince: number | null = null
  looks = 0
  /** Defects put there on purpose: a host that does not answer is believed to have nobody; an end is anybody's. */
  believesSilence = false
  forgetsGenerations = false
  /** Nothing goes wrong any more. */
  calm = false
  /** A checkpoint of an earlier moment, as it lies on a disk. */
  saved: string | null = null
  readonly retried = new Set<string>()
  /** Assignments that were taken away, and dealt with. */
  readonly undone = new Set<string>()
  readonly minds: Random
  /** Of what the person says of targets and of work that would land. */
  readonly ruling: Random
  /** Of what the person rejects, and takes back. */
  readonly undoing: Random
  readonly notes: string[] = []
  readonly #repositories = new Map<string, Repository>()

  readonly onRecord: SimulationOptions['onRecord']
  /** What happens in the world, in sentences, and what the feed says of the records; null when nobody wants to know. */
  readonly story: string[] | null

  constructor({ seed, faults, prefixes, beads, onRecord, story }: SimulationOptions) {
    this.onRecord = onRecord
    this.story = story === true ? [] : null
    this.random = createRandom(seed)
    this.scheduler = new Scheduler(this.random.fork('order'))
    this.disk = createMemoryDisk({ seed })
    this.checker = new Checker(this, this.disk)
    this.live = prefixes === true ? new LiveHistory(this.random.fork('live'), this.checker.projections) : null
    this.host = new Host(this)
    this.faults = { ...faultsOf(this.random.fork('faults')), ...faults }
    const plan = this.random.fork('plan')
    this.minds = this.random.fork('minds')
    this.ruling = this.random.fork('ruling')
    this.undoing = this.random.fork('undoing')
    this.rigs = plan.chance(0.3) ? ['shop', 'barn'] : ['shop']
    this.ungated = new Set(plan.chance(0.1) ? ['shop'] : [])
    for (const rig of this.rigs) this.#repositories.set(rig, new Repository(rig))
    this.beads = planBeads(plan, this.rigs).slice(0, beads)
  }

  wall(): number {
    this.skewMaxMs = Math.max(this.skewMaxMs, this.skewMs)
    return BEGIN + this.scheduler.now + this.skewMs
  }

  repository(rig: string): Repository {
    const found = this.#repositories.get(rig)
    if (found === undefined) throw new Error(`The world has no rig ${rig}`)
    return found
  }

  filesOf(bead: string): readonly string[] {
    return this.beads.find(({ id }) => id === bead)?.files ?? []
  }

  note(event: string): void {
    const line = `${this.scheduler.now} ${event}`
    this.notes.push(line)
    if (this.story !== null && !/^(perform|process) /.test(event)) this.tell(`** ${event}`)
  }

  tell(sentence: string): void {
    const seconds = Math.floor(this.scheduler.now / 1_000)
    const time = `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`
    this.story?.push(`${time}  ${sentence}`)
  }

  /** A record is shown for the first time. */
  shown(record: LogRecord): void {
    this.onRecord?.(record)
    if (this.story !== null)
      for (const { summary } of feedItems(record)) this.tell(`${String(record.seq).padStart(5)} ${summary}`)
  }

  digest(chain: string): string {
    return createHash('sha256').update(this.notes.join('\n')).update(chain).digest('hex')
  }
}

/** Runs one seed to its end, or to the first thing that is not as it must be. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const world = new World(options)
  const { checker, scheduler } = world
  const began = { ...world.faults }
  const faultsForMs = options.faultsForMs ?? FAULTS_FOR_MS
  const faults = startFaults(world, options.plant ?? ((system) => system))
  const person = startPerson(world)
  const saving = world.random.fork('saving')
  const afterEach = () => {
    faults.afterEach()
    const { daemon, disk } = world
    if (daemon?.system != null && saving.chance(0.01))
      world.saved = JSON.stringify(daemon.system.checkpoint())
    if (daemon?.system == null || daemon.log == null || disk.pending || !faults.settled()) return
    if (daemon.log.head.seq !== daemon.log.next - 1 || checker.seq !== daemon.log.head.seq) return
    return checker.quiet(daemon.system) === 'whole' ? checker.compareRebuilt(options.thorough) : undefined
  }
  const failed = () => checker.violation !== null
  await scheduler.run({ until: faultsForMs, done: failed, afterEach })
  faults.stop()
  const atRest = () => failed() || (person.done() && faults.settled() && unsettledIn(world) === null)
  await scheduler.run({ until: faultsForMs + REST_WITHIN_MS, done: atRest, afterEach })
  const left = unsettledIn(world)
  const quietFrom = { records: checker.seq, effects: checker.begun, processes: world.host.started }
  if (options.quietMs !== undefined)
    await scheduler.run({ until: scheduler.now + options.quietMs, done: failed, afterEach })
  if (!failed() && (left !== null || !person.done()))
    checker.violated(`not at rest in time: ${left ?? 'orders are left'}`)
  if (!failed()) await checker.end(options.thorough === true || options.seed % 4 === 0)
  const lines: string[] = []
  const log = world.daemon?.log
  if ((options.keep || options.prefixes) && log != null)
    for await (const { line } of log.read()) lines.push(line)
  return {
    seed: options.seed,
    violation: checker.violation,
    records: checker.seq,
    crashes: world.crashes,
    virtualMs: scheduler.now,
    landed: checker.facts.get('BeadLanded') ?? 0,
    facts: checker.facts,
    hash: world.digest(log?.head.chain ?? ''),
    notes: world.notes,
    lines,
    story: world.story ?? [],
    faults: began,
    beads: world.beads.length,
    quiet: {
      records: checker.seq - quietFrom.records,
      effects: checker.begun - quietFrom.effects,
      processes: world.host.started - quietFrom.processes,
    },
    prefixes: world.live?.compare(lines) ?? null,
  }
}

/** Each run has some kinds of faults and not others, so that none hides what another would show. */
function faultsOf(random: Random): Faults {
  const on = (chance: number) => random.chance(chance)
  return {
    crashMs: on(0.8) ? random.between(20_000, 240_000) : 0,
    appendMs: on(0.5) ? random.between(20_000, 300_000) : 0,
    commitMs: on(0.7) ? random.pick([2, 20, 200]) : 0,
    clock: on(0.4),
    lateTimers: on(0.3),
    hostMs: on(0.3) ? random.between(100_000, 600_000) : 0,
    agents: on(0.7),
    red: on(0.6),
    effects: on(0.5),
    foreign: on(0.4),
    fullDisk: on(0.2),
    ruling: on(0.6),
    suspend: on(0.3),
    lookups: on(0.4),
    lateNews: on(0.3),
    frames: on(0.3),
    unreliable: on(0.15),
  }
}

export const NO_FAULTS: Faults = {
  crashMs: 0,
  appendMs: 0,
  commitMs: 0,
  clock: false,
  lateTimers: false,
  hostMs: 0,
  agents: false,
  red: false,
  effects: false,
  foreign: false,
  fullDisk: false,
  ruling: false,
  suspend: false,
  lookups: false,
  lateNews: false,
  frames: false,
  unreliable: false,
}

function planBeads(random: Random, rigs: readonly string[]): BeadPlan[] {
  const beads: BeadPlan[] = []
  const count = random.between(12, 18)
  for (let n = 1; n <= count; n += 1) {
    const rig = random.pick(rigs)
    const needs = beads.filter(() => random.chance(0.12)).map(({ id }) => id)
    // Few files, so that some change the same one.
    const files = [`file-${random.between(1, 16)}`]
    beads.push({ id: `${rig.slice(0, 2)}-${n}`, rig, needs, files })
  }
  return beads
}
