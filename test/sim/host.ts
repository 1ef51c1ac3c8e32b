// A model of the terminal host: sessions that outlive the daemon, exit by themselves, are killed, or are lost with it.

import type { SessionEnding } from '../../src/ports/terminals.ts'
import type { World } from './world.ts'

/** One program in its terminal. `alive` may outlast `ending` when nobody saw it end. */
export type Process = {
  readonly session: string
  readonly worktree: string
  readonly pid: number
  alive: boolean
  ending: SessionEnding | null
  /** A line was typed into its composer; null: nobody reads it. */
  prompted: ((nudge: string) => void) | null
  /** Nudges that were typed. */
  readonly typed: Set<string>
}

export class Host {
  /** What the host still knows, ended ones included. */
  readonly known = new Map<string, Process>()
  readonly #world: World
  started = 0
  #pids = 1_000

  constructor(world: World) {
    this.#world = world
  }

  /** Safe to call twice. Null when the program cannot be started. */
  start(session: string, worktree: string, program: (process: Process) => void): Process {
    const before = this.known.get(session)
    if (before !== undefined) return before
    for (const other of this.known.values()) {
      if (other.ending === null && other.worktree === worktree)
        this.#world.checker.violated(`${session} starts in ${worktree} where ${other.session} still runs`)
    }
    this.#pids += 1
    this.started += 1
    const process: Process = {
      session,
      worktree,
      pid: this.#pids,
      alive: true,
      ending: null,
      prompted: null,
      typed: new Set(),
    }
    this.known.set(session, process)
    this.#world.note(`process ${session} begins`)
    program(process)
    return process
  }

  /** The program ended, however. */
  ended(process: Process, ending: SessionEnding): void {
    process.alive = false
    if (process.ending !== null) return
    process.ending = ending
    this.#world.note(`process ${process.session} ${ending.kind}`)
    const { random, scheduler } = this.#world
    const tell = () => this.#world.daemon?.sessionEnded(process.session, ending)
    const { lateNews } = this.#world.faults
    scheduler.after(
      lateNews && random.chance(0.3) ? random.between(1_000, 60_000) : random.between(1, 40),
      tell,
    )
    if (lateNews && random.chance(0.3)) scheduler.after(random.between(1, 120_000), tell)
  }

  /** Ends it within the grace; answers when nothing of it is left. */
  stop(session: string, graceMs: number, stopped: (ending: SessionEnding) => void): void {
    const { random, scheduler } = this.#world
    const process = this.known.get(session)
    if (process === undefined || process.ending !== null) {
      return stopped(process?.ending ?? { kind: 'lost', survivors: [] })
    }
    const stubborn = random.chance(0.2)
    scheduler.after(stubborn ? graceMs : random.between(5, 300), () => {
      this.ended(process, { kind: 'killed', signal: stubborn ? 'SIGKILL' : 'SIGTERM' })
      stopped(process.ending ?? { kind: 'lost', survivors: [] })
    })
  }

  /** The host dies, and nearly always its programs with it. One that has only just been asked for dies in any case. */
  lose(survives: (process: Process) => boolean): void {
    this.#world.note('host lost')
    for (const process of this.known.values()) {
      if (process.ending === null && !survives(process)) process.alive = false
    }
    this.known.clear()
    const { random, scheduler } = this.#world
    scheduler.after(random.between(20, 500), () => this.#world.daemon?.hostReplaced())
  }

  /** Types a line; what it does with it is its own business. False when nobody is there. */
  type(session: string, nudge: string): boolean {
    const process = this.known.get(session)
    if (process === undefined || process.ending !== null || !process.alive) return false
    if (!process.typed.has(nudge)) {
      process.typed.add(nudge)
      process.prompted?.(nudge)
    }
    return true
  }

  get running(): Process[] {
    return [...this.known.values()].filter(({ ending }) => ending === null)
  }
}
