// The next stacks, built and tested while the one below them is: what is asked, what came of it, and whether it was of use.

import { z } from 'zod'
import { address, beadId, count, effect, failure, line, named, objectName, rigName } from './define.ts'
import { gateSpec, resolve, setupSpec, takingBack } from './landing.ts'
import { MERGE_METHODS } from './landing-settings.ts'

/** Requests that are named to be built at a time. */
export const AHEAD_MAX = 100

const asked = {
  target: line,
  /** Highest commit of the stack that is tested; it need not land. */
  onto: objectName,
  /** Time of the commits. The Refinery names the same one when it builds them, so that they are the same. */
  date: line,
  /** As they stand in line. What does not fit onto those before it is left out. */
  requests: z
    .array(
      z.strictObject({
        mergeRequest: address,
        bead: beadId,
        agent: address,
        branch: line,
        head: objectName,
        /** As `merge.build` is told of it. */
        method: z.enum(MERGE_METHODS).optional(),
        revert: takingBack.optional(),
        resolve: resolve.optional(),
      }),
    )
    .min(1)
    .max(AHEAD_MAX),
  /** So many of them at most in a stack. */
  batch: count,
  /** Stacks, each upon the one before; one when left out. */
  stacks: count.exactOptional(),
  gates: z.array(gateSpec).max(50),
  setup: setupSpec.nullable(),
}

/** `conflicted`: none of them fits. */
const OUTCOMES = ['passed', 'red', 'conflicted'] as const

/** What was built; null when nothing was. */
const built = {
  commit: objectName.nullable(),
  tree: objectName.nullable(),
  mergeRequests: z.array(address).max(AHEAD_MAX),
}

export const aheadMessages = [
  /** From the Refinery. */
  named('ahead.begin', asked),
  /** From the Refinery: what it stands on does not land, or other requests come next. */
  named('ahead.drop', { reason: line }),
  /**
   * From the Refinery: the stack above has passed on this tree. `cached`: no gate had to run for it. `next`: the one
   * that is built upon it is waited for.
   */
  named('ahead.over', {
    tree: objectName,
    cached: z.boolean(),
    stack: z.strictObject({ commit: objectName, mergeRequests: z.array(address).max(50) }).exactOptional(),
    next: z.literal(true).exactOptional(),
  }),
  named('ahead.ran', {
    ...built,
    outcome: z.enum(OUTCOMES),
    /** Those below it, the lowest first; all of them have passed. */
    below: z
      .array(
        z.strictObject({
          commit: objectName,
          tree: objectName,
          mergeRequests: z.array(address).max(50),
          durationMs: count,
        }),
      )
      .max(AHEAD_MAX)
      .exactOptional(),
  }),
  named('ahead.notRun', failure),
] as const

const stack = { rig: rigName, target: line, onto: objectName }

export const aheadFacts = [
  /** One run is over. `failed`: nobody knows. Of one that was cancelled: what was asked for, and why it is not any more. */
  named('StackTestedAhead', {
    ...stack,
    ...built,
    durationMs: count,
    outcome: z.enum([...OUTCOMES, 'cancelled', 'failed']),
    reason: line,
  }),
  /** It landed without another run of the gates. */
  named('StackAheadUsed', {
    ...stack,
    commit: objectName,
    tree: objectName,
    mergeRequests: z.array(address).max(AHEAD_MAX),
  }),
] as const

export const aheadEffects = {
  /** Builds and tests them; all that is left of it are passes in the cache. Given up when nobody waits for it any more. */
  'stack.ahead': effect({
    params: z.strictObject({ rig: rigName, ...asked }),
    settle: 'repeatable',
    deadlineMs: 6 * 60 * 60_000,
  }),
}
