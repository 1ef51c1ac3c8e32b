// What was tested ahead: how often it was of use, and how often it was thrown away.
//
// Owns:      one row for each rig.
// Does not:  count the runs of gates (gates.ts): what ran ahead decided nothing.

import type { FactOf } from '../events/index.ts'
import { projection } from './store.ts'
import type { Projection } from './types.ts'

export type AheadRow = {
  rig: string
  passed: number
  red: number
  conflicted: number
  cancelled: number
  failed: number
  /** Of those that passed: they landed without another run. */
  used: number
  durationMs: number
}

export type AheadRows = Map<string, AheadRow>

export const createAhead = (): Projection<AheadRows> =>
  projection({
    name: 'ahead',
    version: 1,
    empty: (): AheadRows => new Map(),
    handlers: { StackTestedAhead: tested, StackAheadUsed: used },
  })

export type AheadItem = Omit<AheadRow, 'durationMs'> & {
  readonly runs: number
  /** Of a run, in the mean. */
  readonly meanMs: number
}

export const aheadReport = (
  rows: AheadRows,
  { rig }: { readonly rig?: string | undefined } = {},
): AheadItem[] =>
  [...rows.values()]
    .filter((row) => rig === undefined || row.rig === rig)
    .sort((left, right) => (left.rig < right.rig ? -1 : 1))
    .map(({ durationMs, ...row }) => {
      const runs = row.passed + row.red + row.conflicted + row.cancelled + row.failed
      return { ...row, runs, meanMs: runs === 0 ? 0 : Math.round(durationMs / runs) }
    })

function tested(rows: AheadRows, { rig, outcome, durationMs }: FactOf<'StackTestedAhead'>): boolean {
  const row = rowOf(rows, rig)
  row[outcome] += 1
  row.durationMs += durationMs
  return true
}

function used(rows: AheadRows, { rig }: FactOf<'StackAheadUsed'>): boolean {
  rowOf(rows, rig).used += 1
  return true
}

function rowOf(rows: AheadRows, rig: string): AheadRow {
  const known = rows.get(rig)
  if (known !== undefined) return known
  const row = { rig, passed: 0, red: 0, conflicted: 0, cancelled: 0, failed: 0, used: 0, durationMs: 0 }
  rows.set(rig, row)
  return row
}
