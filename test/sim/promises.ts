// My own books of what the log has promised: each promise is closed once, by an answer, by leaving, or by being called off.
//
// Does not:  trust the ledger of the system, which is held against these books whenever nothing is under way.

import { type Address, effectId, type LogRecord } from '../../src/events/record.ts'
import { sameValue } from '../../src/system/decide.ts'
import type { OpenEffect, System } from '../../src/system/types.ts'

export type Promised = { readonly actor: Address; readonly kind: string; readonly params: unknown }

/** Beyond so many open promises they are not held against the system's after each record. */
const FEW = 128
/** But once in so many records for each of them. */
const SHARE = 8

export class Promises {
  readonly open = new Map<string, Promised>()
  /** Whatever was asked of the world, by the id of the effect. */
  readonly asked = new Map<string, Promised>()
  readonly #violated: (what: string) => void
  readonly #byActor = new Map<Address, Set<string>>()
  #tells = 0
  #since = 0

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  record(record: LogRecord): void {
    const { actor, seq } = record
    this.#since += 1
    if (record.settles !== undefined && !this.#close(record.settles))
      this.#violated(`record ${seq} settles ${record.settles}, which is not open`)
    const own = this.#byActor.get(actor)
    if (record.refused === undefined && record.from !== null && !sameValue(record.from, record.to)) {
      for (const id of [...(own ?? [])]) {
        const kind = this.open.get(id)?.kind
        if (kind !== 'tell' && kind !== 'timer') this.#close(id)
      }
    }
    record.effects.forEach(({ kind, params }, n) => {
      const id = effectId(seq, n)
      if (kind === 'timer.cancel') {
        for (const timer of [...(own ?? [])]) {
          const asked = this.open.get(timer)
          if (asked?.kind === 'timer' && (asked.params as { event?: unknown }).event === params.event)
            this.#close(timer)
        }
        return
      }
      const promised = { actor, kind, params }
      this.#note(id, promised)
      if (kind !== 'tell' && kind !== 'timer') this.asked.set(id, promised)
    })
  }

  /** What its record asks for. */
  isAsked({ id, kind, params }: OpenEffect): boolean {
    const asked = this.asked.get(id)
    return (
      asked?.kind === kind &&
      (asked.params === params || JSON.stringify(asked.params) === JSON.stringify(params))
    )
  }

  /** Nothing is under way. `all`: however many there are. */
  compare(system: System, all: boolean): void {
    if (this.#tells > 0)
      for (const [id, { kind }] of this.open)
        if (kind === 'tell') this.#violated(`the tell ${id} is left open`)
    if (!all && this.open.size > FEW && this.#since * SHARE < this.open.size) return
    this.#since = 0
    const inSystem = [...system.openEffects(), ...system.openTimers()]
    if (inSystem.length === this.open.size && inSystem.every(({ id }) => this.open.has(id))) return
    this.#violated(
      `open promises are ${[...this.open.keys()].join()}, but the system has ${inSystem.map(({ id }) => id).join()}`,
    )
  }

  #note(id: string, promised: Promised): void {
    this.open.set(id, promised)
    if (promised.kind === 'tell') this.#tells += 1
    const ids = this.#byActor.get(promised.actor)
    if (ids === undefined) this.#byActor.set(promised.actor, new Set([id]))
    else ids.add(id)
  }

  #close(id: string): boolean {
    const promised = this.open.get(id)
    if (promised === undefined) return false
    this.open.delete(id)
    if (promised.kind === 'tell') this.#tells -= 1
    const ids = this.#byActor.get(promised.actor)
    ids?.delete(id)
    if (ids?.size === 0) this.#byActor.delete(promised.actor)
    return true
  }
}
