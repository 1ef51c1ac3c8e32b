// CVs: what each polecat has done so far, for all its life.
//
// Owns:      counts per identity, by label (skills) and by what it ran (models).
// Does not:  judge, or add up tokens and money: those are of the costs.
// Always:    `merged <= n`; an assignment is counted when it is hooked, and in skills and models when it ends.

import type { Address } from '../events/record.ts'
import { type CostRows, costOf, type Tokens } from './costs.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type CvCounts = { n: number; merged: number }

export type Cv = {
  agent: Address
  /** Assignments. */
  n: number
  /** Assignments whose work was submitted at least once. */
  completed: number
  /** Assignments that came to nothing; one that was taken away is none of them. */
  failed: number
  /** Times that work came back: a conflict or a gate. */
  reworked: number
  merged: number
  /** Share of landed assignments that never came back, 0 to 1; null before the first landing. */
  firstPassRate: number | null
  /** From hooked to landed, over the last 500 landings; null before the first. */
  medianMinutes: number | null
  tokens: Tokens
  /** Null when nobody knows the price of anything it used, or nothing is known of what it used. */
  costUsd: number | null
  /** Requests of which nobody knows the price. */
  unpriced: number
  skills: Record<string, CvCounts>
  models: Record<string, CvCounts>
}

export type CvRow = {
  agent: Address
  n: number
  completed: number
  failed: number
  reworked: number
  merged: number
  firstPass: number
  /** ms from hooked to landed, the last 500. */
  durations: number[]
  skills: Record<string, CvCounts>
  models: Record<string, CvCounts>
  /** The assignment it has now. */
  current: {
    bead: string
    since: string
    submitted: boolean
    reworks: number
    models: string[]
    asked: string | null
  } | null
}

export type CvRows = {
  readonly byAgent: Map<Address, CvRow>
  /** Labels of beads that have any. */
  readonly labels: Map<string, string[]>
  /** Bead -> preset asked for. */
  readonly presets: Map<string, string>
}

export const createCvs = (): Projection<CvRows> =>
  projection({
    name: 'cvs',
    version: 2,
    empty: (): CvRows => ({ byAgent: new Map(), labels: new Map(), presets: new Map() }),
    handlers,
  })

/** By agent. */
export const cvs = (rows: CvRows, costs: CostRows): Cv[] =>
  [...rows.byAgent.values()]
    .sort((left, right) => (left.agent < right.agent ? -1 : 1))
    .map((row) => shown(row, costs))

export function cv(rows: CvRows, costs: CostRows, agent: Address): Cv | null {
  const row = rows.byAgent.get(agent)
  return row === undefined ? null : shown(row, costs)
}

const DURATIONS_MAX = 500

const handlers: Handlers<CvRows> = {
  BeadCreated: ({ labels }, fact) => setLabels(labels, fact.bead, fact.labels),
  BeadUpdated: ({ labels }, fact) => fact.labels !== undefined && setLabels(labels, fact.bead, fact.labels),
  DispatchQueued: ({ presets }, { bead, preset }) => {
    if (preset === null) return presets.delete(bead)
    presets.set(bead, preset)
    return true
  },
  DispatchWithdrawn: ({ presets }, { bead }) => presets.delete(bead),
  PolecatNamed: (rows, { agent }) => rowOf(rows, agent) !== undefined,
  // The bead's and the worker's records of one turn say the same; the first one counts.
  BeadHooked: (rows, { agent, bead }, { at }) => begin(rows, agent, bead, at),
  PolecatHooked: (rows, { agent, bead }, { at }) => begin(rows, agent, bead, at),
  SessionStarted: (rows, { agent, bead, command }) =>
    bead !== null &&
    onCurrent(rows, agent, bead, (current) => {
      current.asked = rows.presets.get(bead) ?? command[0]?.split('/').at(-1) ?? null
    }),
  TokensUsed: (rows, { agent, bead, model }) => ran(rows, agent, bead, model),
  RuntimeSessionKnown: (rows, { agent, bead, model }) => model !== null && ran(rows, agent, bead, model),
  WorkSubmitted: (rows, { agent, bead }) =>
    onCurrent(rows, agent, bead, (current, row) => {
      if (!current.submitted) row.completed += 1
      current.submitted = true
    }),
  BeadReworked: (rows, { agent, bead }) =>
    onCurrent(rows, agent, bead, (current, row) => {
      current.reworks += 1
      row.reworked += 1
    }),
  BeadLanded: (rows, { agent, bead }, { at }) =>
    onCurrent(rows, agent, bead, (current, row) => {
      row.merged += 1
      if (current.reworks === 0) row.firstPass += 1
      row.durations.push(Date.parse(at) - Date.parse(current.since))
      if (row.durations.length > DURATIONS_MAX) row.durations.shift()
      end(rows, row, true)
    }),
  // The release says how it ended, BeadUnhooked does not. A landing is counted by BeadLanded, before or after it.
  PolecatReleased: (rows, { agent, bead, outcome }) =>
    outcome !== 'landed' &&
    onCurrent(rows, agent, bead, (_current, row) => {
      if (outcome === 'failed') row.failed += 1
      end(rows, row, false)
    }),
}

