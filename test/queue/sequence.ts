// One sequence of commands on one queue, from its beginning until everything has come to rest.

import type { Command, Kind, Sequence } from './commands.ts'
import { Model } from './model.ts'
import { FILES, HOT, Repository, RIG } from './repository.ts'
import { type Plant, QueueTown, REFINERY, type Waiting } from './town.ts'
import { type Change, changed } from './trees.ts'

export type Done = {
  readonly facts: ReadonlyMap<string, number>
  readonly gateRuns: number
  readonly crashes: number
  readonly records: number
}

export function summary(all: readonly Done[]): string {
  const sum = (of: (one: Done) => number) => all.reduce((total, one) => total + of(one), 0)
  const facts = (type: string) => sum((one) => one.facts.get(type) ?? 0)
  return [
    `${all.length} sequences`,
    `${facts('MergeRequested')} requests`,
    `${facts('BeadLanded')} landed with ${facts('TargetAdvanced')} pushes`,
    `${facts('MergeReverted')} reverted`,
    `${facts('MergeFailed')} red`,
    `${facts('MergeConflicted')} conflicted`,
    `${facts('MergeRejected')} rejected`,
    `${facts('GateFlaky')} flaky`,
    `${facts('TargetRed')} targets red`,
    `${sum(({ crashes }) => crashes)} crashes`,
    `${sum(({ gateRuns }) => gateRuns)} gate runs`,
    `${sum(({ records }) => records)} records`,
  ].join(', ')
}

/** Rounds until everything has come to rest; each is at least half a minute of the town's. */
const ROUNDS_MAX = 60
/** Pieces of git work after which a landing would be there. */
const STEPS_MAX = 12

/** Throws the first thing that is not as it must be. */
export async function runSequence({ batch, cache, commands }: Sequence, plant?: Plant): Promise<Done> {
  const repository = await Repository.make()
  const town = new QueueTown(repository, { plant })
  try {
    // A conflict that is settled by itself makes other files than the two sides; test/git/resolving.test.ts has that.
    await town.install({ 'mq.batch': batch, 'mq.cache': cache, 'mq.resolve': [] })
    const run = new Run(repository, town)
    for (const command of commands) {
      await run.does(command)
      run.model.check()
    }
    await run.comeToRest()
    run.model.checkEnd()
    const facts = new Map<string, number>()
    for (const record of town.records)
      for (const { type } of record.facts) facts.set(type, (facts.get(type) ?? 0) + 1)
    const gateRuns = repository.witnessed().runs
    return { facts, gateRuns, crashes: town.crashes, records: town.records.length }
  } finally {
    await town.close()
    repository.remove()
  }
}

export class Run {
  readonly model: Model
  readonly #repository: Repository
  readonly #town: QueueTown
  readonly #plans = new Map<string, Kind>()
  #count = 0

  constructor(repository: Repository, town: QueueTown) {
    this.#repository = repository
    this.#town = town
    const first = Array.from({ length: FILES }, (_, n) => [`f${n}`, `first ${n}`] as const)
    this.model = new Model(repository, town, new Map(first))
  }

  async does(command: Command): Promise<void> {
    const town = this.#town
    switch (command.does) {
      case 'submit': {
        const bead = `sh-${this.#next()}`
        await town.newBead(bead)
        for (const waiting of [...town.waiting.values()])
          if (waiting.bead === bead) await this.#handIn(waiting, command.kind, command)
        return
      }
      case 'rework':
        for (const waiting of [...town.waiting.values()]) await this.#handIn(waiting, command.kind)
        return
      case 'work':
        for (let n = 0; n < command.steps; n += 1) if (!(await town.step(command.which))) return
        return
      case 'outside':
        return this.#outside(command.kind)
      case 'reject': {
        const mergeRequest = pick(town.queue(), command.which)
        if (mergeRequest === undefined) return
        await town.say({ to: REFINERY, message: { type: 'refinery.reject', mergeRequest, reason: 'no' } })
        return
      }
      case 'revert':
        return await this.#revert(command.which)
      case 'again': {
        const open = [...this.#plans.keys()].filter(
          (bead) => town.system.owner(`beads/${bead}`)?.value === 'open',
        )
        const bead = pick(open, command.which)
        if (bead !== undefined) await town.sling(bead)
        return
      }
      case 'flaky':
        return this.#repository.flaky(command.runs)
      case 'freeze':
        await town.say({ to: REFINERY, message: { type: 'refinery.freeze', reason: 'a release' } })
        return
      case 'thaw':
      case 'retry':
      case 'retest':
        await town.say({ to: REFINERY, message: { type: `refinery.${command.does}` } })
        return
      case 'pass':
        if (town.pending.length === 0) await town.pass(command.minutes * 60_000)
        return
      case 'crash':
        return await town.crash(command.carriesOut)
    }
  }

