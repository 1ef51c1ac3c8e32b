// Builds the stacks that come next and runs their gates, while the one below them is tested.
//
// Owns:      which of the requests fit one upon the other, and which stack is tested when.
// Does not:  decide anything: passes in the cache are all that is left of it.
//
//   GIT-62. Once nobody waits for it, it ends as a whole: what it runs is gone before anything else runs there.
//   GIT-91. The stack after one that was built is built upon it, as long as stacks are full, and tested beside it where
//           a checkout is free. Above one that has not passed nothing is tested.

import { allPassed } from '../events/define.ts'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { beginRun, endRun, testKey } from './ahead-runs.ts'
import { runGatesAhead } from './gates.ts'
import { asGuest } from './lanes.ts'
import { besideTree, type Layout } from './layout.ts'
import { buildMerge } from './merges.ts'
import { checkObjectId } from './names.ts'
import { importTogether } from './objects.ts'
import { refId } from './refs.ts'
import { trackingRef } from './remotes.ts'

type Input = Parameters<Repositories['runAhead']>[0]
type Result = Awaited<ReturnType<Repositories['runAhead']>>
type Stack = { readonly commit: string; readonly tree: string; readonly built: readonly string[] }
type Tested = Stack & { readonly outcome: 'passed' | 'red'; readonly durationMs: number }

/** Stacks that are tested at a time; one more is built meanwhile. */
const TESTED_MAX = 2

/** @throws RepositoryError AHEAD_ENDED, and what building and gates say */
export async function runAhead(layout: Layout, input: Input): Promise<Result> {
  const run = await beginRun(layout, input.target)
  // Of what stands upon a red one nothing is wanted.
  const isRed = new AbortController()
  const signal = AbortSignal.any([run.signal, isRed.signal])
  const tests: Promise<Tested | null>[] = []
  const open = new Set<Promise<unknown>>()
  try {
    let [onto, requests] = [input.onto, input.requests]
    for (let left = input.stacks ?? 1; left > 0 && requests.length > 0 && !signal.aborted; left -= 1) {
      const stack = await buildStack(layout, { ...input, onto, requests }, signal)
      if (stack === null || (tests.length > 0 && stack.built.length < input.batch)) break
      const test = testStack(layout, input, stack, signal).then((tested) => {
        if (tested?.outcome !== 'passed') isRed.abort()
        return tested
      })
      tests.push(test)
      // Who waits for the test of that very tree goes on when this is settled.
      run.tests.set(testKey(stack.tree, input.gates), test)
      const settled: Promise<unknown> = test.catch(() => isRed.abort()).finally(() => open.delete(settled))
      open.add(settled)
      if (stack.built.length < input.batch) break
      onto = stack.commit
      requests = requests.filter(({ id }) => !stack.built.includes(id))
      while (open.size > TESTED_MAX) await Promise.race(open)
    }
    const tested = await Promise.all(tests)
    stopIfEnded(run.signal)
    return resultOf(tested)
  } catch (error) {
    isRed.abort()
    throw error
  } finally {
    await Promise.allSettled(open)
    run.done()
  }
}

/** The lowest that is red, or the highest; and those below it. */
function resultOf(all: readonly (Tested | null)[]): Result {
  const below: Omit<Tested, 'outcome'>[] = []
  let last: Tested | null = null
  for (const one of all) {
    if (one === null || last?.outcome === 'red') break
    if (last !== null) below.push(withoutOutcome(last))
    last = one
  }
  if (last === null) return { outcome: 'conflicted', commit: null, tree: null, built: [] }
  const { outcome, commit, tree, built } = last
  return { outcome, commit, tree, built, ...(below.length > 0 && { below }) }
}

const withoutOutcome = ({ outcome: _passed, ...stack }: Tested): Omit<Tested, 'outcome'> => stack

/** Ends what runs ahead for that target, if anything does. */
export const endAhead = (layout: Layout, target: string): Promise<void> => endRun(layout, target)

/** In a second checkout, or in the first while no real run wants it; null when it was not wanted any more. */
async function testStack(
  layout: Layout,
  { gates, rig, setup, env, onto: base, parallel, toolchain }: Input,
  stack: Stack,
  signal: AbortSignal,
): Promise<Tested | null> {
  const asked = { rig, setup, gates, env, base, parallel, toolchain, commit: stack.commit }
  const beside = besideTree(layout, 'ahead')
  // Targets of a rig share the checkouts.
  return await asGuest([beside.tree, layout.tree], signal, async (tree, leaving) => {
    const begun = Date.now()
    const { results } = await runGatesAhead(tree === beside.tree ? beside : layout, asked, leaving)
    if (leaving.aborted) return null
    const outcome = allPassed(results) ? 'passed' : 'red'
    return { ...stack, outcome, durationMs: Math.max(0, Date.now() - begun) }
  })
}

/** The same that a Refinery does: who does not fit is left out. Null where nobody does. */
async function buildStack(
  layout: Layout,
  { requests, batch, onto, ...at }: Input,
  signal: AbortSignal,
): Promise<Stack | null> {
  const { rig, remote, target, committer, date } = at
  await importFirst(layout, target, requests.slice(0, batch))
  const built: string[] = []
  let commit = onto
  let tree: string | null = null
  for (const { id, ...request } of requests) {
    if (signal.aborted) return null
    if (built.length >= batch) break
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
  return tree === null ? null : { built, commit, tree }
}

/** Commits that will be asked for one by one. */
async function importFirst(layout: Layout, target: string, requests: Input['requests']): Promise<void> {
  const known = await refId(layout.own, trackingRef(target))
  const heads = requests.flatMap(({ head, revert }) => (revert === undefined ? [checkObjectId(head)] : []))
  if (heads.length > 0) await importTogether(layout, heads, known === null ? [] : [known])
}

function stopIfEnded(signal: AbortSignal): void {
  if (signal.aborted)
    throw new RepositoryError('AHEAD_ENDED', 'What was tested ahead is not wanted any more.')
}
