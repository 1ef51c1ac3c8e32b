// Rows as users see them. Rows change in place, so each is copied before it leaves.

import type { LogRecord } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import type { AgentRow } from '../projections/agent-rows.ts'
import type { BeadRow } from '../projections/beads.ts'
import type { DispatchRow } from '../projections/dispatch.ts'
import type { MergeRow } from '../projections/merge-queue.ts'
import type { RigRow } from '../projections/rigs.ts'
import type { TownHandle } from './town.ts'

export const beadShape = (row: BeadRow) => ({
  id: row.id,
  title: row.title,
  type: row.type,
  status: row.status,
  stage: row.stage,
  stageSince: row.stageSince,
  waitingFor: row.waitingFor === null ? null : { ...row.waitingFor },
  priority: row.priority,
  rig: row.rig,
  assignee: row.assignee,
  labels: [...row.labels],
  needs: [...row.needs],
  openNeeds: [...row.openNeeds],
  parent: row.parent,
  createdAt: row.createdAt,
  createdBy: row.createdBy,
  orderedBy: row.orderedBy,
  updatedAt: row.updatedAt,
  closedAt: row.closedAt,
  closeReason: row.closeReason,
  reason: row.reason,
  commit: row.commit,
  mergeRequest: row.mergeRequest,
  session: row.session,
  attempt: row.attempt,
})

/** A bead with its long texts, which stay in the log. */
export async function wholeBead(town: TownHandle, row: BeadRow, dependents: readonly string[]) {
  const shape = beadShape(row)
  const comments: { seq: number; at: string; by: string; text: string }[] = []
  const { descriptionSeq } = row
  for (const seq of [...row.commentSeqs]) {
    const record = await recordAt(town, seq)
    const text = record?.facts.find((fact) => fact.type === 'BeadCommented' && fact.bead === shape.id)?.text
    if (record !== null && typeof text === 'string')
      comments.push({ seq, at: record.at, by: record.by, text })
  }
  return { ...shape, description: await description(town, shape.id, descriptionSeq), comments, dependents }
}

/** The whole description of a bead, from the record that set it. */
export async function description(
  town: Pick<TownHandle, 'log'>,
  bead: string,
  seq: number | null,
): Promise<string> {
  const record = seq === null ? null : await recordAt(town, seq)
  const fact = record?.facts.find(({ type, bead: id, description: text }) => {
    return (type === 'BeadCreated' || type === 'BeadUpdated') && id === bead && typeof text === 'string'
  })
  return String(fact?.description ?? '')
}

export async function recordAt(town: Pick<TownHandle, 'log'>, seq: number): Promise<LogRecord | null> {
  const stored = await town.log.get(seq)
  return stored === undefined ? null : recordOf(stored.line)
}

export const agentShape = (row: AgentRow) => structuredClone(row)

/** An agent as of now: where it stands comes from memory, which the log follows by at most 30 s. */
export function agentNow(town: Pick<TownHandle, 'hearing'>, row: AgentRow) {
  const live = row.session === null ? null : (town.hearing?.live(row.session) ?? null)
  return live === null ? agentShape(row) : { ...agentShape(row), standing: { ...live } }
}

export const rigShape = (row: RigRow) => structuredClone(row)

export const mergeShape = (row: MergeRow) => structuredClone(row)

export const queuedShape = (row: DispatchRow) => structuredClone(row)