  /** Nothing goes wrong any more: whatever waits has to get to its end. */
  async comeToRest(isOver = () => this.isAtRest()): Promise<void> {
    const town = this.#town
    this.#repository.flaky(0)
    await this.does({ does: 'thaw' })
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      this.model.check()
      while (await town.step()) this.model.check()
      if (isOver()) return
      if (town.waiting.size > 0) {
        await this.does({ does: 'rework', kind: 'good' })
        continue
      }
      if (town.pending.length > 0) continue
      if (town.refinery().context.red !== null) {
        this.#outside('mend')
        await this.does({ does: 'retest' })
      } else await town.pass(30_000)
    }
    throw new Error(`Nothing comes to rest: ${JSON.stringify(town.refinery())}`)
  }

  isAtRest(): boolean {
    const town = this.#town
    return town.waiting.size === 0 && town.pending.length === 0 && town.queue().length === 0
  }

  async #handIn(waiting: Waiting, kind: Kind, { file = 0, forced = false } = {}): Promise<void> {
    const { bead, branch } = waiting
    this.model.check()
    this.#plans.set(bead, kind)
    const fork = this.model.files
    const after = changed(fork, this.#change(kind, file))
    this.model.replaced.add(this.#repository.branchHead(branch))
    const head = this.#repository.commit(branch, this.model.head, after)
    this.model.submissions.set(head, { bead, fork, after })
    await this.#town.done(waiting, head)
    if (!forced) return
    this.model.replaced.add(head)
    this.#repository.commit(branch, this.model.head, changed(fork, new Map([['forced', bead]])))
  }

  #change(kind: Kind, file: number): Change {
    const n = this.#next()
    const own = `n${n}`
    switch (kind) {
      case 'good':
        // Others may change the same file.
        return new Map([[file === 0 || file >= FILES ? own : `f${file}`, `work ${n}`]])
      case 'hot':
        return new Map([[HOT, `work ${n}`]])
      case 'empty':
        return new Map()
      default:
        return new Map([[own, `${kind} ${n}`]])
    }
  }

  #outside(kind: 'good' | 'hot' | 'red' | 'mend'): void {
    this.model.check()
    const n = this.#next()
    const change: Change =
      kind === 'mend'
        ? new Map(
            [...this.model.files].flatMap(([name, text]) =>
              /^(red|left)/.test(text) ? [[name, `mended ${n}`]] : [],
            ),
          )
        : new Map([[kind === 'hot' ? HOT : `o${n}`, `${kind === 'red' ? 'red' : 'outside'} ${n}`]])
    if (change.size === 0) return
    const after = changed(this.model.files, change)
    this.model.outside.set(this.#repository.outside(after), change)
  }

  async #revert(which: number): Promise<void> {
    this.model.check()
    // Nothing to take back yet: what is under way may land first.
    for (let n = 0; n < STEPS_MAX && this.model.landings.length === 0; n += 1) {
      if (!(await this.#town.step())) break
      this.model.check()
    }
    const landing = pick(this.model.landings, which)
    if (landing === undefined) return
    const town = this.#town
    const { base, commit, bead: of } = landing
    const mergeRequest = town
      .facts('MergeLanded')
      .find(
        (fact) => fact.bead === of && (fact.receipt as { commit: string }).commit === commit,
      )?.mergeRequest
    const bead = `sh-u${this.#next()}`
    const create = {
      type: 'bead.create',
      rig: RIG,
      title: `Revert ${of}`,
      description: '',
      beadType: 'task',
      priority: 1,
      labels: [],
      parent: null,
      needs: [],
    }
    this.model.reverts.set(bead, { base, commit, bead: of })
    const isTaken = await town.say(
      { to: `beads/${bead}`, message: create },
      { to: `beads/${bead}`, message: { type: 'bead.handIn', head: commit } },
      {
        to: REFINERY,
        message: {
          type: 'refinery.revert',
          bead,
          of: [{ mergeRequest, bead: of, base, commit }],
          reason: 'no',
        },
      },
    )
    if (!isTaken) this.model.reverts.delete(bead)
  }

  #next(): number {
    this.#count += 1
    return this.#count
  }
}

const pick = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(1, all.length)]
