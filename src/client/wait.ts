// Waiting until beads have got as far as somebody wants them to.

import { type Connection, part } from './connection.ts'
import { ClientFault } from './fault.ts'

export const STAGES = ['started', 'submitted', 'landed', 'closed'] as const
export type Until = (typeof STAGES)[number]

export type Waited = {
  readonly id: string
  readonly status: string
  readonly stage: string
  readonly reason: string | null
  readonly closeReason: string | null
  readonly commit: string | null
  readonly reached: boolean
  readonly over: boolean
}

/** One request holds for at most this long, ms; a town that restarts is asked again. */
const HOLD_MS = 20_000

/**
 * Resolves when each bead got there, or cannot without a person.
 * @throws {ClientFault} TIMED_OUT.
 */
export async function waitFor(
  connection: Connection,
  beads: readonly string[],
  until: Until,
  timeoutMs: number,
): Promise<Waited[]> {
  const deadline = Date.now() + timeoutMs
  return Promise.all(beads.map((bead) => waitForOne(connection, bead, until, deadline)))
}

async function waitForOne(
  connection: Connection,
  bead: string,
  until: Until,
  deadline: number,
): Promise<Waited> {
  for (;;) {
    const waitMs = Math.max(0, Math.min(HOLD_MS, deadline - Date.now()))
    const found = await connection.get<Waited>(`/v1/beads/${part(bead)}`, { until, waitMs })
    if (found.over) return found
    if (Date.now() >= deadline)
      throw new ClientFault('TIMED_OUT', `${found.id} is ${wordFor(found)} and not ${until} yet.`, {
        details: { bead: found.id, status: found.status, stage: found.stage },
      })
  }
}

const wordFor = ({ status, stage }: Waited): string => (stage === 'none' ? status : stage)
