// Virtual time: what is due happens in order, and time jumps only when nothing is left to do now.
//
// Owns:      the queue of what will happen, and how far time has come (ms since the simulation began).
// Does not:  use a real timer. Between two events every promise that can settle does.
// Always:    one seed, one order; things due at the same moment are ordered by chance, but each time the same.

import type { Random } from './random.ts'

type Task = { readonly at: number; readonly order: number; readonly run: () => void; off: boolean }

/** All that can happen without time passing has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export class Scheduler {
  now = 0
  steps = 0
  readonly #random: Random
  readonly #heap: Task[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** Runs `run` once after `ms`; the returned function calls it off. */
  after(ms: number, run: () => void): () => void {
    const task: Task = { at: this.now + Math.max(0, ms), order: this.#random.next(), run, off: false }
    this.#push(task)
    return () => {
      task.off = true
    }
  }

  /** Lets events happen until `done` says so, none is left, or time reaches `until`. */
  async run({
    until,
    done,
    afterEach,
  }: {
    until: number
    done: () => boolean
    afterEach: () => Promise<void> | undefined
  }): Promise<void> {
    await settled()
    await afterEach()
    while (!done()) {
      const task = this.#pop()
      if (task === undefined) return
      if (task.off) continue
      if (task.at > until) {
        this.#push(task)
        this.now = until
        return
      }
      this.now = Math.max(this.now, task.at)
      this.steps += 1
      task.run()
      await settled()
      const checked = afterEach()
      if (checked !== undefined) await checked
    }
  }

  #push(task: Task): void {
    const heap = this.#heap
    let at = heap.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(task, heap[parent] as Task)) break
      heap[at] = heap[parent] as Task
      at = parent
    }
    heap[at] = task
  }

  #pop(): Task | undefined {
    const heap = this.#heap
    const [top] = heap
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Task, heap[child] as Task)) child += 1
      if (!before(heap[child] as Task, last)) break
      heap[at] = heap[child] as Task
      at = child
    }
    heap[at] = last
    return top
  }
}

const before = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
