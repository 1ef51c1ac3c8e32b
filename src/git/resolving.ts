// Settles a conflict without anybody: by what is known of it, and the same way each time.
//
// Owns:      which tries there are, and in which order they are made.
// Does not:  know whether the result is good: it is tested like anything else.
//
//   GIT-69. A result with marks of a conflict in it is none.

import type { Resolution, Resolve } from '../ports/repositories.ts'
import { type Conflict, conflictOf, contentOf, isMarked, type Settled, treeWith } from './conflicts.ts'
import type { Layout } from './layout.ts'
import { byMergiraf } from './mergiraf.ts'
import { type LandingInput, replayedTree } from './methods.ts'
import { byRerere } from './rerere.ts'
import { note, notedFor, type Resolved } from './resolution-notes.ts'

/** Null when no try came to anything. */
export async function resolve(
  layout: Layout,
  landing: LandingInput,
  tries: readonly Resolve[],
): Promise<Resolved | null> {
  const noted = await notedFor(layout, landing)
  if (noted !== null && tries.includes(noted.resolution.by)) return noted
  const conflict = await conflictOf(layout, landing.base, landing.head)
  if (conflict === null) return null
  for (const by of tries) {
    const found = await tried(layout, landing, conflict, by)
    if (found === null) continue
    const resolution: Resolution = {
      by,
      files: conflict.files.map(({ path }) => path),
      ...(found.tool !== undefined && { tool: found.tool }),
    }
    await note(layout, landing, { tree: found.tree, resolution })
    return { tree: found.tree, resolution }
  }
  return null
}

async function tried(
  layout: Layout,
  landing: LandingInput,
  conflict: Conflict,
  by: Resolve,
): Promise<{ readonly tree: string; readonly tool?: string } | null> {
  if (by === 'rebase') {
    const tree = await replayedTree(layout, landing)
    return tree === null || (await hasMarks(layout, tree, conflict)) ? null : { tree }
  }
  const settled: Settled | null = await (by === 'rerere' ? byRerere : byMergiraf)(layout, conflict)
  if (settled === null) return null
  const tree = await treeWith(layout, conflict, settled.files)
  return tree === null ? null : { tree, ...(settled.tool !== undefined && { tool: settled.tool }) }
}

/** Whether a file that conflicted has the marks of a conflict in the tree. */
async function hasMarks(layout: Layout, tree: string, { files }: Conflict): Promise<boolean> {
  for (const { path } of files) {
    const content = await contentOf(layout, `${tree}:${path}`, Number.POSITIVE_INFINITY)
    if (content !== null && isMarked(content)) return true
  }
  return false
}
