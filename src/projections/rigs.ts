// Rigs: what each project is set to, and what may be said of its target branch.
//
//   Always:  `ungated` is said of a rig that lands without any gate, whatever it has landed;
//            `green` only after a landing that passed gates.

import type { FactOf } from '../events/index.ts'
import type { Address, Json } from '../events/record.ts'
import { PLACES_DEFAULT } from '../events/settings.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type TargetState = 'green' | 'red' | 'unknown' | 'frozen' | 'ungated'

export type RigRow = {
  name: string
  prefix: string
  remote: FactOf<'RigAdded'>['remote']
  state: 'cloning' | 'active' | 'failed'
  /** Why it failed. */
  failure: { code: string; message: string } | null
  target: { branch: string; head: string | null; state: TargetState; since: string; reason: string }
  /** Names of the gates, in the order in which they run. */
  gates: string[]
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
  projection({ name: 'rigs', version: 3, empty: (): RigRows => new Map(), handlers })

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
      gates: [],
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
  RigReady: (rows, { rig, head }) =>
    edit(rows, rig, (row) => {
      row.state = 'active'
      row.failure = null
      row.target.head = head
    }),
  RigFailed: (rows, { rig, code, message }) =>
    edit(rows, rig, (row) => {
      row.state = 'failed'
      row.failure = { code, message }
    }),
  RigForked: (rows, { rig, remote, head }) =>
    edit(rows, rig, (row) => {
      row.apart = remote === null ? null : row.remote
      row.remote = remote === null ? { kind: 'origin', url: '' } : { ...remote }
      row.waiting = null
      if (head !== null) row.target.head = head
    }),
  RigParked: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.parked = true
    }),
  RigUnparked: (rows, { rig }) =>
    edit(rows, rig, (row) => {
      row.parked = false
    }),
  RigRejoined: (rows, { rig, remote, head }) =>
    edit(rows, rig, (row) => {
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
  RefineryConfigured: (rows, { rig, target }) =>
    edit(rows, rig, (row) => {
      row.target.branch = target
    }),
  TargetAdvanced: (rows, { rig, to }, { at }) =>
    edit(rows, rig, (row) => {
      row.target.head = to
      row.waiting = null
      if (row.target.state !== 'ungated') setTarget(row, 'green', 'passed its gates when it landed', at)
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
}

const MODE = 'permissions.mode'
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
  row.gates = Object.keys(settings)
    .filter((key) => key.startsWith('gates.') && key !== 'gates.none')
    .map((key) => key.slice('gates.'.length))
  const polecats = settings['limits.polecats']
  row.limits.polecats = typeof polecats === 'number' ? polecats : PLACES_DEFAULT
  const ungated = settings['gates.none'] === true && row.gates.length === 0
  if (ungated) setTarget(row, 'ungated', 'gates.none is set: work lands without a check', at)
  else if (row.target.state === 'ungated')
    setTarget(row, 'unknown', 'nothing has landed since it has gates', at)
}

function setTarget(row: RigRow, state: TargetState, reason: string, at: string): void {
  const since = row.target.state === state ? row.target.since : at
  row.target = { ...row.target, state, since, reason }
}