/** What really ran counts; what was asked for only where nobody knows that. */
const ran = (rows: CvRows, agent: Address, bead: string | null, model: string): boolean =>
  bead !== null &&
  onCurrent(rows, agent, bead, ({ models }) => {
    if (!models.includes(model) && models.length < MODELS_MAX) models.push(model)
  })

const MODELS_MAX = 20

function setLabels(labels: Map<string, string[]>, bead: string, value: readonly string[]): boolean {
  if (value.length === 0) return labels.delete(bead)
  labels.set(bead, [...value])
  return true
}

function rowOf(rows: CvRows, agent: Address): CvRow {
  const before = rows.byAgent.get(agent)
  if (before !== undefined) return before
  const row: CvRow = {
    agent,
    n: 0,
    completed: 0,
    failed: 0,
    reworked: 0,
    merged: 0,
    firstPass: 0,
    durations: [],
    skills: {},
    models: {},
    current: null,
  }
  rows.byAgent.set(agent, row)
  return row
}

function begin(rows: CvRows, agent: Address, bead: string, at: string): boolean {
  const row = rowOf(rows, agent)
  if (row.current?.bead === bead) return false
  if (row.current !== null) {
    row.failed += 1
    end(rows, row, false)
  }
  row.n += 1
  row.current = { bead, since: at, submitted: false, reworks: 0, models: [], asked: null }
  return true
}

function onCurrent(
  rows: CvRows,
  agent: Address,
  bead: string,
  change: (current: NonNullable<CvRow['current']>, row: CvRow) => void,
): boolean {
  const row = rows.byAgent.get(agent)
  if (row?.current == null || row.current.bead !== bead) return false
  change(row.current, row)
  return true
}

function end(rows: CvRows, row: CvRow, merged: boolean): void {
  if (row.current === null) return
  const { bead, models, asked } = row.current
  for (const label of rows.labels.get(bead) ?? []) tally(row.skills, label, merged)
  const known = models.length > 0 ? models : asked === null ? [] : [asked]
  for (const model of known) tally(row.models, model, merged)
  rows.presets.delete(bead)
  row.current = null
}

function tally(counts: Record<string, CvCounts>, key: string, merged: boolean): void {
  // A label may be called like a member of every object.
  const { n, merged: before } = Object.hasOwn(counts, key) && counts[key] ? counts[key] : { n: 0, merged: 0 }
  Object.defineProperty(counts, key, {
    value: { n: n + 1, merged: before + (merged ? 1 : 0) },
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

const NONE: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

function shown(row: CvRow, rows: CostRows): Cv {
  const cost = costOf(rows, 'agent', row.agent)
  return {
    agent: row.agent,
    n: row.n,
    completed: row.completed,
    failed: row.failed,
    reworked: row.reworked,
    merged: row.merged,
    firstPassRate: row.merged === 0 ? null : row.firstPass / row.merged,
    medianMinutes: median(row.durations),
    tokens: cost?.tokens ?? NONE,
    costUsd: cost?.costUsd ?? null,
    unpriced: cost?.unpriced ?? 0,
    skills: row.skills,
    models: row.models,
  }
}

/** Of ms, in minutes; a whole number of seconds. */
function median(durations: readonly number[]): number | null {
  const sorted = durations.toSorted((left, right) => left - right)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2_000) / 60
}
