// What an effect of a fork may touch: its own folders, and the remote that its rig itself names.
//
// What was told before the fork may be heard after it, and still names places of the parent.

import { DESK, rigOwner, TOWN } from '../../events/address.ts'
import type { System } from '../../system/types.ts'
import { townFiles, worktreePath } from '../files.ts'

type Params = { readonly [key: string]: unknown }

/** The folder of an assignment, a crew member, or the Mayor's desk. */
export const placeOf = (dir: string, owner: string): string =>
  owner === DESK ? townFiles(dir).mayor : worktreePath(dir, owner)

/** With the path of the worktree as it is in the town that lies in `dir`. */
export const inOwnPlace = <P extends Params>(params: P, dir: string): P =>
  'path' in params && typeof params.sandbox === 'string'
    ? { ...params, path: placeOf(dir, params.sandbox) }
    : params

/**
 * The params of an effect, as a town may carry it out; in a town that is no fork they are what they are.
 * @throws {Error} it would reach a remote that the rig does not name: it fails, and its owner asks again
 */
export function keptInside<P extends Params>(kind: string, params: P, dir: string, system: System): P {
  if (system.owner(TOWN)?.context.fork == null) return params
  const { rig, remote } = params as { readonly rig?: unknown; readonly remote?: { readonly url?: unknown } }
  const own = system.owner(rigOwner(String(rig)))?.context.remote as { readonly url?: unknown } | undefined
  // A rig that rejoins looks at the remote that it does not name yet.
  if (remote !== undefined && kind !== 'rig.clone' && own?.url !== remote.url)
    throw new Error(`This town is a fork, and ${String(rig)} does not land in ${String(remote.url)}.`)
  return inOwnPlace(params, dir)
}
