// Makes the commit that takes landed commits back, for `buildMerge` to merge like any other work.
//
// It stands on the newest of them, with the tree that is left without them, so that what it says is only what they
// brought; that the target has moved since is then a merge like any other, which conflicts or does not. No checkout.

import { RepositoryError } from '../ports/repositories.ts'
import { fields, git, gitFailed, gitOutcome } from './git.ts'
import { type Layout, onOwn } from './layout.ts'
import { checkObjectId } from './names.ts'
import { isAncestor } from './parting.ts'
import { REFINERY } from './pushes.ts'

/** What a request landed: from the commit of the target that it was built upon to its own. */
type Landed = { readonly base: string; readonly commit: string }

type Reverting =
  | { readonly kind: 'made'; readonly head: string }
  /** Taking one back undoes what another one that stays did. */
  | { readonly kind: 'conflicted'; readonly files: readonly string[] }
  /** The target has none of them. */
  | { readonly kind: 'empty' }

/**
 * The same commits give the same head, whatever the target has become.
 * @throws RepositoryError GIT_FAILED
 */
export async function revertingHead(
  layout: Layout,
  all: readonly Landed[],
  target: string,
): Promise<Reverting> {
  const [newest, ...older] = await landedNewestFirst(layout, all, target)
  if (newest === undefined) return { kind: 'empty' }
  let head = await withoutIt(layout, newest.commit, `${newest.base}^{tree}`)
  for (const { commit, base } of older) {
    const undone = await withoutIt(layout, commit, `${base}^{tree}`)
    const merged = await merge(layout, head, undone)
    if (merged.kind === 'conflicted') return merged
    head = await withoutIt(layout, head, merged.tree)
  }
  return { kind: 'made', head }
}

/** Those that are in the target. Of two commits of one history the later one has more before it. */
async function landedNewestFirst(
  layout: Layout,
  all: readonly Landed[],
  target: string,
): Promise<readonly Landed[]> {
  const found: { readonly one: Landed; readonly before: number }[] = []
  for (const one of all) {
    checkObjectId(one.base)
    // Neither: the object itself is not there.
    if (!(await isAncestor(onOwn(layout), checkObjectId(one.commit), target))) continue
    found.push({ one, before: Number(await git(['rev-list', '--count', one.commit], onOwn(layout))) })
  }
  return found.sort((left, right) => right.before - left.before).map(({ one }) => one)
}

async function withoutIt(layout: Layout, commit: string, tree: string): Promise<string> {
  const date = `@${await git(['show', '-s', '--format=%ct', commit], onOwn(layout))} +0000`
  const { env } = onOwn(layout)
  return await git(['commit-tree', tree, '-p', commit, '-m', `Without ${commit}`], {
    ...onOwn(layout),
    // It is never pushed: what lands is built of it, by whoever asked.
    env: { ...env, ...REFINERY, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  })
}

async function merge(
  layout: Layout,
  ours: string,
  theirs: string,
): Promise<{ readonly kind: 'merged'; readonly tree: string } | Extract<Reverting, { kind: 'conflicted' }>> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs]
  const merged = await gitOutcome(args, onOwn(layout))
  if (merged.code !== 0 && merged.code !== 1) throw gitFailed(args, merged)
  const [tree, ...files] = fields(merged.stdout.toString())
  if (tree === undefined) throw new RepositoryError('GIT_FAILED', 'The merge gave no tree.')
  return merged.code === 0
    ? { kind: 'merged', tree }
    : { kind: 'conflicted', files: [...new Set(files)].sort() }
}
