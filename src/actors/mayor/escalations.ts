// What the Mayor has told a person of, until it is dealt with.

import { MAYOR } from '../../events/address.ts'
import type { Deciding, Event } from '../machine.ts'
import { escalationNotice } from '../notice.ts'
import { type Books, type MayorContext, openBooks } from './books.ts'

type To = Deciding<MayorContext>

export function raise(
  context: MayorContext,
  { bead, agent, code, reason, meta }: Event<'escalation.raise'>,
  to: To,
): void {
  const id = `e-${meta.seq}`
  openBooks(context, to).put(`escalation/${id}`, { bead, agent, code, reason })
  to.fact({ type: 'EscalationRaised', id, bead, agent, code, reason })
  to.effect('notice.send', escalationNotice({ id, bead, agent, code, reason }))
}

export function close(context: MayorContext, { id, note }: Event<'escalation.close'>, to: To): void {
  if (context[`escalation/${id}`] === undefined)
    return to.refuse('ESCALATION_NOT_FOUND', `There is no open escalation ${id}.`)
  openBooks(context, to).drop(`escalation/${id}`)
  to.fact({ type: 'EscalationClosed', id, note })
}

/** A person has acted on what they were told. */
export function settleEscalations(books: Books, bead: string, note: string, to: To): void {
  for (const key of books.keys('escalation/')) {
    if (books.get<{ bead: string | null }>(key)?.bead !== bead) continue
    books.drop(key)
    to.fact({ type: 'EscalationClosed', id: key.slice('escalation/'.length), note })
  }
}

/** What the person was told of, unless it is dealt with already. */
export function told(context: MayorContext, id: string) {
  const open = context[`escalation/${id}`] as { bead: string | null; agent: string | null } | undefined
  return open === undefined ? [] : [{ decision: id, agent: open.agent ?? MAYOR, bead: open.bead }]
}

export function notTold(
  context: MayorContext,
  id: string,
  failure: { code: string; message: string },
  to: To,
): void {
  const { code, message } = failure
  for (const about of told(context, id)) to.fact({ type: 'OperatorNotNotified', ...about, code, message })
}
