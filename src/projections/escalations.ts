// Escalations: what waits for a person. One that is closed is no row any more; the log has it.

import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type EscalationRow = {
  id: string
  bead: string | null
  agent: Address | null
  code: string
  reason: string
  /** Who asked for a person. */
  by: Address
  since: string
  seq: number
}

export type EscalationRows = Map<string, EscalationRow>

export const createEscalations = (): Projection<EscalationRows> =>
  projection({ name: 'escalations', version: 1, empty: (): EscalationRows => new Map(), handlers })

export type EscalationFilter = {
  readonly bead?: string | undefined
  readonly agent?: Address | undefined
  readonly code?: string | undefined
}

/** Oldest first. */
export const escalations = (rows: EscalationRows, filter: EscalationFilter = {}): EscalationRow[] =>
  [...rows.values()]
    .filter(
      ({ bead, agent, code }) =>
        (filter.bead === undefined || bead === filter.bead) &&
        (filter.agent === undefined || agent === filter.agent) &&
        (filter.code === undefined || code === filter.code),
    )
    .sort((left, right) => left.seq - right.seq || (left.id < right.id ? -1 : 1))

export const escalation = (rows: EscalationRows, id: string): EscalationRow | null => rows.get(id) ?? null

const handlers: Handlers<EscalationRows> = {
  EscalationRaised: (rows, { id, bead, agent, code, reason }, { at, by, seq }) => {
    rows.set(id, { id, bead, agent, code, reason, by, since: at, seq })
    return true
  },
  EscalationClosed: (rows, { id }) => rows.delete(id),
}
