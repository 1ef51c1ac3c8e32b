// Effects that keep what is in worktrees: checkpoints, worktrees that are taken away, and made again.

import { slug } from '../files.ts'
import { targetOfWork } from '../integrations.ts'
import { rigView } from '../settings.ts'
import type { CarryOut } from './carrier.ts'
import { failure, toolEnvironment } from './repositories.ts'

export const checkpointWorktree: CarryOut<'worktree.checkpoint'> = async (params, { id }, town) => {
  const { sandbox, ...at } = params
  try {
    const made = await town.repositoriesFor(id).checkpoint({ ...at, name: slug(sandbox) })
    const { isNew: _isNew, ...kept } = made
    return { type: 'worktree.checkpointed', ...kept }
  } catch (error) {
    return { type: 'worktree.notCheckpointed', ...failure(error) }
  }
}

export const shelveWorktree: CarryOut<'worktree.shelve'> = async (params, { id }, town) => {
  const { sandbox, ...at } = params
  try {
    const made = await town.repositoriesFor(id).shelveWorktree({ ...at, name: slug(sandbox) })
    const { isNew: _isNew, ...kept } = made
    return { type: 'worktree.shelved', ...kept }
  } catch (error) {
    return { type: 'worktree.kept', ...failure(error) }
  }
}

export const restoreWorktree: CarryOut<'worktree.restore'> = async (params, { id }, town) => {
  const { rig, sandbox, path, branch, head, files } = params
  try {
    const made = await town.repositoriesFor(id).addWorktree({
      rig,
      ...rigView(town.system, rig),
      target: targetOfWork(town.system, rig, sandbox),
      path,
      branch,
      env: toolEnvironment(town, rig),
      from: { head, files, name: slug(sandbox) },
    })
    return { type: 'worktree.added', ...made, path }
  } catch (error) {
    return { type: 'worktree.notAdded', ...failure(error) }
  }
}
