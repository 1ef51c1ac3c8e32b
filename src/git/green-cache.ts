// What has passed, by the tree it passed on: spares running a gate again that can only say the same.
//
// Owns:      refinery/green.json.
// Does not:  decide what lands; keep anything but passes, and which gates were ever red on which tree.
// Always:    without the file every answer is the same, and takes longer. A file that cannot be read is an empty one.
//
//   GIT-40. A pass is known again by all that it may depend on: tree, gate, the gates before it, setup, environment,
//           tools. Of a gate that was red on a tree no pass on that tree is kept, so that luck lands nothing twice.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { GateResult, SetupSpec } from '../ports/repositories.ts'
import type { Layout } from './layout.ts'
import { writeWhole } from './rigs.ts'
import { keyedTurns } from './turns.ts'

export type Green = { readonly at: string; readonly durationMs: number }

/** Passes and reds that are kept; the oldest go first. */
const KEPT_MAX = 1_000
/** A file of that many is half as large; a larger one is not ours. */
const FILE_BYTES_MAX = 1024 * 1024

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const File = z.strictObject({
  version: z.literal(1),
  passed: z.array(z.tuple([digest, digest, z.iso.datetime(), z.number().nonnegative()])).max(KEPT_MAX),
  red: z.array(digest).max(KEPT_MAX),
})
type File = z.infer<typeof File>

const fileOf = (layout: Layout): string => join(dirname(layout.own), 'green.json')

/** Reds that this process saw: they count also when the file could not be written, or was deleted. */
const reds = new Map<string, Set<string>>()

/**
 * One for each gate; null where nobody knows what a pass depends on (`tools` null, of the gate or of one before it).
 */
export function greenKeys(input: {
  readonly tree: string
  /** Gates that each one waits for, by their places. */
  readonly order: readonly (readonly number[])[]
  readonly versions: readonly string[]
  readonly tools: readonly (string | null)[]
  readonly setup: SetupSpec | null
  readonly env: Readonly<Record<string, string>>
}): (string | null)[] {
  const { tree, order, versions, tools, setup } = input
  const env = Object.entries(input.env).sort(([left], [right]) => (left < right ? -1 : 1))
  const around = hash([tree, setup, env])
  const keys = new Map<number, string | null>()
  const keyOf = (n: number): string | null => {
    const known = keys.get(n)
    if (known !== undefined) return known
    const before = (order[n] ?? []).map(keyOf)
    const isKnown = tools[n] != null && !before.includes(null)
    const key = isKnown ? hash([around, versions[n], tools[n], before]) : null
    keys.set(n, key)
    return key
  }
  return versions.map((_, n) => keyOf(n))
}

/** What has passed of gates on a tree, by its key. */
export async function readGreen(
  layout: Layout,
  tree: string,
  versions: readonly string[],
): Promise<ReadonlyMap<string, Green>> {
  const { passed, red } = await load(layout)
  const asked = new Set(versions.map((version) => gateOn(tree, version)))
  for (const of of [...red, ...(reds.get(layout.own) ?? [])]) asked.delete(of)
  return new Map(
    passed.flatMap(([key, of, at, durationMs]) =>
      asked.has(of) ? [[key, { at, durationMs }] as const] : [],
    ),
  )
}

/** A gate as it is set, on a tree. */
export const gateOn = (tree: string, version: string): string => hash([tree, version])

type Ran = readonly {
  /** null: a pass of it is not kept. */
  readonly key: string | null
  readonly of: string
  readonly result: GateResult
}[]

// Two checkouts of a rig may be done at the same moment.
const inTurn = keyedTurns()

/** Keeps what passed, and which gates were red. What cannot be written costs time later, and nothing else. */
export const noteResults = (layout: Layout, ran: Ran): Promise<void> =>
  inTurn(layout.own, () => note(layout, ran))

async function note(layout: Layout, ran: Ran): Promise<void> {
  const found = await load(layout)
  const seen = reds.get(layout.own) ?? new Set<string>()
  reds.set(layout.own, seen)
  const red = new Set([...found.red, ...seen])
  for (const { of, result } of ran)
    if (result.outcome === 'failed' || result.outcome === 'timedOut') {
      seen.add(of)
      red.add(of)
    }
  const passed = new Map(found.passed.map((one) => [one[0], one]))
  const at = new Date().toISOString()
  for (const { key, of, result } of ran)
    if (result.outcome === 'passed' && key !== null) passed.set(key, [key, of, at, result.durationMs])
  const file: File = {
    version: 1,
    passed: [...passed.values()].filter(([, of]) => !red.has(of)).slice(-KEPT_MAX),
    red: [...red].slice(-KEPT_MAX),
  }
  for (const old of [...seen].slice(0, -KEPT_MAX)) seen.delete(old)
  await writeWhole(fileOf(layout), JSON.stringify(file)).catch(() => undefined)
}

async function load(layout: Layout): Promise<File> {
  const empty: File = { version: 1, passed: [], red: [] }
  try {
    const path = fileOf(layout)
    if ((await stat(path)).size > FILE_BYTES_MAX) return empty
    const file = File.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return file.success ? file.data : empty
  } catch {
    return empty
  }
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
