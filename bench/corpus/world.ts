// The town that the corpus is the log of: real actors on a virtual clock, with everybody around them made by chance.
//
// Owns:      time, chance, who works at what, and the way into the system.
// Always:    one seed, one order of records; nothing here reads a real clock.

import { machineAt } from '../../src/actors/index.ts'
import type { Message } from '../../src/events/index.ts'
import type { AnyFact, LogRecord } from '../../src/events/record.ts'
import type { SessionEndingData } from '../../src/events/worker.ts'
import { openSystem } from '../../src/system/system.ts'
import type { Perform, System, TurnResult } from '../../src/system/types.ts'
import { createRandom, type Random } from '../../test/sim/random.ts'
import { Scheduler } from '../../test/sim/scheduler.ts'
import { createSink, type Sink } from './sink.ts'
import { createTexts, type Texts } from './text.ts'

/** A Monday morning. */
export const BEGIN = Date.UTC(2027, 0, 4, 8)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export type Said = { readonly to: string; readonly message: Message }

/** A program in its terminal. */
export type Process = {
  readonly session: string
  readonly agent: string
  readonly bead: string | null
  readonly rig: string | null
  readonly pid: number
  readonly resumes: boolean
  alive: boolean
}

export type Worktree = { readonly base: string; head: string; commits: number }

/** Told of each fact after its record is durable. */
export type Listener = (fact: AnyFact, record: LogRecord) => void

export class World {
  readonly random: Random
  readonly texts: Texts
  readonly scheduler: Scheduler
  readonly sink: Sink = createSink()
  readonly processes = new Map<string, Process>()
  /** By the address of the assignment or the crew member. */
  readonly worktrees = new Map<string, Worktree>()
  /** Where each rig's target stands. */
  readonly heads = new Map<string, string>()
  onRecord: ((record: LogRecord, system: System | null) => void) | null = null
  readonly #listeners = new Map<string, Listener[]>()
  #system: System | null = null
  #turns = 0
  #pids = 4_000

  constructor(seed: number) {
    this.random = createRandom(seed)
    this.texts = createTexts(this.random.fork('texts'))
    this.scheduler = new Scheduler(this.random.fork('order'))
  }

  async open(perform: (world: World) => Perform): Promise<void> {
    this.#system = await openSystem({
      log: this.sink.log,
      machines: machineAt,
      clock: { now: () => this.now, after: (ms, fire) => this.scheduler.after(ms, fire) },
      perform: perform(this),
      onRecord: (record) => {
        this.onRecord?.(record, this.#system)
        for (const fact of record.facts)
          for (const listener of this.#listeners.get(fact.type) ?? []) listener(fact, record)
      },
      onTrouble: (trouble) => {
        throw trouble
      },
    })
  }

  get system(): System {
    if (this.#system === null) throw new Error('The corpus has no town yet')
    return this.#system
  }

  /** ms since the epoch. */
  get now(): number {
    return BEGIN + this.scheduler.now
  }

  get at(): string {
    return new Date(this.now).toISOString()
  }

  on(fact: string, listener: Listener): void {
    this.#listeners.set(fact, [...(this.#listeners.get(fact) ?? []), listener])
  }

  /** One turn; what is refused leaves no record, and the world goes on. */
  say(by: string, ...messages: readonly Said[]): Promise<TurnResult> {
    this.#turns += 1
    return this.system.take({ id: `c-${this.#turns}`, by, messages })
  }

  /** Virtual ms go by. */
  rest(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(Math.round(ms), resolve))
  }

  valueOf(address: string): unknown {
    return this.system.owner(address)?.value
  }

  begin(process: Omit<Process, 'pid' | 'alive'>): Process {
    this.#pids += this.random.between(1, 40)
    const begun = { ...process, pid: this.#pids, alive: true }
    this.processes.set(process.session, begun)
    return begun
  }

  /** The program ends; the host says so. */
  exit(process: Process, ending: SessionEndingData): void {
    if (!process.alive) return
    process.alive = false
    this.processes.delete(process.session)
    void this.say('host', { to: process.session, message: { type: 'session.exited', ending } })
  }
}
