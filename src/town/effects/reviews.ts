// Effects of a review: the checkout that a reviewer looks at comes, and goes.

import { worktreePath } from '../files.ts'
import type { CarryOut } from './carrier.ts'
import { failure } from './repositories.ts'

export const checkOutReview: CarryOut<'review.checkout'> = async (params, { id }, town) => {
  const { rig, review, base, commit } = params
  try {
    const { path } = await town
      .repositoriesFor(id)
      .addReviewTree({ rig, path: worktreePath(town.dir, review), base, commit })
    return { type: 'review.ready', path }
  } catch (error) {
    return { type: 'review.notReady', ...failure(error) }
  }
}

export const removeReview: CarryOut<'review.remove'> = async ({ rig, review }, { id }, town) => {
  try {
    await town.repositoriesFor(id).removeReviewTree({ rig, path: worktreePath(town.dir, review) })
    return { type: 'review.removed' }
  } catch (error) {
    return { type: 'review.notRemoved', ...failure(error) }
  }
}
