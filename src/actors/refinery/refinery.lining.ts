// What the Refinery knows of each request's turn: what its bead says of itself, and when it came.
//
// Owns:      `bead/<bead>` in the context: what a bead told, while its work is or may come here.
// Always:    lined up as of the newest submission, so that nothing changes places by itself.

import { PRIORITY_DEFAULT } from '../../events/bead.ts'
import { linedUp, NEEDS_OPEN, needsSentence, type Standing } from '../../events/queue-order.ts'
import type { Event } from '../machine.ts'
import { type RefineryContext, type Request, requestOf, type Settings, type To } from './refinery.context.ts'

type Told = { readonly priority: number; readonly needs: readonly string[] }

const toldOf = (context: RefineryContext, bead: string): Told =>
  (context[`bead/${bead}`] as Told | undefined) ?? { priority: PRIORITY_DEFAULT, needs: [] }

function standingOf(context: RefineryContext, address: string): Standing {
  const { bead, order, at, retries = 0 } = requestOf(context, address)
  return { address, bead, order, at: at ?? null, retries, ...toldOf(context, bead) }
}

/** Whose turn comes first, of those named. */
export function inOrder(context: RefineryContext, addresses: readonly string[]): string[] {
  const standings = addresses.map((address) => standingOf(context, address))
  const order = (context.settings as Settings | undefined)?.order ?? 'fifo'
  return linedUp(standings, order, context.newest).map(({ address }) => address)
}

/** Its bead needs one that is not closed. */
export const needsOthers = (context: RefineryContext, address: string): boolean =>
  toldOf(context, requestOf(context, address).bead).needs.length > 0

/** What a bead says of itself; whoever waits because of it is told so. */
export function noteBead(
  context: RefineryContext,
  { bead, priority, needs }: Event<'refinery.bead'>,
  to: To,
): void {
  const before = toldOf(context, bead)
  const isOrdinary = priority === PRIORITY_DEFAULT && needs.length === 0
  to.set({ [`bead/${bead}`]: isOrdinary ? undefined : { priority, needs } })
  const address = waitingOf(context, bead)
  if (address === null) return
  const now = { ...context, [`bead/${bead}`]: { priority, needs } }
  if (needs.length > 0) {
    if (needs.join() !== before.needs.join()) sayNeeds(now, bead, address, to)
  } else if (before.needs.length > 0 && context[`tested/${address}`] === undefined) {
    to.tell({ to: address, message: { type: 'mr.requeue', reason: 'what its bead needs is closed' } })
  }
}

/** Said when it comes, and whenever that changes. */
export function sayNeeds(context: RefineryContext, bead: string, address: string, to: To): void {
  const { needs } = toldOf(context, bead)
  const message = needsSentence(needs, (need) => {
    const request = requestsOf(context, need)[0]
    return request === undefined ? null : request.slice(request.lastIndexOf('/') + 1)
  })
  if (message !== null)
    to.tell({ to: address, message: { type: 'mr.wait', code: NEEDS_OPEN, message: message.slice(0, 1_900) } })
}

/** The request of a bead that stands in line, and is not in hand. */
function waitingOf(context: RefineryContext, bead: string): string | null {
  const inHand = new Set([context.current, ...context.stack.map(({ request }) => request)])
  return requestsOf(context, bead).find((address) => !inHand.has(address)) ?? null
}

export const requestsOf = (context: RefineryContext, bead: string): string[] =>
  Object.keys(context)
    .filter((key) => key.startsWith('request/') && (context[key] as Request | undefined)?.bead === bead)
    .map((key) => key.slice('request/'.length))
