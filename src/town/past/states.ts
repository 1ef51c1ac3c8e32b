// The projections as of any record.
//
// Owns:      the kept rows, who makes more of them, and the state behind them, from which a later one is reached by folding on.
// Always:    what is answered is the fold of the records up to `seq`, however it was reached.

import { rmSync } from 'node:fs'
import { type EventLog, unpackEntries } from '../../../eventlog/index.ts'
import { MACHINES } from '../../actors/index.ts'
import { type LogRecord, RECORD_VERSION } from '../../events/record.ts'
import { upcast } from '../../events/upcasters.ts'
import { type LazyProjections, lazyProjections } from '../../past/lazy.ts'
import { NO_ROWS, type RowSource } from '../../past/rows.ts'
import { createProjections, type Projections } from '../../projections/index.ts'
import { createIndexer, digestOf, type Indexer } from './indexer.ts'
import { openRowFiles, type RowFiles, RowsDamaged } from './row-files.ts'

export type States = {
  /** Runs `use` over the projections as of `seq`; once more when the kept rows turn out to be damaged. */
  withProjections<T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T>
  /** Keeps the rows of every whole run up to the end of the log. */
  catchUp(): Promise<void>
  /** Times of the first records of the runs that are kept. */
  firstAts(): Promise<readonly string[]>
  close(): void
}

type StatesLog = Pick<EventLog, 'pieces' | 'get' | 'head' | 'logId'>
type Kept = { readonly rows: RowSource; readonly files: RowFiles | null; readonly indexer: Indexer | null }

/** Records behind the kept rows that are folded for a question; more of them are kept first. */
const TAIL_MAX = 4_096
/** States that are at hand for the next question. */
const VIEWS_KEPT = 8

/** `dir`: where rows are kept; null: nowhere. `writes`: this is the one that keeps them. */
export function createStates(
  log: StatesLog,
  { dir, writes }: { readonly dir: string | null; readonly writes: boolean } = { dir: null, writes: false },
): States {
  let kept: Promise<Kept> | null = null
  const views = new Map<number, LazyProjections>()
  let tail: LazyProjections | null = null
  let turn: Promise<unknown> = Promise.resolve()

  const open = async (): Promise<Kept> => {
    const nothing = { rows: NO_ROWS, files: null, indexer: null }
    if (dir === null) return nothing
    const of = belongsTo(log.logId)
    let files = openRowFiles(dir, of, { writes })
    if (files.seq > 0 && !(await isOf(log, files))) {
      files.close()
      if (!writes) return nothing
      rmSync(dir, { recursive: true, force: true })
      files = openRowFiles(dir, of, { writes })
    }
    return { rows: files, files, indexer: writes ? createIndexer(log, files) : null }
  }
  const opened = (): Promise<Kept> => {
    kept ??= open()
    return kept
  }
  const forget = async (): Promise<void> => {
    const before = kept
    kept = null
    tail = null
    views.clear()
    ;(await before?.catch(() => null))?.files?.close()
    if (dir !== null && writes) rmSync(dir, { recursive: true, force: true })
    else kept = Promise.resolve({ rows: NO_ROWS, files: null, indexer: null })
  }

  const inTurn = <T>(use: () => Promise<T>): Promise<T> => {
    const mine = turn.then(use)
    turn = mine.catch(() => {})
    return mine
  }
  const viewOf = (rows: RowSource, seq: number): LazyProjections => {
    const view = views.get(seq) ?? lazyProjections(rows, seq)
    views.delete(seq)
    views.set(seq, view)
    if (views.size > VIEWS_KEPT) views.delete(views.keys().next().value as number)
    return view
  }
  const tailOf = async (rows: RowSource, seq: number): Promise<LazyProjections> => {
    if (tail === null || tail.seq > seq || tail.seq < rows.seq) tail = lazyProjections(rows, rows.seq)
    const folding = tail
    try {
      for await (const piece of log.pieces({ after: folding.seq, to: seq }))
        for (const { entry } of unpackEntries(piece)) folding.apply(upcast(entry as unknown as LogRecord))
    } catch (error) {
      tail = null
      throw error
    }
    return folding
  }
  const attempt = async <T>(seq: number, use: (projections: Projections) => Promise<T>): Promise<T> => {
    const { rows, indexer } = await opened()
    if (seq > rows.seq + TAIL_MAX) await indexer?.catchUp(seq)
    return seq <= rows.seq
      ? use(viewOf(rows, seq).projections)
      : inTurn(async () => use((await tailOf(rows, seq)).projections))
  }

  return {
    async withProjections(seq, use) {
      try {
        return await attempt(seq, use)
      } catch (error) {
        if (!(error instanceof RowsDamaged)) throw error
        await forget()
        return attempt(seq, use)
      }
    },
    async catchUp() {
      await (await opened()).indexer?.catchUp(log.head.seq)
    },
    async firstAts() {
      return (await opened()).files?.firstAts() ?? []
    },
    close() {
      void kept?.then(({ files }) => files?.close())
      kept = null
    },
  }
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
  return stored !== undefined && digestOf(JSON.parse(stored.line)) === digest
}
