// Effects on a forge: each asks the worker, and says what came of it in the words of the owner that asked.
//
// Always:    a fork's own clone is behind no forge: nothing of a fork is shown to that of its parent.

import { isAbsolute } from 'node:path'
import { packetMarkdown } from '../../api/packet/markdown.ts'
import { packetOf, saidOf } from '../../api/packet/packet.ts'
import { rigOwner, TOWN } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { EffectParams } from '../../events/index.ts'
import { forgeOf } from '../../events/landing-settings.ts'
import type { ForgeAt } from '../../ports/forge.ts'
import { type Remote, RepositoryError } from '../../ports/repositories.ts'
import type { Carrier, CarryOut } from './carrier.ts'
import { commitMessage, failure } from './repositories.ts'

/** A forge takes a little more. */
const BODY_MAX = 65_000

export const openPull: CarryOut<'pull.open'> = async (params, { id }, town) => {
  const { mergeRequest, bead, results, revert, base: _base, ...push } = params
  try {
    const { title, body } = described(town, { bead, mergeRequest, revert })
    const packet = await packetOn(town, id, mergeRequest, results)
    const { number, url } = await town.forgeFor(id).openPull({
      ...push,
      forge: forgeFor(town, params),
      branch: branchOf(bead),
      title,
      body: `${packet}${body}`.slice(0, BODY_MAX),
    })
    return { type: 'pull.opened', number, url: url.slice(0, 2_000) }
  } catch (error) {
    return { type: 'pull.notOpened', ...patience(error), ...failure(error) }
  }
}

export const lookAtPull: CarryOut<'pull.look'> = async (params, { id }, town) => {
  const { mergeRequest: _mergeRequest, ...look } = params
  try {
    const seen = await town.forgeFor(id).lookAtPull({ ...look, forge: forgeFor(town, params) })
    const [checks, reviews] = [
      seen.checks.map((one) => ({ ...one })),
      seen.reviews.map((one) => ({ ...one })),
    ]
    return { type: 'pull.seen', seen: { ...seen, checks, reviews } }
  } catch (error) {
    return { type: 'pull.notSeen', ...patience(error), ...failure(error) }
  }
}

export const mergePull: CarryOut<'pull.merge'> = async (params, { id }, town) => {
  const { mergeRequest, bead, revert, ...merge } = params
  try {
    const { title, body: message } = described(town, { bead, mergeRequest, revert })
    const outcome = await town
      .forgeFor(id)
      .mergePull({ ...merge, forge: forgeFor(town, params), title, message })
    switch (outcome.kind) {
      case 'landed': {
        const { head, commit, tree, patchId, proof, lines } = outcome
        return {
          type: 'target.advanced',
          mergeRequest,
          head,
          patchId,
          proof,
          lines: { ...lines },
          merged: { commit, tree },
        }
      }
      case 'moved':
        return { type: 'target.moved', mergeRequest, head: outcome.head }
      case 'refused':
        return { type: 'pull.notMerged', mergeRequest, code: outcome.code, message: outcome.message }
    }
  } catch (error) {
    return { type: 'target.refused', mergeRequest, ...failure(error) }
  }
}

/** What a reviewer asks, above what the commit says; nothing when it cannot be put together. */
export async function packetOn(
  town: Carrier,
  id: string,
  mergeRequest: string,
  results: readonly GateResultData[],
): Promise<string> {
  try {
    const known = await saidOf(town, town.projections, 0, mergeRequest)
    // It is not known as pushed, so what it has passed is not known there either.
    const said = { ...known, reason: null, gates: results.map(({ logTail: _logTail, ...gate }) => gate) }
    return `${packetMarkdown(await packetOf(said, town.repositoriesFor(`${id} packet`), null))}\n\n`
  } catch {
    return ''
  }
}

/** Branch of the remote that a bead's work is shown on. */
const branchOf = (bead: string): string => `gt/${bead}`

function described(
  town: Carrier,
  { bead, mergeRequest, revert }: Pick<EffectParams<'pull.open'>, 'bead' | 'mergeRequest' | 'revert'>,
): { title: string; body: string } {
  const [title = '', ...rest] = commitMessage(town, bead, mergeRequest, revert).trimEnd().split('\n\n')
  return { title, body: rest.join('\n\n') }
}

/** @throws RepositoryError FORGE_NOT_SET */
function forgeFor(
  { system }: Carrier,
  { rig, remote }: { readonly rig: string; readonly remote: Remote },
): ForgeAt {
  const settingsOf = (owner: string) =>
    (system.owner(owner)?.context.settings ?? {}) as Record<string, unknown>
  if (system.owner(TOWN)?.context.fork != null && isAbsolute(remote.url))
    throw notSet(
      `${rig} lands in the clone of this fork, which no forge knows; set landing.through to direct`,
    )
  const forge = forgeOf({ ...settingsOf(TOWN), ...settingsOf(rigOwner(rig)) }, remote)
  if (forge === null)
    throw notSet(`Neither the remote of ${rig} nor forge.url and forge.repo say where its forge is`)
  return forge
}

const notSet = (why: string): RepositoryError => new RepositoryError('FORGE_NOT_SET', `${why}.`)

function patience(error: unknown): { waitMs?: number } {
  const waitMs = error instanceof RepositoryError ? error.details.waitMs : undefined
  return typeof waitMs === 'number' ? { waitMs: Math.min(Math.ceil(waitMs), WAIT_MS_MAX) } : {}
}

/** Longest that a forge is left alone because it asked for it, ms. */
const WAIT_MS_MAX = 60 * 60_000
