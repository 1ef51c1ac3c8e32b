// Agents: every role and polecat, what it does now, and how it is.
//
// Owns:      one row per identity; identities stay for ever. How one is by where it stands: agent-health.ts.
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
import type { LogRecord } from '../events/index.ts'
import type { Address } from '../events/record.ts'
import { type HealthState, healthOf } from './agent-health.ts'
import type { AgentRole, AgentRow, AgentRows, AgentState } from './agent-rows.ts'
import { SET_ASIDE } from './merge-queue.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export const createAgents = (): Projection<AgentRows> =>
  projection({
    name: 'agents',
    version: 5,
    empty: (): AgentRows => ({ byAddress: new Map(), presets: new Map(), quarantined: new Map() }),
    handlers,
  })

const roles: Handlers<AgentRows> = {
  TownInstalled: (rows, _fact, at) => {
    add(rows, MAYOR, 'mayor', at)
    add(rows, DEACON, 'deacon', at)
    add(rows, BOOT, 'boot', at)
    return true
  },
  RigAdded: (rows, { rig }, at) => {
    add(rows, witness(rig), 'witness', at)
    add(rows, refinery(rig), 'refinery', at)
    return true
  },
  IntegrationCreated: (rows, { rig, epic }, at) => add(rows, refinery(rig, epic), 'refinery', at),
  MergeBuilding: (rows, { mergeRequest, bead }, at) => refines(rows, mergeRequest, bead, 'building', at),
  MergeTesting: (rows, { mergeRequest, bead }, at) => refines(rows, mergeRequest, bead, 'testing', at),
  MergeLanding: (rows, { mergeRequest, bead }, at) => refines(rows, mergeRequest, bead, 'landing', at),
  MergeRequeued: (rows, { mergeRequest }, at) => rests(rows, refineryOf(mergeRequest), at),
  // It goes on with another one; what keeps all of them is said by LandingWaits.
  MergeWaiting: (rows, { mergeRequest, code }, at) =>
    SET_ASIDE.has(code) && rests(rows, refineryOf(mergeRequest), at),
  MergeConflicted: (rows, { mergeRequest }, at) => rests(rows, refineryOf(mergeRequest), at),
  MergeFailed: (rows, { mergeRequest }, at) => rests(rows, refineryOf(mergeRequest), at),
  MergeLanded: (rows, { mergeRequest }, at) => rests(rows, refineryOf(mergeRequest), at),
  LandingWaits: (rows, { rig, bead, message }, at) =>
    edit(rows, saidBy(at.actor, rig), (row) => {
      row.hook = bead
      be(row, 'waiting', 'waitingForPerson', message, at)
    }),
  // What it does then it says next, unless it goes on with the landing itself.
  LandingResumed: (rows, { rig }, at) =>
    edit(rows, saidBy(at.actor, rig), (row) => be(row, 'landing', 'working', null, at)),
}

const polecats: Handlers<AgentRows> = {
  PolecatNamed: (rows, { agent }, at) => add(rows, agent, 'polecat', at),
  DispatchQueued: ({ presets }, { bead, preset }) => {
    if (preset === null) return presets.delete(bead)
    presets.set(bead, preset)
    return true
  },
  DispatchWithdrawn: ({ presets }, { bead }) => presets.delete(bead),
  BeadHooked: (rows, { agent, bead }, at) => hooked(rows, agent, bead, at),
  PolecatHooked: (rows, { agent, bead }, at) => hooked(rows, agent, bead, at),
  BeadLanded: (rows, { agent, bead }, at) =>
    edit(rows, agent, (row) => {
      if (row.hook === bead) be(row, 'leaving', 'done', 'landed; its worktree is taken away', at)
    }),
  PolecatReleased: (rows, { agent, bead }, at) => freed(rows, agent, bead, at),
}

const crews: Handlers<AgentRows> = {
  CrewAdded: (rows, { agent }, at) => {
    add(rows, agent, 'crew', at)
    return edit(rows, agent, (row) => be(row, 'idle', 'idle', 'its worktree is made', at))
  },
  CrewReady: (rows, { agent }, at) => edit(rows, agent, (row) => be(row, 'idle', 'idle', null, at)),
  CrewNotAdded: (rows, { agent, message }, at) =>
    edit(rows, agent, (row) => be(row, 'idle', 'waitingForPerson', `it has no worktree: ${message}`, at)),
  CrewRemoved: (rows, { agent }, at) =>
    edit(rows, agent, (row) => be(row, 'removed', 'idle', 'a person removed it', at)),
  CrewPaused: (rows, { agent, reason }, at) =>
    edit(rows, agent, (row) => be(row, 'paused', 'idle', RESTS_WHILE[reason], at)),
}

