// What a town held after each of its records, noted while it was at work, against what its log says of it afterwards.
//
// Owns:      the notes, and both ways of folding: from record to record, and from the first one anew.
// Does not:  trust any count of changes further than it says: rows of a projection whose revision has not risen are
//            compared where everything is, at positions that chance chooses and at the end.
// Always:    the live side is the state that the running system holds itself; the other side has nothing but lines.

import type { Address, LogRecord } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { createRebuild } from '../../src/past/rebuild.ts'
import { applyAll, createProjections, type Projections } from '../../src/projections/index.ts'
import type { Projection } from '../../src/projections/types.ts'
import type { OwnerState, System, SystemCheckpoint } from '../../src/system/types.ts'
import type { Random } from '../sim/random.ts'
import { plain } from '../sim/state-text.ts'

/** Texts by what they are of: a projection, an owner, or the open promises. */
type Note = Map<string, string>

export type Compared = {
  readonly records: number
  /** Positions at which owners and promises were at hand; projections are at each. */
  readonly withOwners: number
  /** Positions at which everything was folded anew from the first record, and compared whole. */
  readonly anew: number
  /** One sentence for each thing that is another one; the first 10. */
  readonly differences: readonly string[]
}

/** A history that is shorter is not counted; of one that is longer no more is noted, but for one in ten. */
export const RECORDS_MIN = 300
const WHOLE_HISTORY = 1 / 10
/** One position in so many is compared whole, against a fold of its own. */
const WHOLE_EVERY = 110
const WHOLE = '(all)'
const PROMISES = '(promises)'

export class LiveHistory {
  readonly projections: Projections
  readonly #random: Random
  /** So many are noted. */
  readonly #records: number
  readonly #notes: Note[] = []
  readonly #revisions = new Map<string, number>()
  #owners = new Map<Address, OwnerState>()
  #last: { readonly checkpoint: SystemCheckpoint | null } = { checkpoint: null }

  /** `projections`: those that somebody folds already, one record after the other; else they are folded here. */
  constructor(random: Random, projections: Projections | null = null) {
    this.#random = random
    this.#records = random.chance(WHOLE_HISTORY) ? Number.POSITIVE_INFINITY : RECORDS_MIN
    this.#folds = projections === null
    this.projections = projections ?? createProjections()
  }
  readonly #folds: boolean

