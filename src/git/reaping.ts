// Takes away what is kept of work that has landed: refs, ignored files, and notes of settled conflicts.
//
// Owns:      which of it is proved not to be missed, asked again at the moment it goes.
// Does not:  decide what is old enough; remove any object: the own repository is never pruned, so that a ref can be set
//            again to the commit that is told here.
//
//   GIT-75. The refs of a worktree go only when what landed is in the target and carries the patch of its head, no branch of
//           it is there, and neither its branch nor its checkpoint has anything beyond that head. Both go, or none.
//   GIT-76. A note of how a conflict was settled goes when no branch, removed branch or checkpoint has its head any more.
//   GIT-77. Ignored files go when they are asked for by name, and a content when no other worktree has it.
//   GIT-78. What would go can be asked without anything going.

import { statSync, unlinkSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { checkpointRef, KEEPER } from './checkpoints.ts'
import { git, gitOutcome } from './git.ts'
import { type Layout, onOwn, readingEnv } from './layout.ts'
import { checkName, checkObjectId } from './names.ts'
import { isAncestor } from './parting.ts'
import { refId } from './refs.ts'
import { trackingRef } from './remotes.ts'
import { provePatchOf, requireLanded } from './removal.ts'

type Input = Parameters<Repositories['reapKept']>[0]
type Result = Awaited<ReturnType<Repositories['reapKept']>>
type Entry = Input['entries'][number]
type Held = { readonly ref: string; readonly commit: string }

/** A content that was kept a moment ago is about to be named by somebody, ms. */
const FRESH_MS = 10 * 60_000

export async function reapKept(layout: Layout, input: Input): Promise<Result> {
  checkName('target', input.target)
  const reaped: Result['reaped'][number][] = []
  const stays: Result['stays'][number][] = []
  for (const entry of input.entries) {
    try {
      const refs = await proved(layout, input.target, entry)
      if (!input.dryRun) await forget(layout, refs)
      const bytes = input.ignored ? await dropIgnored(layout, entry.name, input.dryRun) : 0
      reaped.push({ name: entry.name, refs, bytes })
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error
      stays.push({ name: entry.name, why: error.message })
    }
  }
  const notes = input.notesBefore === null ? 0 : await reapNotes(layout, input.notesBefore, input.dryRun)
  return { reaped, stays, notes }
}

/** Its refs, all of which may go. @throws RepositoryError NOT_PROVED, NAME_INVALID: none may */
async function proved(layout: Layout, target: string, entry: Entry): Promise<Held[]> {
  const { branch, head, landed, name } = entry
  checkName('branch', branch)
  for (const id of [head, landed]) checkObjectId(id)
  if ((await refId(layout.shared, `refs/heads/${branch}`)) !== null)
    throw notProved(`there is a branch ${branch}`)
  await requireLanded(layout, { landed, target })
  await provePatchOf(layout, { head, landed })
  const held: Held[] = []
  for (const ref of [`refs/gt/removed/${branch}`, checkpointRef(name)])
    for (const repository of [layout.own, layout.shared]) {
      const commit = await refId(repository, ref)
      if (commit === null || held.some((one) => one.ref === ref && one.commit === commit)) continue
      await requireNothingBeyond(layout, { ref, commit, head, target })
      held.push({ ref, commit })
    }
  return held
}

async function requireNothingBeyond(
  layout: Layout,
  { ref, commit, head, target }: Held & { readonly head: string; readonly target: string },
): Promise<void> {
  const isIn = (one: string, other: string) => isAncestor(onOwn(layout), one, other)
  if (await isIn(commit, head)) return
  if (await isIn(commit, trackingRef(target))) return
  const args = ['show', '-s', '--no-show-signature', '--format=%ce%n%T%n%P', commit]
  const said = await gitOutcome(args, onOwn(layout))
  const [by, tree, parents = ''] = said.stdout.toString().split('\n')
  if (said.code === 0 && by === KEEPER.GIT_COMMITTER_EMAIL) {
    const below = parents.split(' ')[0] ?? ''
    // Of work in hand: whoever made it went on from there, to a later commit.
    if (below !== head && (await isIn(below, head))) return
    if (tree === (await git(['rev-parse', `${head}^{tree}`], onOwn(layout)))) return
  }
  throw notProved(`${ref} has something beyond ${head.slice(0, 12)}, which is what landed`)
}

/** The agents' repository first: what it names must exist in ours. A ref that moved meanwhile stays. */
async function forget(layout: Layout, refs: readonly Held[]): Promise<void> {
  for (const { ref, commit } of refs)
    for (const repository of [layout.shared, layout.own]) {
      if ((await refId(repository, ref)) !== commit) continue
      await git(['update-ref', '--stdin', '-z'], {
        cwd: '/',
        env: { GIT_DIR: repository },
        input: `delete ${ref}\0${commit}\0`,
      })
    }
}

async function reapNotes(layout: Layout, before: number, dryRun: boolean): Promise<number> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname) %(committerdate:unix)', 'refs/gt/resolved']
  const listed = (await git(args, onOwn(layout))).split('\n').filter((line) => line !== '')
  const gone: Held[] = []
  for (const line of listed) {
    const [ref = '', commit = '', at = ''] = line.split(' ')
    const head = ref.slice(ref.lastIndexOf('/') + 1)
    if (Number(at) * 1_000 >= before || (await isHeld(layout, head))) continue
    gone.push({ ref, commit })
  }
  if (!dryRun && gone.length > 0) {
    const input = gone.map(({ ref, commit }) => `delete ${ref}\0${commit}\0`).join('')
    await git(['update-ref', '--stdin', '-z'], { ...onOwn(layout), input })
  }
  return gone.length
}

