// What a sandbox decides about what is kept: checkpoints at each stop, and giving up an assignment so that it can be
// brought back.

import { beadOwner, MAYOR } from '../../events/address.ts'
import type { Deciding, Event } from '../machine.ts'
import type { SandboxContext } from './sandbox.context.ts'
import { note, release } from './sandbox.decisions.ts'

type To = Deciding<SandboxContext>

const where = ({ rig, sandbox, path, branch, base }: SandboxContext) => ({ rig, sandbox, path, branch, base })
const whose = ({ sandbox, bead, agent }: SandboxContext) => ({ sandbox, bead, agent })

/**
 * Asks for the checkpoint that is due, in each state that is entered meanwhile: what a state has asked for is called
 * off when it is left, and a checkpoint can be asked for twice.
 */
export function askToKeep(context: SandboxContext, _: unknown, to: To): void {
  if (context.keeping) to.effect('worktree.checkpoint', where(context))
}

export function wasKept(context: SandboxContext, event: Event<'worktree.checkpointed'>, to: To): void {
  const { meta: _meta, type: _type, ...kept } = event
  to.set({ keeping: false })
  to.fact({ type: 'WorktreeCheckpointed', ...whose(context), ...kept, cause: 'stop' })
}

export function wasKeptAtWork(context: SandboxContext, event: Event<'sandbox.checkpointed'>, to: To): void {
  const { meta: _meta, type: _type, ...kept } = event
  to.fact({ type: 'WorktreeCheckpointed', ...whose(context), ...kept, cause: 'work' })
}

/** Its files are where they were; whoever comes next goes on from them. */
export function wasNotKept(
  context: SandboxContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.set({ keeping: false })
  to.fact({ type: 'WorktreeNotCheckpointed', ...whose(context), code, message })
}

/** Nobody works in it, and what was there is kept. */
export const isFree = ({ session, keeping }: SandboxContext): boolean => session === null && !keeping

export const nuke = (context: SandboxContext, { reason }: { reason: string }, to: To): void =>
  leave(context, 'nuked', reason, to)

export const unsling = (context: SandboxContext, { reason }: { reason: string }, to: To): void =>
  leave(context, 'unslung', reason, to)

function leave({ session }: SandboxContext, leaving: 'nuked' | 'unslung', reason: string, to: To): void {
  to.set({ leaving, note: reason })
  if (session !== null) to.tell({ to: session, message: { type: 'session.stop', reason: REASONS[leaving] } })
}

const REASONS = { nuked: 'a person took its work away', unslung: 'a person took its bead off the hook' }

export function shelve(context: SandboxContext, to: To): void {
  to.effect('worktree.shelve', where(context))
}

export function wasShelved(context: SandboxContext, event: Event<'worktree.shelved'>, to: To): void {
  const { meta: _meta, type: _type, head, ...kept } = event
  to.set({ shelf: { head, files: kept.commit } })
  to.fact({ type: 'WorktreeCheckpointed', ...whose(context), ...kept, cause: 'removal' })
  to.fact({ type: 'WorktreeRemoved', sandbox: context.sandbox, checkpoint: kept.ref })
  giveBack(context, false, to)
}

/** It could not be put under a checkpoint, so it stays where it is. */
export function wasNotShelved(
  context: SandboxContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.fact({ type: 'WorktreeKept', sandbox: context.sandbox, code, message })
  giveBack(context, true, to)
}

/** The bead is open again, and its polecat free. */
export function giveBack(context: SandboxContext, worktree: boolean, to: To): void {
  const { sandbox, bead, agent, leaving, note: reason } = context
  to.set({ held: [], ...(worktree ? { shelf: null } : {}) })
  to.fact({ type: 'SandboxShelved', sandbox, bead, agent, how: leaving ?? 'unslung', reason, worktree })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.unhook', reason, sandbox } })
  to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead, note: reason } })
  release(context, 'withdrawn', to)
}

const BACK = 'A person took this work away and brought it back as it was.'

export function undo(context: SandboxContext, _: unknown, to: To): void {
  const { sandbox, bead, agent, branch, shelf, previous } = context
  to.set({ leaving: null })
  to.fact({ type: 'SandboxRestored', sandbox, bead, agent, branch })
  if (shelf !== null) to.effect('worktree.restore', { ...where(context), bead, ...shelf })
  else note(context, 'handoff', { ...previous, note: BACK }, to)
}

export function wasRestored(context: SandboxContext, { base }: Event<'worktree.added'>, to: To): void {
  const { sandbox, path, branch, previous } = context
  to.set({ base, shelf: null })
  to.fact({ type: 'WorktreeAdded', sandbox, path, branch, base })
  note(context, 'handoff', { ...previous, note: BACK }, to)
}

/** What was kept stays kept, and the bead is open again. */
export function wasNotRestored(
  context: SandboxContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  const { sandbox, bead, agent } = context
  const reason = `The worktree could not be made again: ${message}`.slice(0, 1_900)
  to.fact({ type: 'WorktreeFailed', sandbox, bead, code, message })
  to.tell({ to: beadOwner(bead), message: { type: 'bead.unhook', reason, sandbox } })
  to.tell({ to: MAYOR, message: { type: 'escalation.raise', bead, agent, code, reason } })
  release(context, 'withdrawn', to)
}
