// Nudges: one line that is typed for somebody, and its receipt.

import { z } from 'zod'
import { address, count, effect, failure, line, named } from './define.ts'

/** `idle`: waits until the agent is idle. `queue`: typed while it works, taken up after its turn. `immediate`: interrupts. */
export const nudgeMode = z.enum(['idle', 'queue', 'immediate'])
export type NudgeMode = z.infer<typeof nudgeMode>

/**
 * Where the line is. `untyped`: not a byte of it was written. `unseen`: it was written, or may have been, and its program
 * has not shown that it read it. `composer`: it stands there. `queued`: the program holds it for after its turn.
 * `gone`: its program has read it, and shows it no more.
 */
export const nudgeLineAt = z.enum(['untyped', 'unseen', 'composer', 'queued', 'gone'])
export type NudgeLineAt = z.infer<typeof nudgeLineAt>

export const nudgeMessages = [
  /** To `nudges/<id>`. `line` is what is typed: it names the nudge. `text` is what is meant, read by id. */
  named('nudge.send', {
    to: address,
    session: address,
    text: z.string().min(1).max(60_000),
    line,
    mode: nudgeMode,
    /** How long it may wait for its turn before it fails, ms. */
    waitMs: count,
    /** Who is told whether it was taken (NUDGE_OVER), and what it is about. */
    report: z.strictObject({ to: address, about: address }).optional(),
  }),
  /** From the session: the composer is yours. */
  named('nudge.go', {}),
  /** Answers to nudge.write and nudge.enter. */
  named('nudge.written', {}),
  /** No Enter now, for the composer is not free: a dialog, a line of a person, a stopped process. Tried again. */
  named('nudge.held', { reason: line, lineAt: nudgeLineAt }),
  named('nudge.notWritten', failure),
  /** From the session, by a hook, a transcript or the agent's own call. */
  named('nudge.accepted', { via: z.enum(['hook', 'transcript', 'call']) }),
  named('nudge.turnEnded', { how: z.enum(['ended', 'failed', 'interrupted']) }),
  /** From the session: it ends, or it refuses the line. */
  named('nudge.fail', failure),
  /** From who sent it. */
  named('nudge.withdraw', {}),
] as const

const whose = { nudge: line, to: address, session: address }

export const nudgeFacts = [
  named('NudgeQueued', { ...whose, text: z.string().max(60_000), line, mode: nudgeMode }),
  named('NudgeWriting', { ...whose, attempt: count }),
  named('NudgeHeld', { ...whose, reason: line }),
  named('NudgeWritten', { ...whose, enters: count }),
  named('NudgeAccepted', { ...whose, via: line }),
  named('NudgeTurnEnded', { ...whose, how: line }),
  /** Typed, and nobody has said yet that it was taken; a late receipt still counts. */
  named('NudgeUnconfirmed', { ...whose, ...failure }),
  named('NudgeFailed', { ...whose, ...failure }),
  named('NudgeWithdrawn', whose),
] as const

/** To a session, which gives its composer to one nudge at a time. */
export const composerMessages = [
  named('session.deliver', { nudge: line, mode: nudgeMode }),
  /** From the nudge: it is accepted, has failed or was withdrawn; the composer is free. */
  named('session.delivered', { nudge: line }),
] as const

export const nudgeEffects = {
  /**
   * Looks first: a line that stands in the composer already gets its Enter and nothing else. `unseen`: it was written
   * before, and is not written again before the screen has proved that it is gone.
   */
  'nudge.write': effect({
    params: z.strictObject({ nudge: line, session: address, line, mode: nudgeMode, unseen: z.boolean() }),
    settle: 'probe',
    deadlineMs: 30_000,
  }),
  /** The Enter alone, and only while the line stands in the composer. */
  'nudge.enter': effect({
    params: z.strictObject({ nudge: line, session: address, line }),
    settle: 'probe',
    deadlineMs: 30_000,
  }),
}
