// What must hold after every record, kept up to date record by record from nothing but the records themselves.
//
// Owns:      the state of every owner and promise as the log has it, and the first thing that was not as it must be.
// Does not:  trust the system: it folds with the same plain rule as anybody (`nextState`), and keeps its own books
//            of what was asked for and what was settled.

import type { MemoryDisk } from '../../eventlog/index.ts'
import { MAYOR } from '../../src/events/address.ts'
import type { Address, LogRecord } from '../../src/events/record.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { sameValue } from '../../src/system/decide.ts'
import { nextState } from '../../src/system/owners.ts'
import type { OpenEffect, OwnerState, System, Turn, TurnResult } from '../../src/system/types.ts'
import { createLandingRules } from './landing-rules.ts'
import { Promises } from './promises.ts'
import { Rebuilt } from './rebuilt.ts'
import { Relations } from './relations.ts'
import { sameParts, sameState } from './same-state.ts'
import { plain } from './state-text.ts'
import { Tallies } from './tallies.ts'
import type { World } from './world.ts'

/** The whole state is folded anew and compared after so many records, besides after crashes and at the end. */
const WHOLE_EVERY = 500

/** Whoever said something less long ago goes on: the shortest patience here, without what a slow disk may take of it. */
const STALLED_MS_MIN = 15_000

const SAYS_THE_END = new Set(['SessionEnded', 'SessionFailed'])
/** Where a sandbox has a worktree: what it handed in is not in the target yet. */
const HAS_WORKTREE = new Set(['submitted'])

const LIVE_SESSION = new Set(['starting', 'running', 'finishing', 'stopping'])

export class Checker {
  violation: string | null = null
  /** Effects that were begun. */
  begun = 0
  seq = 0
  readonly owners = new Map<Address, OwnerState>()
  readonly projections = createProjections()
  /** How often each fact was seen; says what a run has reached. */
  readonly facts = new Map<string, number>()
  readonly #world: World
  readonly #disk: MemoryDisk
  #lastAt = ''
  #last: LogRecord | null = null
  #reopened = false
  #wholeAt = 0
  /** The log has refused an append, and was not opened again. */
  poisoned = false
  readonly promises = new Promises((what) => this.violated(what))
  readonly #relations = new Relations(this.owners)
  readonly #tallies = new Tallies(this.projections, (what) => this.violated(what))
  readonly #performed = new Set<string>()
  readonly #hooks = new Map<string, Address>()
  readonly #liveSessions = new Map<Address, Set<Address>>()
  readonly #placesMax = new Map<string, number>()
  readonly #places = new Map<string, Set<string>>()
  readonly #landed = new Map<string, string>()
  readonly #acknowledged = new Map<string, number>()
  readonly #refused = new Set<string>()
  /** When each session said something last, in virtual time. */
  readonly #signs = new Map<Address, number>()
  #touched = new Set<Address>()
  #rebuilt = new Rebuilt()
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
      if (this.#last !== null && record !== this.#last && !sameParts(record, this.#last))
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
    this.poisoned = false
  }

