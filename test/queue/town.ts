// The real system, its real machines and the real git work of a merge queue, in this process and step by step.
//
// Owns:      time, and when each piece of git work is carried out: nothing happens that nobody asked for.
// Does not:  say what must hold (model.ts).
//
// Agents, terminals and worktrees are stand-ins: an agent is a commit on its branch, and `gt done`.

import { setImmediate as turn } from 'node:timers/promises'
import { createMemoryDisk, createMemoryLog, type EventLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import {
  beadOwner,
  MAYOR,
  OVERSEER,
  refinery,
  rigOwner,
  sandboxOfSession,
  TOWN,
} from '../../src/events/address.ts'
import type { AnyFact, AnyMessage, Json, LogRecord } from '../../src/events/record.ts'
import { createRepositories } from '../../src/git/repositories.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import type { OpenEffect, System, TurnResult } from '../../src/system/types.ts'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { performWith } from '../../src/town/effects/index.ts'
import { type Repository, RIG } from './repository.ts'

type Answer = { readonly message: AnyMessage; readonly by: string }
type Said = { readonly to: string; readonly message: AnyMessage }
type Pending = {
  readonly effect: OpenEffect
  readonly answer: (answer: Promise<Answer>) => void
}
type Timer = { readonly at: number; readonly order: number; readonly fire: () => void }

/** An agent that has its bead before it. */
export type Waiting = {
  readonly session: string
  readonly bead: string
  readonly attempt: number
  readonly branch: string
}

const BEGIN = Date.UTC(2027, 2, 1, 8)
export const REFINERY = refinery(RIG)

/** Stands between the queue and its git work, to see whether anybody notices. */
export type Plant = (effect: OpenEffect, carryOut: () => Promise<Answer>) => Promise<Answer>

/** The daemon was killed while something was under way: nothing of that life is heard any more. */
export class Died extends Error {
  override readonly name = 'Died'
}

/** Who does the git work. */
export type Worker = {
  /** Each time that the daemon starts. */
  connect(): Promise<(effectId: string) => Repositories>
  /** It was killed, and the daemon with it. */
  isKilled(): boolean
}

const inProcess = (dir: string): Worker => ({
  connect: async () => {
    const repositories = createRepositories(dir)
    return () => repositories
  },
  isKilled: () => false,
})

type Options = { readonly plant?: Plant | undefined; readonly worker?: Worker }

export class QueueTown {
  readonly records: LogRecord[] = []
  readonly waiting = new Map<string, Waiting>()
  readonly trouble: string[] = []
  /** Of beads whose work goes to an integration branch: those of their epics. */
  readonly epics = new Map<string, string>()
  crashes = 0
  readonly #repository: Repository
  readonly #plant: Plant
  readonly #worker: Worker
  #death = Promise.withResolvers<never>()
  #isDead = false
  /** The daemon is killed when so many more records are written; 0: it is not. */
  dieAfter = 0
  readonly #disk = createMemoryDisk()
  /** Git work that was asked for and is not begun. */
  #pending: Pending[] = []
  #timers: Timer[] = []
  #now = BEGIN
  #said = 0
  #life = 0
  #system: System | null = null
  #log: EventLog | null = null
  #carry: ReturnType<typeof performWith> | null = null
  readonly #branches = new Map<string, { readonly branch: string; readonly base: string }>()
  readonly #ended = new Set<string>()

  constructor(repository: Repository, { plant = (_, carryOut) => carryOut(), worker }: Options = {}) {
    this.#repository = repository
    this.#plant = plant
    this.#worker = worker ?? inProcess(repository.dir)
  }

  get system(): System {
    if (this.#system === null) throw new Error('The town is down.')
    return this.#system
  }

  /** What waits to be carried out, the oldest first. */
  get pending(): readonly string[] {
    return this.#pending.map(({ effect }) => effect.kind)
  }

  /** With a rig that has one gate. */
  async install(settings: Readonly<Record<string, Json>>): Promise<void> {
    await this.open()
    const owner = { name: 'Ada', email: 'ada@example.org' }
    await this.say(
      { to: TOWN, message: { type: 'town.install', townId: 'q', name: 'q', owner, settings: {} } },
      { to: TOWN, message: { type: 'town.start', version: '1', downMs: 0 } },
    )
    const add = {
      type: 'rig.add',
      rig: RIG,
      prefix: 'sh',
      remote: { kind: 'origin', url: this.#repository.origin },
      source: null,
      target: 'main',
      settings: { 'limits.polecats': 8, 'gates.test': { command: [...this.#repository.gate] }, ...settings },
    }
    await this.say({ to: rigOwner(RIG), message: add })
  }

  async open(): Promise<void> {
    const log = createMemoryLog({ disk: this.#disk, now: () => this.#now })
    this.#life += 1
    const life = this.#life
    const isOurs = () => life === this.#life
    this.#log = log
    const projections = createProjections()
    this.#death = Promise.withResolvers<never>()
    this.#death.promise.catch(() => undefined)
    this.#isDead = false
    const repositoriesFor = await this.#worker.connect()
    const { dir } = this.#repository
    this.#carry = performWith(
      () =>
        ({
          dir,
          owner: { name: 'Ada', email: 'ada@example.org' },
          system: this.system,
          projections,
          log,
          repositoriesFor,
          operatorEnv: { PATH: process.env.PATH },
          bin: '/nonexistent',
        }) as Partial<Carrier> as Carrier,
    )
    this.#system = await openSystem({
      log,
      machines: machineAt,
      clock: {
        now: () => this.#now,
        after: (ms, fire) => {
          const timer = { at: this.#now + ms, order: this.#timers.length, fire: () => isOurs() && fire() }
          this.#timers.push(timer)
          return () => {
            this.#timers = this.#timers.filter((each) => each !== timer)
          }
        },
      },
      perform: (effect) => (isOurs() ? this.#perform(effect) : new Promise(() => {})),
      onRecord: (record) => {
        if (!isOurs()) return
        applyAll(projections, record)
        if (record.seq <= this.records.length) return
        this.records.push(record)
        if (this.dieAfter === 0) return
        this.dieAfter -= 1
        if (this.dieAfter === 0) this.die()
      },
      onTrouble: (trouble) => isOurs() && this.trouble.push(trouble.stack ?? trouble.message),
    })
    await this.quiet()
  }

  /** The daemon is killed. `carriesOut`: the oldest piece of git work was done, and nobody heard of it. */
  async crash(carriesOut: boolean): Promise<void> {
    if (carriesOut) {
      const first = this.#pending.shift()
      if (first !== undefined) await this.#carryOut(first.effect).catch(() => undefined)
    }
    this.die()
    await this.startAgain()
  }

  /** At once, whatever is under way. */
  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.crashes += 1
    this.#life += 1
    this.#disk.crash()
    this.#pending = []
    this.#timers = []
    this.#death.reject(new Died('The daemon was killed.'))
  }

  async startAgain(): Promise<void> {
    await this.open()
    await this.say({ to: TOWN, message: { type: 'town.start', version: '1', downMs: 1_000 } })
  }

  /** The terminals are gone with their host. */
  async loseHost(): Promise<void> {
    for (const [session, { value }] of [...this.system.owners()]) {
      if (!session.includes('/sessions/') || value === 'ended' || value === 'absent') continue
      this.waiting.delete(session)
      this.#ended.add(session)
      const ending = { kind: 'lost', survivors: [] }
      await this.take('host', [{ to: session, message: { type: 'session.exited', ending } }])
    }
  }

  async close(): Promise<void> {
    this.#life += 1
    await this.#system?.close().catch(() => undefined)
    await this.#log?.close().catch(() => undefined)
  }

  /** False when an owner refused. */
  async say(...messages: Said[]): Promise<boolean> {
    return (await this.take(OVERSEER, messages)).accepted
  }

  async take(by: string, messages: readonly Said[]): Promise<TurnResult> {
    this.#said += 1
    this.#now += 1_000
    const turn = { id: `said-${this.#said}`, by, messages }
    const result = await this.#alive(this.system.take(turn, { settled: true }))
    await this.quiet()
    return result
  }

  /** Carries out one piece of git work, and lets the queue hear of it. */
  async step(n = 0): Promise<boolean> {
    const [next] = this.#pending.splice(n % Math.max(1, this.#pending.length), 1)
    if (next === undefined) return false
    this.#now += 1_000
    const answer = this.#carryOut(next.effect)
    await answer.catch(() => undefined)
    if (this.#worker.isKilled()) {
      this.die()
      throw new Died('Daemon and worker were killed.')
    }
    next.answer(answer)
    await this.quiet()
    return true
  }

  /** Time passes, with nothing under way: what is to be tried again then, is. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)
      if (next === undefined) break
      this.#timers = this.#timers.filter((each) => each !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fire()
      await this.quiet()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** Until nothing is decided or told any more. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 3; still += 1) {
      const { seq } = this.system
      await turn()
      await this.#alive(this.system.idle())
      if (this.system.seq !== seq) still = -1
    }
  }

  facts(type: string): AnyFact[] {
    return this.records.flatMap((record) => record.facts.filter((fact) => fact.type === type))
  }

  refinery(): { readonly value: unknown; readonly context: Readonly<Record<string, unknown>> } {
    const state = this.system.owner(REFINERY)
    return { value: state?.value, context: state?.context ?? {} }
  }

  /** Requests in the queue. */
  queue(): string[] {
    return Object.keys(this.refinery().context).flatMap((key) =>
      key.startsWith('request/') ? [key.slice('request/'.length)] : [],
    )
  }

  async newBead(bead: string): Promise<void> {
    const create = {
      type: 'bead.create',
      rig: RIG,
      title: `Do ${bead}`,
      description: '',
      beadType: 'task',
      priority: 2,
      labels: [],
      parent: null,
      needs: [],
    }
    await this.say({ to: beadOwner(bead), message: create })
    await this.sling(bead)
  }

  async sling(bead: string): Promise<void> {
    const request = {
      type: 'dispatch.request',
      bead,
      rig: RIG,
      priority: 2,
      agent: null,
      preset: null,
      now: false,
      maxAtOnce: null,
      group: bead,
    }
    await this.say(
      { to: beadOwner(bead), message: { type: 'bead.queue', rig: RIG, now: false } },
      { to: MAYOR, message: request },
    )
  }

  /** An agent has committed, says `gt done` and goes. */
  async done({ session }: Waiting, head: string): Promise<void> {
    const messages: Said[] = [
      { to: session, message: { type: 'session.done', status: 'COMPLETED', head, commits: 1, note: '' } },
      { to: sandboxOfSession(session), message: { type: 'sandbox.done', session, head, commits: 1 } },
    ]
    await this.take(session, messages)
    this.waiting.delete(session)
    this.#ended.add(session)
    const ending = { kind: 'exited', exitCode: 0 }
    await this.take('host', [{ to: session, message: { type: 'session.exited', ending } }])
  }

  async #alive<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined)
    const { promise } = this.#death
    try {
      return await Promise.race([promise, work])
    } catch (error) {
      // Whatever a system says whose log is gone.
      if (this.#isDead) return await promise
      throw error
    }
  }

  #perform(effect: OpenEffect): Promise<Answer> {
    const known = this.#standIn(effect)
    if (known !== null)
      return Promise.resolve({ message: known, by: effect.kind.startsWith('session.') ? 'host' : 'worker' })
    return new Promise((resolve, reject) => {
      const pending = { effect, answer: (answer: Promise<Answer>) => void answer.then(resolve, reject) }
      this.#pending.push(pending)
      effect.signal.addEventListener('abort', () => {
        this.#pending = this.#pending.filter((each) => each !== pending)
      })
    })
  }

  #carryOut(effect: OpenEffect): Promise<Answer> {
    return this.#plant(effect, () => (this.#carry as ReturnType<typeof performWith>)(effect))
  }

  /** Null for what is really done. */
  #standIn({ kind, params }: OpenEffect): AnyMessage | null {
    const { sandbox = '', branch = '', session = '' } = params as { readonly [key: string]: string }
    const repository = this.#repository
    const at = this.#branches.get(sandbox)
    switch (kind) {
      case 'rig.clone':
        return { type: 'rig.cloned', head: repository.head }
      case 'worktree.add':
      case 'worktree.restore': {
        const base = at?.base ?? repository.head
        this.#branches.set(sandbox, { branch, base })
        repository.begin(branch, base)
        const head = repository.branchHead(branch)
        const epic = this.epics.get(String(params.bead))
        return { type: 'worktree.added', base, head, path: `/town/${sandbox}`, ...(epic && { epic }) }
      }
      case 'worktree.verify':
        return {
          type: 'worktree.verified',
          sandbox,
          head: repository.branchHead(branch),
          dirty: [],
          commits: 1,
        }
      case 'worktree.remove':
        return { type: 'worktree.removed', checkpoint: null }
      case 'worktree.checkpoint':
      case 'worktree.shelve': {
        const head = repository.branchHead(at?.branch ?? branch)
        const kept = { ref: `refs/${sandbox}`, commit: head, files: 0, changed: null }
        if (kind === 'worktree.checkpoint') return { type: 'worktree.checkpointed', ...kept }
        return { type: 'worktree.shelved', ...kept, head }
      }
      case 'session.start': {
        const context = this.system.owner(session)?.context ?? {}
        const owner = sandboxOfSession(session)
        const { branch: its = '' } = this.#branches.get(owner) ?? {}
        const waiting = {
          session,
          bead: String(params.bead),
          attempt: Number(context.attempt ?? 1),
          branch: its,
        }
        if (!this.#ended.has(session)) this.waiting.set(session, waiting)
        return { type: 'session.started', pid: 1, command: ['agent'] }
      }
      case 'session.stop':
        this.waiting.delete(session)
        this.#ended.add(session)
        return { type: 'session.stopped', ending: { kind: 'killed', signal: 'SIGTERM' } }
      case 'notice.send':
        return { type: 'notice.sent', decision: String(params.decision), ways: ['command'], failed: [] }
      default:
        return null
    }
  }
}
