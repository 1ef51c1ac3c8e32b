// Trees of the Refinery's repository, read and written without starting git.
//
// Owns:      those that were read or written lately: an id says everything, so they are known also when they are packed.

import type { Layout } from './layout.ts'
import { OBJECT_BYTES_MAX, readLoose, writeLoose } from './loose-objects.ts'

/** By name, as bytes in latin1; in git's order. */
export type Tree = ReadonlyMap<string, Entry>
export type Entry = { readonly mode: string; readonly id: string }

const KNOWN_MAX = 2_000
const known = new Map<string, Tree>()

export const isTree = ({ mode }: Entry): boolean => mode === '40000'

/** Null where it is not a small loose one, and was not before. */
export async function readTree(layout: Layout, id: string): Promise<Tree | null> {
  const found = known.get(`${layout.own}\n${id}`)
  if (found !== undefined) return found
  const object = await readLoose(layout.own, id)
  return object?.kind === 'tree' ? remember(layout, id, parsedTree(object.content)) : null
}

/** Null where git has to. */
export async function writeTree(layout: Layout, entries: Tree): Promise<string | null> {
  const tree = new Map([...entries].sort(inOrder))
  const parts = [...tree].flatMap(([name, { mode, id }]) => [
    Buffer.from(`${mode} ${name}\0`, 'latin1'),
    Buffer.from(id, 'hex'),
  ])
  const content = Buffer.concat(parts)
  if (content.length > OBJECT_BYTES_MAX / 2) return null
  const id = await writeLoose(layout.own, { kind: 'tree', content })
  if (id !== null) remember(layout, id, tree)
  return id
}

/** Null where it is not as git writes one, with ids of 20 bytes. */
export function parsedTree(content: Buffer): Tree | null {
  const tree = new Map<string, Entry>()
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(0, at)
    const [, mode, name] =
      /^([0-7]+) ([\s\S]+)$/.exec(content.toString('latin1', at, Math.max(at, end))) ?? []
    if (mode === undefined || name === undefined || end + 21 > content.length) return null
    tree.set(name, { mode, id: content.toString('hex', end + 1, end + 21) })
    at = end + 21
  }
  return tree
}

function remember(layout: Layout, id: string, tree: Tree | null): Tree | null {
  if (tree === null) return null
  known.set(`${layout.own}\n${id}`, tree)
  const oldest = known.keys().next().value
  if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
  return tree
}

/** A folder stands where its name with a slash would. */
const inOrder = ([left, one]: [string, Entry], [right, other]: [string, Entry]): number => {
  const [a, b] = [isTree(one) ? `${left}/` : left, isTree(other) ? `${right}/` : right]
  return a < b ? -1 : a > b ? 1 : 0
}
