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
}

export class Host {
  /** What the host still knows, ended ones included. */
  readonly known = new Map<string, Process>()
  readonly #world: World
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
    const process: Process = { session, worktree, pid: this.#pids, alive: true, ending: null }
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
    scheduler.after(random.between(1, 40), () => this.#world.daemon?.sessionEnded(process.session, ending))
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

  get running(): Process[] {
    return [...this.known.values()].filter(({ ending }) => ending === null)
  }
}
