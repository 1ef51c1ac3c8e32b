// What a Refinery keeps: the queue, what it has in hand, and what it knows of the target.

import { refinery } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { MessageOf } from '../../events/index.ts'
import type { ApprovalSpec, LandedRequest } from '../../events/landing.ts'
import type { LandingSpec } from '../../events/landing-settings.ts'
import type { Deciding } from '../machine.ts'

export type Settings = Omit<MessageOf<'refinery.configure'>, 'type'>

/** What is built and tested ahead. */
type Ahead = {
  /** Tip of the stack that it stands on. */
  readonly onto: string
  /** Time of the commits. */
  readonly at: string
  readonly requests: readonly string[]
  /** That stack has landed. */
  readonly landed: boolean
  /** Stacks that are built of them, each upon the one before; one when absent. */
  readonly stacks?: number
}

/**
 * Beside its settings: `request/<address>` a request in the queue, `of/<sandbox>` the request that an assignment has and
 * how often it was submitted, `tested/<address>` what has passed and may not land yet, `approval/<address>` what persons
 * said of it, `fixes/<bead>` that a bead is to mend the target, `bead/<bead>` what a bead said of its turn.
 */
export type RefineryContext = {
  readonly [key: string]: unknown
  readonly rig: string
  /** It is there for the integration branch of that epic; null: for the rig's own target. */
  readonly epic: string | null
  /** Nothing more begins on its branch, which is about to land or has; null when work may. */
  readonly sealed: 'landing' | 'landed' | null
  /** Merge requests so far. */
  readonly count: number
  /** Time of the newest submission: the moment as of which requests are lined up. */
  readonly newest: string
  /** The one in hand: being built, or the highest of those that are tested or landed together. */
  readonly current: string | null
  readonly commit: string
  readonly tree: string
  /** Commit of the target that the stack is built upon; also one that is tested by itself. */
  readonly base: string
  /** Built one upon the other, the lowest first. While the next one is built it is not among them. */
  readonly stack: readonly Part[]
  /** What did not fit onto this stack; it keeps its place, and its turn comes. */
  readonly leftOut: readonly string[]
  /** The lowest of the stack that have passed together. */
  readonly good: Good
  /** Lowest parts of the stack that were red together. */
  readonly reds: readonly RedRun[]
  /** What is tested was red before. */
  readonly again: boolean
  /** Gates that were red and then green on the same tree. */
  readonly flaky: readonly string[]
  /** Others were waited for already. */
  readonly gathered: boolean
  /** Holds in a row; the next try comes later each time. */
  readonly holds: number
  readonly resume: Resume
  /** Why no landing begins; null when they do. */
  readonly stopped: string | null
  /** A person said that nothing lands; null when it may. */
  readonly frozen: Frozen | null
  readonly red: Red | null
  /** The last commits of the target that passed, each with the way by which it did. */
  readonly green: readonly Passed[]
  /** Counts the ways of landing that were set, one after the other. */
  readonly way: number
  /** By which of them that is tested which is in hand. */
  readonly testedBy: number
  /** Questions to persons so far. */
  readonly asks: number
  /** The red target is to be tested: if it has moved, or in any case. */
  readonly look: Look | null
  readonly looking: Look
  /** What was red of the request in hand, while its base is tested. */
  readonly results: readonly GateResultData[]
  /** What is built and tested ahead of it; null when nothing is. */
  readonly ahead: Ahead | null
}

export type Request = {
  bead: string
  sandbox: string
  agent: string
  branch: string
  head: string
  attempt: number
  order: number
  /** Submitted at; absent in requests of before that was noted. */
  at?: string
  /** By which commits it lands; absent: as the rig lands. */
  method?: NonNullable<LandingSpec['method']>
  /** Submissions before this one. */
  retries?: number
  /** It takes these back, and has no branch. */
  reverts?: LandedRequest[]
  /** Why they are taken back. */
  reason?: string
}
/** One request of a stack. `base`: what its commit stands on, that of the target or the part below. */
export type Part = {
  readonly request: string
  readonly commit: string
  readonly tree: string
  readonly base: string
}
type Good = { readonly count: number; readonly results: readonly GateResultData[] }
export type RedRun = Good & { readonly twice: boolean }
/** Where a held request goes on. `unsure`: pushed, and nobody knows whether that happened. */
export type Resume = 'building' | 'landing' | 'unsure'
export type Frozen = { readonly since: string; readonly by: string; readonly reason: string }
/** `commit` was seen last, `first` first, `green` passed before. */
export type Red = {
  readonly gate: string
  readonly commit: string
  readonly first: string
  readonly green: string | null
}
type Passed = { readonly commit: string; readonly way: number }
export type Look = 'moved' | 'anew'
export type Tried = { request: string; attempts: number }
/** `results` null: its request was told them before. */
export type Tested = {
  readonly commit: string
  readonly tree: string
  readonly base: string
  readonly way: number
  readonly results: readonly GateResultData[] | null
  /** It may be in the target already. */
  readonly unsure: boolean
  /** All that was pushed with it, itself the last; absent when it was alone. */
  readonly stack?: readonly Part[]
}
export type Approval = {
  readonly asked: { readonly decision: string; readonly gate: string; readonly since: string } | null
  readonly given: readonly { readonly gate: string; readonly tree: string; readonly result: GateResultData }[]
}