const assignments: Handlers<AgentRows> = {
  WorktreeFailed: (rows, { sandbox, message }, at) =>
    worker(rows, sandbox, 'parked', 'waitingForPerson', message, at),
  AttemptBegun: (rows, { sandbox, attempt }, at) =>
    worker(rows, sandbox, 'working', 'working', attempt > 1 ? `attempt ${attempt}` : null, at),
  WorkSubmitted: (rows, { sandbox }, at) => worker(rows, sandbox, 'submitted', 'done', WITH_REFINERY, at),
  WorkHandedOff: (rows, { sandbox }, at) =>
    worker(rows, sandbox, 'hooked', 'working', 'a fresh session takes over', at),
  RecoveryAsked: (rows, { sandbox, reason }, at) =>
    worker(rows, sandbox, 'recovering', 'recovering', reason, at),
  RecoveryScheduled: (rows, { sandbox, waitMs }, at) =>
    worker(
      rows,
      sandbox,
      'recovering',
      'recovering',
      waitMs === 0 ? 'begins again at once' : `begins again after ${Math.ceil(waitMs / 1000)} s`,
      at,
    ),
  SandboxPaused: (rows, { sandbox, reason = 'town' }, at) =>
    worker(rows, sandbox, 'paused', 'idle', RESTS_WHILE[reason], at),
  SandboxParked: (rows, { sandbox, reason }, at) =>
    worker(rows, sandbox, 'parked', 'waitingForPerson', reason, at),
}

const sessions: Handlers<AgentRows> = {
  SessionOpened: (rows, { agent, session }) =>
    edit(rows, agent, (row) => {
      row.session = session
      row.pid = null
      row.standing = null
    }),
  AgentStands: (rows, { agent, session, standing }, at) =>
    edit(rows, agent, (row) => {
      if (row.session === session) stands(row, standing, at)
    }),
  SessionStarted: (rows, { agent, session, bead, pid, command }, at) =>
    edit(rows, agent, (row) => {
      row.session = session
      row.pid = pid
      row.runtime =
        (bead === null ? undefined : rows.presets.get(bead)) ?? command[0]?.split('/').at(-1) ?? null
      if (row.state !== 'submitted')
        be(row, 'working', 'working', row.health.state === 'working' ? row.health.reason : null, at)
    }),
  SessionFailed: (rows, { agent, session, message }, at) =>
    edit(rows, agent, (row) => {
      if (row.session !== session) return
      row.session = null
      row.pid = null
      row.standing = null
      if (row.hook !== null) be(row, 'recovering', 'recovering', message, at)
      else if (isDirected(row)) be(row, 'idle', 'idle', `it could not be started: ${message}`, at)
    }),
  SessionEnded: (rows, { agent, session, ending, done }, at) =>
    edit(rows, agent, (row) => {
      if (row.session !== session) return
      row.session = null
      row.pid = null
      row.standing = null
      if (row.health.state === 'zombie') be(row, row.state, AT_LAST[row.state] ?? 'working', null, at)
      if (isDirected(row)) {
        // A pause has said why already.
        if (row.state === 'working')
          be(row, 'idle', 'idle', at.from === 'stopping' ? null : endedAs(ending.kind), at)
      } else if (!done && row.state === 'working')
        be(row, 'recovering', 'recovering', endedAs(ending.kind), at)
    }),
  AgentDone: (rows, { agent, status, note }, at) =>
    edit(rows, agent, (row) => {
      if (row.hook === null) return
      if (status === 'COMPLETED') be(row, 'submitted', 'done', WITH_REFINERY, at)
      else if (status === 'ESCALATED') be(row, 'parked', 'waitingForPerson', note === '' ? null : note, at)
    }),
}

