// A pull request: work that has passed, shown to a forge, its checks and its reviewers before it lands.

import { z } from 'zod'
import {
  address,
  beadId,
  count,
  effect,
  failure,
  gateResult,
  line,
  named,
  objectName,
  remote,
  rigName,
} from './define.ts'
import { takingBack } from './landing.ts'
import { MERGE_METHODS } from './landing-settings.ts'

const said = z.string().max(2_000)
/** ms that the forge asked to be left alone for. */
const waitMs = count.optional()

const check = z.strictObject({ name: line, state: z.enum(['passed', 'failed', 'waiting']), said })
const review = z.strictObject({ by: line, verdict: z.enum(['approved', 'changes']), said })

/** What a forge says of a pull request. */
export const pullState = z.strictObject({
  state: z.enum(['open', 'closed', 'merged']),
  draft: z.boolean(),
  head: z.string().max(64),
  mergeable: z.enum(['yes', 'blocked', 'conflict', 'behind', 'unknown']),
  checks: z.array(check).max(300),
  reviews: z.array(review).max(100),
})
export type PullStateData = z.infer<typeof pullState>

export const pullMessages = [
  /** From the Refinery: this commit has passed, and may be shown. Takes the place of the one before. */
  named('pull.propose', {
    mergeRequest: address,
    bead: beadId,
    remote,
    target: line,
    base: objectName,
    commit: objectName,
    /** Of the gates that it has passed, without their logs. */
    results: z.array(gateResult).max(60),
    checks: z.array(line).max(50),
    approvals: count,
    revert: takingBack.optional(),
  }),
  /** From the Refinery: nobody waits for it any more; it stays as it is at the forge. */
  named('pull.withdraw'),
  named('pull.landed', { commit: objectName }),
  named('pull.opened', { number: count, url: line }),
  named('pull.notOpened', { ...failure, waitMs }),
  named('pull.seen', { seen: pullState }),
  named('pull.notSeen', { ...failure, waitMs }),
] as const

/** Of a pull request, to its Refinery; and of the effect that merges one. */
export const pullAnswers = [
  named('pull.judged', {
    pull: address,
    commit: objectName,
    number: count,
    ok: z.boolean(),
    what: line,
    said,
  }),
  /** The forge said no when it was to be merged; nothing landed. */
  named('pull.notMerged', { mergeRequest: address, ...failure }),
] as const

const whose = { pull: address, mergeRequest: address, bead: beadId }

export const pullFacts = [
  named('PullOpened', { ...whose, number: count, url: line, commit: objectName }),
  named('PullNotOpened', { ...whose, ...failure }),
  /** What it waits for; said once for each reason. */
  named('PullWaits', { ...whose, number: count, ...failure }),
  /** Checks and reviewers are content, or not: then `what` names who is not. */
  named('PullJudged', { ...whose, number: count, commit: objectName, ok: z.boolean(), what: line, said }),
] as const

const at = { rig: rigName, mergeRequest: address, remote, target: line }

export const pullEffects = {
  'pull.open': effect({
    params: z.strictObject({
      ...at,
      bead: beadId,
      commit: objectName,
      base: objectName,
      /** Commits of ours that its branch may stand at. */
      replaces: z.array(objectName).max(20),
      results: z.array(gateResult).max(60),
      revert: takingBack.optional(),
    }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'pull.look': effect({
    params: z.strictObject({ ...at, number: count }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'pull.merge': effect({
    params: z.strictObject({
      ...at,
      bead: beadId,
      number: count,
      base: objectName,
      commit: objectName,
      head: objectName,
      method: z.enum(MERGE_METHODS),
      revert: takingBack.optional(),
    }),
    settle: 'probe',
    deadlineMs: 10 * 60_000,
  }),
}
