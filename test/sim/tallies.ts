// What folds must add up to, counted once more from the facts: beads, CVs and the feed.

import type { LogRecord } from '../../src/events/record.ts'
import type { Projections } from '../../src/projections/index.ts'

/** What a record with these facts changes is looked at after it. */
export class Tallies {
  readonly #violated: (what: string) => void
  readonly #projections: Projections
  readonly #hooked = new Map<string, number>()
  readonly #merged = new Map<string, number>()
  #beads = 0
  #told = 0

  constructor(projections: Projections, violated: (what: string) => void) {
    this.#projections = projections
    this.#violated = violated
  }

  /** The projections have folded it. */
  record({ seq, facts }: LogRecord): void {
    if (facts.length === 0) return
    for (const fact of facts) {
      if (fact.type === 'BeadCreated') this.#beads += 1
      else if (fact.type === 'PolecatHooked') add(this.#hooked, String(fact.agent))
      else if (fact.type === 'BeadLanded') add(this.#merged, String(fact.agent))
    }
    const { beads, cvs, feed } = this.#projections
    if (beads.rows.byId.size !== this.#beads)
      this.#violated(`${this.#beads} beads were made, and the list has ${beads.rows.byId.size}`)
    for (const fact of facts) {
      if (typeof fact.bead === 'string') this.#lookAt(fact.bead)
      // The bead's record comes before the worker's in the turn that hooks it.
      if (typeof fact.agent !== 'string' || fact.type === 'BeadHooked') continue
      const cv = cvs.rows.byAgent.get(fact.agent)
      const [n, merged] = [this.#hooked.get(fact.agent) ?? 0, this.#merged.get(fact.agent) ?? 0]
      if (cv !== undefined && (cv.n > n || cv.merged !== merged))
        this.#violated(
          `the CV of ${fact.agent} says ${cv.n} and ${cv.merged} landed, the log ${n} and ${merged}`,
        )
    }
    for (let at = feed.rows.items.length - 1; at >= 0; at -= 1) {
      const item = feed.rows.items[at]
      if (item === undefined || item.seq <= this.#told) break
      if (item.seq !== seq) this.#violated(`the feed says of ${item.seq} at ${seq}`)
    }
    this.#told = seq
  }

  /** Each bead stands in exactly one place. */
  #lookAt(bead: string): void {
    const { byId, byStatus } = this.#projections.beads.rows
    const row = byId.get(bead)
    if (row === undefined) return
    const places = [...byStatus].filter(([, beads]) => beads.has(bead)).map(([status]) => status)
    if (places.length !== 1 || places[0] !== row.status)
      this.#violated(`${bead} is ${row.status}, and stands at ${places.join()}`)
    if ((row.status === 'closed') !== (row.closedAt !== null))
      this.#violated(`${bead} is ${row.status}, and was closed at ${row.closedAt}`)
  }
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
