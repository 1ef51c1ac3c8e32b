// Effects on repositories: each asks the worker, and says what came of it in the words of the owner that asked.

import { epicOf, OVERSEER, refinery, TOWN } from '../../events/address.ts'
import type { EffectParams } from '../../events/index.ts'
import { parseEffectId } from '../../events/record.ts'
import { recordOf } from '../../events/upcasters.ts'
import { isUnfinished } from '../../git/forks.ts'
import { type Repositories, RepositoryError } from '../../ports/repositories.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { branchAbove } from '../../projections/epics.ts'
import { authorOf, baseEnvironment } from '../environment.ts'
import { slug, worktreePath } from '../files.ts'
import { targetOfLanded, targetOfWork } from '../integrations.ts'
import { allowedVariables, domainOf, gateRunning, rigView } from '../settings.ts'
import type { Carrier, CarryOut } from './carrier.ts'

export const cloneRig: CarryOut<'rig.clone'> = async (params, { id }, town) => {
  try {
    const { head } = await town.repositoriesFor(id).cloneRig(params)
    return { type: 'rig.cloned', head }
  } catch (error) {
    return { type: 'rig.notCloned', ...failure(error) }
  }
}

export const addWorktree: CarryOut<'worktree.add'> = async (params, { id }, town) => {
  const { rig, sandbox, bead, branch } = params
  const path = worktreePath(town.dir, sandbox)
  const above = bead === null ? null : branchAbove(town.projections, rig, bead)
  const view = rigView(town.system, rig)
  const target = above?.branch ?? view.target
  try {
    const made = await town
      .repositoriesFor(id)
      .addWorktree({ rig, ...view, target, path, branch, env: toolEnvironment(town, rig) })
    return { type: 'worktree.added', ...made, path, ...(above !== null && { epic: above.epic }) }
  } catch (error) {
    return { type: 'worktree.notAdded', ...failure(error) }
  }
}

/** Does what a fork left undone in a worktree that it restored, before a program first starts there. */
export async function finishWorktree(
  town: Carrier,
  { rig, worktree }: { readonly rig: string | null; readonly worktree: string },
  id: string,
): Promise<{ code: string; message: string } | null> {
  if (rig === null || town.system.owner(TOWN)?.context.fork == null) return null
  if (!isUnfinished(town.dir, rig, worktree)) return null
  const { source, copy, setup } = rigView(town.system, rig)
  const env = toolEnvironment(town, rig)
  try {
    await town
      .repositoriesFor(`${id} finish`)
      .finishWorktree({ rig, path: worktree, source, copy, setup, env })
    return null
  } catch (error) {
    return failure(error)
  }
}

export const verifyWorktree: CarryOut<'worktree.verify'> = async (params, { id }, town) => {
  const { rig, sandbox, path, branch } = params
  const target = targetOfWork(town.system, rig, sandbox)
  try {
    const found = await town.repositoriesFor(id).inspectWorktree({ rig, path, branch, target })
    const { head, commits } = found
    return { type: 'worktree.verified', sandbox, head, dirty: [...found.dirty], commits }
  } catch (error) {
    return { type: 'worktree.notVerified', sandbox, ...failure(error) }
  }
}

export const buildMerge: CarryOut<'merge.build'> = async (params, { id }, town) => {
  const {
    rig,
    mergeRequest,
    remote,
    target,
    bead,
    agent,
    branch,
    head,
    onto,
    method,
    revert,
    resolve,
    date,
  } = params
  const domain = domainOf(town.system)
  try {
    const outcome = await town.repositoriesFor(id).buildMerge({
      rig,
      remote,
      target,
      branch,
      head,
      message: commitMessage(town, bead, mergeRequest, revert),
      author: agent === OVERSEER ? town.owner : authorOf(agent, domain),
      committer: authorOf(refinery(rig), domain),
      date: date === undefined ? await timeOfAsking(town, id) : Date.parse(date),
      ...(onto !== undefined && { onto }),
      ...(method !== undefined && { method }),
      ...(revert !== undefined && { revert: { of: revert.of } }),
      ...(resolve !== undefined && { resolve }),
    })
    const { base } = outcome
    if (outcome.kind === 'built') {
      const { commit, tree, head: made, resolved } = outcome
      return {
        type: 'merge.built',
        mergeRequest,
        commit,
        tree,
        base,
        ...(made !== undefined && { head: made }),
        ...(resolved !== undefined && {
          resolved: { ...resolved, files: resolved.files.slice(0, 200) },
        }),
      }
    }
    if (outcome.kind === 'empty') return { type: 'merge.empty', mergeRequest, base }
    return { type: 'merge.conflicted', mergeRequest, base, files: outcome.files.slice(0, 200) }
  } catch (error) {
    return { type: 'merge.notBuilt', mergeRequest, ...failure(error) }
  }
}