export type To = Deciding<RefineryContext>

export const settingsOf = (context: RefineryContext): Settings | undefined =>
  context.settings as Settings | undefined
export const targetOf = (context: RefineryContext): string => settingsOf(context)?.target ?? ''
export const requestOf = (context: RefineryContext, address: string): Request =>
  context[`request/${address}`] as Request
export const testedOf = (context: RefineryContext, address: string): Tested | undefined =>
  context[`tested/${address}`] as Tested | undefined
export const approvalOf = (context: RefineryContext, address: string): Approval =>
  (context[`approval/${address}`] as Approval | undefined) ?? { asked: null, given: [] }
/** A yes of the forge, by the name under which it is kept. No gate of a person can be called so. */
export const PULL_GATE = 'pull request'
/** Whose yes is needed before what passed may land. */
export function approvalsIn(context: RefineryContext): readonly ApprovalSpec[] {
  const { approvals: set = [], landing = {} } = settingsOf(context) ?? {}
  const isReview = ({ review }: ApprovalSpec): boolean => review !== undefined
  // Nobody is asked about what a reviewer has not let pass.
  const approvals = set.some(isReview)
    ? [...set.filter(isReview), ...set.filter((one) => !isReview(one))]
    : set
  return landing.through === 'pull-request' ? [...approvals, { name: PULL_GATE, again: true }] : approvals
}
export const current = (context: RefineryContext): string => context.current ?? ''
export const own = ({ rig, epic }: RefineryContext): string => refinery(rig, epic)

/** Something has to pass: a gate whose red stops nothing says of nothing that it is good. */
export const hasGate = (gates: Settings['gates']): boolean => gates.some(({ required }) => required !== false)

/** Something says what is good, or that nothing has to. */
export function mayLand(context: RefineryContext): boolean {
  const settings = settingsOf(context)
  return (
    settings !== undefined &&
    // What a forge says comes on top: it may ask for nothing at all.
    (hasGate(settings.gates) ||
      settings.ungated ||
      (settings.approvals ?? []).some(({ required }) => required !== false))
  )
}

/** A person labelled its bead as what mends the target. */
export const isFix = (context: RefineryContext, address: string): boolean =>
  context[`fixes/${requestOf(context, address).bead}`] === true

/** Only what mends the target goes on. */
export const isClosed = ({ frozen, red }: RefineryContext): boolean => frozen !== null || red !== null

/** What was taken out in this very decision is still there as undefined. */
export const keysOf = (context: RefineryContext, prefix: string): string[] =>
  Object.keys(context)
    .filter((key) => key.startsWith(prefix) && context[key] !== undefined)
    .map((key) => key.slice(prefix.length))

/** Nothing is in hand. */
export const HAND_EMPTY = {
  current: null,
  holds: 0,
  results: [],
  stack: [],
  leftOut: [],
  good: { count: 0, results: [] },
  reds: [],
  again: false,
} as const

/** What is in hand begins anew, by the settings of now; each keeps its place in the queue. */
export function putBack(context: RefineryContext, _: unknown, to: To): void {
  requeueAll(context, 'its rig lands in another way now', to)
}

/** All that is in hand goes back to its place. Of one alone nothing is said: it is taken up again at once. */
export function requeueAll(context: RefineryContext, reason: string, to: To): void {
  const all = inHand(context)
  to.set(HAND_EMPTY)
  if (all.length < 2) return
  for (const address of all) to.tell({ to: address, message: { type: 'mr.requeue', reason } })
}

export const inHand = ({ stack, current }: RefineryContext): readonly string[] => [
  ...new Set([...stack.map(({ request }) => request), ...(current === null ? [] : [current])]),
]
