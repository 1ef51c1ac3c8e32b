// Rebuilding everything from the log, beside the live state, and holding the two against each other (P1, P3).
//
// Owns:      one pass over the log: fold, and on request decide again.
// Does not:  touch the live state or the log.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { EventLog } from '../../eventlog/index.ts'
import { machineAt } from '../actors/index.ts'
import type { ReplayReport } from '../api/town.ts'
import type { Address } from '../events/record.ts'
import { recordOf } from '../events/upcasters.ts'
import { applyAll, canonical, createProjections, type Projections } from '../projections/index.ts'
import { createOwners } from '../system/owners.ts'
import { createRedecider, type Divergence } from '../system/redecide.ts'
import type { OwnerState, System } from '../system/types.ts'

/** Divergences that are reported; one is enough to know, and the first are the ones to look at. */
const DIVERGENCES_MAX = 100

export async function replay(
  log: EventLog,
  options: { readonly to: number | null; readonly verify: boolean; readonly into: string | null },
  live: { readonly system: System; readonly projections: Projections },
): Promise<ReplayReport> {
  const begun = performance.now()
  // Taken before the first wait, for the live state goes on; and only what is durable, for what is decided and being
  // written is no part of any record yet.
  const durable = live.system.checkpoint()
  const to = options.to ?? durable.seq
  const liveDigest = to === durable.seq ? digest(durable.owners, live.projections) : null
  const owners = createOwners()
  const projections = createProjections()
  const redecider = options.verify ? createRedecider(machineAt) : null
  const divergences: Divergence[] = []
  const changedDecisions: Divergence[] = []
  let records = 0
  for await (const { line } of log.read({ to })) {
    const record = recordOf(line)
    const found = redecider?.check(record)
    if (found !== undefined && divergences.length < DIVERGENCES_MAX) {
      divergences.push(...found.divergences)
      changedDecisions.push(...found.changedDecisions)
    }
    owners.fold(record)
    applyAll(projections, record)
    records += 1
  }
  const stateDigest = digest(owners.all(), projections)
  if (options.verify && liveDigest !== null && liveDigest !== stateDigest) {
    divergences.push({ seq: to, actor: 'town', field: 'state', recorded: liveDigest, computed: stateDigest })
  }
  if (options.into !== null) writeState(options.into, owners.all(), projections)
  const durationMs = performance.now() - begun
  return {
    records,
    durationMs: Math.round(durationMs),
    recordsPerSecond: Math.round(records / Math.max(durationMs / 1_000, 0.001)),
    to,
    stateDigest,
    verified: options.verify && divergences.length === 0,
    divergences,
    changedDecisions,
  }
}

/** SHA-256 of every owner's state and every projection's rows. */
function digest(owners: Iterable<readonly [Address, OwnerState]>, projections: Projections): string {
  const hash = createHash('sha256')
  for (const [address, state] of sorted(owners)) hash.update(`${address} ${JSON.stringify(plain(state))}\n`)
  hash.update(canonical(projections))
  return hash.digest('hex')
}

const sorted = (owners: Iterable<readonly [Address, OwnerState]>) =>
  [...owners].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Keys of a context have no order. */
function plain({ value, context, seq, machine }: OwnerState) {
  const entries = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return { value, context: entries, seq, machine }
}

function writeState(
  dir: string,
  owners: Iterable<readonly [Address, OwnerState]>,
  projections: Projections,
): void {
  mkdirSync(dir, { recursive: true })
  const write = (name: string, value: unknown) =>
    writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`)
  write('owners', Object.fromEntries(sorted(owners)))
  for (const projection of Object.values(projections)) write(projection.name, projection.save())
}