/** What is said of those who do not go on, and of those who die again and again. */
const troubles: Handlers<AgentRows> = {
  AgentStalled: (rows, { agent, session, since, evidence }, at) =>
    edit(rows, agent, (row) => {
      if (row.session !== session) return
      be(row, row.state, 'stalled', evidence.what, at)
      row.health = { ...row.health, since, evidence: { ...evidence } }
    }),
  AgentGoesOn: (rows, { agent, session }, at) =>
    edit(rows, agent, (row) => {
      if (row.session !== session || row.standing === null) return
      const goes = row.health.state === 'stalled' || row.health.state === 'unknown'
      if (goes) be(row, row.state, ...healthOf(row.standing, row.hook !== null), at)
    }),
  LadderHeld: (rows, { agent, session, reason }, at) =>
    edit(rows, agent, (row) => {
      if (row.session === session) be(row, row.state, 'unknown', reason, at)
    }),
  SessionNotStopped: (rows, { agent, session, message }, at) =>
    edit(rows, agent, (row) => {
      if (row.session === session) be(row, row.state, 'zombie', `it could not be stopped: ${message}`, at)
    }),
  AgentQuarantined: (rows, { agent, reason }, at) => {
    rows.quarantined.set(agent, reason)
    return edit(rows, agent, (row) => be(row, row.state, 'crashLooping', reason, at))
  },
  AgentReleased: (rows, { agent }, at) => {
    rows.quarantined.delete(agent)
    return edit(rows, agent, (row) => {
      if (row.health.state === 'crashLooping')
        be(row, row.state, row.hook === null ? 'idle' : 'working', null, at)
    })
  },
}

const handlers: Handlers<AgentRows> = {
  ...troubles,
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

/** How somebody is whose program has ended at last, though it could not be stopped at first. */
const AT_LAST: { readonly [S in AgentState]?: HealthState } = {
  idle: 'idle',
  submitted: 'done',
  leaving: 'done',
  parked: 'waitingForPerson',
  paused: 'idle',
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

function add(rows: AgentRows, address: Address, role: AgentRole, at: Seen): boolean {
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
    health: { state: 'idle', since: at.at, reason: null, evidence: null },
  })
  return true
}

function stands(row: AgentRow, standing: Standing, at: Seen): void {
  row.standing = { ...standing }
  if (row.state !== 'working') return
  const [health, reason] = healthOf(standing, row.hook !== null)
  if (health !== 'working') be(row, 'working', health, reason, at)
  else if (row.health.state !== 'working') be(row, 'working', 'working', null, at)
}

function edit(rows: AgentRows, address: Address, change: (row: AgentRow) => void): boolean {
  const row = rows.byAddress.get(address)
  if (row === undefined) return false
  change(row)
  return true
}

/** The record that says so. */
type Seen = Pick<LogRecord, 'at' | 'seq' | 'actor' | 'from' | 'message'>

/** `since` is when the health became what it is; a new reason alone does not move it. */
function be(
  row: AgentRow,
  state: AgentState,
  health: HealthState,
  reason: string | null,
  { at, seq, message }: Seen,
): void {
  row.state = state
  const since = row.health.state === health ? row.health.since : at
  row.health = { state: health, since, reason, evidence: { seq, what: message.type } }
}

const refines = (
  rows: AgentRows,
  mergeRequest: Address,
  bead: string,
  state: 'building' | 'testing' | 'landing',
  at: Seen,
): boolean =>
  edit(rows, refineryOf(mergeRequest), (row) => {
    row.hook = bead
    be(row, state, 'working', null, at)
  })

const rests = (rows: AgentRows, address: Address, at: Seen): boolean =>
  edit(rows, address, (row) => {
    row.hook = null
    be(row, 'idle', 'idle', null, at)
  })

/** The bead's and the worker's records of one turn say the same; the first one counts. */
function hooked(rows: AgentRows, address: Address, bead: string, at: Seen): boolean {
  add(rows, address, 'polecat', at)
  return edit(rows, address, (row) => {
    if (row.hook === bead) return
    row.hook = bead
    be(row, 'hooked', 'working', 'its worktree is made', at)
  })
}

function freed(rows: AgentRows, address: Address, bead: string, at: Seen): boolean {
  rows.presets.delete(bead)
  return edit(rows, address, (row) => {
    if (row.hook !== bead) return
    row.hook = null
    restsOrLoops(rows, row, at)
  })
}

/** Without work: free, or given none because its sessions died again and again. */
function restsOrLoops({ quarantined }: AgentRows, row: AgentRow, at: Seen): void {
  const why = quarantined.get(row.address)
  if (why === undefined) be(row, 'idle', 'idle', null, at)
  else be(row, 'idle', 'crashLooping', why, at)
}

const worker = (
  rows: AgentRows,
  place: Address,
  state: AgentState,
  health: HealthState,
  reason: string | null,
  at: Seen,
): boolean =>
  edit(rows, workerOf(place)?.agent ?? '', (row) => {
    if (row.hook !== null) be(row, state, health, reason, at)
  })
