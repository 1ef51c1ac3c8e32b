// What must hold after every record, kept up to date record by record from nothing but the records themselves.
//
// Owns:      the state of every owner and promise as the log has it, and the first thing that was not as it must be.
// Does not:  trust the system: it folds with the same plain rule as anybody (`nextState`), and keeps its own books
//            of what was asked for and what was settled.

import type { MemoryDisk } from '../../eventlog/index.ts'
import { MAYOR } from '../../src/events/address.ts'
import { type Address, effectId, type LogRecord } from '../../src/events/record.ts'
import { applyAll, canonical, createProjections } from '../../src/projections/index.ts'
import { nextState } from '../../src/system/owners.ts'
import type { OpenEffect, OwnerState, System, Turn, TurnResult } from '../../src/system/types.ts'
import { createLandingRules } from './landing-rules.ts'
import { isRelated, relationsOf } from './relations.ts'
import { plain } from './state-text.ts'
import type { World } from './world.ts'

type Promised = { readonly actor: Address; readonly kind: string; readonly params: unknown }

const LIVE_SESSION = new Set(['starting', 'running', 'finishing', 'stopping'])

export class Checker {
  violation: string | null = null
  seq = 0
  readonly owners = new Map<Address, OwnerState>()
  readonly projections = createProjections()
  readonly open = new Map<string, Promised>()
  /** How often each fact was seen; says what a run has reached. */
  readonly facts = new Map<string, number>()
  readonly #world: World
  readonly #disk: MemoryDisk
  #lastAt = ''
  #last: LogRecord | null = null
  #reopened = false
  readonly #asked = new Map<string, string>()
  readonly #performed = new Set<string>()
  readonly #hooks = new Map<string, Address>()
  readonly #liveSessions = new Map<Address, Set<Address>>()
  readonly #placesMax = new Map<string, number>()
  readonly #landed = new Map<string, string>()
  readonly #acknowledged = new Map<string, number>()
  readonly #refused = new Set<string>()
  #touched = new Set<Address>()
  readonly #landingRules = createLandingRules(
    (what) => this.violated(what),
    (rig) => this.#world.repository(rig),
  )

  constructor(world: World, disk: MemoryDisk) {
    this.#world = world
    this.#disk = disk
  }

  violated(what: string): void {
    this.violation ??= `at record ${this.seq}, ${this.#world.scheduler.now} ms: ${what}`
  }

  /** A record that the system shows. Those of before a crash are shown again, and must be the same. */
  record(record: LogRecord): void {
    const { seq } = record
    if (seq > this.#disk.durable) this.violated(`record ${seq} is shown before it is durable`)
    if (seq < this.seq) return
    if (seq === this.seq) {
      if (this.#last !== null && !sameJson(JSON.stringify(record), JSON.stringify(this.#last)))
        this.violated(`record ${seq} is another one after a restart`)
      return
    }
    if (seq !== this.seq + 1) this.violated(`record ${seq} follows ${this.seq}`)
    if (record.at < this.#lastAt)
      this.violated(`time went back from ${this.#lastAt} to ${record.at} at ${seq}`)
    if (record.cause !== null && record.cause >= seq)
      this.violated(`record ${seq} is caused by ${record.cause}`)
    this.seq = seq
    this.#lastAt = record.at
    this.#last = record
    this.#apply(record)
  }

  /** A log was opened again: nothing that was shown is gone. */
  opened(head: number): void {
    if (head < this.seq) this.violated(`the log ends at ${head} after ${this.seq} had been shown`)
    this.#reopened = true
  }

  performed(effect: OpenEffect, life: number): void {
    const asked = this.#asked.get(effect.id)
    if (asked === undefined || Number(effect.id.split('.')[0]) > this.#disk.durable)
      this.violated(`effect ${effect.id} ${effect.kind} begins before the record that asks for it is durable`)
    else if (asked !== JSON.stringify([effect.kind, effect.params]))
      this.violated(`effect ${effect.id} is not what its record asks for`)
    const once = `${life} ${effect.id}`
    if (this.#performed.has(once)) this.violated(`effect ${effect.id} begins twice`)
    this.#performed.add(once)
  }

  /** The answer to a turn went out. */
  accepted({ id }: Turn, result: TurnResult): void {
    if (!result.accepted) {
      this.#refused.add(id)
      return
    }
    const last = result.records.at(-1)?.seq
    if (last === undefined) return
    if (last > this.#disk.durable) this.violated(`${id} is acknowledged before it is durable`)
    const before = this.#acknowledged.get(id)
    if (before !== undefined && before !== last) this.violated(`${id} acts twice: at ${before} and ${last}`)
    this.#acknowledged.set(id, last)
    this.#refused.delete(id)
  }

  /** An agent heard the answer to its `gt done`. */
  answered(id: string, kind: 'accepted' | 'refused'): void {
    if (kind === 'refused') this.#refused.add(id)
  }

  /** The target of a rig advanced from `base` to the last of `commits`, which stand one upon the other. */
  pushed(rig: string, base: string, commits: readonly string[]): void {
    const repository = this.#world.repository(rig)
    const tip = String(commits.at(-1))
    if (!repository.green.has(repository.treeOf(tip)) && !this.#world.ungated.has(rig))
      this.violated(`${tip} lands although no gate has passed on its tree`)
    for (const [n, commit] of commits.entries()) {
      if (repository.belowOf(commit) !== (commits[n - 1] ?? base))
        this.violated(`${commit} lands with others, and does not stand on the one below it`)
      for (const bead of repository.takenBackBy(commit)) this.#landed.delete(bead)
      for (const bead of repository.beadsOf(commit)) {
        if (this.#landed.has(bead))
          this.violated(`${bead} lands twice: ${this.#landed.get(bead)} and ${commit}`)
        this.#landed.set(bead, commit)
      }
    }
  }

  /** Nothing is being written, decided or told. True when it is the first such moment since a restart. */
  quiet(system: System): boolean {
    for (const [id, { kind }] of this.open) if (kind === 'tell') this.violated(`the tell ${id} is left open`)
    // After a restart every owner stands where the log says; else those that moved.
    const restarted = this.#reopened
    this.#reopened = false
    if (restarted) {
      for (const address of this.owners.keys()) this.#touched.add(address)
      for (const [address] of system.owners()) this.#touched.add(address)
    }
    for (const address of this.#touched) this.#compare(system, address)
    if (this.#touched.size === 0) return restarted
    const related = [...this.#touched].some(isRelated)
    this.#touched = new Set()
    const inSystem = [...system.openEffects(), ...system.openTimers()].map(({ id }) => id)
    if (inSystem.toSorted().join() !== [...this.open.keys()].toSorted().join())
      this.violated(
        `open promises are ${[...this.open.keys()].join()}, but the system has ${inSystem.join()}`,
      )
    if (related) for (const problem of relationsOf(this.owners)) this.violated(problem)
    return restarted
  }

  /** Everything at the end: the chain, what was acknowledged and what was refused; `rebuild`: the folds from scratch. */
  async end(rebuild: boolean): Promise<void> {
    const { daemon } = this.#world
    const log = daemon?.log
    if (daemon?.system == null || log == null) return this.violated('the town is not up at the end')
    const report = await log.verify()
    if (!report.ok) this.violated(`the log is damaged: ${JSON.stringify(report.problems)}`)
    if (rebuild) await this.compareRebuilt()
    for (const [id, last] of this.#acknowledged) {
      if ((await log.find(id))?.last !== last) this.violated(`${id} was acknowledged at ${last} and is lost`)
    }
    for (const id of this.#refused) {
      if ((await log.find(id)) !== undefined) this.violated(`${id} was refused and has a record`)
    }
    for (const [bead, commit] of this.#landed) {
      const value = this.owners.get(`beads/${bead}`)?.value
      if (!bead.startsWith('person-') && value !== 'closed')
        this.violated(`${bead} is in the target as ${commit} and stands at ${JSON.stringify(value)}`)
    }
  }

  /** Owners and projections folded from the disk's lines equal those kept live. */
  async compareRebuilt(): Promise<void> {
    const owners = new Map<Address, OwnerState>()
    const projections = createProjections()
    for await (const { line } of (this.#world.daemon?.log ?? neverOpened()).read({ to: this.seq })) {
      const record = JSON.parse(line) as LogRecord
      if (record.refused === undefined)
        owners.set(record.actor, nextState(owners.get(record.actor) ?? null, record))
      applyAll(projections, record)
    }
    for (const address of new Set([...owners.keys(), ...this.owners.keys()])) {
      const rebuilt = plain(owners.get(address) ?? null)
      const live = plain(this.owners.get(address) ?? null)
      if (rebuilt !== live) this.violated(`${address} rebuilt is ${rebuilt}, live ${live}`)
    }
    if (canonical(projections) !== canonical(this.projections))
      this.violated('projections rebuilt differ from those folded live')
  }

  #apply(record: LogRecord): void {
    const { actor, seq } = record
    this.#settle(record)
    const before = this.owners.get(actor) ?? null
    if (record.refused !== undefined) {
      if (record.settles === undefined) this.violated(`record ${seq} is a refusal that settles nothing`)
      if (JSON.stringify(record.change) !== '{}' || record.facts.length > 0)
        this.violated(`record ${seq} was refused and changes something`)
    } else {
      if (JSON.stringify(before?.value ?? null) !== JSON.stringify(record.from))
        this.violated(`record ${seq} leaves ${JSON.stringify(record.from)}, but ${actor} stood elsewhere`)
      this.owners.set(actor, nextState(before, record))
      this.#touched.add(actor)
      this.#checkOwner(record, before)
    }
    for (const fact of record.facts) {
      this.facts.set(fact.type, (this.facts.get(fact.type) ?? 0) + 1)
      if (fact.type === 'BeadLanded') this.#checkLanded(String(fact.bead), String(fact.commit))
    }
    this.#landingRules(record)
    applyAll(this.projections, record)
  }

  /** My own books of promises: each is closed once, by an answer, by leaving, or by being called off. */
  #settle(record: LogRecord): void {
    const { actor, seq } = record
    if (record.settles !== undefined && !this.open.delete(record.settles))
      this.violated(`record ${seq} settles ${record.settles}, which is not open`)
    const moved = JSON.stringify(record.from) !== JSON.stringify(record.to)
    if (record.refused === undefined && record.from !== null && moved) {
      for (const [id, asked] of this.open)
        if (asked.actor === actor && asked.kind !== 'tell' && asked.kind !== 'timer') this.open.delete(id)
    }
    record.effects.forEach(({ kind, params }, n) => {
      const id = effectId(seq, n)
      if (kind === 'timer.cancel') {
        for (const [timer, asked] of this.open) {
          const { event } = asked.params as { event?: unknown }
          if (asked.actor === actor && asked.kind === 'timer' && event === params.event)
            this.open.delete(timer)
        }
        return
      }
      this.open.set(id, { actor, kind, params })
      if (kind !== 'tell' && kind !== 'timer') this.#asked.set(id, JSON.stringify([kind, params]))
    })
  }

  #checkOwner({ actor, seq, message }: LogRecord, before: OwnerState | null): void {
    const state = this.owners.get(actor) as OwnerState
    if (/^[^/]+\/polecats\/[^/]+$/.test(actor)) {
      const bead = state.context.bead as string | null
      const old = before?.context.bead as string | null | undefined
      if (old != null && this.#hooks.get(old) === actor) this.#hooks.delete(old)
      if (bead !== null) {
        const other = this.#hooks.get(bead)
        if (other !== undefined && other !== actor)
          this.violated(`${bead} is on the hooks of ${other} and ${actor}`)
        this.#hooks.set(bead, actor)
      }
    } else if (actor.includes('/sessions/')) {
      const agent = String(state.context.agent)
      const live = this.#liveSessions.get(agent) ?? new Set()
      if (LIVE_SESSION.has(String(state.value))) live.add(actor)
      else live.delete(actor)
      if (live.size > 1) this.violated(`${agent} has the sessions ${[...live].join()} at once`)
      this.#liveSessions.set(agent, live)
    } else if (actor === MAYOR) {
      if (message.type === 'dispatch.openRig')
        this.#placesMax.set(String(message.rig), Number(message.placesMax))
      for (const [rig, max] of this.#placesMax) {
        const places = countKeys(state, `place/${rig}/`)
        if (places > max && places > (before === null ? 0 : countKeys(before, `place/${rig}/`)))
          this.violated(`${rig} gives ${places} places of ${max} at ${seq}`)
      }
    }
  }

  #checkLanded(bead: string, commit: string): void {
    const rig = String(this.owners.get(`beads/${bead}`)?.context.rig)
    const repository = this.#world.repository(rig)
    if (!repository.history.includes(commit) || !repository.beadsOf(commit).includes(bead))
      this.violated(`${bead} is closed as landed, and ${commit} is not in the target with its work`)
  }

  #compare(system: System, address: Address): void {
    const live = plain(system.owner(address))
    const folded = plain(this.owners.get(address) ?? null)
    if (live !== folded) this.violated(`${address} is ${live} in the system and ${folded} in the log`)
  }
}

const countKeys = (state: OwnerState, prefix: string): number =>
  Object.keys(state.context).filter((key) => key.startsWith(prefix)).length

/** The system's record object may have its keys in another order than the log's line. */
const sameJson = (a: string, b: string): boolean => a === b || sorted(a) === sorted(b)
const sorted = (line: string): string =>
  JSON.stringify(Object.entries(JSON.parse(line) as object).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function neverOpened(): never {
  throw new Error('There is no log to read')
}
