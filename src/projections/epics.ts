// What beads have to do with integration branches: which one the work of a bead goes to, and what is below an epic.

import { EPIC_DEPTH_MAX } from '../events/integration-settings.ts'
import { bead as beadRow } from './bead-queries.ts'
import type { BeadRow, BeadRows } from './bead-rows.ts'
import type { Projections } from './index.ts'
import { type IntegrationRow, inLineFor, integration } from './integrations.ts'

/** The branch of the nearest epic above a bead that has one; null: its work goes to the rig's own target. */
export function branchAbove(
  { beads, integrations }: Pick<Projections, 'beads' | 'integrations'>,
  rig: string,
  bead: string,
): IntegrationRow | null {
  let epic = beadRow(beads.rows, bead)?.parent ?? null
  for (let depth = 0; epic !== null && depth < EPIC_DEPTH_MAX; depth += 1) {
    const row = integration(integrations.rows, rig, epic)
    if (row !== null && row.state !== 'landed') return row
    epic = beadRow(beads.rows, epic)?.parent ?? null
  }
  return null
}

/** Where work goes that is for the branch of `epic`: to the rig's own target where that is none, or has landed. */
export function targetOfWork(
  { rigs, integrations }: Pick<Projections, 'rigs' | 'integrations'>,
  rig: string,
  epic: unknown,
): string {
  const row = typeof epic === 'string' ? integration(integrations.rows, rig, epic) : null
  const isOpen = row !== null && row.state !== 'landed'
  return isOpen ? row.branch : (rigs.rows.get(rig)?.target.branch ?? 'main')
}

/** All below an epic, as deep as work finds its branch. */
export function beadsBelow(rows: BeadRows, epic: string): BeadRow[] {
  const found = new Map<string, BeadRow>()
  let level = new Set([epic])
  for (let depth = 0; level.size > 0 && depth < EPIC_DEPTH_MAX; depth += 1) {
    const next = new Set<string>()
    for (const row of rows.byId.values()) {
      if (row.parent === null || !level.has(row.parent) || row.id === epic || found.has(row.id)) continue
      found.set(row.id, row)
      next.add(row.id)
    }
    level = next
  }
  return [...found.values()]
}

const NAMED_MAX = 20

/** What keeps an integration branch from landing, in sentences; none when it may. */
export function reasonsAgainst(
  { beads, mergeQueue }: Pick<Projections, 'beads' | 'mergeQueue'>,
  branch: Pick<IntegrationRow, 'rig' | 'epic' | 'branch'>,
): string[] {
  const below = beadsBelow(beads.rows, branch.epic)
  const open = below.filter(({ status }) => status !== 'closed')
  const more = open.length - NAMED_MAX
  return [
    ...(below.length === 0 ? [`${branch.epic} has no bead below it.`] : []),
    ...open.slice(0, NAMED_MAX).map(({ id, status }) => `${id} is not closed (${status}).`),
    ...(more > 0 ? [`${more} more are not closed.`] : []),
    ...inLineFor(mergeQueue.rows, branch)
      .slice(0, NAMED_MAX)
      .map(({ id, bead, state }) => `${id} of ${bead} stands in line (${state}).`),
  ]
}
