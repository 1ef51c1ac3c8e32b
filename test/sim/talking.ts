// What an agent says to its town: hooks, in order and until they are taken, and `gt done` under one id until it is answered.

import type { Heard } from '../../src/events/hearing.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { Process } from './host.ts'
import type { World } from './world.ts'

export type Status = 'COMPLETED' | 'ESCALATED' | 'DEFERRED'
export type DoneAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string }
  /** Nothing is known; the same id is said again. */
  | { readonly kind: 'unknown' }

/** The hooks of one session. What cannot be told now is kept, as a hook keeps it in a file. */
export class Hooks {
  readonly #world: World
  readonly #process: Process
  readonly #waiting: AnyMessage[] = []
  #said = 0
  #busy = false

  constructor(world: World, process: Process) {
    this.#world = world
    this.#process = process
  }

  hear(heard: Heard): void {
    this.say({ type: 'session.heard', heard, activity: null } as never)
  }

  say(message: AnyMessage): void {
    if (!this.#process.alive) return
    this.#waiting.push(message)
    if (!this.#busy) this.#next()
  }

  #next(): void {
    const { scheduler, random } = this.#world
    const [message] = this.#waiting
    this.#busy = message !== undefined
    if (message === undefined) return
    const { session } = this.#process
    const turn = { id: `${session} hook-${this.#said}`, by: session, messages: [{ to: session, message }] }
    const again = (): void => {
      scheduler.after(random.between(50, 1_000), () => this.#next())
    }
    const { daemon } = this.#world
    if (daemon === null) return again()
    let over = false
    const once = (then: () => void) => () => {
      if (over) return
      over = true
      then()
    }
    const taken = once(() => {
      this.#waiting.shift()
      this.#said += 1
      this.#next()
    })
    const lost = once(again)
    void daemon.take(turn).then((result) => (result === null || !daemon.alive ? lost() : taken()))
    // A frame that comes twice says nothing new.
    if (this.#world.faults.frames && random.chance(0.2))
      scheduler.after(random.between(0, 3_000), () => void this.#world.daemon?.take(turn))
    const watch = () => {
      if (over) return
      if (daemon.alive) scheduler.after(500, watch)
      else lost()
    }
    scheduler.after(500, watch)
  }
}

/** Repeats one id until somebody answers; a process that is dead says nothing. */
export function sayUntilAnswered(
  world: World,
  process: Process,
  call: { readonly id: string; readonly status: Status },
  then: (answer: DoneAnswer) => void,
): void {
  const { random, scheduler } = world
  let over = false
  const again = () => scheduler.after(random.between(100, 4_000), attempt)
  const attempt = () => {
    if (over || !process.alive) return
    const daemon = world.daemon
    if (daemon === null) return again()
    let heard = false
    void daemon.done(process.session, call.id, call.status).then((answer) => {
      scheduler.after(random.between(0, 5), () => {
        if (over || !process.alive || !daemon.alive) return
        heard = true
        if (answer.kind === 'unknown') return again()
        over = true
        world.checker.answered(call.id, answer.kind)
        then(answer)
      })
    })
    // No answer within the client's patience: the same id once more, the first call may still be under way.
    scheduler.after(random.between(2_000, 10_000), () => {
      if (!heard) attempt()
    })
  }
  scheduler.after(random.between(1, 50), attempt)
}
