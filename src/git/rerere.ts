// Settles a conflict as it was settled before, and learns how: git's own `rerere`, over a folder of the rig.
//
// Owns:      `refinery/resolved/`, and what is learned from work that has landed.
// Always:    learned is only what landed, and only where nothing but the conflict itself was changed.

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Conflict,
  type ConflictFile,
  conflictOf,
  contentOf,
  isMarked,
  type Settled,
} from './conflicts.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, onOwn, ownEnv } from './layout.ts'
import { checkObjectId } from './names.ts'
import { isAncestor } from './parting.ts'
import { REFINERY } from './pushes.ts'
import { refId } from './refs.ts'
import { keyedTurns } from './turns.ts'

/** The folder of a rig is for one at a time. */
const inTurn = keyedTurns()

/** Null unless all of it was settled before. */
export function byRerere(layout: Layout, conflict: Conflict): Promise<Settled | null> {
  return inTurn(layout.own, async () => {
    const marked = await markedOf(layout, conflict)
    if (marked === null) return null
    return await within(layout, conflict.files, marked, async (rerere, contents) => {
      await rerere()
      const files = await contents()
      return files.some(isMarked) ? null : { files }
    })
  })
}

/** The files as merging leaves them. */
async function markedOf(layout: Layout, { tree, files }: Conflict): Promise<Buffer[] | null> {
  const found: Buffer[] = []
  for (const { path } of files) {
    const content = await contentOf(layout, `${tree}:${path}`)
    if (content === null) return null
    found.push(content)
  }
  return found
}

