// Merges that need no looking into files: each path was changed on one side alone, and nothing was taken away.
//
// Always:    the tree is the one that `git merge-tree` gives; whatever is not plainly so gives null, and git is asked.
//            Where a path is gone git looks for what it was renamed to, so that is git's to do.

import type { Layout } from './layout.ts'
import { type Entry, isTree, readTree, type Tree, writeTree } from './tree-files.ts'

/** Trees of three commits: where the branch parted (null: it had no such folder), what it is to land on, and its own. */
type Sides = { readonly fork: string | null; readonly base: string; readonly head: string }

/** The merged tree. */
export async function plainMerge(layout: Layout, { fork, base, head }: Sides): Promise<string | null> {
  if (base === head || fork === head) return base
  if (fork === base) return head
  const [below, ours, theirs] = await Promise.all(
    [fork, base, head].map((id) => (id === null ? NOTHING : readTree(layout, id))),
  )
  if (below == null || ours == null || theirs == null) return null
  for (const name of below.keys()) if (!ours.has(name) || !theirs.has(name)) return null
  const merged = new Map<string, Entry>(ours)
  for (const [name, their] of theirs) {
    const entry = await mergedEntry(layout, { below, ours }, name, their)
    if (entry === null) return null
    merged.set(name, entry)
  }
  return await writeTree(layout, merged)
}

async function mergedEntry(
  layout: Layout,
  { below, ours }: { readonly below: Tree; readonly ours: Tree },
  name: string,
  their: Entry,
): Promise<Entry | null> {
  const [old, our] = [below.get(name), ours.get(name)]
  if (our === undefined) return their
  if (isSame(our, their) || (old !== undefined && isSame(old, their))) return our
  if (old !== undefined && isSame(old, our)) return their
  if (![old ?? our, our, their].every(isTree)) return null
  const id = await plainMerge(layout, { fork: old?.id ?? null, base: our.id, head: their.id })
  return id === null ? null : { ...our, id }
}

const NOTHING: Tree = new Map()

const isSame = (one: Entry, other: Entry): boolean => one.id === other.id && one.mode === other.mode
