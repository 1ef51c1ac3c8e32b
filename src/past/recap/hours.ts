// Where the hours went: of each bead on its way, at each watched moment, exactly one answer.
//
// Owns:      what a bead's time counts as, from facts alone.
// Does not:  read a projection: a bead's way is known to it from a fact of KNOWN_FROM on.
// Always:    the hours of two nights in a row are those of the two together.

import { rigOf } from '../../events/address.ts'
import type { FactOf, LogRecord } from '../../events/index.ts'
import type { AnyFact } from '../../events/record.ts'
import { isAside } from '../../projections/merge-queue.ts'

export const HOUR_KINDS = ['place', 'working', 'person', 'gates', 'rework', 'other'] as const
/**
 * `place`: for a free place. `person`: an answer, a decision, a landing that stands still. `gates`: handed in, until it
 * has landed or comes back. `rework`: at work once more after it came back. `other`: another bead, a new try, a limit,
 * a budget, everybody stopped.
 */
export type HourKind = (typeof HOUR_KINDS)[number]

type Way = {
  stage: 'none' | 'queued' | 'working' | 'refinery' | 'blocked'
  /** What the dispatch queue says that it waits for. */
  queuedFor: string | null
  rework: boolean
  /** Nothing runs for it: a recovery, a pause. */
  rests: boolean
  /** Where its session stands, when that is no work. */
  held: 'person' | 'other' | null
  decisions: Set<string>
  /** Rig whose landings stand still for it. */
  landingWaits: string | null
  /** By itself: others go on. */
  isSetAside: boolean
}

export type Hours = {
  /** Counts `watchedMs` to what went on until the record, then folds it. */
  take(record: LogRecord, watchedMs: number): void
  pass(watchedMs: number): void
  /** A bead that has stood still for a person since before the first record. */
  blocked(bead: string): void
  /** ms. */
  readonly sums: Readonly<Record<HourKind, number>>
}

export function createHours(): Hours {
  const ways = new Map<string, Way>()
  const sums = Object.fromEntries(HOUR_KINDS.map((kind) => [kind, 0])) as Record<HourKind, number>
  const counts = new Map<HourKind, number>()
  const kinds = new Map<string, HourKind>()

  const pass = (ms: number): void => {
    if (ms > 0) for (const [kind, count] of counts) sums[kind] += count * ms
  }
  const settle = (bead: string, way: Way): void => {
    const [before, now] = [kinds.get(bead) ?? null, kindOf(way)]
    if (before === now) return
    if (before !== null) counts.set(before, (counts.get(before) ?? 0) - 1)
    if (now === null) kinds.delete(bead)
    else {
      counts.set(now, (counts.get(now) ?? 0) + 1)
      kinds.set(bead, now)
    }
  }
  return {
    sums,
    pass,
    blocked(bead) {
      const way: Way = { ...unknown(), stage: 'blocked' }
      ways.set(bead, way)
      settle(bead, way)
    },
    take(record, watchedMs) {
      pass(watchedMs)
      for (const fact of record.facts) {
        const resumed = fact.type === 'LandingResumed' ? String(fact.rig) : null
        if (resumed !== null)
          for (const [bead, way] of ways) {
            if (way.landingWaits !== resumed || way.isSetAside) continue
            way.landingWaits = null
            settle(bead, way)
          }
        const { bead } = fact
        const step = typeof bead === 'string' ? STEPS.get(fact.type) : undefined
        if (step === undefined || typeof bead !== 'string') continue
        const way = ways.get(bead) ?? unknown()
        ways.set(bead, way)
        step(way, fact)
        settle(bead, way)
      }
    },
  }
}

/** Facts that a bead's way is known from, whatever was before. */
export const KNOWN_FROM: ReadonlySet<string> = new Set(['BeadCreated', 'BeadQueued', 'BeadHooked'])

const unknown = (): Way => ({
  stage: 'none',
  queuedFor: null,
  rework: false,
  rests: false,
  held: null,
  decisions: new Set(),
  landingWaits: null,
  isSetAside: false,
})

function kindOf({ stage, queuedFor, rework, rests, held, decisions, landingWaits }: Way): HourKind | null {
  switch (stage) {
    case 'none':
      return null
    case 'blocked':
      return 'person'
    case 'queued':
      return queuedFor === null || queuedFor === 'place'
        ? 'place'
        : queuedFor === 'person'
          ? 'person'
          : 'other'
    case 'refinery':
      return landingWaits === null ? 'gates' : 'person'
    case 'working':
      if (decisions.size > 0 || (held === 'person' && !rests)) return 'person'
      if (rests || held === 'other') return 'other'
      return rework ? 'rework' : 'working'
  }
}