/** A repository that is there for one question, with the files that conflict under names of ours. */
async function within<T>(
  layout: Layout,
  files: readonly ConflictFile[],
  marked: readonly Buffer[],
  run: (rerere: () => Promise<void>, contents: () => Promise<Buffer[]>, dir: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'gt-rerere-'))
  try {
    const [gitDir, tree] = [join(dir, 'git'), join(dir, 'tree')]
    await Promise.all([
      mkdir(join(gitDir, 'refs'), { recursive: true }),
      mkdir(join(gitDir, 'objects'), { recursive: true }),
      mkdir(tree),
      mkdir(layout.resolved, { recursive: true }),
    ])
    await Promise.all([
      writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n'),
      symlink(layout.resolved, join(gitDir, 'rr-cache')),
      ...marked.map((content, n) => writeFile(join(tree, nameOf(n)), content)),
    ])
    const env = {
      GIT_DIR: gitDir,
      GIT_WORK_TREE: tree,
      GIT_OBJECT_DIRECTORY: join(layout.own, 'objects'),
    }
    const rows = files.flatMap(({ mode, base, ours, theirs }, n) =>
      [base, ours, theirs].flatMap((id, stage) =>
        id === null ? [] : [`${mode} ${id} ${stage + 1}\t${nameOf(n)}\0`],
      ),
    )
    await git(['update-index', '-z', '--index-info'], { cwd: tree, env, input: rows.join('') })
    return await run(
      async () => {
        await git(['-c', 'rerere.enabled=true', '-c', 'rerere.autoUpdate=false', 'rerere'], {
          cwd: tree,
          env,
        })
      },
      () => Promise.all(files.map((_, n) => readFile(join(tree, nameOf(n))))),
      tree,
    )
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const nameOf = (n: number): string => `f${n}`

// --- learning -----------------------------------------------------------------------------------------------

/** Commits of a branch whose merges are looked at. */
const MERGES_MAX = 20
/** Heads that were built, and may land; a process that ends has forgotten them, and learns nothing of those. */
const BUILT_MAX = 1_000
const built = new Map<string, { readonly base: string; readonly branch: string }>()

const refOf = (branch: string): string => `refs/gt/conflicts/${branch}`

/** Nobody knew how to settle it: whoever works on that branch may show it. */
export async function noteConflict(
  layout: Layout,
  { branch, base, head }: { readonly branch: string; readonly base: string; readonly head: string },
): Promise<void> {
  const env = { ...ownEnv(layout), ...REFINERY }
  const made = await gitOutcome(['commit-tree', `${base}^{tree}`, '-p', base, '-p', head, '-m', 'conflict'], {
    cwd: '/',
    env,
  })
  if (made.code !== 0) return
  // Of a name that is in the way of another one nothing is learned.
  await gitOutcome(['update-ref', refOf(branch), made.stdout.toString().trim()], { cwd: '/', env })
}

export function noteBuilt(
  layout: Layout,
  { branch, base, head }: { readonly branch: string; readonly base: string; readonly head: string },
): void {
  built.set(`${layout.own}\n${head}`, { base, branch })
  const oldest = built.keys().next().value
  if (built.size > BUILT_MAX && oldest !== undefined) built.delete(oldest)
}

/** What landed shows how its conflicts were settled: in merges of its branch, or after it was sent back. */
export function learn(layout: Layout, heads: readonly string[]): Promise<void> {
  return inTurn(layout.own, async () => {
    for (const head of heads) {
      const known = built.get(`${layout.own}\n${head}`)
      if (known === undefined) continue
      built.delete(`${layout.own}\n${head}`)
      await learnFrom(layout, { ...known, head: checkObjectId(head) })
    }
  })
}

async function learnFrom(
  layout: Layout,
  { base, branch, head }: { readonly base: string; readonly branch: string; readonly head: string },
): Promise<void> {
  const at = onOwn(layout)
  const args = ['rev-list', '--merges', '--parents', `--max-count=${MERGES_MAX}`, `${base}..${head}`, '--']
  for (const row of (await git(args, at)).split('\n')) {
    const [commit, ours, theirs, ...more] = row.split(' ')
    if (commit === undefined || ours === undefined || theirs === undefined || more.length > 0) continue
    await learnOne(layout, { ours, theirs, as: commit })
  }
  const noted = await refId(layout.own, refOf(branch))
  if (noted === null) return
  const [ours = '', theirs = ''] = (await git(['show', '-s', '--format=%P', noted], at)).split(' ')
  // What does not stand on what it conflicted with says nothing of how the two fit.
  if (await isAncestor(at, ours, head)) await learnOne(layout, { ours, theirs, as: head })
  await gitOutcome(['update-ref', '-d', refOf(branch), noted], at)
}

async function learnOne(
  layout: Layout,
  { ours, theirs, as }: { readonly ours: string; readonly theirs: string; readonly as: string },
): Promise<void> {
  const conflict = await conflictOf(layout, ours, theirs)
  const marked = conflict === null ? null : await markedOf(layout, conflict)
  if (conflict === null || marked === null) return
  const settled: { file: ConflictFile; before: Buffer; after: Buffer }[] = []
  for (const [n, file] of conflict.files.entries()) {
    const before = marked[n] as Buffer
    const after = await contentOf(layout, `${as}:${file.path}`)
    if (after !== null && !isMarked(after) && settlesOnly(before, after))
      settled.push({ file, before, after })
  }
  if (settled.length === 0) return
  const files = settled.map(({ file }) => file)
  const before = settled.map((one) => one.before)
  await within(layout, files, before, async (rerere, contents, dir) => {
    await rerere()
    const now = await contents()
    // What was known before stays as it is.
    const isNew = now.map(isMarked)
    await Promise.all(
      settled.flatMap(({ after }, n) => (isNew[n] ? [writeFile(join(dir, nameOf(n)), after)] : [])),
    )
    await rerere()
  })
}

/** Around the conflicts nothing is other than merging left it. */
export function settlesOnly(marked: Buffer, settled: Buffer): boolean {
  const around = marked.toString('latin1').split(/^<{7}.*\n(?:.*\n)*?>{7}.*(?:\n|$)/m)
  const text = settled.toString('latin1')
  const [first = '', last = ''] = [around[0], around.at(-1)]
  if (around.length < 2 || text.length < first.length + last.length) return false
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  for (const part of around.slice(1, -1)) {
    const found = text.indexOf(part, from)
    if (found === -1) return false
    from = found + part.length
  }
  return from <= text.length - last.length
}
