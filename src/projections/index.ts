// All folds of a town together.
//
// Owns:      which projections there are.
// Does not:  know where the log or a saved state lies, or how far the log goes.

import type { LogRecord } from '../events/index.ts'
import { createAgents } from './agents.ts'
import { createAhead } from './ahead.ts'
import { createBeads } from './beads.ts'
import { createBudgets } from './budgets.ts'
import { createCosts } from './costs.ts'
import { createCvs } from './cvs.ts'
import { createDecisions } from './decisions.ts'
import { createDispatch } from './dispatch.ts'
import { createDogs } from './dogs.ts'
import { createEscalations } from './escalations.ts'
import { createFeed } from './feed.ts'
import { createGates } from './gates.ts'
import { createHooks } from './hooks.ts'
import { createIntegrations } from './integrations.ts'
import { createMail } from './mail.ts'
import { createMergeQueue } from './merge-queue.ts'
import { createNudges } from './nudges.ts'
import { createPlans } from './plans.ts'
import { createRigs } from './rigs.ts'
import { createSessions } from './sessions.ts'
import { createTown } from './town.ts'
import { createTrash } from './trash.ts'
import type { Projection } from './types.ts'

/** How each of them is made. */
export const PROJECTIONS = {
  town: createTown,
  rigs: createRigs,
  beads: createBeads,
  hooks: createHooks,
  agents: createAgents,
  sessions: createSessions,
  dispatch: createDispatch,
  mergeQueue: createMergeQueue,
  integrations: createIntegrations,
  mail: createMail,
  nudges: createNudges,
  escalations: createEscalations,
  decisions: createDecisions,
  plans: createPlans,
  costs: createCosts,
  budgets: createBudgets,
  cvs: createCvs,
  gates: createGates,
  ahead: createAhead,
  trash: createTrash,
  dogs: createDogs,
  feed: createFeed,
} as const

export type Projections = {
  readonly [Name in keyof typeof PROJECTIONS]: ReturnType<(typeof PROJECTIONS)[Name]>
}

export const createProjections = (): Projections =>
  Object.fromEntries(Object.entries(PROJECTIONS).map(([name, create]) => [name, create()])) as Projections

/** Folds one record into all of them. Records are given in order of `seq`, each once. */
export function applyAll(projections: Projections, record: LogRecord): void {
  const { all, concernedBy } = routerOf(projections)
  for (let n = 0, left = concernedBy(record); left !== 0; n += 1, left >>>= 1)
    if ((left & 1) === 1) all[n]?.apply(record)
}

/** The same for several records: a replay does well to hand over some hundreds at a time. */
export function applyMany(projections: Projections, records: readonly LogRecord[]): void {
  const { all, concernedBy } = routerOf(projections)
  const lists: LogRecord[][] = all.map(() => [])
  for (const record of records)
    for (let n = 0, left = concernedBy(record); left !== 0; n += 1, left >>>= 1)
      if ((left & 1) === 1) lists[n]?.push(record)
  for (const [n, list] of lists.entries()) all[n]?.applyMany(list)
}

type Router = {
  readonly all: readonly Projection<unknown>[]
  /** Bit n stands for the n-th projection. */
  readonly concernedBy: (record: LogRecord) => number
}

const routers = new WeakMap<Projections, Router>()

function routerOf(projections: Projections): Router {
  let router = routers.get(projections)
  if (router === undefined) {
    router = createRouter(Object.values(projections))
    routers.set(projections, router)
  }
  return router
}

/**
 * Says whom the facts or the message of a record concern: mostly one or two, and asking every one of them costs more
 * than folding.
 */
function createRouter(all: readonly Projection<unknown>[]): Router {
  if (all.length > 31) throw new Error('Broken invariant: a set of projections does not fit into one number')
  const byFact = new Map<string, number>()
  const byMessage = new Map<string, number>()
  all.forEach(({ facts, messages }, n) => {
    for (const type of facts) byFact.set(type, (byFact.get(type) ?? 0) | (1 << n))
    for (const type of messages) byMessage.set(type, (byMessage.get(type) ?? 0) | (1 << n))
  })
  const concernedBy = (record: LogRecord): number => {
    let concerned = byMessage.get(record.message.type) ?? 0
    for (const { type } of record.facts) concerned |= byFact.get(type) ?? 0
    return concerned
  }
  return { all, concernedBy }
}

export type SavedProjections = {
  /** The last record that was folded. */
  readonly seq: number
  readonly states: { readonly [name: string]: { readonly version: number; readonly state: unknown } }
}

/** Plain JSON of all of them, after record `seq`. */
export function saveAll(projections: Projections, seq: number): SavedProjections {
  const all: Projection<unknown>[] = Object.values(projections)
  return {
    seq,
    states: Object.fromEntries(all.map((one) => [one.name, { version: one.version, state: one.save() }])),
  }
}

/**
 * Loads all of them and answers the record after which folding goes on; or loads nothing and answers 0 when
 * one of them was not saved or was saved by another version.
 */
export function loadAll(projections: Projections, saved: SavedProjections): number {
  const all: Projection<unknown>[] = Object.values(projections)
  if (all.some(({ name, version }) => saved.states[name]?.version !== version)) return 0
  for (const one of all) one.load(saved.states[one.name]?.state)
  return saved.seq
}

/**
 * All rows as one JSON text with sorted keys: equal for equal answers, whatever way led there.
 * Revisions are left out; they count changes and answer nothing.
 */
export const canonical = (projections: Projections): string =>
  JSON.stringify(
    sorted(
      Object.fromEntries(
        Object.values(projections).map((one: Projection<unknown>) => [
          one.name,
          (one.save() as { rows: unknown }).rows,
        ]),
      ),
    ),
  )

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
