// Rigs: what each project is set to, and what may be said of its target branch.
//
//   Always:  `ungated` is said of a rig that lands without any gate, whatever it has landed;
//            `green` only after it has passed gates, landing or by itself; `frozen` while a person lets nothing land,
//            whatever else is true of it; else `red` while its own gates fail on it.

import { gatesIn } from '../events/gate-settings.ts'
import type { FactOf } from '../events/index.ts'
import type { Address, Json } from '../events/record.ts'
import { PLACES_DEFAULT } from '../events/settings.ts'
import { ofOwnTargets } from './integrations.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type TargetState = 'green' | 'red' | 'unknown' | 'frozen' | 'ungated'

type Standing = { state: TargetState; since: string; reason: string }

export type RigRow = {
  name: string
  prefix: string
  remote: FactOf<'RigAdded'>['remote']
  state: 'cloning' | 'active' | 'failed'
  /** Why it failed. */
  failure: { code: string; message: string } | null
  target: { branch: string; head: string | null } & Standing
  /** Where the target stood when the rig was added, forked or rejoined, by that record: what came after has a receipt. */
  receiptsFrom: { branch: string; commit: string; seq: number } | null
  /** What is said of the target when it is neither frozen nor red. */
  standing: Standing
  /** Who lets nothing land, and why; null when it may. */
  frozen: { by: Address; since: string; reason: string } | null
  /** Red by itself: the gate, the first commit seen so, the last that passed. Null when it is not. */
  red: {
    gate: string
    commit: string
    first: string
    green: string | null
    since: string
    message: string
  } | null
  /** Names of the gates, in the order in which they run. */
  gates: string[]
  /** How the Refinery lines requests up. */
  order: 'score' | 'fifo'
  /** As set for the rig: `gates.test`, `limits.polecats`. What is not here is the town's or the default. */
  settings: Record<string, Json>
  /** Polecats that work at a time. */
  limits: { polecats: number }
  parked: boolean
  /** Of a fork: where it will land when it rejoins; null when it lands there. */
  apart: FactOf<'RigAdded'>['remote'] | null
  /** Who let agents do all that no rule denies, and when; null when they ask. */
  bypass: { by: Address; since: string } | null
  /** Why the merge queue stands still, or null. */
  waiting: { code: string; message: string; mergeRequest: string; bead: string; since: string } | null
  addedAt: string
}

export type RigRows = Map<string, RigRow>

export const createRigs = (): Projection<RigRows> =>
  projection({ name: 'rigs', version: 5, empty: (): RigRows => new Map(), handlers: ofOwnTargets(handlers) })

/** By name. */
export const rigs = (rows: RigRows): RigRow[] =>
  [...rows.values()].sort((left, right) => (left.name < right.name ? -1 : 1))

export const rig = (rows: RigRows, name: string): RigRow | null => rows.get(name) ?? null

/** The rig whose beads have this prefix, or null. */
export const rigOfPrefix = (rows: RigRows, prefix: string): RigRow | null =>
  rigs(rows).find((row) => row.prefix === prefix) ?? null

