// A checkpoint: everything folded up to one record, so that a start need not fold it again.
//
// Owns:      the file, and saying whether it is of this log and of this build.
// Always:    a cache. Deleting it, or finding it damaged, old or of another build, costs one fold of the log (P1).

import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { EventLog } from '../../eventlog/index.ts'
import { MACHINES } from '../actors/index.ts'
import { RECORD_VERSION } from '../events/record.ts'
import { loadAll, type Projections, type SavedProjections, saveAll } from '../projections/index.ts'
import type { System, SystemCheckpoint } from '../system/types.ts'

/** Records folded at a start above which the start writes a checkpoint. Below, folding is quicker than looking. */
export const WORTH_RECORDS = 2_000

type Checkpoint = {
  /** Build and log it belongs to. */
  readonly of: string
  /** SHA-256 of the record's line at `system.seq`. */
  readonly digest: string
  readonly system: SystemCheckpoint
  readonly projections: SavedProjections
}

export async function writeCheckpoint(
  file: string,
  town: {
    readonly log: Pick<EventLog, 'logId' | 'get'>
    readonly system: Pick<System, 'checkpoint'>
    readonly projections: Projections
  },
): Promise<void> {
  // Both at once: nothing is folded between the two.
  const system = town.system.checkpoint()
  const projections = saveAll(town.projections, system.seq)
  const digest = await digestAt(town.log, system.seq)
  if (digest === null) return
  const checkpoint: Checkpoint = { of: belongsTo(town.log), digest, system, projections }
  writeFileSync(`${file}.new`, JSON.stringify(checkpoint), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Loads the projections and answers with the system's part; null, with nothing loaded, when it is of no use. */
export async function readCheckpoint(
  file: string,
  log: EventLog,
  projections: Projections,
): Promise<SystemCheckpoint | null> {
  let checkpoint: Checkpoint
  try {
    checkpoint = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint
  } catch {
    return null
  }
  const { system } = checkpoint
  const fits =
    checkpoint.of === belongsTo(log) &&
    checkpoint.digest === (await digestAt(log, system.seq)) &&
    loadAll(projections, checkpoint.projections) === system.seq
  if (fits) return system
  rmSync(file, { force: true })
  return null
}

/** States and rows have the shape that this build's machines and records give them. */
const belongsTo = (log: Pick<EventLog, 'logId'>): string =>
  [
    log.logId,
    RECORD_VERSION,
    ...Object.values(MACHINES).map(({ name, version }) => `${name}@${version}`),
  ].join(' ')

async function digestAt(log: Pick<EventLog, 'get'>, seq: number): Promise<string | null> {
  const stored = await log.get(seq)
  return stored === undefined ? null : createHash('sha256').update(stored.line).digest('hex')
}
