// The stack: requests that are built one upon the other, tested by the highest, and landed with one push.
//
// Owns:      who comes onto the stack, and who is left out of it.
// Always:    whoever is left out keeps the place that it has, and is not blamed.

import type { Event } from '../machine.ts'
import { keepIfOn } from './refinery.ahead.ts'
import {
  approvalsIn,
  current,
  isClosed,
  type Part,
  type RefineryContext,
  requestOf,
  settingsOf,
  type To,
  testedOf,
} from './refinery.context.ts'
import { queue } from './refinery.queue.ts'
import { resolvedIn } from './refinery.resolving.ts'
import { withHead } from './refinery.reverts.ts'

/** Requests that land together at most. What a person passes, and what mends the target, lands by itself. */
const batchMax = (context: RefineryContext): number =>
  isClosed(context) || approvalsIn(context).length > 0 ? 1 : (settingsOf(context)?.batch ?? 1)

/** Who is built next onto the stack, or null when it is high enough. */
export function nextOnto(context: RefineryContext): string | null {
  const { stopped, stack, leftOut } = context
  if (stopped !== null || stack.length === 0 || stack.length >= batchMax(context)) return null
  const isIn = (address: string): boolean => stack.some(({ request }) => request === address)
  return (
    queue(context).find(
      (address) => !isIn(address) && !leftOut.includes(address) && testedOf(context, address) === undefined,
    ) ?? null
  )
}

/** The highest of them is in hand. */
export function holding(
  stack: readonly Part[],
): Pick<RefineryContext, 'current' | 'commit' | 'tree' | 'stack'> {
  const { request, commit, tree } = stack.at(-1) as Part
  return { current: request, commit, tree, stack }
}

/** The one in hand is built, and is the highest now. */
export function withBuilt(context: RefineryContext, event: Event<'merge.built'>): RefineryContext {
  const { commit, tree, base } = event
  const stack = [...context.stack, { request: current(context), commit, tree, base }]
  return { ...context, ...withHead(context, event), ...holding(stack), base: stack[0]?.base ?? base }
}

export function noteBuilt(context: RefineryContext, event: Event<'merge.built'>, to: To): void {
  const { commit, tree, base } = event
  to.set(withHead(context, event))
  keepIfOn(context, base, to)
  to.tell({ to: current(context), message: { type: 'mr.test', commit, tree, base, ...resolvedIn(event) } })
}

/** The one in hand does not fit onto the others. */
export const withoutIt = (context: RefineryContext): RefineryContext => ({
  ...context,
  ...holding(context.stack),
  leftOut: [...context.leftOut, current(context)],
})

export const isUpon = ({ stack }: RefineryContext): boolean => stack.length > 0

export function leaveOut(context: RefineryContext, why: string, to: To): void {
  const below = requestOf(context, (context.stack.at(-1) as Part).request).bead
  const reason = `it does not fit onto ${below}, which lands before it: ${why}`.slice(0, 1_900)
  to.tell({ to: current(context), message: { type: 'mr.requeue', reason } })
}

export function beginBatch(context: RefineryContext, to: To): void {
  const { rig, stack, base } = context
  const tip = stack.at(-1)
  if (tip === undefined || stack.length < 2) return
  to.fact({
    type: 'BatchBegan',
    rig,
    target: settingsOf(context)?.target ?? '',
    base,
    commit: tip.commit,
    tree: tip.tree,
    mergeRequests: stack.map(({ request }) => request),
    beads: stack.map(({ request }) => requestOf(context, request).bead),
  })
}

// --- waiting for more ---------------------------------------------------------------------------------------

/** How long the first of an empty queue waits for others, ms. */
export const batchWaitMs = (context: RefineryContext): number =>
  (settingsOf(context)?.batchWaitSeconds ?? 0) * 1_000

/** More may come, and nobody has waited for them. */
export const isToGather = (context: RefineryContext): boolean =>
  batchWaitMs(context) > 0 && !context.gathered && queue(context).length < batchMax(context)

export function noteGathered(_: RefineryContext, __: unknown, to: To): void {
  to.set({ gathered: true })
}