/** Whether anybody may still land, remove or look at work with that commit. */
async function isHeld(layout: Layout, commit: string): Promise<boolean> {
  const args = ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${commit}`]
  const ours = await gitOutcome([...args, 'refs/gt/removed', 'refs/gt/checkpoints'], onOwn(layout))
  // Of a commit that is not there it says no with an error.
  if (ours.code === 0 && ours.stdout.toString().trim() !== '') return true
  const theirs = await headsOf(layout.shared)
  if (theirs === null) return true
  const at = { cwd: '/', env: readingEnv(layout) }
  for (const head of theirs) if (await isAncestor(at, commit, head)) return true
  return false
}

/** Commits of all branches, without starting git there; null where they are kept in another way than in files. */
async function headsOf(repository: string): Promise<Set<string> | null> {
  const folder = join(repository, 'refs', 'heads')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => null)
  if (entries === null) return null
  const found = new Set<string>()
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith('.lock')) continue
    const id = await refId(repository, relative(repository, join(entry.parentPath, entry.name)))
    if (id !== null) found.add(id)
  }
  const packed = await readFile(join(repository, 'packed-refs'), 'utf8').catch(() => '')
  for (const [, id = ''] of packed.matchAll(/^([0-9a-f]{40,64}) refs\/heads\//gm)) found.add(id)
  return found
}

/** Bytes that go with what is kept of a worktree that git ignores. */
async function dropIgnored(layout: Layout, name: string, dryRun: boolean): Promise<number> {
  const kept = join(layout.ignored, 'kept')
  const own = await digestsIn(join(kept, name))
  const folder = join(kept, name)
  if (!dryRun) await rm(folder, { recursive: true, force: true })
  const others = new Set<string>()
  for (const other of await readdir(kept).catch((): string[] => []))
    if (other !== name) for (const digest of await digestsIn(join(kept, other))) others.add(digest)
  let bytes = 0
  for (const digest of own) {
    if (others.has(digest)) continue
    const blob = join(layout.ignored, 'blobs', digest)
    try {
      // At once, so that nobody can begin to use it in between (ignored.ts touches what it takes).
      const { size, mtimeMs } = statSync(blob)
      if (!dryRun && Date.now() - mtimeMs < FRESH_MS) continue
      if (!dryRun) unlinkSync(blob)
      bytes += size
    } catch {
      // It has gone.
    }
  }
  return bytes
}

async function digestsIn(folder: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const file of await readdir(folder).catch((): string[] => [])) {
    if (!/^\d+\.json$/.test(file)) continue
    const { files } = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
      files: readonly { readonly digest?: string }[]
    }
    for (const { digest } of files) if (digest !== undefined) found.add(digest)
  }
  return found
}

const notProved = (why: string) => new RepositoryError('NOT_PROVED', `It stays: ${why}.`)
