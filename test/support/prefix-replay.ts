// State rebuilt at every position of a log, against state kept live (P1, P3).
//
// Owns:      both ways of folding: one town that goes on from record to record, and one made from scratch each time.
// Does not:  ask any machine: `to` and `change` of a record are the whole state.

import type { EventLog } from '../../eventlog/types.ts'
import type { Address, LogRecord } from '../../src/events/record.ts'
import {
  applyAll,
  applyMany,
  canonical,
  createProjections,
  loadAll,
  type Projections,
  saveAll,
} from '../../src/projections/index.ts'
import { nextState } from '../../src/system/owners.ts'
import type { OwnerState } from '../../src/system/types.ts'

type Folded = { readonly owners: Map<Address, OwnerState>; readonly projections: Projections }

export type PrefixReplay = {
  /** How many positions were rebuilt from scratch. */
  readonly positions: number
  /** One sentence for each position at which the two differ; the first 20. */
  readonly differences: readonly string[]
}

/**
 * Folds the log once, live, and at each position (or at `positions` of them, evenly spread, the last included) a
 * second time from scratch; also from what was saved half way to there. All three must be the same.
 */
export async function prefixReplay(
  source: EventLog | readonly LogRecord[],
  options: { readonly positions?: number } = {},
): Promise<PrefixReplay> {
  const records = await recordsOf(source)
  const every = Math.max(1, Math.floor(records.length / (options.positions ?? records.length)))
  const live = nothing()
  const differences: string[] = []
  let positions = 0
  records.forEach((record, index) => {
    fold(live, record)
    const seq = index + 1
    if (record.seq !== seq) differences.push(`Record ${record.seq} stands at position ${seq}.`)
    if (seq % every !== 0 && seq !== records.length) return
    positions += 1
    const prefix = records.slice(0, seq)
    const expected = textOf(live)
    if (textOf(rebuilt(prefix)) !== expected) differences.push(`Rebuilt at ${seq}, the town is another one.`)
    if (textOf(fromHalf(prefix)) !== expected)
      differences.push(`Gone on from what was saved half way, the town at ${seq} is another one.`)
  })
  return { positions, differences: differences.slice(0, 20) }
}

const nothing = (): Folded => ({ owners: new Map(), projections: createProjections() })

function fold(folded: Folded, record: LogRecord): void {
  foldOwner(folded, record)
  applyAll(folded.projections, record)
}

function foldOwner({ owners }: Folded, record: LogRecord): void {
  if (record.refused === undefined)
    owners.set(record.actor, nextState(owners.get(record.actor) ?? null, record))
}

function rebuilt(records: readonly LogRecord[]): Folded {
  const folded = nothing()
  for (const record of records) foldOwner(folded, record)
  // At once, as a replay does.
  applyMany(folded.projections, records)
  return folded
}

function fromHalf(records: readonly LogRecord[]): Folded {
  const half = Math.floor(records.length / 2)
  const first = rebuilt(records.slice(0, half))
  const saved: unknown = JSON.parse(JSON.stringify(saveAll(first.projections, half)))
  const second = { owners: first.owners, projections: createProjections() }
  const after = loadAll(second.projections, saved as ReturnType<typeof saveAll>)
  for (const record of records.slice(after)) fold(second, record)
  return second
}

function textOf({ owners, projections }: Folded): string {
  const states = [...owners]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, state]) => [address, plain(state)])
  return JSON.stringify(states) + canonical(projections)
}

const plain = ({ value, context, seq, machine }: OwnerState): unknown => [
  value,
  Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  seq,
  machine,
]

async function recordsOf(source: EventLog | readonly LogRecord[]): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  if (!('read' in source)) return source.map((record) => frozen(structuredClone(record)))
  for await (const { line } of source.read()) records.push(frozen(JSON.parse(line) as LogRecord))
  return records
}

/** All folds are handed the same records: none may change one, and so help another. Whoever tries throws. */
function frozen<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
