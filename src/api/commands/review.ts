// `gt review`: a reviewer says what it found.
//
//   Always:  said by its own session alone, and of what it was started for: neither can be named.

import { z } from 'zod'
import { keeperOf, lastPart, mergeRequestOfReview, sessionRole } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import { FINDINGS_MAX, finding } from '../../events/review.ts'
import { sessionOnly, workplaceOf } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { recordsOfId, take } from '../turn.ts'

const review = command({
  name: 'review',
  summary: 'A reviewer says whether the change that it was given may land, and what it found.',
  who: 'session',
  input: z.strictObject({
    verdict: z.enum(['pass', 'fail']),
    note: line.min(1),
    findings: z.array(finding).max(FINDINGS_MAX).default([]),
  }),
  async run({ town, caller: anybody, input: { verdict, note, findings }, id }) {
    const caller = sessionOnly(anybody)
    const { session } = caller
    if (sessionRole(session) !== 'reviewer')
      throw new Fault('FORBIDDEN', `${caller.agent} is no reviewer: nobody judges work but who was asked to.`)
    const to = keeperOf(session)
    const answer = { mergeRequest: lastPart(mergeRequestOfReview(to)), verdict, findings: findings.length }
    const before = await recordsOfId(town, caller, id)
    if (before.length > 0) return { ...answer, seq: before.at(-1)?.seq ?? 0 }
    workplaceOf(town, caller)
    const { runtime, model } = town.system.owner(session)?.context ?? {}
    const ran = { runtime: textOr(runtime), model: textOr(model) }
    const ok = verdict === 'pass'
    const { seq } = await take(town, caller, id, [
      { to, message: { type: 'review.verdict', session, ok, note, findings, ...ran } },
    ])
    return { ...answer, seq }
  },
})

export const reviewCommands = [review]

const textOr = (value: unknown): string | null => (typeof value === 'string' ? value : null)
