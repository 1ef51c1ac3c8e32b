// Which trees are being tested ahead at this moment, in this process.
//
// Owns:      one run at a time for each target, the trees that it tests or is about to, and how it is ended.
// Does not:  build or test anything (ahead.ts), or know where (lanes.ts).

import type { GateSpec } from '../ports/repositories.ts'
import type { Layout } from './layout.ts'

type AheadRun = {
  readonly own: string
  readonly signal: AbortSignal
  /** By tree and gates: when nothing more comes of its test. */
  readonly tests: Map<string, Promise<unknown>>
  /** Ends it as a whole. */
  end(): void
  /** When it is over, however that came. */
  readonly over: Promise<void>
}

type Begun = AheadRun & { done(): void }

const runs = new Map<string, AheadRun>()

const keyOf = (layout: Layout, target: string): string => `${layout.own} ${target}`

/** Is the run of that target from now on; one that was there is ended, and over when this resolves. */
export async function beginRun(layout: Layout, target: string): Promise<Begun> {
  const abort = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const key = keyOf(layout, target)
  const before = runs.get(key)
  const run: Begun = {
    own: layout.own,
    signal: abort.signal,
    tests: new Map(),
    end: () => abort.abort(),
    over: promise,
    done() {
      if (runs.get(key) === run) runs.delete(key)
      resolve()
    },
  }
  runs.set(key, run)
  before?.end()
  await before?.over
  return run
}

/** Ends the run of that target, if there is one. */
export async function endRun(layout: Layout, target: string): Promise<void> {
  const run = runs.get(keyOf(layout, target))
  run?.end()
  await run?.over
}

export const testKey = (tree: string, gates: readonly GateSpec[]): string =>
  `${tree} ${JSON.stringify(gates)}`

/** Waits for a test ahead by these gates on that very tree: when it passes, nothing of it has to run again. */
export async function testedAhead(layout: Layout, tree: string, gates: readonly GateSpec[]): Promise<void> {
  const key = testKey(tree, gates)
  const same = [...runs.values()].flatMap(({ own, tests }) => (own === layout.own ? [tests.get(key)] : []))
  await Promise.allSettled(same)
}
