// Hooks: which agent has which bead, since when. An agent without a row has an empty hook.

import { rigOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type HookRow = {
  agent: Address
  rig: string | null
  bead: string
  sandbox: Address
  branch: string | null
  since: string
}

export type HookRows = Map<Address, HookRow>

export const createHooks = (): Projection<HookRows> =>
  projection({ name: 'hooks', version: 2, empty: (): HookRows => new Map(), handlers })

/** By agent. */
export const hooks = (rows: HookRows, filter: { readonly rig?: string | undefined } = {}): HookRow[] =>
  [...rows.values()]
    .filter(({ rig }) => filter.rig === undefined || rig === filter.rig)
    .sort((left, right) => (left.agent < right.agent ? -1 : 1))

export const hookOf = (rows: HookRows, agent: Address): HookRow | null => rows.get(agent) ?? null

export const hookWith = (rows: HookRows, bead: string): HookRow | null =>
  rows.values().find((row) => row.bead === bead) ?? null

const handlers: Handlers<HookRows> = {
  // The bead's, the worker's and the sandbox's records of one turn say the same; whichever comes first makes the row.
  BeadHooked: (rows, { agent, bead, sandbox }, { at }) => put(rows, agent, bead, sandbox, at),
  PolecatHooked: (rows, { agent, bead, sandbox }, { at }) => put(rows, agent, bead, sandbox, at),
  SandboxOpened: (rows, { agent, bead, sandbox, branch }, { at }) => {
    put(rows, agent, bead, sandbox, at)
    const row = rows.get(agent)
    if (row !== undefined) row.branch = branch
    return true
  },
  SandboxRestored: (rows, { agent, bead, sandbox, branch }, { at }) => {
    put(rows, agent, bead, sandbox, at)
    const row = rows.get(agent)
    if (row !== undefined) row.branch = branch
    return true
  },
  // The worker's own word: until then its worktree is still there, also when the bead has landed.
  PolecatReleased: (rows, { agent, bead }) => rows.get(agent)?.bead === bead && rows.delete(agent),
}

function put(rows: HookRows, agent: Address, bead: string, sandbox: Address, at: string): boolean {
  const row = rows.get(agent)
  if (row?.bead === bead && row.sandbox === sandbox) return false
  rows.set(agent, { agent, rig: rigOf(agent), bead, sandbox, branch: null, since: at })
  return true
}