  /** A record is durable, and folded into the system and the projections. Once more after a restart: nothing new. */
  note(record: LogRecord, system: Pick<System, 'checkpoint'> | null): void {
    if (record.seq !== this.#notes.length + 1 || record.seq > this.#records) return
    if (this.#folds) applyAll(this.projections, record)
    const note: Note = new Map()
    for (const one of Object.values(this.projections)) {
      if (this.#revisions.get(one.name) === one.revision) continue
      this.#revisions.set(one.name, one.revision)
      note.set(one.name, rowsText(one))
    }
    const checkpoint = system?.checkpoint() ?? null
    if (checkpoint !== null && checkpoint.seq !== record.seq)
      throw new Error(`The system stands at ${checkpoint.seq} when record ${record.seq} is shown.`)
    this.#last = { checkpoint }
    if (checkpoint !== null) this.#noteOwners(note, checkpoint)
    if (checkpoint !== null && (this.#random.chance(1 / WHOLE_EVERY) || record.seq === this.#records))
      note.set(WHOLE, wholeText(this.projections, checkpoint))
    this.#notes.push(note)
  }

  /** Holds all that was noted against the lines of the log. */
  compare(all: readonly string[]): Compared {
    const lines = all.slice(0, this.#records)
    const differences: string[] = []
    const differs = (seq: number, what: string) =>
      differences.push(`After record ${seq}, ${what} is another one.`)
    if (lines.length !== this.#notes.length)
      differences.push(`${this.#notes.length} records were shown, and ${lines.length} are in the log.`)
    const records = lines.map(recordOf)
    const { checkpoint } = this.#last
    if (checkpoint !== null && lines.length < this.#records)
      this.#notes.at(-1)?.set(WHOLE, wholeText(this.projections, checkpoint))
    const folded = createRebuild(null)
    let withOwners = 0
    let anew = 0
    for (const [n, record] of records.entries()) {
      const note = this.#notes[n]
      if (note === undefined) break
      folded.fold([record])
      const system = folded.checkpoint()
      const owners = new Map(system.owners)
      if (note.has(PROMISES)) withOwners += 1
      for (const one of Object.values(folded.projections)) {
        const then = note.get(one.name)
        if (then !== undefined && then !== rowsText(one)) differs(record.seq, `projection ${one.name}`)
      }
      for (const [what, then] of note) {
        if (what === WHOLE) {
          anew += 1
          if (wholeText(folded.projections, system) !== then) differs(record.seq, 'the state')
          const again = createRebuild(null)
          again.fold(lines.slice(0, n + 1).map(recordOf))
          if (wholeText(again.projections, again.checkpoint()) !== then)
            differs(record.seq, 'the state, folded from the first record at once,')
        } else if (what === PROMISES) {
          if (promisesText(system) !== then) differs(record.seq, 'what is promised')
        } else if (what.startsWith('@') && plain(owners.get(what.slice(1)) ?? null) !== then) {
          differs(record.seq, `owner ${what.slice(1)}`)
        }
      }
    }
    return { records: records.length, withOwners, anew, differences: differences.slice(0, 10) }
  }

  /** States of owners are never changed in place: one that is the same object is the same state. */
  #noteOwners(note: Note, checkpoint: SystemCheckpoint): void {
    for (const [address, state] of checkpoint.owners)
      if (this.#owners.get(address) !== state) note.set(`@${address}`, plain(state))
    const owners = new Map(checkpoint.owners)
    for (const address of this.#owners.keys()) if (!owners.has(address)) note.set(`@${address}`, plain(null))
    this.#owners = owners
    note.set(PROMISES, promisesText(checkpoint))
  }
}

/** The feed grows by its end: the last items are looked at each time, all of them where everything is. */
const FEED_LAST = 8

function rowsText(projection: Projection<unknown>): string {
  if (projection.name !== 'feed') return textOf(projection.rows)
  const { items } = projection.rows as { readonly items: readonly unknown[] }
  return JSON.stringify([items.length, items.slice(-FEED_LAST)])
}

function wholeText(projections: Projections, checkpoint: SystemCheckpoint): string {
  const owners = checkpoint.owners
    .map(([address, state]) => `${address} ${plain(state)}`)
    .toSorted()
    .join('\n')
  const rows = Object.values(projections).map(
    ({ name, rows, revision }) => `${name} ${revision} ${textOf(rows)}`,
  )
  return [owners, promisesText(checkpoint), ...rows].join('\n')
}

/** What is open, by id: a restart may find it in another order. */
const promisesText = ({ ledger: { effects, timers, tells, unwatchedMs } }: SystemCheckpoint): string =>
  JSON.stringify([...[effects, timers, tells].map((open) => open.toSorted(byId)), unwatchedMs])

const byId = (left: { readonly id: string }, right: { readonly id: string }): number =>
  left.id < right.id ? -1 : 1

/** Maps and sets in their order, and those that follow from others among them. */
function textOf(rows: unknown): string {
  if (rows instanceof Map) return partText(rows)
  const parts = Object.entries(rows as object)
  return parts.map(([part, each]) => `${part}=${partText(each)}`).join('\n')
}

function partText(part: unknown): string {
  if (part instanceof Set) return JSON.stringify([...part])
  if (!(part instanceof Map)) return JSON.stringify(part)
  const [first] = part.values()
  return JSON.stringify(first instanceof Set ? [...part].map(([key, set]) => [key, [...set]]) : [...part])
}
