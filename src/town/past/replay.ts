// Rebuilding everything from the log, beside the live state, and holding the two against each other (P1, P3).
//
// Owns:      the order: read and fold, compare, write, and only then put in place.
// Does not:  touch the live state or the log; know in which thread it runs.
// Always:    ended at any instant, it has changed nothing: whatever it writes stands beside until it is whole.

import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { machineAt } from '../../actors/index.ts'
import type { JobProgress, ReplayReport } from '../../api/town.ts'
import { createComparison } from '../../past/compare.ts'
import { digestInto, type Part, partsOf } from '../../past/parts.ts'
import { createRebuild, found, type Rebuild } from '../../past/rebuild.ts'
import { recordsIn } from '../../system/records-in.ts'
import { writeCheckpoint } from '../checkpoint/checkpoint.ts'
import type { ReplayAsked } from './job-protocol.ts'
import type { PastLog } from './reader.ts'
import type { LiveState } from './slices.ts'
import { checkEmpty, writeState } from './state-files.ts'

/** How often a replay says how far it is, ms. */
const SAYS_EVERY_MS = 100

type ReplayLog = Pick<PastLog, 'head' | 'logId' | 'get' | 'pieces'>

/** @throws {LogError} LOG_DAMAGED, before anything behind the damage is used; {TownError} FOLDER_NOT_EMPTY */
export async function replay(
  log: ReplayLog,
  asked: ReplayAsked,
  live: LiveState | null,
  onProgress: (progress: JobProgress) => void,
): Promise<ReplayReport> {
  const begun = performance.now()
  if (asked.into !== null) checkEmpty(asked.into)
  const rebuild = createRebuild(asked.verify ? machineAt : null)
  const compares = asked.to === null && live !== null
  const foldTo = folder(log, rebuild, begun, onProgress)
  await foldTo(asked.to ?? log.head.seq)
  const folded = rebuild.seq
  const foldedMs = performance.now() - begun

  const compared = compares ? await compare(rebuild, live, foldTo) : null
  const parts = partsOf({ system: rebuild.checkpoint(), projections: rebuild.projections })
  const stateDigest = digestOf(parts)
  const differences = compared?.differences ?? found()
  const liveDigest =
    compared === null ? null : differences.count === 0 ? stateDigest : digestOf(parts, compared.live)
  if (asked.into !== null) writeState(asked.into, rebuild.checkpoint(), rebuild.projections)
  const isEqual = compared !== null && differences.count === 0
  if (isEqual && asked.into === null && asked.checkpoint !== null)
    await putInPlace(asked.checkpoint, log, rebuild)

  const { divergences, changedDecisions, erased } = rebuild
  const count = divergences.count + differences.count
  return {
    records: rebuild.seq,
    durationMs: Math.round(performance.now() - begun),
    recordsPerSecond: Math.round(folded / Math.max(foldedMs / 1_000, 0.001)),
    to: rebuild.seq,
    stateDigest,
    liveDigest,
    verified: asked.verify && count === 0,
    divergences: [...differences.listed, ...divergences.listed],
    divergenceCount: count,
    changedDecisions: changedDecisions.listed,
    changedDecisionCount: changedDecisions.count,
    erased: erased.listed,
    erasedCount: erased.count,
    cachesReplaced: isEqual && asked.into === null && asked.checkpoint !== null,
  }
}

async function putInPlace(
  checkpoint: string,
  log: ReplayLog,
  { projections, ...rebuild }: Rebuild,
): Promise<void> {
  const { owners, ...known } = rebuild.checkpoint()
  const system = { ...known, owners: new Map(owners), living: owners.map(([address]) => address) }
  await writeCheckpoint(checkpoint, { log, system, projections })
}

/** Folds on to a record; says how far it is. */
function folder(
  log: ReplayLog,
  rebuild: Rebuild,
  begun: number,
  onProgress: (progress: JobProgress) => void,
): (to: number) => Promise<void> {
  let saidAt = begun
  return async (to) => {
    if (rebuild.seq >= to) return
    for await (const piece of log.pieces({ after: rebuild.seq, to })) {
      rebuild.fold(recordsIn(piece))
      const now = performance.now()
      if (now - saidAt < SAYS_EVERY_MS) continue
      saidAt = now
      const perSecond = rebuild.seq / ((now - begun) / 1_000)
      onProgress({
        doing: 'folding',
        done: rebuild.seq,
        of: to,
        perSecond: Math.round(perSecond),
        leftMs: Math.round(((to - rebuild.seq) / perSecond) * 1_000),
      })
    }
  }
}

/** The live state goes on meanwhile; each slice of it is looked at as of the record that it names. */
async function compare(rebuild: Rebuild, live: LiveState, foldTo: (to: number) => Promise<void>) {
  const comparison = createComparison()
  let parts: readonly Part[] | undefined
  for (;;) {
    const slice = await live.next()
    await foldTo(slice.seq)
    parts ??= partsOf({ system: rebuild.checkpoint(), projections: rebuild.projections })
    comparison.take(slice, parts)
    if (slice.over) return comparison
  }
}

function digestOf(parts: readonly Part[], instead?: Parameters<typeof digestInto>[2]): string {
  const hash = createHash('sha256')
  digestInto(hash, parts, instead)
  return hash.digest('hex')
}
