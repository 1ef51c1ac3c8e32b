// Agents: every role and polecat, what it does now, and how it is.
//
// Owns:      one row per identity; identities stay for ever.
// Does not:  say what a process did on its own (facts only: no heartbeat, no guess).
// Always:    `hook` is what hooks.ts says; `session` and `pid` are those of the last session that has not ended.

import {
  BOOT,
  DEACON,
  MAYOR,
  refinery,
  refineryOf,
  rigOf,
  saidBy,
  sessionRole,
  witness,
  workerOf,
} from '../events/address.ts'
import type { Standing } from '../events/hearing.ts'
import type { Address } from '../events/record.ts'
import { SET_ASIDE } from './merge-queue.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

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

/** `done`: its part is done and with the Refinery. `waiting`: for a person, or for what a person must set right. */
export type HealthState = 'idle' | 'working' | 'done' | 'recovering' | 'waiting'

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
  health: { state: HealthState; since: string; reason: string | null }
}

export type AgentRows = {
  readonly byAddress: Map<Address, AgentRow>
  /** Bead -> preset asked for, until it is landed or withdrawn. */
  readonly presets: Map<string, string>
}

export const createAgents = (): Projection<AgentRows> =>
  projection({
    name: 'agents',
    version: 4,
    empty: (): AgentRows => ({ byAddress: new Map(), presets: new Map() }),
    handlers,
  })

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
  const counts = { idle: 0, working: 0, done: 0, recovering: 0, waiting: 0 }
  for (const row of agents(rows, { rig, role: 'polecat' })) counts[row.health.state] += 1
  return counts
}

const ROLES: readonly AgentRole[] = ['mayor', 'deacon', 'boot', 'witness', 'refinery', 'polecat', 'crew']

const roles: Handlers<AgentRows> = {
  TownInstalled: (rows, _fact, { at }) => {
    add(rows, MAYOR, 'mayor', at)
    add(rows, DEACON, 'deacon', at)
    add(rows, BOOT, 'boot', at)
    return true
  },
  RigAdded: (rows, { rig }, { at }) => {
    add(rows, witness(rig), 'witness', at)
    add(rows, refinery(rig), 'refinery', at)
    return true
  },
  IntegrationCreated: (rows, { rig, epic }, { at }) => add(rows, refinery(rig, epic), 'refinery', at),
  MergeBuilding: (rows, { mergeRequest, bead }, { at }) => refines(rows, mergeRequest, bead, 'building', at),
  MergeTesting: (rows, { mergeRequest, bead }, { at }) => refines(rows, mergeRequest, bead, 'testing', at),
  MergeLanding: (rows, { mergeRequest, bead }, { at }) => refines(rows, mergeRequest, bead, 'landing', at),
  MergeRequeued: (rows, { mergeRequest }, { at }) => rests(rows, refineryOf(mergeRequest), at),
  // It goes on with another one; what keeps all of them is said by LandingWaits.
  MergeWaiting: (rows, { mergeRequest, code }, { at }) =>
    SET_ASIDE.has(code) && rests(rows, refineryOf(mergeRequest), at),
  MergeConflicted: (rows, { mergeRequest }, { at }) => rests(rows, refineryOf(mergeRequest), at),
  MergeFailed: (rows, { mergeRequest }, { at }) => rests(rows, refineryOf(mergeRequest), at),
  MergeLanded: (rows, { mergeRequest }, { at }) => rests(rows, refineryOf(mergeRequest), at),
  LandingWaits: (rows, { rig, bead, message }, { at, actor }) =>
    edit(rows, saidBy(actor, rig), (row) => {
      row.hook = bead
      be(row, 'waiting', 'waiting', message, at)
    }),
  // What it does then it says next, unless it goes on with the landing itself.
  LandingResumed: (rows, { rig }, { at, actor }) =>
    edit(rows, saidBy(actor, rig), (row) => be(row, 'landing', 'working', null, at)),
}

const polecats: Handlers<AgentRows> = {
  PolecatNamed: (rows, { agent }, { at }) => add(rows, agent, 'polecat', at),
  DispatchQueued: ({ presets }, { bead, preset }) => {
    if (preset === null) return presets.delete(bead)
    presets.set(bead, preset)
    return true
  },
  DispatchWithdrawn: ({ presets }, { bead }) => presets.delete(bead),
  BeadHooked: (rows, { agent, bead }, { at }) => hooked(rows, agent, bead, at),
  PolecatHooked: (rows, { agent, bead }, { at }) => hooked(rows, agent, bead, at),
  BeadLanded: (rows, { agent, bead }, { at }) =>
    edit(rows, agent, (row) => {
      if (row.hook === bead) be(row, 'leaving', 'done', 'landed; its worktree is taken away', at)
    }),
  PolecatReleased: (rows, { agent, bead }, { at }) => freed(rows, agent, bead, at),
}

