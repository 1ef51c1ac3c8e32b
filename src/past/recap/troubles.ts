// What was red, and which agents fell over or stood still.
//
// Owns:      opening and ending each red gate, target and rig; what happened to each agent's sessions.
// Always:    one that was red before the time looked at has no `since` unless a row still says it.

import { rigOf } from '../../events/address.ts'
import type { FactOf, LogRecord } from '../../events/index.ts'
import type { Address, AnyFact } from '../../events/record.ts'
import { isHeld } from '../../projections/agent-health.ts'
import type { AgentRow } from '../../projections/agent-rows.ts'
import type { Projections } from '../../projections/index.ts'
import { mergeRequests } from '../../projections/merge-queue.ts'
import { rigs } from '../../projections/rigs.ts'
import type { AgentTrouble, Red } from './types.ts'

type Open = { -readonly [K in keyof Omit<Red, 'more' | 'beads'>]: Red[K] } & { beads: string[] }

export function createReds(): {
  take(record: LogRecord): void
  end(projections: Pick<Projections, 'rigs' | 'mergeQueue'>, from: string): Red[]
} {
  const all: Open[] = []
  const open = (kind: Red['kind'], rig: string, what?: string): Open | undefined =>
    all.findLast(
      (red) =>
        red.kind === kind &&
        red.rig === rig &&
        red.until === null &&
        (what === undefined || red.what === what),
    )
  /** A landing that waits, as against a target that takes none. */
  const waiting = (rig: string): Open | undefined =>
    all.findLast(
      ({ kind, rig: of, until, what }) =>
        kind === 'target' && of === rig && until === null && !CLOSED.has(what),
    )
  const begin = (red: Omit<Open, 'until' | 'beads'>, bead: string | null): void => {
    const known = open(red.kind, red.rig, red.what)
    const one = known ?? { ...red, until: null, beads: [] }
    if (known === undefined) all.push(one)
    one.message = red.message
    if (bead !== null && !one.beads.includes(bead)) one.beads.push(bead)
  }
  const end = (red: Open | undefined, at: string): void => {
    if (red !== undefined) red.until = at
  }
  const fold = (fact: AnyFact, at: string): void => {
    switch (fact.type) {
      case 'MergeFailed': {
        const { mergeRequest, gate, message, bead } = fact as FactOf<'MergeFailed'>
        begin({ kind: 'gate', rig: rigOf(mergeRequest) ?? '', what: gate, message, since: at }, bead)
        return
      }
      case 'MergeLanding': {
        const { mergeRequest, results } = fact as FactOf<'MergeLanding'>
        const rig = rigOf(mergeRequest) ?? ''
        for (const { name, outcome } of results) if (outcome === 'passed') end(open('gate', rig, name), at)
        return
      }
      case 'LandingWaits': {
        const { rig, bead, code, message } = fact as FactOf<'LandingWaits'>
        const before = waiting(rig)
        if (before !== undefined && before.what !== code) before.until = at
        begin({ kind: 'target', rig, what: code, message, since: at }, bead)
        return
      }
      case 'LandingResumed':
      case 'TargetAdvanced': {
        const rig = String(fact.rig)
        const waits = waiting(rig)
        const seen = all.some(
          ({ kind, rig: of, what }) => kind === 'target' && of === rig && !CLOSED.has(what),
        )
        if (waits === undefined && !seen && fact.type === 'LandingResumed')
          all.push({ kind: 'target', rig, what: '', message: '', since: null, until: at, beads: [] })
        else end(waits, at)
        return
      }
      case 'TargetFrozen': {
        const { rig, target, reason } = fact as FactOf<'TargetFrozen'>
        begin(frozen(rig, target, reason, at), null)
        return
      }
      case 'TargetThawed':
        end(open('target', String(fact.rig), FROZEN), at)
        return
      case 'TargetRed': {
        const { rig, target, first, message } = fact as FactOf<'TargetRed'>
        begin(redTarget(rig, target, first, message, at), null)
        return
      }
      case 'TargetMended':
        end(open('target', String(fact.rig), RED), at)
        return
      case 'RigFailed': {
        const { rig, code, message } = fact as FactOf<'RigFailed'>
        begin({ kind: 'rig', rig, what: code, message, since: at }, null)
        return
      }
      case 'RigReady':
        end(open('rig', String(fact.rig)), at)
    }
  }
  return {
    take({ facts, at }) {
      for (const fact of facts) fold(fact, at)
    },
    end(projections, from) {
      for (const row of rigs(projections.rigs.rows)) {
        const { name, target, frozen: ice, red } = row
        if (ice !== null && ice.since <= from) begin(frozen(name, target.branch, ice.reason, ice.since), null)
        if (red !== null && red.since <= from)
          begin(redTarget(name, target.branch, red.first, red.message, red.since), null)
        if (row.waiting === null || row.waiting.since > from || waiting(name) !== undefined) continue
        const { code, message, since, bead } = row.waiting
        begin({ kind: 'target', rig: name, what: code, message, since }, bead)
      }
      return all
        .map((red) => (red.since === null ? { ...red, ...waitedBefore(projections, red.rig, from) } : red))
        .filter(({ what }) => what !== '')
        .map((red) => ({ ...red, more: moreOf(red) }))
    },
  }
}