  performed(effect: OpenEffect, life: number): void {
    this.begun += 1
    if (!this.promises.asked.has(effect.id) || Number.parseInt(effect.id, 10) > this.#disk.durable)
      this.violated(`effect ${effect.id} ${effect.kind} begins before the record that asks for it is durable`)
    else if (!this.promises.isAsked(effect))
      this.violated(`effect ${effect.id} is not what its record asks for`)
    else if (!this.promises.open.has(effect.id))
      this.violated(`effect ${effect.id} ${effect.kind} begins, and nobody waits for it`)
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
    if (this.poisoned && !result.repeated)
      this.violated(`${id} is acknowledged after the log failed and before it was opened again`)
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

  /** Nothing is being written, decided or told. `whole`: the first such moment since a restart, or in many records. */
  quiet(system: System): 'same' | 'checked' | 'whole' {
    // After a restart every owner stands where the log says; else those that moved.
    const restarted = this.#reopened
    this.#reopened = false
    if (restarted) {
      for (const address of this.owners.keys()) this.#touched.add(address)
      for (const [address] of system.owners()) this.#touched.add(address)
    }
    if (this.#touched.size === 0 && !restarted) return 'same'
    for (const address of this.#touched) this.#compare(system, address)
    this.#touched.clear()
    const isWhole = restarted || this.seq >= this.#wholeAt + WHOLE_EVERY
    this.promises.compare(system, isWhole)
    for (const problem of isWhole ? this.#relations.all() : this.#relations.problems()) this.violated(problem)
    if (!isWhole) return 'checked'
    this.#wholeAt = this.seq
    return 'whole'
  }

  /** Everything at the end: the chain, what was acknowledged and what was refused; `rebuild`: the folds from scratch. */
  async end(rebuild: boolean): Promise<void> {
    const { daemon } = this.#world
    const log = daemon?.log
    if (daemon?.system == null || log == null) return this.violated('the town is not up at the end')
    const report = await log.verify()
    if (!report.ok) this.violated(`the log is damaged: ${JSON.stringify(report.problems)}`)
    await this.compareRebuilt(rebuild)
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

  /** What the lines on the disk say equals what was kept live. `anew`: folded from the first record. */
  async compareRebuilt(anew = false): Promise<void> {
    const log = this.#world.daemon?.log
    if (log == null) return
    if (anew) this.#rebuilt = new Rebuilt()
    await this.#rebuilt.goOn(log, this.seq)
    const difference = this.#rebuilt.differsFrom(this.owners, this.projections)
    if (difference !== null) this.violated(difference)
  }

  #apply(record: LogRecord): void {
    const { actor, seq } = record
    this.promises.record(record)
    const before = this.owners.get(actor) ?? null
    if (record.refused !== undefined) {
      if (record.settles === undefined) this.violated(`record ${seq} is a refusal that settles nothing`)
      if (JSON.stringify(record.change) !== '{}' || record.facts.length > 0)
        this.violated(`record ${seq} was refused and changes something`)
    } else {
      if (
        before === null ? record.from !== null : record.from === null || !sameValue(before.value, record.from)
      )
        this.violated(`record ${seq} leaves ${JSON.stringify(record.from)}, but ${actor} stood elsewhere`)
      this.owners.set(actor, nextState(before, record))
      this.#touched.add(actor)
      this.#relations.record(record, before)
      this.#checkOwner(record, before)
    }
    for (const fact of record.facts) {
      this.facts.set(fact.type, (this.facts.get(fact.type) ?? 0) + 1)
      if (fact.type === 'BeadLanded') this.#checkLanded(String(fact.bead), String(fact.commit))
      else if (fact.type === 'SessionEnded') this.#checkEnded(String(fact.session))
      else if (fact.type === 'AgentStalled') this.#checkStalled(String(fact.session))
    }
    if (record.by === actor) this.#signs.set(actor, this.#world.scheduler.now)
    this.#landingRules(record)
    applyAll(this.projections, record)
    this.#tallies.record(record)
  }

  #checkOwner(record: LogRecord, before: OwnerState | null): void {
    const { actor } = record
    const state = this.owners.get(actor) as OwnerState
    const parts = actor.split('/')
    if (parts[1] === 'polecats' && parts.length === 3) {
      const bead = state.context.bead as string | null
      const old = before?.context.bead as string | null | undefined
      if (old != null && this.#hooks.get(old) === actor) this.#hooks.delete(old)
      if (bead !== null) {
        const other = this.#hooks.get(bead)
        if (other !== undefined && other !== actor)
          this.violated(`${bead} is on the hooks of ${other} and ${actor}`)
        this.#hooks.set(bead, actor)
      }
    } else if (parts.at(-2) === 'sessions') {
      const agent = String(state.context.agent)
      const live = this.#liveSessions.get(agent) ?? new Set()
      if (LIVE_SESSION.has(String(state.value))) live.add(actor)
      else live.delete(actor)
      if (state.value === 'ended' && !record.facts.some(({ type }) => SAYS_THE_END.has(type)))
        this.violated(`${actor} ends, and nothing says so`)
      if (live.size > 1) this.violated(`${agent} has the sessions ${[...live].join()} at once`)
      this.#liveSessions.set(agent, live)
    } else if (parts.at(-2) === 'sandboxes') {
      const { rig, path } = { rig: parts[0] ?? '', path: String(state.context.path) }
      if (HAS_WORKTREE.has(String(state.value)) && !this.#world.repository(rig).worktrees.has(path))
        this.violated(`${actor} is ${state.value}, and its worktree is gone`)
    } else if (actor === MAYOR) this.#countPlaces(record)
  }

  /** A rig gives no more places than it has; those that it gave when it had more stay. */
  #countPlaces({ seq, message, change }: LogRecord): void {
    if (message.type === 'dispatch.openRig')
      this.#placesMax.set(String(message.rig), Number(message.placesMax))
    for (const key of change.unset ?? []) this.#places.get(rigOfPlace(key) ?? '')?.delete(key)
    for (const key of Object.keys(change.set ?? {})) {
      const rig = rigOfPlace(key)
      if (rig === null) continue
      const places = this.#places.get(rig) ?? new Set()
      const isMore = !places.has(key)
      this.#places.set(rig, places.add(key))
      const max = this.#placesMax.get(rig)
      if (isMore && max !== undefined && places.size > max)
        this.violated(`${rig} gives ${places.size} places of ${max} at ${seq}`)
    }
  }

  #checkLanded(bead: string, commit: string): void {
    const rig = String(this.owners.get(`beads/${bead}`)?.context.rig)
    const repository = this.#world.repository(rig)
    if (!repository.history.includes(commit) || !repository.beadsOf(commit).includes(bead))
      this.violated(`${bead} is closed as landed, and ${commit} is not in the target with its work`)
  }

  /** Nobody is said to have ended whose program runs. */
  #checkEnded(session: string): void {
    if (this.#world.host.known.get(session)?.ending === null)
      this.violated(`${session} is said to have ended, and its program runs`)
  }

  /** By a clock that no suspension moves and nobody sets. */
  #checkStalled(session: string): void {
    const silentMs = this.#world.scheduler.now - (this.#signs.get(session) ?? 0)
    if (silentMs < STALLED_MS_MIN)
      this.violated(`${session} is said to have stalled ${silentMs} ms after a sign of it`)
  }

  #compare(system: System, address: Address): void {
    const [live, folded] = [system.owner(address), this.owners.get(address) ?? null]
    if (!sameState(live, folded))
      this.violated(`${address} is ${plain(live)} in the system and ${plain(folded)} in the log`)
  }
}

const rigOfPlace = (key: string): string | null =>
  key.startsWith('place/') ? (key.split('/')[1] ?? null) : null
