// Looking ahead: the next stacks are built and tested by somebody else, while the one below them is tested here.
//
// Owns:      what is asked for ahead, and when that is taken back.
// Does not:  hear what came of it: the worker knows what passed, and spares the real run where that is the same.
// Always:    nothing is decided by it.

import { aheadOwner } from '../../events/address.ts'
import { AHEAD_MAX } from '../../events/ahead.ts'
import type { GateResultData } from '../../events/define.ts'
import {
  approvalsIn,
  hasGate,
  isClosed,
  own,
  type RefineryContext,
  requestOf,
  settingsOf,
  type To,
  testedOf,
} from './refinery.context.ts'
import { methodAsked } from './refinery.pull.ts'
import { queue } from './refinery.queue.ts'
import { resolveAsked } from './refinery.resolving.ts'
import { revertAsked } from './refinery.reverts.ts'

/** Stacks that are asked for at a time, each upon the one before: what stands upon a red one is thrown away. */
const STACKS = 4

/** A stack is about to be tested. What was itself tested ahead has its next one already, or will be asked for one. */
export function lookAhead(context: RefineryContext, at: string, to: To): void {
  const { ahead, commit } = context
  const settings = settingsOf(context)
  if (isAhead(context)) return
  if (ahead !== null) dropAhead(context, 'other requests come next', to)
  if (settings === undefined || !mayLookAhead(context)) return
  const { target, gates, setup, batch = 1 } = settings
  const next = waiting(context).slice(0, Math.min((STACKS + 1) * batch, AHEAD_MAX))
  if (next.length === 0) return
  to.set({ ahead: { onto: commit, at, requests: next, landed: false, stacks: STACKS } })
  to.tell({
    to: aheadOwner(own(context)),
    message: {
      type: 'ahead.begin',
      target,
      onto: commit,
      date: at,
      requests: next.map((mergeRequest) => {
        const { bead, agent, branch, head } = requestOf(context, mergeRequest)
        return { mergeRequest, bead, agent, branch, head, ...howAsked(context, mergeRequest) }
      }),
      batch,
      stacks: STACKS,
      gates,
      setup,
    },
  })
}

const howAsked = (context: RefineryContext, address: string) => ({
  ...methodAsked(context, address),
  ...revertAsked(context, address),
  ...resolveAsked(context, address),
})

/** What was asked for will not be what comes next. */
export function dropAhead(context: RefineryContext, reason: string, to: To): void {
  if (context.ahead === null) return
  to.set({ ahead: null })
  to.tell({ to: aheadOwner(own(context)), message: { type: 'ahead.drop', reason: reason.slice(0, 1_900) } })
}

/** The stack below it has landed, or something else has. */
export function landedBelow(context: RefineryContext, commit: string, to: To): void {
  const { ahead } = context
  if (ahead?.onto === commit) to.set({ ahead: { ...ahead, landed: true } })
  else dropAhead(context, 'what it stood on did not land', to)
}

/** A stack begins anew: only upon what it was built ahead for it is of use. */
export function keepIfLanded(context: RefineryContext, to: To): void {
  if (context.ahead?.landed === false) dropAhead(context, 'what it stood on did not land', to)
}

/** The lowest of a stack stands on that base. */
export function keepIfOn(context: RefineryContext, base: string, to: To): void {
  if (context.stack.length === 0 && context.ahead !== null && context.ahead.onto !== base)
    dropAhead(context, 'the target moved', to)
}

/** What is asked of the worker so that it builds the very commits that were built ahead. */
export const dateAsked = ({ ahead }: RefineryContext): { date?: string } =>
  ahead?.landed === true ? { date: ahead.at } : {}

/** What is in hand has passed. */
export function aheadIsOver(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  if (!isAhead(context)) return
  const { commit, tree, stack } = context
  const cached = results.some((result) => result.cached !== undefined)
  const next = cached ? nextAhead(context) : null
  to.set({ ahead: next })
  const landing = { commit, mergeRequests: stack.map(({ request }) => request) }
  to.tell({
    to: aheadOwner(own(context)),
    message: {
      ...{ type: 'ahead.over', tree, cached, stack: landing },
      ...(next !== null && { next: true as const }),
    },
  })
}

/** What is built upon it already, or will be: none upon a stack that is not full, as others may come onto that. */
function nextAhead(context: RefineryContext): RefineryContext['ahead'] {
  const { ahead, stack, commit } = context
  const { batch = 1 } = settingsOf(context) ?? {}
  const requests = ahead?.requests.filter((one) => stack.every(({ request }) => request !== one)) ?? []
  const stacks = (ahead?.stacks ?? 1) - 1
  if (ahead === null || stacks < 1 || stack.length < batch || requests.length < batch) return null
  return { ...ahead, onto: commit, requests, landed: false, stacks }
}

/** What is in hand was asked for ahead. */
const isAhead = ({ ahead, stack }: RefineryContext): boolean =>
  ahead?.landed === true &&
  stack[0]?.base === ahead.onto &&
  stack.every(({ request }) => ahead.requests.includes(request))

const mayLookAhead = (context: RefineryContext): boolean => {
  const { ahead = false, gates = [] } = settingsOf(context) ?? {}
  // Whatever waits for a yes lands at another time than those above it.
  const isAsked = approvalsIn(context).length > 0
  return ahead && hasGate(gates) && context.stopped === null && !isClosed(context) && !isAsked
}

const waiting = (context: RefineryContext): string[] =>
  queue(context).filter(
    (address) =>
      testedOf(context, address) === undefined && !context.stack.some(({ request }) => request === address),
  )
