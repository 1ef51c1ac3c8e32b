// Builds the one commit that would land, in the Refinery's repository, without any checkout.

import { type Repositories, RepositoryError } from '../ports/repositories.ts'
import { knownBuild, rememberBuild } from './builds.ts'
import { readCommit } from './commit-files.ts'
import { fields, git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { landingCommit } from './methods.ts'
import { checkName, checkObjectId } from './names.ts'
import { importCommit } from './objects.ts'
import { walkedFork } from './parting.ts'
import { plainMerge } from './plain-merges.ts'
import { refId } from './refs.ts'
import { freshTarget, trackingRef } from './remotes.ts'
import { noteBuilt, noteConflict } from './rerere.ts'
import type { Resolved } from './resolution-notes.ts'
import { resolve } from './resolving.ts'
import { revertingHead } from './reverts.ts'
import { remembered } from './turns.ts'

type Input = Parameters<Repositories['buildMerge']>[0]
type Result = Awaited<ReturnType<Repositories['buildMerge']>>

/**
 * The same input on the same base gives the same commit. The base is the newest target, or the commit it is built upon.
 * @throws RepositoryError BRANCH_MISSING, WORK_UNUSABLE, GIT_FAILED, those of `freshTarget`
 */
export async function buildMerge(layout: Layout, input: Input): Promise<Result> {
  checkName('branch', input.branch)
  checkName('target', input.target)
  const known = await refId(layout.own, trackingRef(input.target))
  const fetching =
    input.onto === undefined ? freshTarget(layout, input.remote, input.target) : checkObjectId(input.onto)
  if (input.revert !== undefined) return await buildRevert(layout, input, await fetching)
  const head = checkObjectId(input.head)
  const [base] = await Promise.all([fetching, importCommit(layout, head, known === null ? [] : [known])])
  return await merged(layout, input, base, head)
}

/** What takes the landings back is merged like work, as one commit. */
async function buildRevert(layout: Layout, input: Input, base: string): Promise<Result> {
  const reverting = await revertingHead(layout, input.revert?.of ?? [], base)
  if (reverting.kind === 'empty') return { kind: 'empty', base }
  if (reverting.kind === 'conflicted') return { ...reverting, base }
  const { head } = reverting
  const built = await merged(layout, { ...input, method: 'squash' }, base, head)
  return built.kind === 'built' ? { ...built, head } : built
}

/** Ids, people and times say everything: what fitted is not merged again when it is asked for again. */
const merges = remembered<Result>(1_000, ({ kind }) => kind !== 'conflicted')

function merged(layout: Layout, input: Input, base: string, head: string): Promise<Result> {
  const { message, author, committer, date, method = 'squash', resolve = [] } = input
  const question = [layout.own, base, head, method, message, author, committer, date, resolve]
  return merges(JSON.stringify(question), async () => {
    const at = onOwn(layout)
    const mergeArgs = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head]
    const trees = treesOf(layout, base, head)
    const plain = await mergedPlainly(layout, base, head)
    const [outcome, [baseTree, headTree = '']] = await Promise.all([
      plain === null ? gitOutcome(mergeArgs, at) : { code: 0, stdout: Buffer.from(plain), stderr: '' },
      trees,
    ])
    if (/refusing to merge unrelated histories/.test(outcome.stderr))
      throw new RepositoryError('WORK_UNUSABLE', `The commit ${head} shares no history with its target.`)
    if (outcome.code !== 0 && outcome.code !== 1) throw gitFailed(mergeArgs, outcome)
    const [clean = '', ...files] = fields(outcome.stdout.toString())
    const settled = outcome.code === 1 ? await settle(layout, input, base, head) : null
    if (outcome.code === 1 && settled === null)
      return { kind: 'conflicted', base, files: [...new Set(files)].sort() }
    const tree = settled?.tree ?? clean
    if (tree === baseTree) return { kind: 'empty', base }
    const commit = await landingCommit(layout, method, { ...input, base, head, tree })
    rememberBuild(layout, commit, { base, head, tree, headTree, single: method === 'squash' })
    if (resolve.includes('rerere')) noteBuilt(layout, { branch: input.branch, base, head })
    return { kind: 'built', commit, tree, base, ...(settled && { resolved: settled.resolution }) }
  })
}

/** Tried before anybody is asked; what nobody settles here may be learned from whoever does. */
async function settle(layout: Layout, input: Input, base: string, head: string): Promise<Resolved | null> {
  const { resolve: tries = [], branch, onto } = input
  if (tries.length === 0) return null
  const found = await resolve(layout, { ...input, base, head }, tries)
  if (found === null && tries.includes('rerere') && onto === undefined)
    await noteConflict(layout, { branch, base, head })
  return found
}

/** Null where git has to. */
async function mergedPlainly(layout: Layout, base: string, head: string): Promise<string | null> {
  const fork = await walkedFork(layout, base, head)
  if (fork === null) return null
  const [below, ours, theirs] = await Promise.all(
    [fork, base, head].map(async (one) => knownBuild(layout, one) ?? (await readCommit(layout.own, one))),
  )
  if (below == null || ours == null || theirs == null) return null
  return await plainMerge(layout, { fork: below.tree, base: ours.tree, head: theirs.tree })
}

async function treesOf(layout: Layout, base: string, head: string): Promise<readonly string[]> {
  const [below, work] = await Promise.all([
    knownBuild(layout, base) ?? readCommit(layout.own, base),
    readCommit(layout.own, head),
  ])
  if (below !== undefined && below !== null && work !== null) return [below.tree, work.tree]
  const args = ['rev-parse', `${base}^{tree}`, `${head}^{tree}`]
  return (await git(args, onOwn(layout))).split('\n')
}
