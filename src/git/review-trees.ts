// Checkouts for reviewers: exactly one commit, without a branch, and gone afterwards.
//
// Does not:  keep anything of them: what a reviewer writes there is nobody's work, and lands nowhere.
//
//   GIT-73. A reviewer's checkout has the files of the commit that was built, and no branch; one that was left over is
//           thrown away first. Nothing of it is kept.

import type { Repositories } from '../ports/repositories.ts'
import { type Layout, worktreeOf } from './layout.ts'
import { checkObjectId } from './names.ts'
import { discard } from './removal.ts'
import { checkout } from './worktrees.ts'

/** @throws RepositoryError GIT_FAILED when the commit is not there */
export async function addReviewTree(
  layout: Layout,
  { path, commit }: Parameters<Repositories['addReviewTree']>[0],
): Promise<{ readonly path: string }> {
  const worktree = worktreeOf(layout, path)
  checkObjectId(commit)
  await discard(layout, worktree)
  await checkout(layout, worktree, commit, { commit, files: commit })
  return { path: worktree.path }
}

export async function removeReviewTree(
  layout: Layout,
  { path }: Parameters<Repositories['removeReviewTree']>[0],
): Promise<{ readonly removed: true }> {
  await discard(layout, worktreeOf(layout, path))
  return { removed: true }
}
