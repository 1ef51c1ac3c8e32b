// Sealing and checking, without holding the loop of whoever has the log open.
//
// Owns:      how these two are asked of the thread beside (side-thread.ts), and what it means when that is lost.
// Does not:  write: a sealed run is handed to the appender's turn.
// Always:    a job whose thread was lost is begun once more; lost again, it is LOG_UNAVAILABLE, and nothing has changed.

import { chainBytes, chainText } from '../chain.ts'
import type { Position } from '../engine.ts'
import { type ErasedEntry, LogError, type LogProblem } from '../types.ts'
import type { RawRow, Scan } from './scan.ts'
import type { SealBatch } from './seal.ts'
import type { SealResult, SideJob, SidePosition, VerifyResult } from './side-messages.ts'
import { unpackRows } from './side-rows.ts'
import { aside, SideDropped, SideLost, type SideOptions } from './side-thread.ts'

/**
 * What prepareSegment() makes of the rows that `rows` gives; undefined when `signal` was aborted.
 * @throws {LogError} LOG_DAMAGED, LOG_UNAVAILABLE
 */
export async function sealAside(
  rows: () => AsyncIterable<RawRow> | Iterable<RawRow>,
  from: Position,
  format: number,
  signal: AbortSignal | undefined,
): Promise<SealBatch | undefined> {
  const job = { kind: 'seal', from: told(from), format } as const
  try {
    const { bytes, end } = await done<SealResult>(job, { scan: rows, signal })
    const operations = unpackRows(bytes).map(({ key, value }) =>
      value ? { type: 'put' as const, key, value } : { type: 'del' as const, key },
    )
    return { operations, end: { seq: end.seq, chain: chainBytes(end.chain) } }
  } catch (error) {
    if (error instanceof SideDropped) return undefined
    throw error
  }
}

/** What checkAll() finds; `end` is the last entry that is there. @throws {LogError} LOG_UNAVAILABLE; SideDropped */
export async function verifyAside(
  scan: Scan,
  options: {
    readonly from: Position
    readonly known: Position | undefined
    readonly onProgress: (seq: number) => void
    readonly signal: AbortSignal | undefined
  },
): Promise<{
  readonly problems: readonly LogProblem[]
  readonly end: number
  readonly erased: readonly ErasedEntry[]
}> {
  const { from, known, onProgress, signal } = options
  const job = { kind: 'verify', from: told(from), known: known ? told(known) : null } as const
  return done<VerifyResult>(job, {
    scan: ({ kind, from: key }) => scan(kind, key ?? undefined),
    onProgress,
    signal,
  })
}

async function done<Result>(job: SideJob, options: SideOptions): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await aside<Result>(job, options)
    } catch (error) {
      if (!(error instanceof SideLost)) throw error
      if (tries < 2) continue
      const what = job.kind === 'seal' ? 'seals the log' : 'checks the log'
      throw new LogError(
        'LOG_UNAVAILABLE',
        `The thread that ${what} has ended twice (${error.message}); no entry is lost, so try again.`,
        { cause: error },
      )
    }
  }
}

function told({ seq, chain }: Position): SidePosition {
  return { seq, chain: chainText(chain) }
}
