// What is known of an agent, and how agents are listed.

import type { Standing } from '../events/hearing.ts'
import type { Address } from '../events/record.ts'
import { HEALTH_STATES, type Health, type HealthState } from './agent-health.ts'

export type AgentRole = 'mayor' | 'deacon' | 'boot' | 'witness' | 'refinery' | 'polecat' | 'crew'

export type AgentState =
  | 'idle'
  | 'hooked'
  | 'working'
  | 'submitted'
  | 'recovering'
  | 'parked'
  | 'paused'
  | 'leaving'
  | 'building'
  | 'testing'
  | 'landing'
  | 'waiting'
  /** A crew member that a person removed; it is in no list. */
  | 'removed'

export type AgentRow = {
  address: Address
  role: AgentRole
  rig: string | null
  state: AgentState
  /** Bead it has, or for a Refinery the bead it works on. */
  hook: string | null
  session: Address | null
  /** Preset it was started with, else the program's name; null before the first start. */
  runtime: string | null
  pid: number | null
  /** Where its session stands, as recorded; null while it has none. */
  standing: Standing | null
  health: Health
}

export type AgentRows = {
  readonly byAddress: Map<Address, AgentRow>
  /** Bead -> preset asked for, until it is landed or withdrawn. */
  readonly presets: Map<string, string>
  /** Who is given no bead for a while -> why. */
  readonly quarantined: Map<Address, string>
}

export type AgentFilter = {
  readonly rig?: string | undefined
  readonly role?: AgentRole | undefined
  readonly health?: HealthState | undefined
}

/** The town's roles first, then rig by rig: roles, then polecats. */
export const agents = (rows: AgentRows, filter: AgentFilter = {}): AgentRow[] =>
  [...rows.byAddress.values()]
    .filter(
      ({ rig, role, health, state }) =>
        state !== 'removed' &&
        (filter.rig === undefined || rig === filter.rig) &&
        (filter.role === undefined || role === filter.role) &&
        (filter.health === undefined || health.state === filter.health),
    )
    .sort(
      (left, right) =>
        compare(left.rig ?? '', right.rig ?? '') ||
        ROLES.indexOf(left.role) - ROLES.indexOf(right.role) ||
        compare(left.address, right.address),
    )

export const agent = (rows: AgentRows, address: Address): AgentRow | null =>
  rows.byAddress.get(address) ?? null

/** Polecats by health. */
export function agentCounts(rows: AgentRows, rig?: string): Record<HealthState, number> {
  const counts = Object.fromEntries(HEALTH_STATES.map((state) => [state, 0])) as Record<HealthState, number>
  for (const row of agents(rows, { rig, role: 'polecat' })) counts[row.health.state] += 1
  return counts
}

const ROLES: readonly AgentRole[] = ['mayor', 'deacon', 'boot', 'witness', 'refinery', 'polecat', 'crew']

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
