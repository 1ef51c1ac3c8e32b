// Testing ahead: the worker is asked, and told to give it up once the owner no longer waits for it.

import { randomUUID } from 'node:crypto'
import { OVERSEER, refinery } from '../../events/address.ts'
import { authorOf } from '../environment.ts'
import { domainOf, gateRunning, rigView } from '../settings.ts'
import type { CarryOut } from './carrier.ts'
import { commitMessage, failure, toolEnvironment } from './repositories.ts'

export const runAhead: CarryOut<'stack.ahead'> = async (params, { id, signal }, town) => {
  const { rig, target, onto, date, requests, batch, stacks, gates, setup } = params
  // An answer is kept for each id: one of its own, or the second of a restart would end nothing.
  const end = () =>
    void town
      .repositoriesFor(`${id} end ${randomUUID()}`)
      .endAhead({ rig, target })
      .catch(() => undefined)
  signal.addEventListener('abort', end)
  try {
    const domain = domainOf(town.system)
    const { outcome, commit, tree, built, below } = await town.repositoriesFor(id).runAhead({
      rig,
      remote: rigView(town.system, rig).remote,
      target,
      onto,
      committer: authorOf(refinery(rig), domain),
      date: Date.parse(date),
      batch,
      stacks,
      requests: requests.map(({ mergeRequest, bead, agent, branch, head, method, revert, resolve }) => ({
        id: mergeRequest,
        branch,
        head,
        message: commitMessage(town, bead, mergeRequest, revert),
        author: agent === OVERSEER ? town.owner : authorOf(agent, domain),
        ...(method !== undefined && { method }),
        ...(revert !== undefined && { revert: { of: revert.of } }),
        ...(resolve !== undefined && { resolve }),
      })),
      gates,
      setup,
      env: toolEnvironment(town, rig),
      ...gateRunning(town.system, rig),
    })
    return {
      ...{ type: 'ahead.ran', outcome, commit, tree, mergeRequests: [...built] },
      ...(below && { below: below.map(({ built, ...stack }) => ({ ...stack, mergeRequests: [...built] })) }),
    }
  } catch (error) {
    return { type: 'ahead.notRun', ...failure(error) }
  } finally {
    signal.removeEventListener('abort', end)
  }
}
