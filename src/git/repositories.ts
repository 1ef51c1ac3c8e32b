// The port, on real git: which operation is done by which file, and which wait for each other.
//
// Owns:      the order of operations on one rig.
// Does not:  speak to the town (worker.ts does).
//
//   Gates of a rig run one after another, as they share a checkout. Landings of a rig run one after another. Making,
//   looking at, keeping and removing one worktree wait for each other, and for nothing else.

import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Repositories } from '../ports/repositories.ts'
import { endAhead, runAhead } from './ahead.ts'
import { auditTarget } from './audit.ts'
import { blameLine } from './blame.ts'
import { branchTree, createBranch, lookAtBranch, removeBranch } from './branches.ts'
import { bringBack, showKept } from './bring-back.ts'
import { showChange } from './changes.ts'
import { checkpoint } from './checkpoints.ts'
import { finishWorktree } from './forks.ts'
import { runGates } from './gates.ts'
import { sweepIndexes } from './index-files.ts'
import { pushTarget } from './landings.ts'
import { type Layout, layoutOf, worktreeOf } from './layout.ts'
import { buildMerge } from './merges.ts'
import { reapKept } from './reaping.ts'
import { freshTarget } from './remotes.ts'
import { removeWorktree, shelveWorktree } from './removal.ts'
import { learn } from './rerere.ts'
import { addReviewTree, removeReviewTree } from './review-trees.ts'
import { cloneRig, inspectRig } from './rigs.ts'
import { removeStaleLocks } from './stale-locks.ts'
import { removeHalfPacks, tidy } from './tidying.ts'
import { keyedTurns, remembered, sharedRuns } from './turns.ts'
import { inspectWorktree } from './worktree-state.ts'
import { addWorktree } from './worktrees.ts'

/** Git work of one town, in this process. */
export function createRepositories(townDir: string): Repositories {
  const inTurn = keyedTurns()
  const sweeps = remembered<void>(1_000)

  /** The rig's places; what a killed process left there is cleared once. */
  const openRig = async (rig: string) => {
    const layout = layoutOf(townDir, rig)
    await sweeps(layout.root, async () => {
      await removeStaleLocks(layout.own)
      await removeHalfPacks(layout)
      const ids = await readdir(layout.notes).catch((): string[] => [])
      await Promise.all([layout.own, ...ids.map((id) => join(layout.notes, id))].map(sweepIndexes))
      // Deleting may take seconds and nobody needs it done; the folder itself stays, a removal may be using it.
      const old = await readdir(layout.trash).catch((): string[] => [])
      for (const name of old)
        void rm(join(layout.trash, name), { recursive: true, force: true }).catch(() => undefined)
    })
    return layout
  }
  const onWorktree = async <T>(
    input: { rig: string; path: string },
    run: (layout: ReturnType<typeof layoutOf>) => Promise<T>,
  ) => {
    const layout = await openRig(input.rig)
    return await inTurn(`worktree ${worktreeOf(layout, input.path).path}`, () => run(layout))
  }
  const onRig = async <T>(
    what: string,
    rig: string,
    run: (layout: ReturnType<typeof layoutOf>) => Promise<T>,
  ) => {
    const layout = await openRig(rig)
    return await inTurn(`${what} ${dirname(layout.own)}`, () => run(layout))
  }

  const tidying = sharedRuns<void>()
  /** Work has come to its end there: what it left is packed when there is much of it, and nobody waits for that. */
  const removeAndTidy = async (layout: Layout, input: Parameters<Repositories['removeWorktree']>[0]) => {
    const removed = await removeWorktree(layout, input)
    void tidying(layout.own, async () => {
      await tidy(layout).catch((error) => console.error(`${new Date().toISOString()} not packed: ${error}`))
    })
    return removed
  }

  return {
    inspectRig,
    cloneRig: (input) => onRig('clone', input.rig, (layout) => cloneRig(layout, input.remote, input.target)),
    targetHead: async (input) => ({
      head: await freshTarget(await openRig(input.rig), input.remote, input.target),
    }),
    addWorktree: (input) => onWorktree(input, (layout) => addWorktree(layout, input)),
    finishWorktree: (input) => onWorktree(input, (layout) => finishWorktree(layout, input)),
    inspectWorktree: (input) => onWorktree(input, (layout) => inspectWorktree(layout, input)),
    checkpoint: (input) => onWorktree(input, (layout) => checkpoint(layout, input)),
    shelveWorktree: (input) => onWorktree(input, (layout) => shelveWorktree(layout, input)),
    showKept: async (input) => await showKept(await openRig(input.rig), input),
    blameLine: async (input) => await blameLine(await openRig(input.rig), input),
    auditTarget: async (input) => await auditTarget(await openRig(input.rig), input),
    showChange: async (input) => await showChange(await openRig(input.rig), input),
    reapKept: (input) => onRig('bring back', input.rig, (layout) => reapKept(layout, input)),
    bringBack: (input) => onRig('bring back', input.rig, (layout) => bringBack(layout, townDir, input)),
    buildMerge: async (input) => await buildMerge(await openRig(input.rig), input),
    runGates: ({ checkout, ...input }) =>
      checkout === undefined
        ? onRig('gates', input.rig, (layout) => runGates(layout, input))
        : onRig(`gates ${checkout}`, input.rig, (layout) => runGates(branchTree(layout, checkout), input)),
    // Not in turn: one that begins ends the one before.
    runAhead: async (input) => await runAhead(await openRig(input.rig), input),
    endAhead: async ({ rig, target }) => {
      await endAhead(await openRig(rig), target)
      return { ended: true }
    },
    pushTarget: (input) => onRig('landing', input.rig, (layout) => pushAndLearn(layout, input)),
    createBranch: (input) => onRig('landing', input.rig, (layout) => createBranch(layout, input)),
    lookAtBranch: async (input) => await lookAtBranch(await openRig(input.rig), input),
    removeBranch: (input) => onRig('landing', input.rig, (layout) => removeBranch(layout, input)),
    removeWorktree: (input) => onWorktree(input, (layout) => removeAndTidy(layout, input)),
    addReviewTree: (input) => onWorktree(input, (layout) => addReviewTree(layout, input)),
    removeReviewTree: (input) => onWorktree(input, (layout) => removeReviewTree(layout, input)),
  }
}

/** Nobody waits for what is learned of it. */
async function pushAndLearn(layout: Layout, input: Parameters<Repositories['pushTarget']>[0]) {
  const outcome = await pushTarget(layout, input)
  const heads = input.parts?.map(({ head }) => head) ?? [input.head]
  if (outcome.kind === 'landed') void learn(layout, heads).catch(() => undefined)
  return outcome
}
