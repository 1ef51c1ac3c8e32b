// Runs setup and gates on a commit, in the Refinery's checkout.
//
// Owns:      which gates run, in which order, and what a result says.
// Does not:  decide whether a result lets something land; know how a command is run (commands.ts) or where
//            (gate-tree.ts).
//
//   GIT-9.  A required gate that did not start, timed out or did not exit with 0 stops the run: later ones do not begin.
//   GIT-40. A gate is not run when it has passed on this very tree; if another one runs that comes after it, it is.

import { createHash } from 'node:crypto'
import { stops } from '../events/define.ts'
import { gateOrder } from '../events/gate-settings.ts'
import { pathGlobFits } from '../events/globs.ts'
import type { GateResult, GateSpec, Repositories, SetupSpec } from '../ports/repositories.ts'
import { testedAhead } from './ahead-runs.ts'
import { knownBuild } from './builds.ts'
import { clearOnce, runCommand } from './commands.ts'
import { asDiskFaultIn, checkRoom } from './disk.ts'
import { checkout, forgetSetup, noteSetup, readNote } from './gate-tree.ts'
import { git, gitFields } from './git.ts'
import { type Green, gateOn, greenKeys, noteResults, readGreen } from './green-cache.ts'
import { readReports } from './junit.ts'
import { asHost } from './lanes.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkObjectId } from './names.ts'
import { proveStack } from './proofs.ts'
import { setupDigest } from './setups.ts'
import { toolchainOf } from './toolchains.ts'

type Input = Parameters<Repositories['runGates']>[0]
type Outcome = { readonly tree: string; readonly results: GateResult[] }

/** Gates that run at a time when the rig says nothing. */
const PARALLEL = 2

/** @throws RepositoryError DISK_FULL, and what git says */
export const runGates = (layout: Layout, input: Input): Promise<Outcome> => begin(layout, input, null)

/** The same, of which passes alone are kept. Once `signal` says so it ends, and what it gives means nothing. */
export const runGatesAhead = (layout: Layout, input: Input, signal: AbortSignal): Promise<Outcome> =>
  begin(layout, { ...input, cache: true }, signal)

async function begin(layout: Layout, input: Input, ahead: AbortSignal | null): Promise<Outcome> {
  try {
    return await run(layout, { ...input, commit: checkObjectId(input.commit) }, ahead)
  } catch (error) {
    throw await asDiskFaultIn(layout.tree, error)
  }
}

/** What is tested ahead decides nothing: a red there is not remembered. */
const mayBeKept = (outcome: GateResult['outcome'], ahead: AbortSignal | null): boolean =>
  outcome === 'passed' || ahead === null

