// What the log has promised and not yet settled: effects, timers and tells.
//
// Owns:      the fold from records to what is still open.
// Does not:  carry anything out (runner.ts, system.ts).
// Always:    a restart that folds the same records has the same open promises; a promise that a record not yet
//            durable will close is no longer waited for.

import {
  type Address,
  type AnyEffect,
  type AnyMessage,
  effectId,
  type LogRecord,
  OWNER_MIGRATED,
  TOWN_FORKED,
} from '../events/record.ts'
import { sameValue } from './decide.ts'

type Asked = {
  readonly id: string
  readonly actor: Address
  /** Seq of the record that asked. */
  readonly seq: number
  readonly correlation: number
}
export type OpenWorld = Asked & { readonly kind: string; readonly params: AnyEffect['params'] }
export type OpenTimer = Asked & { readonly event: string; readonly dueAt: string; readonly delayMs: number }
export type OpenTell = Asked & {
  readonly messages: readonly { readonly to: Address; readonly message: AnyMessage }[]
  /** How many tells in a row led here. */
  readonly depth: number
}

/** What one record did to the open promises. */
export type LedgerChange = {
  readonly effects: readonly OpenWorld[]
  readonly timers: readonly OpenTimer[]
  readonly tells: readonly OpenTell[]
  /** Ids nobody waits for any more: settled by this record, or left behind by it. */
  readonly closed: readonly string[]
  /** It says that time has passed in which nobody was there. */
  readonly unwatched: boolean
}

/** Open promises as plain JSON. */
export type SavedLedger = {
  readonly effects: readonly OpenWorld[]
  readonly timers: readonly (OpenTimer & { readonly unwatchedMs: number })[]
  readonly tells: readonly OpenTell[]
  readonly unwatchedMs: number
}

export interface Ledger {
  readonly effects: ReadonlyMap<string, OpenWorld>
  readonly timers: ReadonlyMap<string, OpenTimer>
  readonly tells: ReadonlyMap<string, OpenTell>
  /** True while an answer would be taken: open, and not closed by a decision that is being written. */
  awaits(id: string): boolean
  /** Notes a decision that is being written. */
  propose(record: LogRecord): void
  /** Forgets every decision that was being written. */
  rollBack(): void
  apply(record: LogRecord): LedgerChange
  /** Open tells of a correlation. */
  tellsOf(correlation: number): number
  /** ms of the log's time in which nobody was there to see time pass (from TownStarted and TownWoke). */
  readonly unwatchedMs: number
  /** `unwatchedMs` as it was when a timer was set. */
  unwatchedWhenSet(timerId: string): number
  /** What is open now, for a checkpoint. Decisions that are being written are not in it. */
  save(): SavedLedger
  load(saved: SavedLedger): void
}

