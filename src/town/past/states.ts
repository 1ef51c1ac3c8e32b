// The projections as of any record.
//
// Owns:      the kept rows, who makes more of them, and folding the few records of a run that lie behind what is kept.
// Always:    what is answered is the fold of the records up to `seq`, however it was reached. While something is asked, no
//            more rows are kept, unless the question waits for them.

import { rmSync } from 'node:fs'
import { setImmediate as pause } from 'node:timers/promises'
import type { EventLog } from '../../../eventlog/index.ts'
import { MACHINES } from '../../actors/index.ts'
import { type Address, type LogRecord, RECORD_VERSION } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { type Contexts, foldContext, type OpenContext } from '../../past/contexts.ts'
import { type LazyView, lazyFold, lazyView, NeedsRecords } from '../../past/lazy.ts'
import { CONTEXTS, NO_ROWS, type RowSource, type Touched, WINDOWS } from '../../past/rows.ts'
import { createProjections, type Projections } from '../../projections/index.ts'
import { recordsIn } from '../../system/records-in.ts'
import { createIndexer, digestOf, type Indexer } from './indexer.ts'
import { openRowFiles, type RowFiles, RowsDamaged, type RunSizes } from './row-files.ts'

export type States = {
  /** Runs `use` over the projections as of `seq`; again, when rows that it asks for have to be made first. */
  withProjections<T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T>
  /** Rows that may differ between two moments; null when nothing is kept that tells. */
  touched(from: number, to: number): Promise<Touched | null>
  /** Contexts of some owners as of `seq`. */
  contextsAt(seq: number, owners: ReadonlySet<Address>): Promise<Contexts>
  /**
   * Keeps the rows of every whole run up to the end of the log, unless more than `most` records lack them, or another is the
   * one who keeps rows. Answers the last record up to which they are kept.
   */
  catchUp(most?: number): Promise<number>
  /** Times of the first records of the runs that are kept, and of how many records a run is. */
  firstAts(): Promise<{ readonly every: number; readonly ats: readonly string[] }>
  close(): void
}

type StatesLog = Pick<EventLog, 'pieces' | 'get' | 'head' | 'logId'>
type Kept = { readonly rows: RowSource; readonly files: RowFiles | null; readonly indexer: Indexer | null }

/** Records behind the kept rows that are folded for a question; more of them are kept first. */
const TAIL_MAX = 4_096
/** States that are at hand for the next question. */
const VIEWS_KEPT = 8
/** Records folded for what depends on the last ones alone; as long as more might be in it, four times as many. */
const WINDOW = 4_096

