// One life of the simulated daemon: the system on a log, what it hears from host, agents and the person.
//
// Owns:      opening, crashing, and telling the system which sessions ended while nobody listened.
// Always:    after a crash nothing of this life acts any more, and none of its answers is heard.

import { createMemoryLog, type EventLog, LogError } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { OVERSEER, sandboxOfSession, workerOf } from '../../src/events/address.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { SessionEnding } from '../../src/ports/terminals.ts'
import { openSystem } from '../../src/system/system.ts'
import {
  type System,
  SystemError,
  type SystemOptions,
  type Turn,
  type TurnResult,
} from '../../src/system/types.ts'
import { type Brakes, createBrakes } from '../../src/town/brakes.ts'
import { createSleepWatch, type SleepWatch } from '../../src/town/sleep-watch.ts'
import { carryOut } from './effects.ts'
import { replacing } from './replacing.ts'
import type { DoneAnswer, Status } from './talking.ts'
import type { World } from './world.ts'

/** So much later than asked a timer fires at most, where timers are late. */
export const LATE_MS_MAX = 60_000

/** Puts a defect between the system and its world, to see whether the simulation finds it. */
export type Plant = (options: SystemOptions, world: World) => SystemOptions

/** Codes after which nothing may be acknowledged before the log was opened again. */
const POISONED = new Set(['APPEND_UNKNOWN', 'LOG_POISONED'])
/** Codes after which the caller says the same once more. */
const REPEATED = new Set(['TURN_UNKNOWN', 'TOWN_BUSY', 'TOWN_CLOSING'])

export class Daemon {
  alive = true
  system: System | null = null
  log: EventLog | null = null
  readonly life: number
  readonly #world: World
  #brakes: Brakes | null = null
  #sleep: SleepWatch | null = null

  constructor(world: World, life: number) {
    this.#world = world
    this.life = life
  }

  /** False when the log cannot be opened now. */
  open(plant: Plant): boolean {
    const world = this.#world
    const { checker, disk, scheduler } = world
    let log: EventLog
    try {
      log = createMemoryLog({ disk, now: () => world.wall() })
    } catch (error) {
      if (error instanceof LogError && error.code === 'LOG_UNAVAILABLE') return false
      throw error
    }
    this.log = watched(log, checker)
    checker.opened(log.head.seq)
    // Now and then the fold begins at a checkpoint, as it may in a long log.
    const from = world.saved !== null && world.random.chance(0.5) ? JSON.parse(world.saved) : null
    const options: SystemOptions = {
      ...(from !== null && { from }),
      log: this.log,
      machines: machineAt,
      clock: {
        now: () => world.wall(),
        after: (ms, fire) => {
          const late =
            world.faults.lateTimers && world.random.chance(0.1) ? world.random.between(1, LATE_MS_MAX) : 0
          return scheduler.after(ms + late, () => this.alive && fire())
        },
      },
      perform: (effect) => {
        if (!this.alive) return new Promise(() => {})
        checker.performed(effect, this.life)
        return carryOut(world, this, effect)
      },
      onRecord: (record) => {
        if (!this.alive) return
        const isNew = record.seq > checker.seq
        checker.record(record)
        if (isNew) world.shown(record)
        world.live?.note(record, this.system)
        this.#brakes?.record(record)
        this.#sleep?.record(record)
      },
      onTrouble: (trouble) => {
        world.note(`trouble ${trouble.message}`)
        if (!(trouble instanceof LogError)) checker.violated(`trouble: ${trouble.stack}`)
      },
    }
    const opening = openSystem(plant(options, world))
    void opening.then(
      (system) => this.alive && this.#opened(system),
      (error: unknown) => this.alive && checker.violated(`the system did not open: ${String(error)}`),
    )
    return true
  }

  crash(tail: 'lost' | 'kept'): void {
    this.#world.note(`crash, tail ${tail}`)
    this.alive = false
    this.#brakes?.close()
    this.#world.disk.crash({ tail })
  }

  /** A turn of the person's, or of the host's. Null when nothing is known. */
  async take(turn: Turn): Promise<TurnResult | null> {
    if (this.system === null) return null
    try {
      const result = await this.system.take(turn, { settled: true })
      if (this.alive) this.#world.checker.accepted(turn, result)
      return result
    } catch (error) {
      if (error instanceof SystemError && REPEATED.has(error.code)) return null
      throw error
    }
  }