async function run(layout: Layout, input: Input, ahead: AbortSignal | null): Promise<Outcome> {
  const { commit, gates } = input
  const at = onOwn(layout)
  const tree =
    knownBuild(layout, commit)?.tree ??
    (await git(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`], at))
  const order = gateOrder(gates)
  if (typeof order === 'string') return { tree, results: gates.slice(0, 1).map(notStarted(order)) }

  const results = new Map<number, GateResult>()
  const changed = await changedPaths(layout, input)
  for (const [n, gate] of gates.entries())
    if (changed !== null && !concerns(gate, changed)) results.set(n, skipped(gate))

  if (ahead === null && input.cache === true) await testedAhead(layout, tree, gates)
  const greens = await takeGreen(layout, input, { tree, order })
  const mustRun = new Set(gates.keys().filter((n) => !results.has(n) && !greens?.passed[n]))
  // What runs finds what those before it left: they run as well. A set is gone through with what is added meanwhile.
  for (const n of mustRun) for (const before of order[n] ?? []) if (!results.has(before)) mustRun.add(before)
  for (const [n, gate] of gates.entries()) {
    const passed = greens?.passed[n]
    if (passed !== undefined && !mustRun.has(n) && !results.has(n)) results.set(n, fromCache(gate, passed))
  }
  if (mustRun.size === 0) return { tree, results: inOrder(results) }

  // Gates take longer: the landing then finds its proofs read.
  void proveStack(layout, commit)
  const there = async (): Promise<GateResult | null> => {
    const red = await makeReady(layout, input, ahead)
    if (red !== null) return red
    await runInOrder(gates, order, { results, limit: input.parallel ?? PARALLEL }, (gate, slot) =>
      runGate(layout, gate, { env: input.env, slot, signal: ahead }),
    )
    return null
  }
  const red = await (ahead === null ? asHost(layout.tree, there) : there())
  if (red !== null) return { tree, results: [red] }
  if (ahead?.aborted === true) return { tree, results: [] }
  if ([...results.values()].some(stops)) await checkRoom(layout.tree)
  const keys = await greens?.keys
  const ran = [...mustRun].flatMap((n) => {
    const [gate, result] = [gates[n], results.get(n)]
    if (gate === undefined || result === undefined || !mayBeKept(result.outcome, ahead)) return []
    return [{ key: keys?.[n] ?? null, of: gateOn(tree, versionOf(gate)), result }]
  })
  // What was red is remembered also while nobody wants to hear what has passed.
  if (greens !== null || ran.some(({ result }) => result.outcome !== 'passed')) await noteResults(layout, ran)
  return { tree, results: inOrder(results) }
}

const inOrder = (results: ReadonlyMap<number, GateResult>): GateResult[] =>
  [...results].sort(([left], [right]) => left - right).map(([, result]) => result)

// --- which gates --------------------------------------------------------------------------------------------

/** Paths that differ from the base, both names of what was renamed; null when nobody asks or nobody knows the base. */
async function changedPaths(layout: Layout, { commit, base, gates }: Input): Promise<string[] | null> {
  if (base == null || gates.every(({ paths }) => paths === undefined)) return null
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--end-of-options']
  return await gitFields([...args, checkObjectId(base), commit], onOwn(layout))
}

/** A pattern that names a folder is for all that is in it. Rather one gate too many: case and dots do not matter. */
const concerns = ({ paths }: GateSpec, changed: readonly string[]): boolean =>
  paths === undefined ||
  changed.some((path) =>
    paths.some((given) => {
      const pattern = given.replace(/^\.\//, '').replace(/\/+$/, '')
      return [pattern, `${pattern}/**`].some((each) => pathGlobFits(each, path, { ignoreCase: true }))
    }),
  )

type Taken = {
  readonly keys: Promise<readonly (string | null)[]>
  readonly passed: readonly (Green | undefined)[]
}

/** What is known to have passed on this tree, with all that it depends on; null when the rig does not want it. */
async function takeGreen(
  layout: Layout,
  { cache, gates, env, setup, toolchain }: Input,
  { tree, order }: { readonly tree: string; readonly order: readonly (readonly number[])[] },
): Promise<Taken | null> {
  if (cache !== true || gates.length === 0) return null
  const versions = gates.map(versionOf)
  // Asking the tools takes longer than the rest: where nothing is known of the tree, nobody waits for it.
  const asked = gates.map((gate) => toolchainOf(layout, gate.command, { env, commands: toolchain ?? null }))
  const keys = Promise.all(asked).then((tools) => greenKeys({ tree, order, versions, tools, setup, env }))
  const known = await readGreen(layout, tree, versions)
  if (known.size === 0) return { keys, passed: [] }
  return { keys, passed: (await keys).map((each) => (each === null ? undefined : known.get(each))) }
}

/** The same for the same definition. */
const versionOf = (gate: GateSpec): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(gate).sort(([left], [right]) => (left < right ? -1 : 1))))
    .digest('hex')
    .slice(0, 12)

// --- running ------------------------------------------------------------------------------------------------

/** Files of the commit, and what setup makes. Its result when that is red. */
async function makeReady(
  layout: Layout,
  { commit, setup, env }: Input,
  signal: AbortSignal | null,
): Promise<GateResult | null> {
  const known = await readNote(layout)
  const [digest] = await Promise.all([
    setup === null ? null : setupDigest(layout, commit, setup),
    checkout(layout, commit, known.kept),
  ])
  if (setup === null || digest === null || known.digest === digest) return null
  return await setUp(layout, setup, { env, signal }, digest)
}

async function setUp(
  layout: Layout,
  setup: SetupSpec,
  { env, signal }: Pick<Running, 'env' | 'signal'>,
  digest: string,
): Promise<GateResult | null> {
  await forgetSetup(layout)
  const gate = { name: 'setup', command: setup.command, timeoutMs: setup.timeoutMs }
  const result = await runGate(layout, gate, { env, slot: 0, signal })
  if (result.outcome === 'passed') {
    await noteSetup(layout, digest)
    return null
  }
  await checkRoom(layout.tree)
  return result
}

/** Begins each gate when those that it waits for are done; none more once a required one is red. */
async function runInOrder(
  gates: readonly GateSpec[],
  order: readonly (readonly number[])[],
  { results, limit }: { readonly results: Map<number, GateResult>; readonly limit: number },
  begin: (gate: GateSpec, slot: number) => Promise<GateResult>,
): Promise<void> {
  const running = new Map<number, { readonly slot: number; readonly done: Promise<void> }>()
  const free = Array.from({ length: Math.max(1, limit) }, (_, slot) => slot)
  const isDone = (n: number) => results.has(n)
  for (;;) {
    const isRed = [...results.values()].some(stops)
    for (const [n, gate] of gates.entries()) {
      const mayBegin = !isRed && !isDone(n) && !running.has(n) && (order[n] ?? []).every(isDone)
      const slot = mayBegin ? free.shift() : undefined
      if (slot === undefined) continue
      const done = begin(gate, slot).then((result) => {
        results.set(n, result)
        running.delete(n)
        free.unshift(slot)
      })
      running.set(n, { slot, done })
    }
    if (running.size === 0) return
    await Promise.race([...running.values()].map(({ done }) => done))
  }
}

type Running = {
  readonly env: Input['env']
  readonly slot: number
  /** It ends when this says so; null: by itself. */
  readonly signal: AbortSignal | null
}

async function runGate(layout: Layout, gate: GateSpec, { env, slot, signal }: Running): Promise<GateResult> {
  // Gates side by side are told apart, so that the end of one is not that of the other.
  const mark = slot === 0 ? undefined : `${layout.tree}#${slot}`
  if (mark !== undefined) await clearOnce(mark)
  const { command, timeoutMs, outputMax, junit } = gate
  const begun = Date.now()
  const ran = await runCommand({
    command,
    cwd: layout.tree,
    env,
    timeoutMs,
    outputMax,
    ...(mark !== undefined && { mark }),
    ...(signal !== null && { signal }),
  })
  const tests =
    junit === undefined || ran.outcome === 'notStarted' ? null : await readReports(layout.tree, junit, begun)
  return { ...said(gate), command: [...command], ...ran, ...(tests !== null && { tests }) }
}

// --- results that nothing ran for ---------------------------------------------------------------------------

const said = (gate: GateSpec) => ({
  name: gate.name,
  version: versionOf(gate),
  ...(gate.kind !== undefined && { kind: gate.kind }),
  ...(gate.required === false && { required: false }),
})

const without = (gate: GateSpec, outcome: GateResult['outcome'], logTail: string): GateResult => ({
  ...said(gate),
  command: [...gate.command],
  exitCode: null,
  durationMs: 0,
  logTail,
  outcome,
})

const skipped = (gate: GateSpec): GateResult =>
  without(gate, 'skipped', `Nothing that changes is in ${(gate.paths ?? []).join(', ')}.`)

const notStarted =
  (why: string) =>
  (gate: GateSpec): GateResult => {
    const { required: _required, ...result } = without(gate, 'notStarted', why)
    return result
  }

const fromCache = (gate: GateSpec, passed: Green): GateResult => ({
  ...without(gate, 'passed', `It passed on this very tree at ${passed.at}.`),
  exitCode: 0,
  cached: { at: passed.at, durationMs: passed.durationMs },
})
