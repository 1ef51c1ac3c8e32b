// Which effect is carried out by what.

import type { WorldEffect } from '../../actors/machine.ts'
import type { Perform } from '../../system/types.ts'
import { keptInside } from '../fork/outside.ts'
import { runAhead } from './ahead.ts'
import { createBranch, lookAtBranch, removeBranch } from './branches.ts'
import type { Carrier, CarryOut } from './carrier.ts'
import { cleanUp } from './cleaning.ts'
import { askModel } from './judging.ts'
import { checkpointWorktree, restoreWorktree, shelveWorktree } from './keeping.ts'
import { sendNotice } from './notices.ts'
import { enterNudge, writeNudge } from './nudges.ts'
import { lookAtPull, mergePull, openPull } from './pulls.ts'
import {
  addWorktree,
  buildMerge,
  cloneRig,
  lookAtTarget,
  pushTarget,
  removeWorktree,
  runGates,
  verifyWorktree,
} from './repositories.ts'
import { checkOutReview, removeReview } from './reviews.ts'
import { restartRole } from './roles.ts'
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
  'target.look': lookAtTarget,
  'target.push': pushTarget,
  'stack.ahead': runAhead,
  'branch.create': createBranch,
  'branch.look': lookAtBranch,
  'branch.remove': removeBranch,
  'pull.open': openPull,
  'pull.look': lookAtPull,
  'pull.merge': mergePull,
  'review.checkout': checkOutReview,
  'review.remove': removeReview,
  'nudge.write': writeNudge,
  'nudge.enter': enterNudge,
  'notice.send': sendNotice,
  'role.restart': restartRole,
  'chore.clean': cleanUp,
  'chore.judge': askModel,
}

const OF_THE_HOST = /^(session|nudge)\./

/** Says who answers: sessions are the host's business, all else the worker's. */
export const performWith =
  (town: () => Carrier): Perform =>
  async (effect) => {
    const carryOut = CARRIED_OUT[effect.kind as WorldEffect] as CarryOut<WorldEffect> | undefined
    if (carryOut === undefined) throw new Error(`Nothing carries out ${effect.kind}.`)
    const { dir, system } = town()
    const params = keptInside(effect.kind, effect.params, dir, system)
    const message = await carryOut(params as never, effect, town())
    return { message, by: OF_THE_HOST.test(effect.kind) ? 'host' : 'worker' }
  }
