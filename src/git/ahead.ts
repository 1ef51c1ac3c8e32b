// Builds the next stack and runs its gates while the one below it is tested.
//
// Owns:      which of the requests fit one upon the other, and the second checkout.
// Does not:  decide anything: a pass in the cache is all that is left of it.
//
//   GIT-62. Once nobody waits for it, it ends as a whole: what it runs is gone before anything else runs there.

import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { beginRun, endRun, gatesKey } from './ahead-runs.ts'
import { runGatesAhead } from './gates.ts'
import { besideTree, type Layout } from './layout.ts'
import { buildMerge } from './merges.ts'
import { keyedTurns } from './turns.ts'

type Input = Parameters<Repositories['runAhead']>[0]
type Result = Awaited<ReturnType<Repositories['runAhead']>>

const inTurn = keyedTurns()

/** @throws RepositoryError AHEAD_ENDED, and what building and gates say */
export async function runAhead(layout: Layout, input: Input): Promise<Result> {
  const beside = besideTree(layout, 'ahead')
  const run = await beginRun(beside, input.target)
  try {
    const { built, commit, tree } = await buildStack(layout, input, run.signal)
    if (tree === null) return { outcome: 'conflicted', commit: null, tree: null, built: [] }
    const { gates, rig, setup, env, onto: base, parallel, toolchain } = input
    run.tests = { tree, gates: gatesKey(gates) }
    const asked = { rig, setup, gates, env, base, parallel, toolchain, commit }
    // Targets of a rig share the checkout.
    const { results } = await inTurn(beside.tree, async () => {
      stopIfEnded(run.signal)
      return await runGatesAhead(beside, asked, run.signal)
    })
    stopIfEnded(run.signal)
    const isGreen =
      results.length > 0 &&
      results.every(
        ({ outcome, required }) => outcome === 'passed' || outcome === 'skipped' || required === false,
      )
    return { outcome: isGreen ? 'passed' : 'red', commit, tree, built }
  } finally {
    run.done()
  }
}

/** Ends what runs ahead for that target, if anything does. */
export const endAhead = (layout: Layout, target: string): Promise<void> =>
  endRun(besideTree(layout, 'ahead'), target)

/** The same that a Refinery does: who does not fit is left out. */
async function buildStack(layout: Layout, { requests, batch, onto, ...at }: Input, signal: AbortSignal) {
  const built: string[] = []
  let commit = onto
  let tree: string | null = null
  for (const { id, ...request } of requests) {
    stopIfEnded(signal)
    if (built.length >= batch) break
    const { rig, remote, target, committer, date } = at
    const outcome = await buildMerge(layout, {
      rig,
      remote,
      target,
      committer,
      date,
      ...request,
      onto: commit,
    })
    if (outcome.kind !== 'built') continue
    built.push(id)
    commit = outcome.commit
    tree = outcome.tree
  }
  return { built, commit, tree }
}

function stopIfEnded(signal: AbortSignal): void {
  if (signal.aborted)
    throw new RepositoryError('AHEAD_ENDED', 'What was tested ahead is not wanted any more.')
}
