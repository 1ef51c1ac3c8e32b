// What lies between two commits, as the patch-id that git gives it, for many pairs with two processes.

import { RepositoryError } from '../ports/repositories.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'

/** Lines that the patch adds and takes away; a file that is not text counts nothing. */
export type LinesChanged = { readonly added: number; readonly removed: number }
type Patch = {
  /** As `git diff-tree -p -U0 --full-index --no-renames from to | git patch-id --stable` prints it. */
  readonly id: string
  readonly lines: LinesChanged
}
/** Null where the trees are the same: then there is no patch. */
export type Between = { readonly from: string; readonly to: string }

/** Ids say everything, so what was found stays true. The oldest are forgotten. */
const KNOWN_MAX = 2_000
const known = new Map<string, Promise<Patch | null>>()

/** Of each pair, in their order. @throws RepositoryError NOT_PROVED where one cannot be read */
export async function patchesBetween(layout: Layout, pairs: readonly Between[]): Promise<(Patch | null)[]> {
  const keyOf = ({ from, to }: Between): string => `${layout.own}\n${from}\n${to}`
  const asked = new Map<string, Between>()
  for (const pair of pairs) if (!known.has(keyOf(pair))) asked.set(keyOf(pair), pair)
  for (const group of groupsOf([...asked])) {
    const found = readTogether(
      layout,
      group.map(([, pair]) => pair),
    )
    // Who asks for one of them hears of the failure; nobody else has to.
    found.catch(() => undefined)
    for (const [n, [key]] of group.entries()) {
      const one = found.then((patches) => patches[n] ?? null)
      known.set(key, one)
      one.catch(() => known.delete(key))
    }
  }
  const answers = pairs.map(
    (pair) => known.get(keyOf(pair)) ?? readTogether(layout, [pair]).then(([one]) => one ?? null),
  )
  for (const key of [...known.keys()].slice(0, Math.max(0, known.size - KNOWN_MAX))) known.delete(key)
  return await Promise.all(answers)
}

/** In the output a patch is known by the commit it leads to: each of them once in a group. */
function groupsOf(asked: readonly (readonly [string, Between])[]): (readonly [string, Between])[][] {
  const groups: { readonly of: Set<string>; readonly rows: (readonly [string, Between])[] }[] = []
  for (const row of asked) {
    const { to } = row[1]
    const free = groups.find(({ of }) => !of.has(to))
    if (free === undefined) groups.push({ of: new Set([to]), rows: [row] })
    else {
      free.of.add(to)
      free.rows.push(row)
    }
  }
  return groups.map(({ rows }) => rows)
}

async function readTogether(layout: Layout, pairs: readonly Between[]): Promise<(Patch | null)[]> {
  const at = onOwn(layout)
  const args = ['diff-tree', '--stdin', '--always', '-p', '-U0', '--full-index', '--no-renames']
  // A commit with another one in place of its parents.
  const input = pairs.map(({ from, to }) => `${to} ${from}\n`).join('')
  const diff = await gitOutcome([...args, '--no-ext-diff', '--no-textconv', '--no-color'], { ...at, input })
  const parts = diff.code === 0 ? partsOf(diff.stdout, pairs) : null
  if (parts === null) {
    const all = pairs.map(({ from, to }) => `${from.slice(0, 12)}..${to.slice(0, 12)}`).join(', ')
    throw new RepositoryError('NOT_PROVED', `What changes in ${all} cannot be read.`)
  }
  if (parts.every((part) => part.length === 0)) return pairs.map(() => null)
  const said = await git(['patch-id', '--stable'], { ...at, input: diff.stdout })
  const ids = new Map(said.split('\n').map((row) => [row.split(' ')[1] ?? '', row.split(' ')[0] ?? '']))
  return pairs.map(({ to }, n) => {
    const part = parts[n] as Buffer
    const id = ids.get(to)
    return part.length === 0 || id === undefined ? null : { id, lines: linesIn(part.toString('latin1')) }
  })
}

/**
 * The diff of each pair, found by the line with its commit; null when one is missing. No line of a diff is a bare id:
 * lines of files begin with a sign, and names with a line end are quoted.
 */
function partsOf(output: Buffer, pairs: readonly Between[]): Buffer[] | null {
  const parts: Buffer[] = []
  let at = 0
  for (const [n, { to }] of pairs.entries()) {
    const heading = `${to}\n`
    if (output.toString('latin1', at, at + heading.length) !== heading) return null
    const begins = at + heading.length
    const next = pairs[n + 1]?.to
    const found = next === undefined ? output.length : output.indexOf(`\n${next}\n`, begins - 1)
    if (found === -1) return null
    at = next === undefined ? found : found + 1
    parts.push(output.subarray(begins, at))
  }
  return parts
}

/** With no line of context a hunk's heading counts its lines, and nothing but a heading begins with `@@`. */
function linesIn(diff: string): LinesChanged {
  let [added, removed] = [0, 0]
  for (const [, before = '1', after = '1'] of diff.matchAll(/^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm)) {
    removed += Number(before)
    added += Number(after)
  }
  return { added, removed }
}