const FROZEN = 'TARGET_FROZEN'
const RED = 'TARGET_RED'
/** With these nothing lands, whatever becomes of a landing that waits. */
const CLOSED: ReadonlySet<string> = new Set([FROZEN, RED])

const frozen = (rig: string, target: string, reason: string, since: string) => ({
  kind: 'target' as const,
  rig,
  what: FROZEN,
  message: `${target} is frozen${reason === '' ? '' : `: ${reason}`}`,
  since,
})

const redTarget = (rig: string, target: string, first: string, message: string, since: string) => ({
  kind: 'target' as const,
  rig,
  what: RED,
  message: `${target} is red by itself since ${first.slice(0, 7)}: ${message}`,
  since,
})

/** A wait that ended and did not begin in the time looked at: its requests remember it. */
function waitedBefore(
  { mergeQueue }: Pick<Projections, 'mergeQueue'>,
  rig: string,
  from: string,
): Partial<Open> {
  const waits = mergeRequests(mergeQueue.rows, { rig }).flatMap(({ history, bead }) =>
    history.filter(({ state, at }) => state === 'waiting' && at <= from).map((wait) => ({ ...wait, bead })),
  )
  const last = waits.sort((left, right) => left.seq - right.seq).at(-1)
  return last === undefined
    ? {}
    : { since: last.at, what: last.note ?? '', message: last.note ?? '', beads: [last.bead] }
}

function moreOf({ kind, rig, beads }: Open): string {
  const bead = beads.at(-1)
  if (kind === 'rig') return `gt rig show ${rig}`
  return bead === undefined ? `gt mq list --rig ${rig}` : `gt mq show ${bead}`
}

type Trouble = { -readonly [K in keyof Omit<AgentTrouble, 'more'>]: AgentTrouble[K] }

export function createAgentTroubles(): {
  take(record: LogRecord): void
  end(projections: Pick<Projections, 'agents'>): AgentTrouble[]
} {
  const troubles = new Map<string, Trouble>()
  const note = (agent: Address, bead: string | null, at: string, cause: string, restarts = 0): void => {
    const key = `${agent} ${bead}`
    const one = troubles.get(key) ?? { agent, bead, restarts: 0, stuck: false, cause, at }
    troubles.set(key, one)
    one.restarts += restarts
    one.at = at
    if (cause !== '') one.cause = cause
  }
  return {
    take({ facts, at, from }) {
      for (const fact of facts) {
        const told = troubleIn(fact, from)
        if (told !== null) note(told.agent, told.bead, at, told.cause, told.restarts)
      }
    },
    end({ agents }) {
      for (const trouble of troubles.values()) {
        const row = agents.rows.byAddress.get(trouble.agent)
        trouble.stuck = row !== undefined && isStill(row) && row.hook === trouble.bead
      }
      return [...troubles.values()]
        .sort(
          (left, right) =>
            Number(right.stuck) - Number(left.stuck) ||
            right.restarts - left.restarts ||
            (left.at < right.at ? -1 : 1),
        )
        .map((trouble) => ({ ...trouble, more: `gt history ${trouble.agent}` }))
    },
  }
}

type Told = { agent: Address; bead: string | null; cause: string; restarts: number }

/** A cause that is empty leaves the one that was told before. */
function troubleIn(fact: AnyFact, from: LogRecord['from']): Told | null {
  switch (fact.type) {
    case 'SessionEnded': {
      const { agent, bead, ending, done } = fact as FactOf<'SessionEnded'>
      // One that was told to stop surprises nobody.
      if (done || from === 'stopping' || from === 'finishing') return null
      return { agent, bead, cause: `its session ended: ${howEnded(ending)}`, restarts: 0 }
    }
    case 'SessionFailed': {
      const { agent, bead, message } = fact as FactOf<'SessionFailed'>
      return { agent, bead, cause: `it could not be started: ${message}`, restarts: 0 }
    }
    case 'RecoveryGranted': {
      const { agent, bead } = fact as FactOf<'RecoveryGranted'>
      return { agent, bead, cause: '', restarts: 1 }
    }
    case 'RecoveryRefused': {
      const { agent, bead, n } = fact as FactOf<'RecoveryRefused'>
      return { agent, bead, cause: `no new try after ${n}`, restarts: 0 }
    }
    case 'WorkHandedOff': {
      const { agent, bead, trigger } = fact as FactOf<'WorkHandedOff'>
      return { agent, bead, cause: HANDED[trigger], restarts: 1 }
    }
    case 'AgentStands': {
      const { agent, bead, standing } = fact as FactOf<'AgentStands'>
      return standing.state === 'stuck' ? { agent, bead, cause: standing.reason, restarts: 0 } : null
    }
    default:
      return null
  }
}

const isStill = ({ state, health }: AgentRow): boolean =>
  isHeld(health.state) || health.state === 'limited' || (state === 'working' && health.state === 'idle')

const HANDED = {
  asked: 'it handed over to a fresh session',
  compact: 'its context would have been compacted',
  full: 'its context was full',
  stalled: 'it did not go on',
} as const

function howEnded(ending: FactOf<'SessionEnded'>['ending']): string {
  switch (ending.kind) {
    case 'exited':
      return `exit code ${ending.exitCode}${ending.said === undefined ? '' : `, ${ending.said}`}`
    case 'killed':
      return `signal ${ending.signal}`
    case 'notStarted':
      return ending.message
    case 'lost':
      return 'nobody saw how'
  }
}
