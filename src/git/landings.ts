// Advances the target, by compare-and-swap, and only with proof.
//
// Owns:      the one write to the user's remote; for a `local` remote the one write to a person's own repository.
// Does not:  retry on a moved target; decide what a refusal means.
//
//   GIT-6. The proof is there before anything is pushed. The push names the base it expects. Afterwards the remote is
//          asked what it has.
//   GIT-7. In a person's repository nothing changes but the target ref, its log and, when it is checked out in a clean
//          tree, that tree and its index. No hook of it runs.

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { noteLanded } from './builds.ts'
import { fields, firstLine, type GitOutcome, git, gitOutcome, withoutCredentials } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkName, checkObjectId, checkSource } from './names.ts'
import { isAncestor } from './parting.ts'
import { type PatchProof, preparePatches, provePatch } from './proofs.ts'
import { pushLeased, REFINERY } from './pushes.ts'
import { commonDirOf, readHead, writeRef } from './refs.ts'
import { fetchRefs, remoteHead, trackingRef, unreachable } from './remotes.ts'
import { isThere } from './worktrees.ts'

type Input = Parameters<Repositories['pushTarget']>[0]
type Result = Awaited<ReturnType<Repositories['pushTarget']>>

const FILES_MAX = 20

/** @throws RepositoryError NOT_PROVED (nothing was pushed), REMOTE_UNREACHABLE (it may have been: ask again) */
export async function pushTarget(layout: Layout, input: Input): Promise<Result> {
  checkName('target', input.target)
  checkSource(input.remote.url)
  for (const id of [input.base, input.commit, input.head]) checkObjectId(id)
  const proof = await proveAll(layout, input)
  const place = input.remote.kind === 'local' ? await checkedOutAt(input.remote.url, input.target) : null
  if (place !== null) {
    const files = await changedFiles(place)
    if (files.length > 0 && !(await finishInterrupted(place, input)))
      return await settleDirty(layout, input, place, files, proof)
  }
  const { remote, target, base: from, commit: to } = input
  const pushed = await pushLeased(layout, remote, target, { from, to })
  if (pushed.code === 0)
    return (
      (await landed(layout, input, proof)) ?? {
        kind: 'moved',
        head: await remoteHead(input.remote, input.target),
      }
    )
  return await explain(layout, input, pushed, place, proof)
}

type Proof = PatchProof & { readonly parts?: readonly PatchProof[] }

/** Each of those that are pushed together carries its patch, and stands on the one below it. */
async function proveAll(layout: Layout, { base, commit, head, parts }: Input): Promise<Proof> {
  const tip = parts?.at(-1)
  if (parts === undefined || tip === undefined) return await provePatch(layout, { base, commit, head })
  if (tip.commit !== commit || tip.head !== head) {
    const message = 'What would be pushed is not the highest of what is to land; nothing was changed.'
    throw new RepositoryError('NOT_PROVED', message, { commit, tip: tip.commit })
  }
  const landings = parts.map((part, n) => ({ base: parts[n - 1]?.commit ?? base, ...part }))
  for (const part of parts) for (const id of [part.commit, part.head]) checkObjectId(id)
  await preparePatches(layout, landings)
  const proofs: PatchProof[] = []
  for (const landing of landings) proofs.push(await provePatch(layout, landing))
  return { ...(proofs.at(-1) as PatchProof), parts: proofs }
}

/** The landing, when the remote has `commit` in its target now; also when it was pushed before a crash. */
async function landed(layout: Layout, input: Input, proof: Proof): Promise<Result | null> {
  const head = await remoteHead(input.remote, input.target)
  if (head === input.commit) {
    const ref = trackingRef(input.target)
    if (!(await writeRef(layout.own, ref, head))) await git(['update-ref', ref, head], onOwn(layout))
  } else {
    if (head === input.base) return null
    await fetchRefs(
      layout,
      input.remote.url,
      [`+refs/heads/${input.target}:${trackingRef(input.target)}`],
      input.target,
    )
    if (!(await isAncestor(onOwn(layout), input.commit, head))) return null
  }
  for (const { commit } of input.parts ?? [input]) noteLanded(layout, commit)
  return { kind: 'landed', head, ...proof }
}