const crews: Handlers<AgentRows> = {
  CrewAdded: (rows, { agent }, { at }) => {
    add(rows, agent, 'crew', at)
    return edit(rows, agent, (row) => be(row, 'idle', 'idle', 'its worktree is made', at))
  },
  CrewReady: (rows, { agent }, { at }) => edit(rows, agent, (row) => be(row, 'idle', 'idle', null, at)),
  CrewNotAdded: (rows, { agent, message }, { at }) =>
    edit(rows, agent, (row) => be(row, 'idle', 'waiting', `it has no worktree: ${message}`, at)),
  CrewRemoved: (rows, { agent }, { at }) =>
    edit(rows, agent, (row) => be(row, 'removed', 'idle', 'a person removed it', at)),
  CrewPaused: (rows, { agent, reason }, { at }) =>
    edit(rows, agent, (row) => be(row, 'paused', 'idle', RESTS_WHILE[reason], at)),
}

const assignments: Handlers<AgentRows> = {
  WorktreeFailed: (rows, { sandbox, message }, { at }) =>
    worker(rows, sandbox, 'parked', 'waiting', message, at),
  AttemptBegun: (rows, { sandbox, attempt }, { at }) =>
    worker(rows, sandbox, 'working', 'working', attempt > 1 ? `attempt ${attempt}` : null, at),
  WorkSubmitted: (rows, { sandbox }, { at }) => worker(rows, sandbox, 'submitted', 'done', WITH_REFINERY, at),
  WorkHandedOff: (rows, { sandbox }, { at }) =>
    worker(rows, sandbox, 'hooked', 'working', 'a fresh session takes over', at),
  RecoveryAsked: (rows, { sandbox, reason }, { at }) =>
    worker(rows, sandbox, 'recovering', 'recovering', reason, at),
  RecoveryScheduled: (rows, { sandbox, waitMs }, { at }) =>
    worker(
      rows,
      sandbox,
      'recovering',
      'recovering',
      waitMs === 0 ? 'begins again at once' : `begins again after ${Math.ceil(waitMs / 1000)} s`,
      at,
    ),
  SandboxPaused: (rows, { sandbox, reason = 'town' }, { at }) =>
    worker(rows, sandbox, 'paused', 'idle', RESTS_WHILE[reason], at),
  SandboxParked: (rows, { sandbox, reason }, { at }) =>
    worker(rows, sandbox, 'parked', 'waiting', reason, at),
}

const sessions: Handlers<AgentRows> = {
  SessionOpened: (rows, { agent, session }) =>
    edit(rows, agent, (row) => {
      row.session = session
      row.pid = null
      row.standing = null
    }),
  AgentStands: (rows, { agent, session, standing }, { at }) =>
    edit(rows, agent, (row) => {
      if (row.session === session) stands(row, standing, at)
    }),
  SessionStarted: (rows, { agent, session, bead, pid, command }, { at }) =>
    edit(rows, agent, (row) => {
      row.session = session
      row.pid = pid
      row.runtime =
        (bead === null ? undefined : rows.presets.get(bead)) ?? command[0]?.split('/').at(-1) ?? null
      if (row.state !== 'submitted')
        be(row, 'working', 'working', row.health.state === 'working' ? row.health.reason : null, at)
    }),
  SessionFailed: (rows, { agent, session, message }, { at }) =>
    edit(rows, agent, (row) => {
      if (row.session !== session) return
      row.session = null
      row.pid = null
      row.standing = null
      if (row.hook !== null) be(row, 'recovering', 'recovering', message, at)
      else if (isDirected(row)) be(row, 'idle', 'idle', `it could not be started: ${message}`, at)
    }),
  SessionEnded: (rows, { agent, session, ending, done }, { at, from }) =>
    edit(rows, agent, (row) => {
      if (row.session !== session) return
      row.session = null
      row.pid = null
      row.standing = null
      if (isDirected(row)) {
        // A pause has said why already.
        if (row.state === 'working')
          be(row, 'idle', 'idle', from === 'stopping' ? null : endedAs(ending.kind), at)
      } else if (!done && row.state === 'working')
        be(row, 'recovering', 'recovering', endedAs(ending.kind), at)
    }),
  AgentDone: (rows, { agent, status, note }, { at }) =>
    edit(rows, agent, (row) => {
      if (row.hook === null) return
      if (status === 'COMPLETED') be(row, 'submitted', 'done', WITH_REFINERY, at)
      else if (status === 'ESCALATED') be(row, 'parked', 'waiting', note === '' ? null : note, at)
    }),
}