export function createLedger(): Ledger {
  const effects = new Map<string, OpenWorld>()
  const timers = new Map<string, OpenTimer>()
  const tells = new Map<string, OpenTell>()
  const byActor = new Map<Address, Set<string>>()
  const perCorrelation = new Map<number, number>()
  const whenSet = new Map<string, number>()
  let unwatchedMs = 0
  const proposed = new Map<Address, LogRecord[]>()
  const beingSettled = new Set<string>()
  /** The refusal folded last: news of it to whoever asked goes on with its chain of tells. */
  let refusal = { seq: 0, depth: 0 }

  const noteTell = (told: OpenTell) => {
    tells.set(told.id, told)
    perCorrelation.set(told.correlation, (perCorrelation.get(told.correlation) ?? 0) + 1)
  }
  const index = (asked: Asked) => {
    const ids = byActor.get(asked.actor) ?? new Set<string>()
    ids.add(asked.id)
    byActor.set(asked.actor, ids)
  }
  const close = (id: string, closed: string[]): void => {
    const open = effects.get(id) ?? timers.get(id)
    const told = tells.get(id)
    if (open !== undefined) {
      effects.delete(id)
      timers.delete(id)
      whenSet.delete(id)
      const ids = byActor.get(open.actor)
      ids?.delete(id)
      if (ids?.size === 0) byActor.delete(open.actor)
    } else if (told !== undefined) {
      tells.delete(id)
      const left = (perCorrelation.get(told.correlation) ?? 1) - 1
      if (left === 0) perCorrelation.delete(told.correlation)
      else perCorrelation.set(told.correlation, left)
    } else return
    closed.push(id)
  }

  return {
    effects,
    timers,
    tells,
    get unwatchedMs() {
      return unwatchedMs
    },
    unwatchedWhenSet: (id) => whenSet.get(id) ?? 0,
    awaits(id) {
      if (beingSettled.has(id)) return false
      const asked = effects.get(id) ?? timers.get(id)
      if (asked === undefined) return tells.has(id)
      const event = 'event' in asked ? asked.event : null
      return !(proposed.get(asked.actor) ?? []).some((record) =>
        event === null ? leavesState(record) : callsOff(record, event),
      )
    },
    propose(record) {
      if (record.settles !== undefined) beingSettled.add(record.settles)
      if (record.refused !== undefined) return
      const ahead = proposed.get(record.actor)
      if (ahead === undefined) proposed.set(record.actor, [record])
      else ahead.push(record)
    },
    rollBack() {
      proposed.clear()
      beingSettled.clear()
    },
    save: () => ({
      effects: [...effects.values()],
      timers: [...timers.values()].map((timer) => ({ ...timer, unwatchedMs: whenSet.get(timer.id) ?? 0 })),
      tells: [...tells.values()],
      unwatchedMs,
    }),
    load(saved) {
      unwatchedMs = saved.unwatchedMs
      for (const effect of saved.effects) {
        effects.set(effect.id, effect)
        index(effect)
      }
      for (const { unwatchedMs: then, ...timer } of saved.timers) {
        timers.set(timer.id, timer)
        whenSet.set(timer.id, then)
        index(timer)
      }
      for (const told of saved.tells) noteTell(told)
    },
    tellsOf: (correlation) => perCorrelation.get(correlation) ?? 0,
    apply(record) {
      const closed: string[] = []
      const ahead = proposed.get(record.actor)
      while (ahead?.[0] !== undefined && ahead[0].seq <= record.seq) ahead.shift()
      if (ahead?.length === 0) proposed.delete(record.actor)
      if (record.settles !== undefined) beingSettled.delete(record.settles)

      const settled = record.settles === undefined ? undefined : tells.get(record.settles)
      const depth = settled?.depth ?? (record.cause === refusal.seq ? refusal.depth : 0)
      if (record.refused !== undefined) refusal = { seq: record.seq, depth }
      if (record.settles !== undefined) close(record.settles, closed)
      // Leaving the state that asked for an effect means no longer waiting for its answer.
      if (leavesState(record)) {
        for (const id of [...(byActor.get(record.actor) ?? [])]) if (effects.has(id)) close(id, closed)
      }
      // What a town was asked for before it was forked is no business of the fork.
      if (forks(record)) for (const id of [...effects.keys(), ...timers.keys()]) close(id, closed)
      const unwatchedBefore = unwatchedMs
      for (const fact of record.facts) {
        if (fact.type === 'TownStarted') unwatchedMs += Number(fact.downMs ?? 0)
      }
      const unwatched = unwatchedMs > unwatchedBefore
      // Timers at hand stood still with the machine: none needs to be armed anew.
      for (const fact of record.facts) if (fact.type === 'TownWoke') unwatchedMs += Number(fact.sleptMs)
      const added = { effects: [] as OpenWorld[], timers: [] as OpenTimer[], tells: [] as OpenTell[] }
      record.effects.forEach((effect, n) => {
        const asked = {
          id: effectId(record.seq, n),
          actor: record.actor,
          seq: record.seq,
          correlation: record.correlation,
        }
        if (effect.kind === 'timer.cancel') {
          for (const id of [...(byActor.get(record.actor) ?? [])]) {
            if (timers.get(id)?.event === effect.params.event) close(id, closed)
          }
        } else if (effect.kind === 'timer') {
          const params = effect.params as { event: string; dueAt: string; delayMs: number }
          const timer = { ...asked, event: params.event, dueAt: params.dueAt, delayMs: params.delayMs }
          timers.set(asked.id, timer)
          whenSet.set(asked.id, unwatchedMs)
          index(timer)
          added.timers.push(timer)
        } else if (effect.kind === 'tell') {
          const messages = (effect.params as { messages: OpenTell['messages'] }).messages
          const told = { ...asked, messages, depth: depth + 1 }
          noteTell(told)
          added.tells.push(told)
        } else {
          const world = { ...asked, kind: effect.kind, params: effect.params }
          effects.set(asked.id, world)
          index(world)
          added.effects.push(world)
        }
      })
      return { ...added, closed, unwatched }
    },
  }
}

/** A state that only has another name in a new version was not left. */
const leavesState = ({ refused, from, to, message }: LogRecord): boolean =>
  refused === undefined && from !== null && !sameValue(from, to) && message.type !== OWNER_MIGRATED

const forks = ({ refused, message }: LogRecord): boolean =>
  refused === undefined && message.type === TOWN_FORKED

const callsOff = ({ effects }: LogRecord, event: string): boolean =>
  effects.some(({ kind, params }) => kind === 'timer.cancel' && params.event === event)