export const runGates: CarryOut<'gates.run'> = async (params, { id, actor }, town) => {
  const { rig, mergeRequest, commit, base, gates, setup } = params
  const epic = epicOf(actor)
  try {
    const env = toolEnvironment(town, rig)
    const { tree, results } = await town.repositoriesFor(id).runGates({
      rig,
      commit,
      base,
      gates,
      setup,
      env,
      ...gateRunning(town.system, rig),
      ...(epic !== null && { checkout: epic }),
    })
    const plain = results.map(({ tests, ...result }) => ({
      ...result,
      command: [...result.command],
      ...(tests && { tests: { ...tests, red: [...tests.red] } }),
    }))
    return { type: 'gates.ran', mergeRequest, tree, results: plain }
  } catch (error) {
    return { type: 'gates.notRun', mergeRequest, ...failure(error) }
  }
}

export const lookAtTarget: CarryOut<'target.look'> = async (params, { id }, town) => {
  try {
    const { head } = await town.repositoriesFor(id).targetHead(params)
    return { type: 'target.seen', head }
  } catch (error) {
    return { type: 'target.notSeen', ...failure(error) }
  }
}

export const pushTarget: CarryOut<'target.push'> = async (params, { id }, town) => {
  const { mergeRequest, parts, ...tip } = params
  const together = parts?.map(({ commit, head }) => ({ commit, head }))
  const push = together === undefined ? tip : { ...tip, parts: together }
  try {
    const outcome = await town.repositoriesFor(id).pushTarget(push)
    switch (outcome.kind) {
      case 'landed': {
        const proved = outcome.parts?.map((part, n) => ({
          mergeRequest: parts?.[n]?.mergeRequest ?? mergeRequest,
          ...proofOf(part),
        }))
        return {
          type: 'target.advanced',
          mergeRequest,
          head: outcome.head,
          ...proofOf(outcome),
          ...(proved !== undefined && { parts: proved }),
        }
      }
      case 'moved':
        return { type: 'target.moved', mergeRequest, head: outcome.head }
      case 'dirty':
        return { type: 'target.dirty', mergeRequest, path: outcome.path, files: outcome.files.slice(0, 50) }
      case 'refused':
        return { type: 'target.refused', mergeRequest, code: 'TARGET_REFUSED', message: outcome.message }
    }
  } catch (error) {
    return { type: 'target.refused', mergeRequest, ...failure(error) }
  }
}

type Proof = Pick<
  Extract<Awaited<ReturnType<Repositories['pushTarget']>>, { kind: 'landed' }>,
  'patchId' | 'proof' | 'lines'
>

const proofOf = ({ patchId, proof, lines }: Proof) => ({
  patchId,
  proof,
  ...(lines !== undefined && { lines: { ...lines } }),
})

export const removeWorktree: CarryOut<'worktree.remove'> = async (params, { id }, town) => {
  const { rig, sandbox, path, branch, head, landed } = params
  const target = targetOfLanded(town.system, rig, sandbox)
  const name = slug(sandbox)
  try {
    const { checkpoint } = await town
      .repositoriesFor(id)
      .removeWorktree({ rig, path, branch, head, target, landed, name })
    return { type: 'worktree.removed', checkpoint }
  } catch (error) {
    return { type: 'worktree.kept', ...failure(error) }
  }
}

/** Code and sentence of what went wrong. Anything but a RepositoryError is a fault of ours, and is thrown. */
export function failure(error: unknown): { code: string; message: string } {
  if (error instanceof RepositoryError) return { code: error.code, message: error.message.slice(0, 9_000) }
  throw error
}

/** What setup and gates see: no token, nothing of a session. */
export function toolEnvironment(town: Carrier, rig: string): Record<string, string> {
  const { operatorEnv, bin, system } = town
  const tmp = operatorEnv.TMPDIR ?? '/tmp'
  return { ...baseEnvironment(operatorEnv, { allow: allowedVariables(system, rig), bin, tmp }), CI: 'true' }
}

/** The bead's title, and who and what stands behind the commit. */
export function commitMessage(
  town: Carrier,
  bead: string,
  mergeRequest: string,
  revert?: EffectParams<'merge.build'>['revert'],
): string {
  const title = beadRow(town.projections.beads.rows, bead)?.title ?? bead
  const { name, email } = town.owner
  const why = revert === undefined || revert.reason === '' ? '' : `${subjectOf(revert.reason)}\n\n`
  const reverts = (revert?.of ?? []).map(({ commit }) => `Reverts: ${commit}\n`).join('')
  const trailers = `Bead: ${bead}\nReceipt: ${mergeRequest}\nOrdered-by: ${name} <${email}>\n${reverts}`
  return `${subjectOf(title)}\n\n${why}${trailers}`
}

/** One line: a second one could pass for one of ours below, and what a terminal acts on would be in the log for good. */
function subjectOf(title: string): string {
  const plain = title
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/gu, '')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return plain === '' ? 'Untitled' : plain
}

/** Time of the record that asked, so that building again on the same base gives the same commit. */
async function timeOfAsking(town: Carrier, effect: string): Promise<number> {
  const asked = await town.log.get(parseEffectId(effect).seq)
  return asked === undefined ? 0 : Date.parse(recordOf(asked.line).at)
}