const handlers: Handlers<AgentRows> = {
  ...roles,
  ...polecats,
  ...crews,
  ...assignments,
  ...sessions,
}

/** A person says what it does: nothing begins again by itself. */
const isDirected = ({ address }: AgentRow): boolean => {
  const role = sessionRole(address)
  return role === 'crew' || role === 'mayor'
}

const endedAs = (kind: string): string => `its process ended: ${kind}`

const RESTS_WHILE = {
  town: 'the town is down',
  estop: 'everybody is stopped',
  budget: 'its budget is used up',
  parked: 'its rig is parked',
  person: 'a person stopped it',
} as const
const WITH_REFINERY = 'its work is with the Refinery'

function add(rows: AgentRows, address: Address, role: AgentRole, at: string): boolean {
  if (rows.byAddress.has(address)) return false
  rows.byAddress.set(address, {
    address,
    role,
    rig: rigOf(address),
    state: 'idle',
    hook: null,
    session: null,
    runtime: null,
    pid: null,
    standing: null,
    health: { state: 'idle', since: at, reason: null },
  })
  return true
}

/** What only a person, or time, can move on; the rest of what it does is work. */
const HELD: { readonly [S in Standing['state']]?: string } = {
  waitingForPermission: 'asks for a permission',
  waitingForPerson: 'waits for a person',
  limited: 'its provider limits it',
  stuck: 'it is stuck',
}

/** Idle with work on its hook: nobody goes on with it by itself, unless something still runs for it. */
const restsUndone = ({ state, reason }: Standing): boolean =>
  state === 'idle' && (reason === '' || reason === 'interrupted')

function stands(row: AgentRow, standing: Standing, at: string): void {
  row.standing = { ...standing }
  if (row.state !== 'working') return
  const held =
    HELD[standing.state] ?? (restsUndone(standing) ? 'its turn is over and nothing is handed in' : null)
  const reason = standing.reason === '' ? held : standing.reason
  if (held !== null) be(row, 'working', 'waiting', reason ?? null, at)
  else if (row.health.state === 'waiting') be(row, 'working', 'working', null, at)
}

function edit(rows: AgentRows, address: Address, change: (row: AgentRow) => void): boolean {
  const row = rows.byAddress.get(address)
  if (row === undefined) return false
  change(row)
  return true
}

/** `since` is when the health became what it is; a new reason alone does not move it. */
function be(row: AgentRow, state: AgentState, health: HealthState, reason: string | null, at: string): void {
  row.state = state
  const since = row.health.state === health ? row.health.since : at
  row.health = { state: health, since, reason }
}

const refines = (
  rows: AgentRows,
  mergeRequest: Address,
  bead: string,
  state: 'building' | 'testing' | 'landing',
  at: string,
): boolean =>
  edit(rows, refineryOf(mergeRequest), (row) => {
    row.hook = bead
    be(row, state, 'working', null, at)
  })

const rests = (rows: AgentRows, address: Address, at: string): boolean =>
  edit(rows, address, (row) => {
    row.hook = null
    be(row, 'idle', 'idle', null, at)
  })

/** The bead's and the worker's records of one turn say the same; the first one counts. */
function hooked(rows: AgentRows, address: Address, bead: string, at: string): boolean {
  add(rows, address, 'polecat', at)
  return edit(rows, address, (row) => {
    if (row.hook === bead) return
    row.hook = bead
    be(row, 'hooked', 'working', 'its worktree is made', at)
  })
}

function freed(rows: AgentRows, address: Address, bead: string, at: string): boolean {
  rows.presets.delete(bead)
  return edit(rows, address, (row) => {
    if (row.hook !== bead) return
    row.hook = null
    be(row, 'idle', 'idle', null, at)
  })
}

const worker = (
  rows: AgentRows,
  place: Address,
  state: AgentState,
  health: HealthState,
  reason: string | null,
  at: string,
): boolean =>
  edit(rows, workerOf(place)?.agent ?? '', (row) => {
    if (row.hook !== null) be(row, state, health, reason, at)
  })

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
