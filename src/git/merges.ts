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

type Input = Parameters<Repositories['buildMerge']>[0]
type Result = Awaited<ReturnType<Repositories['buildMerge']>>

/**
 * The same input on the same base gives the same commit. The base is the newest target, or the commit it is built upon.
 * @throws RepositoryError BRANCH_MISSING, GIT_FAILED, those of `freshTarget`
 */
export async function buildMerge(layout: Layout, input: Input): Promise<Result> {
  checkName('branch', input.branch)
  checkName('target', input.target)
  const head = checkObjectId(input.head)
  const known = await refId(layout.own, trackingRef(input.target))
  const [base] = await Promise.all([
    input.onto === undefined ? freshTarget(layout, input.remote, input.target) : checkObjectId(input.onto),
    importCommit(layout, head, known === null ? [] : [known]),
  ])
  const at = { cwd: '/', env: ownEnv(layout) }
  const mergeArgs = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', base, head]
  const [merged, trees] = await Promise.all([
    gitOutcome(mergeArgs, at),
    git(['rev-parse', `${base}^{tree}`, `${head}^{tree}`], at),
  ])
  if (merged.code !== 0 && merged.code !== 1) throw gitFailed(mergeArgs, merged)
  const [tree = '', ...files] = fields(merged.stdout.toString())
  if (merged.code === 1) return { kind: 'conflicted', base, files: [...new Set(files)].sort() }
  const [baseTree, headTree = ''] = trees.split('\n')
  if (tree === baseTree) return { kind: 'empty', base }
  const commit = await landingCommit(layout, input.method ?? 'squash', { ...input, base, head, tree })
  rememberBuild(layout, commit, { base, head, tree, headTree })
  // Gates come next and take longer: the landing then finds its proof done.
  provePatch(layout, { base, commit, head }).catch(() => undefined)
  return { kind: 'built', commit, tree, base }
}