async function explain(
  layout: Layout,
  input: Input,
  pushed: GitOutcome,
  place: string | null,
  proof: Proof,
): Promise<Result> {
  const rejected = /^!\t[^\t]*\t(.*)$/m.exec(pushed.stdout.toString())?.[1]
  // Without a line for the ref the remote was not reached, or gone before it answered.
  if (rejected === undefined) throw unreachable(input.remote.url, pushed)
  const already = await landed(layout, input, proof)
  if (already !== null) return already
  const head = await remoteHead(input.remote, input.target)
  if (head !== input.base) return { kind: 'moved', head }
  if (place !== null && /working (tree|directory)/i.test(rejected)) {
    return { kind: 'dirty', path: place, files: await inTheWay(layout, input, place) }
  }
  return { kind: 'refused', message: refusal(rejected, pushed.stderr) }
}

function refusal(rejected: string, stderr: string): string {
  const said = withoutCredentials(stderr)
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice('remote:'.length).trim())
    .filter((line) => line !== '')
  const text = [rejected, ...said].join('; ').replace(/\p{Cc}/gu, ' ')
  return text === '' ? firstLine(stderr) : text.slice(0, 500)
}

/** Work tree of a person's repository that has the target checked out, or null. */
async function checkedOutAt(path: string, target: string): Promise<string | null> {
  const common = await commonDirOf(path)
  if (common === null) return null
  if ((await readHead(common))?.branch === target && (await isThere(join(path, '.git')))) {
    return common.endsWith('/.git') ? dirname(common) : path
  }
  const linked = await readdir(join(common, 'worktrees')).catch(() => [])
  for (const id of linked) {
    const admin = join(common, 'worktrees', id)
    if ((await readHead(admin))?.branch !== target) continue
    const place = dirname((await readFile(join(admin, 'gitdir'), 'utf8').catch(() => '')).trim())
    if (await isThere(place)) return place
  }
  return null
}

/** Files of a person's work tree that differ from its commit; what is untracked is not counted. */
async function changedFiles(place: string): Promise<string[]> {
  const args = [
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=no',
    '--ignore-submodules=dirty',
  ]
  return fields(await git(args, { cwd: place, access: 'remote' })).map((row) => row.slice(3))
}

/**
 * A landing that was cut between the files and the ref leaves a tree that is exactly the landed one. Then only the ref
 * is missing, and moving it makes the tree clean.
 */
async function finishInterrupted(place: string, input: Input): Promise<boolean> {
  const at = { cwd: place, access: 'remote' as const }
  const same = await gitOutcome(
    ['diff-index', '--quiet', '--ignore-submodules=dirty', input.commit, '--'],
    at,
  )
  if (same.code !== 0) return false
  const args = ['update-ref', '-m', 'landed', `refs/heads/${input.target}`, input.commit, input.base]
  return (await gitOutcome(args, { ...at, env: REFINERY })).code === 0
}

async function settleDirty(
  layout: Layout,
  input: Input,
  path: string,
  files: string[],
  proof: Proof,
): Promise<Result> {
  const head = await remoteHead(input.remote, input.target)
  // The person went on working after our commit had landed and before anybody was told.
  const already = head === input.base ? null : await landed(layout, input, proof)
  if (already !== null) return already
  return head === input.base
    ? { kind: 'dirty', path, files: files.slice(0, FILES_MAX) }
    : { kind: 'moved', head }
}

/** Changed files, or untracked ones that the landing would overwrite. */
async function inTheWay(layout: Layout, input: Input, place: string): Promise<string[]> {
  const changed = await changedFiles(place)
  if (changed.length > 0) return changed.slice(0, FILES_MAX)
  const args = [
    'diff-tree',
    '-r',
    '--name-only',
    '--no-renames',
    '--diff-filter=A',
    '-z',
    input.base,
    input.commit,
  ]
  const added = fields(await git(args, onOwn(layout)))
  const present = await Promise.all(
    added.map(async (file) => ((await isThere(join(place, file))) ? file : null)),
  )
  return present.filter((file) => file !== null).slice(0, FILES_MAX)
}
