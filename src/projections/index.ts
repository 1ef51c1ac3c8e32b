// All folds of a town together.
//
// Owns:      which projections there are.
// Does not:  know where the log or a saved state lies, or how far the log goes.

import type { LogRecord } from '../events/index.ts'
import { createAgents } from './agents.ts'
import { createBeads } from './beads.ts'
import { createCosts } from './costs.ts'
import { createCvs } from './cvs.ts'
import { createDecisions } from './decisions.ts'
import { createDispatch } from './dispatch.ts'
import { createEscalations } from './escalations.ts'
import { createFeed } from './feed.ts'
import { createHooks } from './hooks.ts'
import { createMail } from './mail.ts'
import { createMergeQueue } from './merge-queue.ts'
import { createNudges } from './nudges.ts'
import { createPlans } from './plans.ts'
import { createRigs } from './rigs.ts'
import { createSessions } from './sessions.ts'
import { createTown } from './town.ts'
import { createTrash } from './trash.ts'
import type { Projection } from './types.ts'

export const createProjections = () => ({
  town: createTown(),
  rigs: createRigs(),
  beads: createBeads(),
  hooks: createHooks(),
  agents: createAgents(),
  sessions: createSessions(),
  dispatch: createDispatch(),
  mergeQueue: createMergeQueue(),
  mail: createMail(),
  nudges: createNudges(),
  escalations: createEscalations(),
  decisions: createDecisions(),
  plans: createPlans(),
  costs: createCosts(),
  cvs: createCvs(),
  trash: createTrash(),
  feed: createFeed(),
})

export type Projections = ReturnType<typeof createProjections>

/** Folds one record into all of them. Records are given in order of `seq`, each once. */
export function applyAll(projections: Projections, record: LogRecord): void {
  let router = routers.get(projections)
  if (router === undefined) {
    router = createRouter(Object.values(projections))
    routers.set(projections, router)
  }
  router(record)
}

const routers = new WeakMap<Projections, (record: LogRecord) => void>()

/**
 * Hands a record to those that its facts or its message concern: most records concern one or two, and asking every one
 * of them costs more than folding.
 */
function createRouter(all: readonly Projection<unknown>[]): (record: LogRecord) => void {
  if (all.length > 31) throw new Error('Broken invariant: a set of projections does not fit into one number')
  /** Bit n stands for the n-th projection. */
  const byFact = new Map<string, number>()
  const byMessage = new Map<string, number>()
  all.forEach(({ facts, messages }, n) => {
    for (const type of facts) byFact.set(type, (byFact.get(type) ?? 0) | (1 << n))
    for (const type of messages) byMessage.set(type, (byMessage.get(type) ?? 0) | (1 << n))
  })
  return (record) => {
    let concerned = byMessage.get(record.message.type) ?? 0
    for (const { type } of record.facts) concerned |= byFact.get(type) ?? 0
    for (let n = 0; concerned !== 0; n += 1, concerned >>>= 1)
      if ((concerned & 1) === 1) (all[n] as Projection<unknown>).apply(record)
  }
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
