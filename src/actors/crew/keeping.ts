// What a crew member decides about what is kept of its worktree: at each stop, and when a person removes it.

import type { Deciding, Event } from '../machine.ts'
import type { CrewContext } from './crew.context.ts'

type To = Deciding<CrewContext>

/** Null where there is nothing to keep: the desk is a folder without a repository. */
function whereOf({ rig, place, path, branch, base }: CrewContext) {
  return rig === null || base === null || path === '' ? null : { rig, sandbox: place, path, branch, base }
}

/**
 * Asks for the checkpoint that is due, in each state that is entered meanwhile: what a state has asked for is called
 * off when it is left, and a checkpoint can be asked for twice.
 */
export function askToKeep(context: CrewContext, _: unknown, to: To): void {
  const where = whereOf(context)
  if (context.keeping && where !== null) to.effect('worktree.checkpoint', where)
}

/** Its session has ended, and what it left is to be kept. */
export function left(context: CrewContext, { resume }: Event<'crew.sessionEnded'>, to: To): void {
  to.set({ session: null, resume: resume ?? null, keeping: whereOf(context) !== null })
}

/** Nobody works in its worktree, and what was there is kept. */
export const isFree = ({ session, keeping }: CrewContext): boolean => session === null && !keeping

export function wasKept(context: CrewContext, event: Event<'worktree.checkpointed'>, to: To): void {
  const { meta: _meta, type: _type, ...kept } = event
  to.set({ keeping: false })
  noteKept(context, kept, 'stop', to)
}

export function wasKeptAtWork(context: CrewContext, event: Event<'crew.checkpointed'>, to: To): void {
  const { meta: _meta, type: _type, ...kept } = event
  noteKept(context, kept, 'work', to)
}

/** Its files are where they were. */
export function wasNotKept(
  { agent, place }: CrewContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.set({ keeping: false })
  to.fact({ type: 'CrewNotCheckpointed', agent, place, code, message })
}

export function depart(_: CrewContext, { reason }: Event<'crew.remove'>, to: To): void {
  to.set({ leaving: reason, wanted: false })
}

export function shelve(context: CrewContext, _: unknown, to: To): void {
  const where = whereOf(context)
  if (where !== null) to.effect('worktree.shelve', where)
}

/** Numbers of sessions and of worktrees go on: who is added again under this name is somebody else. */
export function wasShelved(context: CrewContext, event: Event<'worktree.shelved'>, to: To): void {
  const { meta: _meta, type: _type, head: _head, ...kept } = event
  const { agent, place, leaving } = context
  noteKept(context, kept, 'removal', to)
  to.fact({ type: 'CrewRemoved', agent, place, reason: leaving ?? '', checkpoint: kept.ref })
  to.set({ branch: '', path: '', base: null, place: '', preset: null, resume: null, held: [], leaving: null })
}

/** It could not be put under a checkpoint, so it stays where it is. */
export function wasNotShelved(
  { agent }: CrewContext,
  { code, message }: { code: string; message: string },
  to: To,
): void {
  to.set({ leaving: null })
  to.fact({ type: 'CrewNotRemoved', agent, code, message })
}

type Kept = Omit<Event<'crew.checkpointed'>, 'meta' | 'type'>

function noteKept(context: CrewContext, kept: Kept, cause: 'work' | 'stop' | 'removal', to: To): void {
  const { agent, place, path, branch, base } = context
  if (base !== null) to.fact({ type: 'CrewCheckpointed', agent, place, path, branch, base, ...kept, cause })
}
