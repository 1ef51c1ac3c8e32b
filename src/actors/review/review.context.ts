// What a review keeps: what is to be looked at, who looks, and why nobody has said anything yet.

import type { PauseReason } from '../../events/budget.ts'
import type { ReviewAsk } from '../../events/review.ts'
import type { Deciding } from '../machine.ts'

export type ReviewContext = {
  review: string
  rig: string
  mergeRequest: string
  /** What somebody waits for; null when nobody does. */
  ask: ReviewAsk | null
  /** Commit of the checkout that there is, or is being made; empty when there is none. */
  checkedOut: string
  /** Sessions, or checkouts, that came to nothing since it was asked. */
  missed: number
  /** Sessions ever: no number comes again. */
  sessions: number
  /** The session that lives. */
  session: string | null
  /** Questions to a person ever. */
  decisions: number
  /** The one that is open. */
  decision: string | null
  /** Why the last try came to nothing. */
  why: string
  /** Why no session may begin now; empty when one may. */
  held: readonly PauseReason[]
  /** Its request has landed. */
  over: boolean
}

export type To = Deciding<ReviewContext>

/** Tries before a person is asked. */
export const TRIES_MAX = 2

/** Asked where it is known that somebody waits. */
export const askOf = ({ ask }: ReviewContext): ReviewAsk => ask as ReviewAsk

/** Whose facts they are. */
export const whose = ({ review, mergeRequest, ask }: ReviewContext) => {
  const { bead, gate, commit, tree, review: spec } = ask as ReviewAsk
  return { review, mergeRequest, bead, gate, preset: spec.preset, commit, tree }
}