const handlers: Handlers<RigRows> = {
  RigAdded: (rows, fact, { at, by }) => {
    const row: RigRow = {
      name: fact.rig,
      prefix: fact.prefix,
      remote: { ...fact.remote },
      state: 'cloning',
      failure: null,
      target: { branch: fact.target, head: null, state: 'unknown', since: at, reason: NOTHING_LANDED },
      receiptsFrom: null,
      standing: { state: 'unknown', since: at, reason: NOTHING_LANDED },
      frozen: null,
      red: null,
      gates: [],
      order: 'fifo',
      settings: { ...fact.settings },
      limits: { polecats: PLACES_DEFAULT },
      parked: false,
      apart: null,
      bypass: fact.settings[MODE] === 'bypass' ? { by, since: at } : null,
      waiting: null,
      addedAt: at,
    }
    rows.set(fact.rig, row)
    readSettings(row, at)
    return true
  },
  RigReady: (rows, { rig, head }, { seq }) =>
    edit(rows, rig, (row) => {
      row.receiptsFrom = { branch: row.target.branch, commit: head, seq }
      row.state = 'active'
      row.failure = null
      row.target.head = head
    }),
  RigFailed: (rows, { rig, code, message }) =>
    edit(rows, rig, (row) => {
      row.state = 'failed'
      row.failure = { code, message }
    }),
  RigForked: (rows, { rig, remote, head }, { seq }) =>
    edit(rows, rig, (row) => {
      row.apart = remote === null ? null : row.remote
      row.remote = remote === null ? { kind: 'origin', url: '' } : { ...remote }
      row.waiting = null
      if (head === null) return
      row.target.head = head
      row.receiptsFrom = { branch: row.target.branch, commit: head, seq }
    }),
  RigParked: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.parked = true
    }),
  RigUnparked: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.parked = false
    }),
  RigRejoined: (rows, { rig, remote, head }, { seq }) =>
    edit(rows, rig, (row) => {
      row.receiptsFrom = { branch: row.target.branch, commit: head, seq }
      row.remote = { ...remote }
      row.apart = null
      row.target.head = head
    }),
  RigSettingChanged: (rows, { rig, key, value }, { at, by }) =>
    edit(rows, rig, (row) => {
      if (key === MODE) row.bypass = value === 'bypass' ? { by, since: at } : null
      if (value === null) delete row.settings[key]
      else row.settings[key] = value
      readSettings(row, at)
    }),
  RefineryConfigured: (rows, { rig, target, order = 'fifo' }) =>
    edit(rows, rig, (row) => {
      row.target.branch = target
      row.order = order
    }),
  TargetAdvanced: (rows, { rig, to }, { at }) =>
    edit(rows, rig, (row) => {
      row.target.head = to
      row.waiting = null
      if (row.standing.state !== 'ungated') setStanding(row, 'green', 'passed its gates when it landed', at)
    }),
  LandingWaits: (rows, { rig, mergeRequest, bead, code, message }, { at }) =>
    edit(rows, rig, (row) => {
      const same = row.waiting?.code === code && row.waiting.mergeRequest === mergeRequest
      row.waiting = { code, message, mergeRequest, bead, since: same && row.waiting ? row.waiting.since : at }
    }),
  LandingResumed: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.waiting = null
    }),
  TargetFrozen: (rows, { rig, reason }, { at, by }) =>
    edit(rows, rig, (row) => {
      row.frozen = { by, since: at, reason }
      showTarget(row)
    }),
  TargetThawed: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.frozen = null
      showTarget(row)
    }),
  TargetRed: (rows, { rig, gate, commit, first, green, message }, { at }) =>
    edit(rows, rig, (row) => {
      row.red = { gate, commit, first, green, since: row.red?.since ?? at, message }
      row.target.head = commit
      showTarget(row)
    }),
  TargetMended: (rows, { rig, commit, reason }, { at }) =>
    edit(rows, rig, (row) => {
      row.red = null
      if (commit !== null) row.target.head = commit
      if (row.standing.state !== 'ungated')
        setStanding(row, commit === null ? 'unknown' : 'green', commit === null ? reason : GREEN_AGAIN, at)
      else showTarget(row)
    }),
}

const MODE = 'permissions.mode'
const GREEN_AGAIN = 'passed its gates after it had been red'
const NOTHING_LANDED = 'nothing has landed yet'

function edit(rows: RigRows, name: string, change: (row: RigRow) => void): boolean {
  const row = rows.get(name)
  if (row === undefined) return false
  change(row)
  return true
}

/** Takes from the settings what the row shows of them. */
function readSettings(row: RigRow, at: string): void {
  const { settings } = row
  row.gates = gatesIn(settings).map(({ name }) => name)
  const polecats = settings['limits.polecats']
  row.limits.polecats = typeof polecats === 'number' ? polecats : PLACES_DEFAULT
  const ungated = settings['gates.none'] === true && row.gates.length === 0
  if (ungated) setStanding(row, 'ungated', 'gates.none is set: work lands without a check', at)
  else if (row.standing.state === 'ungated')
    setStanding(row, 'unknown', 'nothing has landed since it has gates', at)
}

function setStanding(row: RigRow, state: TargetState, reason: string, at: string): void {
  const since = row.standing.state === state ? row.standing.since : at
  row.standing = { state, since, reason }
  showTarget(row)
}

function showTarget(row: RigRow): void {
  const { branch, head } = row.target
  row.target = { branch, head, ...standingOf(row) }
}

function standingOf({ frozen, red, standing }: RigRow): Standing {
  if (frozen !== null) {
    const why = frozen.reason === '' ? '' : `: ${frozen.reason}`
    return { state: 'frozen', since: frozen.since, reason: `frozen by ${frozen.by}${why}` }
  }
  if (red === null) return standing
  const green = red.green === null ? '' : `; the last one that passed is ${red.green.slice(0, 7)}`
  const reason = `${red.gate} fails on it since ${red.first.slice(0, 7)}${green}`
  return { state: 'red', since: red.since, reason }
}
