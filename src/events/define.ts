// How a family of messages, facts and effects is written down: one zod schema each, found by its name.

import { z } from 'zod'

type Named<T extends string, S extends z.ZodRawShape> = z.ZodObject<
  { type: z.ZodLiteral<T> } & S,
  z.core.$strict
>

/** A message, fact or effect with its literal `type`. Unknown fields are refused at the edge. */
export function named<T extends string>(type: T): Named<T, Record<never, never>>
export function named<T extends string, S extends z.ZodRawShape>(type: T, shape: S): Named<T, S>
export function named(type: string, shape: z.ZodRawShape = {}) {
  return z.strictObject({ type: z.literal(type), ...shape })
}

/** An effect: what is asked for (`params`), how it is settled, and how long it may take. */
export type EffectSpec<P extends z.ZodType = z.ZodType> = {
  readonly params: P
  /**
   * What a restart does with one that was asked for and has no answer.
   * `probe`: looks whether it happened. `repeatable`: does it again, with the same result.
   * `once`: settles it as unknown and shows it.
   */
  readonly settle: 'probe' | 'repeatable' | 'once'
  /** ms; after it the effect is answered with `effect.failed`. */
  readonly deadlineMs: number
}

export const effect = <P extends z.ZodType>(spec: EffectSpec<P>): EffectSpec<P> => spec

export const text = z.string().max(100_000)
export const line = z.string().max(2_000)
export const address = z.string().min(1).max(200)
export const beadId = z.string().min(1).max(64)
export const rigName = z.string().min(1).max(64)
/** Full object name. */
export const objectName = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
export const count = z.number().int().nonnegative()
export const command = z.array(z.string().max(10_000)).min(1).max(200)
export const remote = z.strictObject({ kind: z.enum(['origin', 'local']), url: line })
export const failure = { code: z.string().max(64), message: z.string().max(10_000) }

/** A field that is not known is not there: results are kept in the context of a Refinery, which is JSON. */
export const gateResult = z.strictObject({
  name: line,
  command,
  exitCode: z.number().int().nullable(),
  durationMs: z.number().nonnegative(),
  logTail: z.string().max(20_000),
  /** `skipped`: nothing that changes concerns it. */
  outcome: z.enum(['passed', 'failed', 'timedOut', 'notStarted', 'skipped']),
  kind: line.exactOptional(),
  /** false: its red stops nothing. */
  required: z.boolean().exactOptional(),
  /** Of what the gate was then, as it was set: the same for the same gate. */
  version: line.exactOptional(),
  /** It did not run now: it passed on this very tree then, and took so long. */
  cached: z.strictObject({ at: line, durationMs: z.number().nonnegative() }).exactOptional(),
  /** From the JUnit reports that it wrote: how many, and those that were red by name. */
  tests: z
    .strictObject({ ran: count, red: z.array(line).max(100), skipped: count, complete: z.boolean() })
    .exactOptional(),
})
export type GateResultData = z.infer<typeof gateResult>

/** Whether a result keeps its work from landing: a required gate ran, or should have run, and did not pass. */
export const stops = ({ outcome, required }: Pick<GateResultData, 'outcome' | 'required'>): boolean =>
  outcome !== 'passed' && outcome !== 'skipped' && required !== false

/** Something has run, and nothing of it keeps its work from landing. */
export const allPassed = (results: readonly Pick<GateResultData, 'outcome' | 'required'>[]): boolean =>
  results.length > 0 && !results.some(stops)

/** What something waits for; null when for nothing. */
export const waitingFor = z.strictObject({
  kind: z.enum([
    'bead',
    'place',
    'gate',
    'recovery',
    'person',
    'target',
    'rig',
    'budget',
    'thaw',
    'massDeath',
    'disk',
    'quarantine',
  ]),
  id: line,
  since: z.string(),
})
export type WaitingFor = z.infer<typeof waitingFor>

/** Why an attempt begins. */
export const attemptReason = z.enum(['first', 'rework', 'gateFailed', 'recovered', 'handoff'])
export type AttemptReason = z.infer<typeof attemptReason>

/** What the attempt before left for the next one to know. */
export const previous = z.strictObject({
  gate: line.optional(),
  logTail: z.string().max(20_000).optional(),
  conflictFiles: z.array(line).max(200).optional(),
  note: z.string().max(10_000).optional(),
})
export type Previous = z.infer<typeof previous>
