// A system on a memory disk with tiny machines, a clock that stands still, and effects that wait to be answered.

import { createMemoryDisk, createMemoryLog, type EventLog, type MemoryDisk } from '../../eventlog/index.ts'
import type { AnyMessage, LogRecord } from '../../src/events/record.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { openSystem } from '../../src/system/system.ts'
import type { OpenEffect, System, SystemOptions, TurnResult } from '../../src/system/types.ts'
import { settled } from '../sim/scheduler.ts'
import { tinyMachines, type to } from './tiny.ts'

export class ManualClock implements Clock {
  wall = Date.UTC(2027, 2, 1, 8)
  #passed = 0
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>()

  now(): number {
    return this.wall
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#passed + ms, fire }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get armed(): number {
    return this.#timers.size
  }

  /** Lets time pass; what comes due happens, each with all that follows at once. */
  async pass(ms: number): Promise<void> {
    this.wall += ms
    this.#passed += ms
    for (const timer of [...this.#timers].toSorted((a, b) => a.at - b.at)) {
      if (timer.at > this.#passed || !this.#timers.delete(timer)) continue
      timer.fire()
      await settled()
    }
    await settled()
  }
}

export type Performed = OpenEffect & {
  answer(message: AnyMessage): Promise<void>
  fail(error: Error): Promise<void>
}

export class Loop {
  readonly disk: MemoryDisk
  readonly clock: ManualClock
  readonly records: LogRecord[] = []
  readonly performed: Performed[] = []
  readonly troubles: Error[] = []
  readonly log: EventLog
  system!: System
  #turns: number

  constructor(disk: MemoryDisk, clock: ManualClock) {
    this.disk = disk
    this.clock = clock
    this.log = createMemoryLog({ disk })
    // Ids go on after a restart.
    this.#turns = 1_000 * disk.durable
  }

  /** Takes one turn of the overseer's; ids count up when none is given. */
  say(...messages: ReturnType<typeof to>[]): Promise<TurnResult> {
    this.#turns += 1
    return this.sayAs(`turn-${this.#turns}`, ...messages)
  }

  sayAs(id: string, ...messages: ReturnType<typeof to>[]): Promise<TurnResult> {
    return this.system.take({ id, by: 'overseer', messages })
  }

  /** Value and context of an owner. */
  state(address: string): readonly [unknown, unknown] | null {
    const state = this.system.owner(address)
    return state === null ? null : [state.value, state.context]
  }

  /** The daemon dies; a new one opens what the disk has kept. */
  crash(options: { readonly tail?: 'lost' | 'kept' } & Partial<SystemOptions> = {}): Promise<Loop> {
    const { tail = 'lost', ...others } = options
    this.disk.crash({ tail })
    return openLoop({ ...others, disk: this.disk, clock: this.clock })
  }
}

export async function openLoop(
  options: { readonly disk?: MemoryDisk; readonly clock?: ManualClock } & Partial<SystemOptions> = {},
): Promise<Loop> {
  const { disk = createMemoryDisk(), clock = new ManualClock(), ...others } = options
  const loop = new Loop(disk, clock)
  loop.system = await openSystem({
    log: loop.log,
    machines: tinyMachines,
    clock,
    perform: (effect) =>
      new Promise((resolve, reject) => {
        loop.performed.push({
          ...effect,
          answer: (message) => {
            resolve({ message, by: 'world' })
            return settled()
          },
          fail: (error) => {
            reject(error)
            return settled()
          },
        })
      }),
    onRecord: (record) => loop.records.push(record),
    onTrouble: (trouble) => loop.troubles.push(trouble),
    ...others,
  })
  await settled()
  return loop
}

/** How a promise stands after all that can happen at once has happened. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<T | 'waits' | Error> {
  let outcome: T | 'waits' | Error = 'waits'
  promise.then(
    (value) => {
      outcome = value
    },
    (error: unknown) => {
      outcome = error instanceof Error ? error : new Error(String(error))
    },
  )
  await settled()
  return outcome
}

export { settled }