  /** `gt done` of an agent; the same order of looking as the API's. */
  async done(session: string, id: string, status: Status): Promise<DoneAnswer> {
    const { system, log } = this
    if (system === null || log === null) return { kind: 'unknown' }
    try {
      if ((await log.find(id)) !== undefined) return { kind: 'accepted' }
      const sandbox = sandboxOfSession(session)
      const path = String(system.owner(sandbox)?.context.path ?? '')
      const state = this.#world.repository(workerOf(session)?.rig ?? '').inspect(path)
      if (state === null) return { kind: 'refused', code: 'ASSIGNMENT_OVER' }
      const { head, dirty, commits } = state
      if (status === 'COMPLETED' && dirty.length > 0) return { kind: 'refused', code: 'WORKTREE_DIRTY' }
      const messages = [{ to: session, message: { type: 'session.done', status, head, commits, note: '' } }]
      if (status === 'COMPLETED')
        messages.push({ to: sandbox, message: { type: 'sandbox.done', session, head, commits } as never })
      else
        messages.push({
          to: sandbox,
          message: { type: 'sandbox.giveBack', session, status, note: '' } as never,
        })
      const result = await this.take({ id, by: session, messages })
      if (result === null) return { kind: 'unknown' }
      return result.accepted ? { kind: 'accepted' } : { kind: 'refused', code: result.refusal.code }
    } catch (error) {
      if (error instanceof LogError) return { kind: 'unknown' }
      throw error
    }
  }

  sessionEnded(session: string, ending: SessionEnding): void {
    if (!this.alive) return
    const message = { type: 'session.exited', ending: ending as never }
    const to = this.#world.forgetsGenerations ? this.#newest(session) : session
    this.#sayUntilTaken({ id: `exited ${session} ${to}`, by: 'host', messages: [{ to, message }] })
  }

  /** Another host is there: what the old one held is lost. */
  hostReplaced(): void {
    if (this.alive) this.#adopt()
  }

  #opened(system: System): void {
    this.system = system
    const world = this.#world
    this.#sleep = createSleepWatch({
      system,
      elapsed: () => world.scheduler.now,
      trouble: (code, message) => world.checker.violated(`${code}: ${message}`),
    })
    const downMs = world.downSince === null ? 0 : Math.max(0, world.scheduler.now - world.downSince)
    world.downSince = null
    const start: AnyMessage = { type: 'town.start', version: '1', downMs }
    if (system.owner('town') !== null)
      this.#sayUntilTaken({
        id: `start-${this.life}`,
        by: OVERSEER,
        messages: [{ to: 'town', message: start }],
      })
    this.#adopt()
    this.#brake(system)
  }

  /** The real brakes: what must rest when a person stops everybody is found out from the log alone. */
  #brake(system: System): void {
    const { checker, scheduler } = this.#world
    this.#brakes = createBrakes({
      system,
      projections: checker.projections,
      clock: {
        now: () => this.#world.wall(),
        after: (ms, fire) => scheduler.after(ms, () => this.alive && fire()),
      },
      checkpoint: () => Promise.resolve(),
      onTrouble: (code, message) => this.alive && checker.violated(`${code}: ${message}`),
    })
    void this.#brakes.begin()
  }

  /** Each session that the log has alive is found at the host, or has ended, or is lost; nobody is, when it cannot say. */
  #adopt(): void {
    const { system } = this
    if (system === null || !this.alive) return
    const { faults, random, scheduler } = this.#world
    if (faults.lookups && random.chance(0.5)) {
      this.#world.note('the host does not answer')
      if (this.#world.believesSilence)
        for (const [address, { value }] of system.living('session'))
          if (value === 'running') this.sessionEnded(address, { kind: 'lost', survivors: [] })
      scheduler.after(random.chance(0.5) ? 1_000 : random.between(10_000, 60_000), () => this.#adopt())
      return
    }
    for (const [address, state] of system.owners()) {
      if (!address.includes('/sessions/') || state.value === 'ended' || state.value === 'absent') continue
      const process = this.#world.host.known.get(address)
      if (process?.ending) this.sessionEnded(address, process.ending)
      else if (process === undefined && state.value !== 'starting')
        this.sessionEnded(address, { kind: 'lost', survivors: [] })
    }
  }

  /** The session that its agent has now. */
  #newest(session: string): string {
    const sandbox = this.system?.owner(workerOf(session)?.agent ?? '')?.context.sandbox
    return String(this.system?.owner(String(sandbox))?.context.session ?? session)
  }

  #sayUntilTaken(turn: Turn): void {
    void this.take(turn).then((result) => {
      const { random, scheduler } = this.#world
      if (result === null && this.alive)
        scheduler.after(random.between(50, 1_000), () => this.alive && this.#sayUntilTaken(turn))
    })
  }
}

/** Whether the log has failed, and was opened again since. */
function watched(log: EventLog, checker: { poisoned: boolean }): EventLog {
  const append: EventLog['append'] = async (...entries) => {
    try {
      return await log.append(...entries)
    } catch (error) {
      if (error instanceof LogError && POISONED.has(error.code)) checker.poisoned = true
      throw error
    }
  }
  const reopen: EventLog['reopen'] = async (...between) => {
    const head = await log.reopen(...between)
    checker.poisoned = false
    return head
  }
  return replacing(log, { append, reopen })
}
