// A review: work that has passed its gates, looked at by an agent of its own before it lands.

import { z } from 'zod'
import { pauseReason } from './budget.ts'
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
  rigName,
} from './define.ts'
import { sessionEnding } from './worker.ts'

/** Findings that a verdict may have. */
export const FINDINGS_MAX = 30
/** Characters of what a reviewer is asked to look for. */
export const INSTRUCTIONS_MAX = 4_000

export const reviewSpec = z.strictObject({
  /** Null: the default of the rig. */
  preset: line.nullable(),
  timeoutMs: count,
  instructions: z.string().max(INSTRUCTIONS_MAX),
})
export type ReviewSpec = z.infer<typeof reviewSpec>

/** `line` null: of the whole file. */
export const finding = z.strictObject({
  path: z.string().min(1).max(500),
  line: z.number().int().positive().nullable(),
  text: z.string().min(1).max(1_000),
})
export type Finding = z.infer<typeof finding>

/** What is to be looked at. */
const asked = {
  mergeRequest: address,
  /** Who waits for the verdict. */
  refinery: address,
  gate: line,
  bead: beadId,
  target: line,
  base: objectName,
  commit: objectName,
  tree: objectName,
  /** false: its no stops nothing. */
  required: z.boolean(),
  review: reviewSpec,
  /** Of the gates that it has passed, without their logs. */
  results: z.array(gateResult).max(60),
}
export const reviewAsk = z.strictObject(asked)
export type ReviewAsk = z.infer<typeof reviewAsk>

const verdict = { ok: z.boolean(), note: line, findings: z.array(finding).max(FINDINGS_MAX) }

/** What its session runs as, as far as it is known. */
const ran = { runtime: line.nullable(), model: line.nullable() }

export const reviewMessages = [
  /** From the Refinery, to `<rig>/reviews/<id>`. Takes the place of what was asked before. */
  named('review.ask', asked),
  /** From the Refinery: nobody waits for it any more. */
  named('review.withdraw'),
  /** From the Refinery: its request has landed. */
  named('review.close'),
  named('review.ready', { path: line }),
  named('review.notReady', failure),
  named('review.removed'),
  named('review.notRemoved', failure),
  /** From the reviewer's own session. */
  named('review.verdict', { session: address, ...verdict, ...ran }),
  /** From a session. */
  named('review.sessionEnded', { session: address, ending: sessionEnding }),
  /** It rests for this reason: its session is ended within `graceMs`, and another one begins later. */
  named('review.pause', { reason: pauseReason, graceMs: count.optional() }),
  named('review.resume', { reason: pauseReason }),
] as const

/** To the Refinery. `by`: the session, or the person who decided instead. */
export const reviewAnswers = [
  named('review.judged', {
    review: address,
    gate: line,
    commit: objectName,
    ok: z.boolean(),
    said: z.string().max(20_000),
    by: address,
  }),
] as const

const whose = {
  review: address,
  mergeRequest: address,
  bead: beadId,
  gate: line,
  /** Null: the default of the rig. */
  preset: line.nullable(),
  commit: objectName,
  tree: objectName,
}

export const reviewFacts = [
  /** `attempt`: which try at this commit. */
  named('ReviewBegan', { ...whose, session: address, attempt: count }),
  /** `session` null: a person decided. */
  named('ReviewGiven', { ...whose, session: address.nullable(), by: address, ...verdict, ...ran }),
  /** It ended without a verdict. `last`: it is not tried again. */
  named('ReviewMissed', {
    ...whose,
    session: address.nullable(),
    attempt: count,
    last: z.boolean(),
    ...failure,
  }),
] as const

const at = { rig: rigName, review: address }

export const reviewEffects = {
  /** A checkout of exactly that commit, which stands on `base`, without a branch. */
  'review.checkout': effect({
    params: z.strictObject({ ...at, base: objectName, commit: objectName }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'review.remove': effect({
    params: z.strictObject(at),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
}
