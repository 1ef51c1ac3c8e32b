// The projections as of the moments of a halving, where no rows are kept: from one pass over the log.
//
// Owns:      what the pass leaves behind on its way: the whole state at its quarters, as JSON, and later the projections that
//            were looked at.
// Does not:  choose moments (src/past/bisect.ts), or keep anything when it is over.
// Always:    what is answered is the fold of the records up to `seq`, whatever was asked before. Moments are asked for one
//            after the other.

import type { EventLog } from '../../../eventlog/index.ts'
import type { LogRecord } from '../../events/record.ts'
import { middleOf } from '../../past/bisect.ts'
import { NeedsRecords } from '../../past/lazy.ts'
import { applyMany, PROJECTIONS, type Projections } from '../../projections/index.ts'
import type { Projection } from '../../projections/types.ts'
import { recordsIn } from '../../system/records-in.ts'
import type { States } from './states.ts'

type Name = keyof Projections
type Made = Map<Name, Projection<unknown>>
/** Where the folding stands, and the projections that are folded. */
type Standing = { readonly seq: number; readonly made: Made }
/** What was saved of some of them as of a record. */
type Left = { readonly seq: number; readonly saved: ReadonlyMap<Name, string> }

/** After a way shorter than this part of the whole nothing is left behind: it is gone again in less time. */
const LEAVES_MIN = 1 / 64
/** So early the pass learns what is looked at, and folds nothing else from there on. */
const EARLY = 1 / 64

const NAMES = Object.keys(PROJECTIONS) as Name[]

type Asked = {
  readonly from: number
  readonly to: number
  /** Looks at what will be looked at, as of some record. What it leaves out takes a part of a second pass. */
  readonly glance: (seq: number, projections: Projections) => Promise<unknown>
  /** The last record that was folded. */
  readonly onFolded: (seq: number) => void
}

/** For a halving from `from` to `to`; other moments are answered as well. */
export function onePass(
  log: Pick<EventLog, 'pieces'>,
  { from, to, glance, onFolded }: Asked,
): Pick<States, 'withProjections'> {
  const early = Math.floor(to * EARLY)
  const middle = middleOf(from, to)
  /** Of the first pass. */
  let marks = [early, middleOf(from, middle), middle, middleOf(middle, to)]
  const left: Left[] = []
  const used = new Set<Name>()
  let standing: Standing = { seq: 0, made: make(NAMES) }

  const foldTo = async (seq: number): Promise<void> => {
    const { made, seq: after } = standing
    await fold(log, made, { after, to: seq }, onFolded)
    standing = { seq, made }
  }
  const leave = (): void => {
    const saved = new Map([...standing.made].map(([name, one]) => [name, JSON.stringify(one.save())]))
    left.push({ seq: standing.seq, saved })
  }
  const lastLeft = (seq: number, name?: Name): Left | undefined =>
    left
      .filter((one) => one.seq <= seq && (name === undefined || one.saved.has(name)))
      .reduce<Left | undefined>(
        (best, one) => (best !== undefined && best.seq > one.seq ? best : one),
        undefined,
      )

  const stand = async (seq: number): Promise<void> => {
    const best = lastLeft(seq)
    if (standing.seq > seq || standing.seq < (best?.seq ?? 0)) {
      standing = { seq: best?.seq ?? 0, made: load(used, best) }
      marks = []
    }
    const begun = standing.seq
    for (const mark of marks.filter((each) => each > begun && each < seq).sort((a, b) => a - b)) {
      await foldTo(mark)
      leave()
      if (mark !== early) continue
      const { made } = standing
      await glance(mark, noted(made, used))
      standing = { seq: mark, made: new Map([...made].filter(([name]) => used.has(name))) }
    }
    await foldTo(seq)
    if (seq < to && seq - begun >= (to - from) * LEAVES_MIN) leave()
  }
  /** One that nobody has looked at so far, and that is not folded any more. */
  const add = async (name: Name): Promise<void> => {
    const { seq, made } = standing
    const best = lastLeft(seq, name)
    const one = load([name], best)
    await fold(log, one, { after: best?.seq ?? 0, to: seq }, onFolded)
    for (const each of one) made.set(...each)
  }
  return {
    async withProjections(seq, use) {
      if (standing.seq !== seq) await stand(seq)
      for (;;) {
        try {
          return await use(noted(standing.made, used))
        } catch (error) {
          if (!(error instanceof NeedsRecords)) throw error
          await add(error.projection)
        }
      }
    },
  }
}

const make = (names: Iterable<Name>): Made => new Map([...names].map((name) => [name, PROJECTIONS[name]()]))

/** Without what was saved, from the beginning. One that was not saved then is not made. */
function load(names: Iterable<Name>, from: Left | undefined): Made {
  if (from === undefined) return make(names)
  const made = make([...names].filter((name) => from.saved.has(name)))
  for (const [name, one] of made) one.load(JSON.parse(from.saved.get(name) as string))
  return made
}

async function fold(
  log: Pick<EventLog, 'pieces'>,
  made: Made,
  range: { readonly after: number; readonly to: number },
  onFolded: (seq: number) => void,
): Promise<void> {
  if (range.after >= range.to) return
  const some = Object.fromEntries(made) as Projections
  for await (const piece of log.pieces(range)) {
    const records = recordsIn(piece)
    applyMany(some, records)
    onFolded((records.at(-1) as LogRecord).seq)
  }
}

/** Notes which of them are looked at. @throws {NeedsRecords} of one that is not made */
function noted(made: Made, used: Set<Name>): Projections {
  const projections = {} as Projections
  for (const name of NAMES)
    Object.defineProperty(projections, name, {
      enumerable: true,
      get() {
        const one = made.get(name)
        if (one === undefined) throw new NeedsRecords(name)
        used.add(name)
        return one
      },
    })
  return projections
}
