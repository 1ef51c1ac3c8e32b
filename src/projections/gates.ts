// Gates: how often each ran, was red, and was red by chance.
//
// Owns:      one row for each gate of a rig as it was set at a time (its version).
// Does not:  keep logs, or which request a run was for: the records have them.
// Always:    a gate is flaky when it was red and then green on the very same tree; what was taken from the cache did
//            not run and says nothing of it. Of a gate 20 versions are kept, of a version 50 red trees and 100 tests.

import { rigOf } from '../events/address.ts'
import type { GateResultData } from '../events/define.ts'
import type { MessageOf } from '../events/index.ts'
import type { LogRecord } from '../events/record.ts'
import { projection } from './store.ts'
import type { Projection } from './types.ts'

export type TestRow = {
  name: string
  red: number
  /** Red, and green the next time on the same tree. */
  flaky: number
  lastRedAt: string
}

export type GateStats = {
  rig: string
  gate: string
  /** Of its definition; null where the worker did not say. */
  version: string | null
  command: string[]
  kind: string | null
  required: boolean
  /** Times that it ran: passed, red and not started. */
  runs: number
  passed: number
  /** Failed or took too long. */
  red: number
  timedOut: number
  notStarted: number
  /** Did not run: nothing that changed concerned it, or it was known to pass. */
  skipped: number
  cached: number
  flaky: number
  /** Of all runs that began. */
  durationMs: number
  firstAt: string
  lastAt: string
  lastOutcome: GateResultData['outcome']
  lastTree: string
  /** Trees that it was red on and has not passed since, the oldest first, with the tests that were. */
  redTrees: { tree: string; tests: string[] }[]
  /** Tests that were ever red. */
  tests: TestRow[]
}

export type GateRows = Map<string, GateStats>

const VERSIONS_MAX = 20
const RED_TREES_MAX = 50
const TESTS_MAX = 100

const TYPES: ReadonlySet<string> = new Set(['gates.ran'])

export const createGates = (): Projection<GateRows> =>
  projection({
    name: 'gates',
    version: 1,
    empty: (): GateRows => new Map(),
    handlers: {},
    messages: { types: TYPES, fold },
  })

export type GateItem = Omit<GateStats, 'redTrees' | 'durationMs'> & {
  /** Of a run, in the mean; null when none has begun. */
  readonly meanMs: number | null
  /** Shares of the runs, 0 to 1. */
  readonly redRate: number
  readonly flakyRate: number
}

/** By rig and name; of one gate the version that ran last comes first. */
export function gateReport(rows: GateRows, { rig }: { readonly rig?: string | undefined } = {}): GateItem[] {
  return [...rows.values()]
    .filter((row) => rig === undefined || row.rig === rig)
    .sort(
      (left, right) =>
        compare(left.rig, right.rig) || compare(left.gate, right.gate) || compare(right.lastAt, left.lastAt),
    )
    .map(({ redTrees: _redTrees, durationMs, ...row }) => {
      const begun = row.passed + row.red
      return structuredClone({
        ...row,
        tests: [...row.tests].sort((left, right) => right.flaky - left.flaky || right.red - left.red),
        meanMs: begun === 0 ? null : Math.round(durationMs / begun),
        redRate: share(row.red, row.runs),
        flakyRate: share(row.flaky, row.runs),
      })
    })
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
const share = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((1e4 * part) / whole) / 1e4

function fold(rows: GateRows, { actor, at, message }: LogRecord): boolean {
  const { tree, results } = message as unknown as MessageOf<'gates.ran'>
  const rig = rigOf(actor)
  if (rig === null || !Array.isArray(results)) return false
  for (const result of results) {
    const row = rowOf(rows, rig, result, at)
    count(row, result)
    row.lastAt = at
    row.lastOutcome = result.outcome
    row.lastTree = tree
    if (result.cached === undefined) judge(row, result, { tree, at })
  }
  return results.length > 0
}

function rowOf(rows: GateRows, rig: string, result: GateResultData, at: string): GateStats {
  const { name, version = null, command, kind = null, required = true } = result
  const id = `${rig} ${name} ${version ?? ''}`
  const known = rows.get(id)
  if (known !== undefined) return known
  const row: GateStats = {
    ...{ rig, gate: name, version, command: [...command], kind, required },
    ...{ runs: 0, passed: 0, red: 0, timedOut: 0, notStarted: 0, skipped: 0, cached: 0, flaky: 0 },
    ...{ durationMs: 0, firstAt: at, lastAt: at, lastOutcome: result.outcome, lastTree: '' },
    ...{ redTrees: [], tests: [] },
  }
  rows.set(id, row)
  const versions = [...rows].filter(([, other]) => other.rig === rig && other.gate === name)
  if (versions.length > VERSIONS_MAX) {
    const [oldest] = versions.sort(([, left], [, right]) => compare(left.lastAt, right.lastAt))
    if (oldest !== undefined) rows.delete(oldest[0])
  }
  return row
}

function count(row: GateStats, { outcome, cached, durationMs }: GateResultData): void {
  if (outcome === 'skipped') row.skipped += 1
  else if (cached !== undefined) row.cached += 1
  else {
    row.runs += 1
    if (outcome === 'passed') row.passed += 1
    else if (outcome === 'notStarted') row.notStarted += 1
    else row.red += 1
    if (outcome === 'timedOut') row.timedOut += 1
    if (outcome !== 'notStarted') row.durationMs += durationMs
  }
}

/** Whether it, or one of its tests, is another than it was on this very tree. */
function judge(
  row: GateStats,
  { outcome, tests }: GateResultData,
  { tree, at }: { readonly tree: string; readonly at: string },
): void {
  if (outcome === 'skipped' || outcome === 'notStarted') return
  const isRed = outcome !== 'passed'
  const before = row.redTrees.find((one) => one.tree === tree)
  const redNow = tests?.red ?? []
  // Of a red run whose reports are not whole nobody knows which tests were green.
  const isWhole = !isRed || tests?.complete === true
  const turned = isWhole ? (before?.tests ?? []).filter((name) => !redNow.includes(name)) : []
  for (const name of turned) {
    const test = row.tests.find((one) => one.name === name)
    if (test !== undefined) test.flaky += 1
  }
  for (const name of redNow) noteRed(row, name, at)
  if (before !== undefined && !isRed) row.flaky += 1
  row.redTrees = row.redTrees.filter((one) => one !== before)
  if (!isRed) return
  const still = (before?.tests ?? []).filter((name) => !turned.includes(name))
  row.redTrees.push({ tree, tests: [...new Set([...still, ...redNow])].slice(0, TESTS_MAX) })
  if (row.redTrees.length > RED_TREES_MAX) row.redTrees.shift()
}

function noteRed(row: GateStats, name: string, at: string): void {
  const known = row.tests.find((test) => test.name === name)
  if (known !== undefined) {
    known.red += 1
    known.lastRedAt = at
    return
  }
  row.tests.push({ name, red: 1, flaky: 0, lastRedAt: at })
  if (row.tests.length <= TESTS_MAX) return
  const [oldest] = [...row.tests].sort((left, right) => compare(left.lastRedAt, right.lastRedAt))
  row.tests = row.tests.filter((test) => test !== oldest)
}
