// Which effect is carried out by what.

import type { WorldEffect } from '../../actors/machine.ts'
import { rigOwner, TOWN } from '../../events/address.ts'
import type { OpenEffect, Perform } from '../../system/types.ts'
import type { Carrier, CarryOut } from './carrier.ts'
import { checkpointWorktree, restoreWorktree, shelveWorktree } from './keeping.ts'
import { sendNotice } from './notices.ts'
import { enterNudge, writeNudge } from './nudges.ts'
import {
  addWorktree,
  buildMerge,
  cloneRig,
  pushTarget,
  removeWorktree,
  runGates,
  verifyWorktree,
} from './repositories.ts'
import { startSession, stopSession } from './sessions.ts'

const CARRIED_OUT: { readonly [K in WorldEffect]: CarryOut<K> } = {
  'rig.clone': cloneRig,
  'worktree.add': addWorktree,
  'worktree.remove': removeWorktree,
  'worktree.checkpoint': checkpointWorktree,
  'worktree.shelve': shelveWorktree,
  'worktree.restore': restoreWorktree,
  'worktree.verify': verifyWorktree,
  'session.start': startSession,
  'session.stop': stopSession,
  'merge.build': buildMerge,
  'gates.run': runGates,
  'target.push': pushTarget,
  'nudge.write': writeNudge,
  'nudge.enter': enterNudge,
  'notice.send': sendNotice,
}

const OF_THE_HOST = /^(session|nudge)\./

/** Says who answers: sessions are the host's business, all else the worker's. */
export const performWith =
  (town: () => Carrier): Perform =>
  async (effect) => {
    const carryOut = CARRIED_OUT[effect.kind as WorldEffect] as CarryOut<WorldEffect> | undefined
    if (carryOut === undefined) throw new Error(`Nothing carries out ${effect.kind}.`)
    refuseOutside(effect, town())
    const message = await carryOut(effect.params as never, effect, town())
    return { message, by: OF_THE_HOST.test(effect.kind) ? 'host' : 'worker' }
  }

/**
 * What was told before a fork may still name the remote of its parent when it is heard: a fork reaches that one only when
 * the rig itself says so.
 * @throws {Error} the effect fails, and is asked again when its owner knows better
 */
function refuseOutside({ kind, params }: OpenEffect, { system }: Carrier): void {
  const { rig, remote } = params as { readonly rig?: unknown; readonly remote?: { readonly url?: unknown } }
  if (kind === 'rig.clone' || remote === undefined || system.owner(TOWN)?.context.fork == null) return
  const own = system.owner(rigOwner(String(rig)))?.context.remote as { readonly url?: unknown } | undefined
  if (own?.url !== remote.url)
    throw new Error(`This town is a fork, and ${String(rig)} does not land in ${String(remote.url)}.`)
}
