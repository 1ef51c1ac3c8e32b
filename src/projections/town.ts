// The town itself: what it is called and set to, when it ran, and what supervising it has cost.

import type { Parent } from '../events/fork.ts'
import type { Json } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

export type TownRow = {
  id: string | null
  name: string | null
  owner: { name: string; email: string } | null
  /** As set for the town: `agents.default`. What is not here is the default. */
  settings: Record<string, Json>
  installedAt: string | null
  /** True between a start and a stop. After a crash it stays true until the next start says otherwise. */
  running: boolean
  startedAt: string | null
  stoppedAt: string | null
  stopReason: string | null
  /** Of the build that started it last. */
  version: string | null
  starts: number
  /** Time in which nobody was there to see time pass: before the last start, and in all. */
  downMs: { last: number; total: number }
  /** Model calls made to supervise: judgements, which are off by default. `reasons`: how many of which anomaly. */
  supervision: {
    modelCalls: number
    tokens: number
    costUsd: number
    /** Of calls whose price nobody knows. */
    unpriced: number
    reasons: Record<string, number>
  }
  /** A person stopped everybody, and has not let them go on since. */
  stopped: { since: string; reason: string } | null
  /** Many sessions died at once, and no bead is given out since; null when they are. */
  paused: { since: string; deaths: number; withinMs: number } | null
  /** The town that this one was forked of, and the record after which it went on alone; null when it is no fork. */
  fork: Parent | null
}

export type TownRows = { readonly town: TownRow }

export const createTown = (): Projection<TownRows> =>
  projection({ name: 'town', version: 4, empty: (): TownRows => ({ town: emptyTown() }), handlers })

export const town = (rows: TownRows): TownRow => rows.town

/** null when the town does not say. */
export const townSetting = (rows: TownRows, key: string): Json => rows.town.settings[key] ?? null

const emptyTown = (): TownRow => ({
  id: null,
  name: null,
  owner: null,
  settings: {},
  installedAt: null,
  running: false,
  startedAt: null,
  stoppedAt: null,
  stopReason: null,
  version: null,
  starts: 0,
  downMs: { last: 0, total: 0 },
  supervision: { modelCalls: 0, tokens: 0, costUsd: 0, unpriced: 0, reasons: {} },
  stopped: null,
  paused: null,
  fork: null,
})

const handlers: Handlers<TownRows> = {
  TownInstalled: ({ town }, { townId, name, owner, settings }, { at }) => {
    town.id = townId
    town.name = name
    town.owner = { ...owner }
    town.settings = { ...settings }
    town.installedAt = at
    return true
  },
  TownForked: ({ town }, { townId, name, parent }) => {
    town.id = townId
    town.name = name
    town.fork = { ...parent }
    town.running = false
    // As the town's own machine leaves them out.
    for (const key of Object.keys(town.settings)) if (key.startsWith('notify.')) delete town.settings[key]
    return true
  },
  TownStarted: ({ town }, { version, downMs }, { at }) => {
    town.running = true
    town.startedAt = at
    town.version = version
    town.starts += 1
    town.downMs = { last: downMs, total: town.downMs.total + downMs }
    return true
  },
  TownStopped: ({ town }, { reason }, { at }) => {
    town.running = false
    town.stoppedAt = at
    town.stopReason = reason
    return true
  },
  JudgementGiven: ({ town: { supervision } }, { code, calls, tokens, costUsd }) => {
    if (calls === 0) return false
    supervision.modelCalls += calls
    supervision.tokens += tokens
    if (costUsd === null) supervision.unpriced += calls
    else supervision.costUsd += costUsd
    supervision.reasons[code] = (supervision.reasons[code] ?? 0) + calls
    return true
  },
  EverybodyStopped: ({ town }, { reason }, { at }) => {
    town.stopped = { since: at, reason }
    return true
  },
  EverybodyThawed: ({ town }) => {
    town.stopped = null
    return true
  },
  DispatchPaused: ({ town }, { deaths, withinMs }, { at }) => {
    town.paused = { since: at, deaths, withinMs }
    return true
  },
  DispatchResumed: ({ town }) => {
    town.paused = null
    return true
  },
  TownSettingChanged: ({ town }, { key, value }) => {
    if (value === null) delete town.settings[key]
    else town.settings[key] = value
    return true
  },
}