type Steps = { readonly [T in AnyFact['type']]?: (way: Way, fact: AnyFact) => void }

function begin(way: Way, stage: Way['stage']): void {
  Object.assign(way, unknown(), { stage, queuedFor: stage === 'queued' ? way.queuedFor : null })
}

const over = (way: Way): void => begin(way, 'none')
const goesOn = (way: Way): void => {
  way.rests = false
  way.held = null
}
const rests = (way: Way): void => {
  way.rests = true
  way.held = null
}
const lands = (way: Way): void => {
  way.landingWaits = null
}
const decided = (way: Way, fact: AnyFact): void => {
  way.decisions.delete(String(fact.decision))
}
const ended = (way: Way): void => {
  way.held = null
}

const steps: Steps = {
  BeadCreated: over,
  BeadQueued(way, fact) {
    const { waitingFor } = fact as FactOf<'BeadQueued'>
    begin(way, 'queued')
    if (waitingFor !== null) way.queuedFor = waitingFor.kind
  },
  DispatchWaiting(way, fact) {
    way.queuedFor = (fact as FactOf<'DispatchWaiting'>).waitingFor.kind
  },
  BeadNeedsChanged(way, fact) {
    const open = (fact as FactOf<'BeadNeedsChanged'>).open.length > 0
    if (open && way.stage === 'queued') way.queuedFor = 'bead'
    else if (!open && way.queuedFor === 'bead') way.queuedFor = null
  },
  BeadUnqueued: over,
  DispatchWithdrawn(way) {
    if (way.stage === 'queued') over(way)
    way.queuedFor = null
  },
  BeadHooked: (way) => begin(way, 'working'),
  BeadUnhooked(way) {
    if (way.stage !== 'queued' && way.stage !== 'blocked') over(way)
  },
  BeadStarted(way) {
    // A person may have unblocked it, in the same record.
    if (way.stage !== 'working') begin(way, 'working')
    goesOn(way)
  },
  AttemptBegun(way, fact) {
    goesOn(way)
    const { reason } = fact as FactOf<'AttemptBegun'>
    if (reason === 'rework' || reason === 'gateFailed') way.rework = true
  },
  RecoveryAsked: rests,
  RecoveryScheduled: rests,
  SandboxPaused: rests,
  BeadSubmitted: (way) => begin(way, 'refinery'),
  BeadTesting: (way) => begin(way, 'refinery'),
  MergeBuilding: lands,
  MergeTesting: lands,
  MergeLanding: lands,
  MergeRequeued: lands,
  MergeWaiting(way, fact) {
    const { mergeRequest, code } = fact as FactOf<'MergeWaiting'>
    way.landingWaits = rigOf(mergeRequest)
    way.isSetAside = isAside(code)
  },
  BeadReworked(way) {
    begin(way, 'working')
    way.rework = true
  },
  BeadBlocked: (way) => begin(way, 'blocked'),
  BeadUnblocked(way) {
    if (way.stage === 'blocked') over(way)
  },
  BeadDeferred: over,
  BeadLanded: over,
  BeadClosed: over,
  BeadReopened: over,
  DecisionOpened(way, fact) {
    way.decisions.add(String(fact.decision))
  },
  DecisionAnswered: decided,
  DecisionExpired: decided,
  DecisionWithdrawn: decided,
  AgentStands(way, fact) {
    const { state, reason } = (fact as FactOf<'AgentStands'>).standing
    if (state === 'limited') way.held = 'other'
    else if (state === 'waitingForPermission' || state === 'waitingForPerson' || state === 'stuck')
      way.held = 'person'
    // Its turn is over and nothing is handed in: nobody goes on by itself.
    else if (state === 'idle' && (reason === '' || reason === 'interrupted')) way.held = 'person'
    else way.held = null
  },
  SessionEnded: ended,
  SessionFailed: ended,
}

const STEPS: ReadonlyMap<string, (way: Way, fact: AnyFact) => void> = new Map(
  Object.entries(steps).flatMap(([type, step]) => (step === undefined ? [] : [[type, step] as const])),
)
