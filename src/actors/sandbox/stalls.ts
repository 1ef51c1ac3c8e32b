// What a sandbox does about a session that gives no sign: the Witness is told, and its word is carried out.
//
// Does not:  choose what is done (the Witness's ladder does).
// Always:    about the session of the present attempt, while nothing holds it; anything else is too late, and changes
//            nothing.

import { witness } from '../../events/address.ts'
import { HANDOFF_NOTE_BYTES } from '../../events/worker.ts'
import type { Deciding, Event } from '../machine.ts'
import type { SandboxContext } from './sandbox.context.ts'

type To = Deciding<SandboxContext>

/** Said of the present session, which may work. */
export const isOfNow = ({ session, held }: SandboxContext, event: { readonly session: string }): boolean =>
  session === event.session && held.length === 0

/** Its worktree is kept first: what is in it says whether anybody has got on, and is safe whatever comes. */
export function stalled(context: SandboxContext, event: Event<'sandbox.stalled'>, to: To): void {
  const { meta: _meta, type: _type, ...stall } = event
  const { rig, sandbox, path, branch, base } = context
  to.set({ stalled: { ...stall, looking: true }, stalls: context.stalls + 1 })
  to.effect('worktree.checkpoint', { rig, sandbox, path, branch, base })
}

/** Its session still gives no sign, and somebody waits for what is in the worktree. */
export const isLooking = ({ stalled, session, held }: SandboxContext): boolean =>
  stalled?.looking === true && stalled.session === session && held.length === 0

/** `mark` null: nobody could look. */
export function looked(context: SandboxContext, mark: string | null, to: To): void {
  const { bead, sandbox, agent, rig, stalled } = context
  if (stalled === null) return
  const { looking: _looking, ...stall } = stalled
  to.set({ stalled: { ...stalled, looking: false } })
  to.tell({
    to: witness(rig),
    message: { type: 'WORK_STALLED', bead, sandbox, agent, ...stall, mark },
  })
}

export function goesOn(context: SandboxContext, { session }: Event<'sandbox.goesOn'>, to: To): void {
  const { sandbox, rig, stalled } = context
  if (stalled?.session !== session) return
  to.set({ stalled: null })
  to.tell({ to: witness(rig), message: { type: 'WORK_GOES_ON', sandbox, session } })
}

/** Ends the session that does not go on; one with a fresh mind comes after it, in the same worktree. */
export function beginAfresh(context: SandboxContext, event: Event<'sandbox.intervene'>, to: To): void {
  const { sandbox, bead, agent, handoff } = context
  const { session, reason, meta } = event
  const note = [
    `The session before this one made no progress, so gt ended it: ${reason}`,
    'What it wrote is in this worktree. Look at what is done, and go on from there.',
    ...(handoff === null || handoff.note === '' ? [] : ['The note that was left before:', handoff.note]),
  ]
    .join('\n')
    .slice(0, HANDOFF_NOTE_BYTES / 4)
  to.set({ handoff: { note, session, trigger: 'stalled', at: meta.at }, reason: 'handoff', stalled: null })
  to.fact({ type: 'WorkHandedOff', sandbox, bead, agent, session, note, trigger: 'stalled' })
  endSession(session, 'a fresh session takes over, for it did not go on', to)
}

/** Its worktree is taken away as it is kept, and its bead is open for somebody else. */
export function giveToAnother(_: SandboxContext, event: Event<'sandbox.intervene'>, to: To): void {
  const { session, reason } = event
  to.set({ leaving: 'stalled', note: reason, stalled: null })
  endSession(session, 'its work is given to somebody else, for it did not go on', to)
}

export const endSession = (session: string, reason: string, to: To): void =>
  to.tell({ to: session, message: { type: 'session.stop', reason } })

/** The Witness need think of this assignment no more. */
export function tellOver(context: SandboxContext, to: To): void {
  const { bead, sandbox, agent, rig, leaving, note, preset, stalls } = context
  if (stalls === 0) return
  const reason = note.slice(0, 1_900)
  to.tell({
    to: witness(rig),
    message: {
      type: 'WORK_GIVEN_BACK',
      bead,
      sandbox,
      agent,
      stalled: leaving === 'stalled',
      reason,
      preset,
    },
  })
}
