// What a Refinery keeps: the queue, what it has in hand, and what it knows of the target.

import { refinery, witness } from '../../events/address.ts'
import type { GateResultData } from '../../events/define.ts'
import type { MessageOf } from '../../events/index.ts'
import type { ApprovalSpec } from '../../events/landing.ts'
import type { Json } from '../../events/record.ts'
import type { Deciding } from '../machine.ts'

export type Settings = Omit<MessageOf<'refinery.configure'>, 'type'>

/**
 * Beside its settings: `request/<address>` a request in the queue, `of/<sandbox>` the request that an assignment has and
 * how often it was submitted, `tested/<address>` what has passed and may not land yet, `approval/<address>` what persons
 * said of it, `fixes/<bead>` that a bead is to mend the target.
 */
export type RefineryContext = {
  readonly [key: string]: Json | undefined
  readonly rig: string
  /** Merge requests so far. */
  readonly count: number
  /** The one being landed. */
  readonly current: string | null
  readonly commit: string
  readonly tree: string
  /** Commit of the target that it is built upon; also one that is tested by itself. */
  readonly base: string
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
}

export type Request = {
  bead: string
  sandbox: string
  agent: string
  branch: string
  head: string
  attempt: number
  order: number
}
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
export const approvalsIn = (context: RefineryContext): readonly ApprovalSpec[] =>
  settingsOf(context)?.approvals ?? []
export const current = (context: RefineryContext): string => context.current ?? ''
export const own = ({ rig }: RefineryContext): string => refinery(rig)

/** Something says what is good, or that nothing has to. */
export function mayLand(context: RefineryContext): boolean {
  const settings = settingsOf(context)
  return (
    settings !== undefined &&
    (settings.gates.length > 0 || settings.ungated || approvalsIn(context).length > 0)
  )
}

/** A person labelled its bead as what mends the target. */
export const isFix = (context: RefineryContext, address: string): boolean =>
  context[`fixes/${requestOf(context, address).bead}`] === true

/** First come, first served, among those that may go on; one that comes back keeps its new place. */
export function next(context: RefineryContext): string | null {
  const closed = context.frozen !== null || context.red !== null
  let first: string | null = null
  for (const address of requestsIn(context)) {
    if (approvalOf(context, address).asked !== null || (closed && !isFix(context, address))) continue
    if (first === null || requestOf(context, address).order < requestOf(context, first).order) first = address
  }
  return first
}

const requestsIn = (context: RefineryContext): string[] => keysOf(context, 'request/')

/** What was taken out in this very decision is still there as undefined. */
export const keysOf = (context: RefineryContext, prefix: string): string[] =>
  Object.keys(context)
    .filter((key) => key.startsWith(prefix) && context[key] !== undefined)
    .map((key) => key.slice(prefix.length))

/** Something waits that may go on, and nobody said that nothing may begin. */
export const mayBegin = (context: RefineryContext): boolean =>
  context.stopped === null && next(context) !== null

/** The request begins anew, by the settings of now; it keeps its place in the queue. */
export function putBack(_: RefineryContext, __: unknown, to: To): void {
  to.set({ current: null, holds: 0, results: [] })
}

/** The request leaves the queue. */
export function leave(context: RefineryContext, address: string, to: To): void {
  to.set({
    [`request/${address}`]: undefined,
    [`tested/${address}`]: undefined,
    [`approval/${address}`]: undefined,
    [`fixes/${requestOf(context, address).bead}`]: undefined,
    ...(address === context.current && { current: null, holds: 0, results: [] }),
  })
}

/** What the Witness is told of a request, whatever became of it. */
export function submission(context: RefineryContext, mergeRequest: string) {
  const { bead, sandbox, agent, branch, head } = requestOf(context, mergeRequest)
  return { bead, sandbox, agent, branch, head, mergeRequest }
}

export function attemptsOf(context: RefineryContext, sandbox: string): { attempts: number; last: boolean } {
  const { attempts } = context[`of/${sandbox}`] as Tried
  return { attempts, last: attempts >= (settingsOf(context)?.attemptsMax ?? 1) }
}

/** A gate or a person said no: it leaves the queue, and goes back to its worker with what was said. */
export function sendBack(
  context: RefineryContext,
  address: string,
  { message, logTail, ...found }: Said,
  to: To,
): void {
  const submitted = submission(context, address)
  const { gate } = found
  leave(context, address, to)
  to.tell({ to: address, message: { type: 'mr.fail', ...found, message } })
  to.tell({
    to: witness(context.rig),
    message: { type: 'MERGE_FAILED', ...submitted, gate, logTail, ...attemptsOf(context, submitted.sandbox) },
  })
}

type Said = {
  readonly gate: string
  readonly results: GateResultData[]
  readonly message: string
  /** The telling end of what that gate wrote. */
  readonly logTail: string
}
