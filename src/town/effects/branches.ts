// Effects on integration branches: made, looked at, removed; by where the rig lands now.

import { reasonsAgainst } from '../../projections/epics.ts'
import { rigView } from '../settings.ts'
import type { CarryOut } from './carrier.ts'
import { failure } from './repositories.ts'

export const createBranch: CarryOut<'branch.create'> = async ({ rig, branch }, { id }, town) => {
  const { remote, target } = rigView(town.system, rig)
  try {
    const made = await town.repositoriesFor(id).createBranch({ rig, remote, target, branch })
    return { type: 'branch.created', ...made }
  } catch (error) {
    return { type: 'branch.notCreated', ...failure(error) }
  }
}

export const lookAtBranch: CarryOut<'branch.look'> = async (params, { id }, town) => {
  const { rig, branch } = params
  const { remote, target } = rigView(town.system, rig)
  try {
    const { head, ahead } = await town.repositoriesFor(id).lookAtBranch({ rig, remote, target, branch })
    const nothing = ahead === 0 ? [`${target} has all of ${branch} already.`] : []
    return {
      type: 'branch.seen',
      head,
      reasons: [...nothing, ...reasonsAgainst(town.projections, params)].slice(0, 50),
    }
  } catch (error) {
    return { type: 'branch.notSeen', ...failure(error) }
  }
}

export const removeBranch: CarryOut<'branch.remove'> = async ({ rig, epic, branch, head }, { id }, town) => {
  const { remote, target } = rigView(town.system, rig)
  try {
    await town.repositoriesFor(id).removeBranch({ rig, remote, target, branch, head, checkout: epic })
    return { type: 'branch.removed', head }
  } catch (error) {
    return { type: 'branch.kept', ...failure(error) }
  }
}
