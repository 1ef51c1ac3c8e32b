// Builds the one commit that would land, in the Refinery's repository, without any checkout.

import type { Repositories } from '../ports/repositories.ts'
import { rememberBuild } from './builds.ts'
import { fields, git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, ownEnv } from './layout.ts'
import { landingCommit } from './methods.ts'
import { checkName, checkObjectId } from './names.ts'
import { importCommit } from './objects.ts'
import { provePatch } from './proofs.ts'
import { refId } from './refs.ts'
import { freshTarget, trackingRef } from './remotes.ts'
import { revertingHead } from './reverts.ts'

type Input = Parameters<Repositories['buildMerge']>[0]
type Result = Awaited<ReturnType<Repositories['buildMerge']>>

/**
 * The same input on the same base gives the same commit. The base is the newest target, or the commit it is built upon.
 * @throws RepositoryError BRANCH_MISSING, GIT_FAILED, those of `freshTarget`
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

async function merged(layout: Layout, input: Input, base: string, head: string): Promise<Result> {
  const at = { cwd: '/', env: ownEnv(layout) }
  const mergeArgs = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head]
  const [outcome, trees] = await Promise.all([
    gitOutcome(mergeArgs, at),
    git(['rev-parse', `${base}^{tree}`, `${head}^{tree}`], at),
  ])
  if (outcome.code !== 0 && outcome.code !== 1) throw gitFailed(mergeArgs, outcome)
  const [tree = '', ...files] = fields(outcome.stdout.toString())
  if (outcome.code === 1) return { kind: 'conflicted', base, files: [...new Set(files)].sort() }
  const [baseTree, headTree = ''] = trees.split('\n')
  if (tree === baseTree) return { kind: 'empty', base }
  const commit = await landingCommit(layout, input.method ?? 'squash', { ...input, base, head, tree })
  rememberBuild(layout, commit, { base, head, tree, headTree })
  // Gates come next and take longer: the landing then finds its proof done.
  provePatch(layout, { base, commit, head }).catch(() => undefined)
  return { kind: 'built', commit, tree, base }
}