/** `dir`: where rows are kept; null: nowhere. `writes`: this is the one that keeps them. */
export function createStates(
  log: StatesLog,
  options: {
    readonly dir: string | null
    readonly writes: boolean
    readonly sizes?: RunSizes
  } = { dir: null, writes: false },
): States {
  const { dir, writes, sizes } = options
  let kept: Promise<Kept> | null = null
  const views = new Map<number, LazyView>()
  /** Questions that do not wait for more rows. */
  let asking = 0
  const answered: (() => void)[] = []

  const countAsking = (by: 1 | -1): void => {
    asking += by
    if (asking > 0) return
    for (const go of answered.splice(0)) go()
  }
  const giveWay = async (): Promise<void> => {
    await pause()
    while (asking > 0) await new Promise<void>((resolve) => answered.push(resolve))
  }

  const open = async (): Promise<Kept> => {
    const nothing = { rows: NO_ROWS, files: null, indexer: null }
    if (dir === null) return nothing
    const of = belongsTo(log.logId)
    let files = openRowFiles(dir, of, { writes, sizes })
    if (files.seq > 0 && !(await isOf(log, files))) {
      files.close()
      if (!writes) return nothing
      rmSync(dir, { recursive: true, force: true })
      files = openRowFiles(dir, of, { writes, sizes })
    }
    return { rows: files, files, indexer: writes ? createIndexer(log, files, giveWay) : null }
  }
  const opened = (): Promise<Kept> => {
    kept ??= open()
    return kept
  }
  const forget = async (): Promise<void> => {
    const before = kept
    kept = null
    views.clear()
    ;(await before?.catch(() => null))?.files?.close()
    if (dir !== null && writes) rmSync(dir, { recursive: true, force: true })
    else kept = Promise.resolve({ rows: NO_ROWS, files: null, indexer: null })
  }

  const viewAt = (rows: RowSource, base: number, seq: number): LazyView => {
    const view = views.get(seq) ?? lazyView(rows, base, seq)
    views.delete(seq)
    views.set(seq, view)
    if (views.size > VIEWS_KEPT) views.delete(views.keys().next().value as number)
    return view
  }
  const recordsOf = async (after: number, to: number): Promise<LogRecord[]> => {
    const records: LogRecord[] = []
    for await (const piece of log.pieces({ after, to })) records.push(...recordsIn(piece))
    return records
  }
  /** Until it is full, or has all that there ever was. */
  const foldWindow = async (view: LazyView, name: keyof Projections, seq: number): Promise<void> => {
    for (let records = WINDOW; ; records *= 4) {
      const after = Math.max(0, seq - records)
      view.fold(name, await recordsOf(after, seq))
      const { rows, revision } = view.projections[name]
      const [kept] = Object.values(rows) as (readonly unknown[])[]
      // More was put in than is left: what came before is gone from it as well.
      if (after === 0 || revision > (kept?.length ?? 0)) return
    }
  }
  /** What is kept, with few records left to be folded up to `seq`; `base`: where the fold begins. */
  const keptFor = async (seq: number): Promise<Kept & { readonly base: number }> => {
    const found = await opened()
    const { rows, files, indexer } = found
    if (seq > rows.seq + TAIL_MAX && indexer !== null) {
      countAsking(-1)
      await indexer.catchUp(seq).finally(() => countAsking(1))
    }
    const run = files?.runRecords ?? 1
    return { ...found, base: Math.min(rows.seq, Math.floor(seq / run) * run) }
  }
  const attempt = async <T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T> => {
    const { rows, base } = await keptFor(seq)
    const view = viewAt(rows, base, seq)
    let records: LogRecord[] | null = null
    for (;;) {
      try {
        return await use(view.projections)
      } catch (error) {
        if (!(error instanceof NeedsRecords)) throw error
        const { projection } = error
        if (WINDOWS.has(projection)) await foldWindow(view, projection, seq)
        else {
          records ??= await recordsOf(base, seq)
          view.fold(projection, records)
        }
      }
    }
  }

  /** What is damaged is forgotten, and asked again. */
  const asked = async <T>(answer: () => Promise<T>): Promise<T> => {
    countAsking(1)
    try {
      return await answer().catch((error: unknown) => {
        if (!(error instanceof RowsDamaged)) throw error
        return forget().then(answer)
      })
    } finally {
      countAsking(-1)
    }
  }
  /** All that folding some records touches, over what is kept up to there. */
  const foldedRows = async (rows: RowSource, after: number, to: number, into: Map<string, Set<string>>) => {
    const fold = lazyFold({ ...rows, seq: after })
    for (const record of await recordsOf(after, to)) fold.apply(record)
    for (const [part, { touched }] of fold.takeChanges()) addKeys(into, part, touched)
  }
  /** Whole runs tell it themselves; what lies before the first of them and behind the last is folded. */
  const touched = async (from: number, to: number): Promise<Touched | null> => {
    const { rows, files } = await keptFor(to)
    if (files === null) return null
    const { base } = await keptFor(from)
    const run = files.runRecords
    const [first, last] = [Math.ceil(from / run) * run, Math.min(rows.seq, Math.floor(to / run) * run)]
    const keys = new Map<string, Set<string>>()
    if (first >= last) {
      await foldedRows(rows, base, to, keys)
      return keys
    }
    if (base < from) await foldedRows(rows, base, first, keys)
    for (const [part, changed] of files.changedBetween(first, last)) addKeys(keys, part, changed)
    if (last < to) await foldedRows(rows, last, to, keys)
    return keys
  }
  const contextsAt = async (seq: number, owners: ReadonlySet<Address>): Promise<Contexts> => {
    const { rows, files, base } = await keptFor(seq)
    const from = base - (base % (files?.contextRecords ?? 1))
    const contexts = new Map<Address, OpenContext>()
    for (const owner of owners) {
      const json = rows.find(CONTEXTS, owner, from)?.json
      if (json != null) contexts.set(owner, JSON.parse(json) as OpenContext)
    }
    for await (const piece of log.pieces({ after: from, to: seq }))
      for (const record of recordsIn(piece)) if (owners.has(record.actor)) foldContext(contexts, record)
    return contexts
  }

  return {
    withProjections: (seq, use) => asked(() => attempt(seq, use)),
    touched: (from, to) => asked(() => touched(from, to)),
    contextsAt: (seq, owners) => asked(() => contextsAt(seq, owners)),
    async catchUp(most = Number.POSITIVE_INFINITY) {
      const { rows, indexer } = await opened()
      if (log.head.seq - rows.seq <= most) await indexer?.catchUp(log.head.seq)
      return rows.seq
    },
    async firstAts() {
      const { files } = await opened()
      return { every: files?.runRecords ?? 1, ats: files?.firstAts() ?? [] }
    },
    close() {
      void kept?.then(({ files }) => files?.close())
      kept = null
    },
  }
}

function addKeys(into: Map<string, Set<string>>, part: string, keys: Iterable<string>): void {
  const known = into.get(part) ?? new Set()
  for (const key of keys) known.add(key)
  into.set(part, known)
}

/** Rows and states have the shape that this build's records, machines and projections give them. */
const belongsTo = (logId: string): string =>
  [
    logId,
    RECORD_VERSION,
    ...Object.values(MACHINES).map(({ name, version }) => `${name}@${version}`),
    ...Object.values(createProjections()).map(({ name, version }) => `${name}@${version}`),
  ].join(' ')

async function isOf(log: StatesLog, { seq, digest }: RowFiles): Promise<boolean> {
  const stored = await log.get(seq)
  return stored !== undefined && digestOf(recordOf(stored.line)) === digest
}
