// Trees of a few files with one line each, as git would name and merge them, without git.

import { createHash } from 'node:crypto'

/** Text of each file, without its line end. */
export type Files = ReadonlyMap<string, string>
/** null: it is gone. */
export type Change = ReadonlyMap<string, string | null>

/** As git names it, and as git keeps it. */
export type GitObject = { readonly id: string; readonly bytes: Buffer }

export function objectOf(kind: 'blob' | 'tree' | 'commit', body: Buffer): GitObject {
  const bytes = Buffer.concat([Buffer.from(`${kind} ${body.length}\0`), body])
  return { id: createHash('sha1').update(bytes).digest('hex'), bytes }
}

/** The tree that holds these files, and what is in it. */
export function objectsOf(files: Files): { readonly tree: GitObject; readonly blobs: readonly GitObject[] } {
  const entries = [...files].sort(([left], [right]) => (left < right ? -1 : 1))
  const blobs = entries.map(([, text]) => objectOf('blob', Buffer.from(`${text}\n`)))
  const body = entries.flatMap(([name], n) => [
    Buffer.from(`100644 ${name}\0`),
    Buffer.from(blobs[n]?.id ?? '', 'hex'),
  ])
  return { tree: objectOf('tree', Buffer.concat(body)), blobs }
}

/** Name of the tree that holds these files. */
export const treeOf = (files: Files): string => objectsOf(files).tree.id

export function changed(files: Files, change: Change): Files {
  const after = new Map(files)
  for (const [name, text] of change)
    if (text === null) after.delete(name)
    else after.set(name, text)
  return after
}

function changeBetween(from: Files, to: Files): Change {
  const names = new Set([...from.keys(), ...to.keys()])
  return new Map(
    [...names]
      .filter((name) => from.get(name) !== to.get(name))
      .map((name) => [name, to.get(name) ?? null] as const),
  )
}

/** `theirs` merged into `ours`; null where both changed a file to something else. */
export function mergedFiles(base: Files, ours: Files, theirs: Files): Files | null {
  const merged = new Map(ours)
  for (const [name, text] of changeBetween(base, theirs)) {
    const now = ours.get(name)
    if (now === (text ?? undefined)) continue
    if (now !== base.get(name)) return null
    if (text === null) merged.delete(name)
    else merged.set(name, text)
  }
  return merged
}
