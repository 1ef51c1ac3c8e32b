// Mail: what the roles told each other, and what they told the person.
//
// Owns:      one short line for each message of the protocol; the last 5,000 are kept.
// Does not:  keep bodies: `seq` is the record whose message is the mail.

import { OVERSEER, workerOf } from '../events/address.ts'
import type { LogRecord } from '../events/index.ts'
import type { Address } from '../events/record.ts'
import { projection } from './store.ts'
import type { Projection } from './types.ts'

export type MailRow = {
  readonly seq: number
  readonly at: string
  readonly from: Address
  readonly to: Address
  /** The message's type, or an escalation's code; then what it is about. */
  readonly subject: string
  readonly bead: string | null
}

export type MailRows = { mail: MailRow[] }

const KEPT = 5_000
const SUBJECT_MAX = 300

/** Messages between roles that are mail. */
const PROTOCOL: ReadonlySet<string> = new Set([
  'POLECAT_DONE',
  'MERGE_READY',
  'MERGED',
  'MERGE_FAILED',
  'REWORK_REQUEST',
  'MERGE_REJECTED',
  'SESSION_DIED',
  'RECOVERY_NEEDED',
  'RECOVERED_BEAD',
  'WORK_STALLED',
  'WORK_GOES_ON',
  'WORK_GIVEN_BACK',
  'NUDGE_OVER',
])

export const createMail = (): Projection<MailRows> =>
  projection({
    name: 'mail',
    version: 2,
    empty: (): MailRows => ({ mail: [] }),
    handlers: {
      EscalationRaised: (rows, { code, reason, bead, agent }, record) =>
        put(rows, record, { from: agent ?? record.by, to: OVERSEER, subject: `${code}: ${reason}`, bead }),
    },
    messages: {
      types: PROTOCOL,
      fold: (rows, record) => {
        const { type, bead } = record.message
        const about = typeof bead === 'string' ? bead : null
        const subject = about === null ? type : `${type} ${about}`
        return put(rows, record, { from: record.by, to: record.actor, subject, bead: about })
      },
    },
  })

export type MailFilter = {
  /** Sent or received by. */
  readonly agent?: Address | undefined
  readonly to?: Address | undefined
  readonly from?: Address | undefined
  readonly bead?: string | undefined
  readonly since?: string | undefined
  /** The last ones. */
  readonly limit?: number | undefined
}

/** Oldest first. */
export function mail(rows: MailRows, filter: MailFilter = {}): MailRow[] {
  const { agent, to, from, bead, since, limit } = filter
  const found = rows.mail.filter(
    (one) =>
      (agent === undefined || one.to === agent || one.from === agent) &&
      (to === undefined || one.to === to) &&
      (from === undefined || one.from === from) &&
      (bead === undefined || one.bead === bead) &&
      (since === undefined || one.at >= since),
  )
  return limit === undefined ? found : found.slice(Math.max(0, found.length - limit))
}

function put(
  rows: MailRows,
  { seq, at }: LogRecord,
  said: Pick<MailRow, 'from' | 'to' | 'subject' | 'bead'>,
): boolean {
  rows.mail.push({
    seq,
    at,
    // An agent's sandbox and session speak for the agent.
    from: workerOf(said.from)?.agent ?? said.from,
    to: said.to,
    subject: said.subject.slice(0, SUBJECT_MAX),
    bead: said.bead,
  })
  if (rows.mail.length > KEPT) rows.mail.shift()
  return true
}
