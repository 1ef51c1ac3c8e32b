// What the system itself says and asks, whoever the owner is.

import { z } from 'zod'
import { effect, failure, line, named } from './define.ts'
import { OWNER_MIGRATED } from './record.ts'

export const systemMessages = [
  /** An effect that could not be carried out and has no answer of its own for it. */
  named('effect.failed', { kind: line, ...failure, params: z.record(z.string(), z.json()) }),
  /** A turn this owner asked for (tell) was refused. */
  named('tell.refused', {
    to: line,
    ...failure,
    messages: z.array(z.strictObject({ to: line, message: z.looseObject({ type: line }) })),
  }),
  /** Nobody sends it: it stands in the record that brings an owner to a new version. `machine`: the one before. */
  named(OWNER_MIGRATED, { machine: line }),
] as const

export const systemEffects = {
  /** A turn over one or several owners, decided together. */
  tell: effect({
    params: z.strictObject({
      messages: z
        .array(z.strictObject({ to: line, message: z.looseObject({ type: line }) }))
        .min(1)
        .max(1_000),
    }),
    settle: 'repeatable',
    deadlineMs: 0,
  }),
  /** A named delay. `event` is what the owner receives. */
  timer: effect({
    params: z.strictObject({ event: line, delayMs: z.number().nonnegative(), dueAt: line }),
    settle: 'repeatable',
    deadlineMs: 0,
  }),
  /** Takes back the open timer of that event. */
  'timer.cancel': effect({ params: z.strictObject({ event: line }), settle: 'repeatable', deadlineMs: 0 }),
}
