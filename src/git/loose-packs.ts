// The few objects of a branch that just came, as a pack, without starting git.
//
// Owns:      which loose objects of the agents' repository belong to it.
// Does not:  trust them, or know whether that is all: whoever unpacks it hashes each one and looks for all that it names.

import { knownBuild } from './builds.ts'
import { parsed } from './commit-files.ts'
import type { Layout } from './layout.ts'
import { type LooseObject, packed, readLoose, sha1 } from './loose-objects.ts'
import { parsedTree, readTree, type Tree } from './tree-files.ts'

const OBJECTS_MAX = 100
const BYTES_MAX = 1024 * 1024

const KINDS = { commit: 1, tree: 2, blob: 3 } as const

/**
 * All that the commit has beyond `complete`: commits that the Refinery's repository has with everything they need. Null
 * where that is git's to find.
 */
export async function packLoose(
  layout: Layout,
  commit: string,
  complete: readonly string[],
): Promise<Buffer | null> {
  const found = new Map<string, LooseObject>()
  const isWhole = await collect(layout, commit, new Set(complete), found)
  return isWhole && found.has(commit) ? await packOf([...found.values()]) : null
}

/** False where it cannot be told in this way. */
async function collect(
  layout: Layout,
  tip: string,
  complete: ReadonlySet<string>,
  found: Map<string, LooseObject>,
): Promise<boolean> {
  let bytes = 0
  /** That the own repository has an object too says nothing of what it names: that may be in the agents' alone. */
  const take = async (id: string, kind: LooseObject['kind']): Promise<Buffer | null> => {
    const object = found.get(id) ?? (await readLoose(layout.shared, id)) ?? (await readLoose(layout.own, id))
    bytes += object?.content.length ?? 0
    if (object?.kind !== kind || bytes > BYTES_MAX || found.size >= OBJECTS_MAX) return null
    found.set(id, object)
    return object.content
  }
  /** What the tree has and `before`, in its place, has not. */
  const takeTree = async (id: string, before: Tree): Promise<boolean> => {
    const content = await take(id, 'tree')
    const tree = content === null ? null : parsedTree(content)
    if (tree === null) return false
    for (const [name, { mode, id: own }] of tree) {
      const old = before.get(name)
      // A submodule's commit is in another repository.
      if (old?.id === own || mode === '160000') continue
      if (mode === '40000') {
        const below = old?.mode === '40000' ? await treeOf(layout, old.id) : NOTHING
        if (below === null || !(await takeTree(own, below))) return false
      } else if ((await take(own, 'blob')) === null) return false
    }
    return true
  }
  for (let id = tip; !complete.has(id); ) {
    const content = await take(id, 'commit')
    const commit = content === null ? null : parsed(content)
    const [parent, ...others] = commit?.parents ?? []
    if (commit === null || parent === undefined || others.length > 0) return false
    const below = await rootOf(layout, parent)
    if (below === null || !(await takeTree(commit.tree, below))) return false
    id = parent
  }
  return true
}

const NOTHING: Tree = new Map()

/** Root tree of a commit that is complete, or becomes so together with this one. */
async function rootOf(layout: Layout, commit: string): Promise<Tree | null> {
  const object = (await readLoose(layout.own, commit)) ?? (await readLoose(layout.shared, commit))
  const tree = knownBuild(layout, commit)?.tree ?? (object === null ? null : parsed(object.content)?.tree)
  return tree == null ? null : await treeOf(layout, tree)
}

async function treeOf(layout: Layout, id: string): Promise<Tree | null> {
  const own = await readTree(layout, id)
  const theirs = own === null ? await readLoose(layout.shared, id) : null
  return own ?? (theirs?.kind === 'tree' ? parsedTree(theirs.content) : null)
}

async function packOf(objects: readonly LooseObject[]): Promise<Buffer> {
  const head = Buffer.alloc(12)
  head.write('PACK', 'latin1')
  head.writeUInt32BE(2, 4)
  head.writeUInt32BE(objects.length, 8)
  const parts = await Promise.all(
    objects.map(async ({ kind, content }) => [heading(kind, content.length), await packed(content)]),
  )
  const pack = Buffer.concat([head, ...parts.flat()])
  return Buffer.concat([pack, Buffer.from(sha1(pack), 'hex')])
}

/** Kind and length: four bits of it in the first byte, seven in each that follows. */
function heading(kind: LooseObject['kind'], length: number): Buffer {
  const bytes = [(KINDS[kind] << 4) | (length & 15)]
  for (let left = length >> 4; left > 0; left >>= 7) {
    bytes.push((bytes.pop() as number) | 128)
    bytes.push(left & 127)
  }
  return Buffer.from(bytes)
}
