// Reads about the past: answered beside the live town, where they take as long as they take.
//
// Owns:      running the route that answers.
// Does not:  know who asks (server.ts has checked that) or in which thread it runs (src/town/past).
// Always:    nothing that is not in the log is read here: no screen, no daemon, no clock but to read `15m` and `HH:MM`.

import type { Address } from '../events/record.ts'
import type { Contexts } from '../past/contexts.ts'
import type { Touched } from '../past/rows.ts'
import type { Projections } from '../projections/index.ts'
import { Fault } from './fault.ts'
import { seqAt } from './moment.ts'
import type { Earlier } from './read.ts'
import { READS } from './reads/index.ts'
import type { PastAsk, TownHandle } from './town.ts'

/** What a read may use of a town when it is answered beside it. */
export type PastTown = Pick<TownHandle, 'dir' | 'name' | 'townId' | 'log' | 'clock' | 'priceOf'> & {
  /** No daemon is there: a command has opened the town by itself. */
  readonly alone?: true
  /** Runs `use` over the projections as of `seq`; again, when it turns out to need more of them than was loaded. */
  withProjections<T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T>
  /** For reads of two moments: rows that may differ between them (null: any), and contexts of owners as of one. */
  readonly between?: Between
}
type Between = {
  touched(from: number, to: number): Promise<Touched | null>
  contextsAt(seq: number, owners: ReadonlySet<Address>): Promise<Contexts>
}

/** As text, for whoever asks from elsewhere. @throws what `answerOf` throws. */
export const answerPast = async (town: PastTown, ask: PastAsk, signal: AbortSignal): Promise<string> =>
  JSON.stringify(await answerOf(town, ask, signal))

/**
 * Rows in it are those of the projections: nobody changes them, or keeps them.
 * @throws {Fault} ROUTE_NOT_FOUND, POSITION_INVALID, POSITION_IN_FUTURE, and what the route throws.
 */
export async function answerOf(town: PastTown, ask: PastAsk, signal: AbortSignal): Promise<unknown> {
  const route = READS.find(({ path }) => path === ask.path)
  if (route === undefined) throw new Fault('ROUTE_NOT_FOUND', `There is no GET ${ask.path}.`)
  const { at } = ask.query
  const seq = at === undefined ? town.log.head.seq : await seqAt(town.log, at, town.clock.now())
  const { caller, query, params } = ask
  const before = route.earlier === undefined ? {} : { earlier: await take(town, route.earlier, ask, seq) }
  return town.withProjections(seq, async (projections) => {
    const view = { projections, seq, past: true, alone: town.alone === true }
    const context = { town: besides(town, seq, projections), caller, view, query, params, signal }
    return route.run({ ...context, ...before })
  })
}

/** @throws {Fault} POSITION_INVALID, POSITION_IN_FUTURE. */
async function take(town: PastTown, earlier: Earlier, { query }: PastAsk, to: number) {
  const { between } = town
  if (between === undefined) throw new Error('Broken invariant: nobody here knows two moments')
  const seq = await seqAt(town.log, earlier.at(query), town.clock.now())
  if (seq > to) throw new Fault('POSITION_INVALID', 'The first moment is after the second one.')
  const touched = await between.touched(seq, to)
  const taken = await town.withProjections(seq, async (projections) =>
    earlier.take({ projections, seq, past: true }, query, touched),
  )
  return { seq, taken, touched, contexts: (owners: ReadonlySet<Address>) => between.contextsAt(seq, owners) }
}

/** The town as a route sees it. What only the live one has is not at hand. */
function besides(town: PastTown, seq: number, projections: Projections): TownHandle {
  const here = {
    ...town,
    projections,
    system: { seq },
    hearing: null,
    repositories: null,
    terminals: null,
    daemon: null,
  }
  return new Proxy(here as unknown as TownHandle, {
    get(known, name) {
      if (name in known) return Reflect.get(known, name)
      throw new Error(`Broken invariant: ${String(name)} of a town belongs to the present`)
    },
  })
}
