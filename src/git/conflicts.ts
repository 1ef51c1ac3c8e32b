// A merge that does not fit, taken apart: the files that conflict, and the tree that is left when those are settled.
//
// Always:    nothing is checked out: an agent chose the names of these files, so none of them is used as a path of ours.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn, ownEnv } from './layout.ts'

/** Of a file that both sides changed: the blobs of where they parted (null: both made it anew), of ours, of theirs. */
export type ConflictFile = {
  readonly path: string
  readonly mode: string
  readonly base: string | null
  readonly ours: string
  readonly theirs: string
}
export type Conflict = {
  /** What merging gives, with marks in the files that conflict. */
  readonly tree: string
  readonly files: readonly ConflictFile[]
}
/** New contents, in the order of the files. */
export type Settled = { readonly files: readonly Buffer[]; readonly tool?: string }

/** More, or larger ones, are for somebody who looks at them. */
const FILES_MAX = 20
const BYTES_MAX = 1_000_000

/**
 * Null where the two fit, and where they conflict in another way than in what is in files that both have: those are not
 * settled by looking at lines.
 */
export async function conflictOf(layout: Layout, ours: string, theirs: string): Promise<Conflict | null> {
  const args = ['merge-tree', '--write-tree', '-z', '--no-messages', ours, theirs]
  const outcome = await gitOutcome(args, onOwn(layout))
  if (outcome.code !== 0 && outcome.code !== 1) throw gitFailed(args, outcome)
  if (outcome.code === 0) return null
  const text = outcome.stdout.toString()
  // A name that is not UTF-8 would be written back as another one.
  if (text.includes('\ufffd')) return null
  const [tree = '', ...rows] = text.split('\0').filter((row) => row !== '')
  const byPath = new Map<string, Map<string, { mode: string; id: string }>>()
  for (const row of rows) {
    const [, mode = '', id = '', stage = '', path = ''] =
      /^(\d{6}) ([0-9a-f]+) ([123])\t([\s\S]+)$/.exec(row) ?? []
    if (path === '') return null
    const stages = byPath.get(path) ?? new Map<string, { mode: string; id: string }>()
    byPath.set(path, stages.set(stage, { mode, id }))
  }
  const files = [...byPath].map(([path, stages]) => fileOf(path, stages))
  const found = files.filter((file) => file !== null)
  if (found.length !== files.length || found.length === 0 || found.length > FILES_MAX) return null
  return { tree, files: found }
}

function fileOf(path: string, stages: Map<string, { mode: string; id: string }>): ConflictFile | null {
  const [base, ours, theirs] = ['1', '2', '3'].map((stage) => stages.get(stage))
  if (ours === undefined || theirs === undefined) return null
  if (ours.mode !== theirs.mode || !/^100(644|755)$/.test(ours.mode)) return null
  return { path, mode: ours.mode, base: base?.id ?? null, ours: ours.id, theirs: theirs.id }
}

/** What a file has in a tree, or as a blob; null when it is longer, or not there. */
export async function contentOf(
  layout: Layout,
  object: string,
  bytesMax = BYTES_MAX,
): Promise<Buffer | null> {
  const { code, stdout } = await gitOutcome(['cat-file', 'blob', object], onOwn(layout))
  return code === 0 && stdout.length <= bytesMax ? stdout : null
}

/** The tree with these contents in the place of what conflicted. */
export async function treeWith(
  layout: Layout,
  { tree, files }: Conflict,
  contents: readonly Buffer[],
): Promise<string | null> {
  if (contents.length !== files.length) return null
  const dir = await mkdtemp(join(tmpdir(), 'gt-resolved-'))
  try {
    const at = { cwd: '/', env: { ...ownEnv(layout), GIT_INDEX_FILE: join(dir, 'index') } }
    await git(['read-tree', tree], at)
    let rows = ''
    for (const [n, { path, mode }] of files.entries()) {
      const input = contents[n] as Buffer
      const id =
        input.length === 0
          ? await git(['hash-object', '-w', '--no-filters', '/dev/null'], at)
          : await git(['hash-object', '-w', '--no-filters', '--stdin'], { ...at, input })
      rows += `${mode} ${id}\t${path}\0`
    }
    await git(['update-index', '-z', '--index-info'], { ...at, input: rows })
    return await git(['write-tree'], at)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Both ends of a conflict, as git marks them. */
export const isMarked = (content: Buffer): boolean => {
  const text = content.toString('latin1')
  return /^<{7}( |\r?$)/m.test(text) && /^>{7}( |\r?$)/m.test(text)
}
