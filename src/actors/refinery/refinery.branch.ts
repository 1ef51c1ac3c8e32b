// The Refinery of an integration branch: it is sealed while its branch lands, and retired when that has landed.
//
// Owns:      which targets there are several of: what is named after them, and where work goes that comes too late.
// Always:    of a rig's own target nothing here is true.

import { integrationOwner, mergeRequest, refinery } from '../../events/address.ts'
import type { LandingSpec } from '../../events/landing-settings.ts'
import { type Event, writing } from '../machine.ts'
import {
  inHand,
  keysOf,
  type RefineryContext,
  requestOf,
  settingsOf,
  type To,
  targetOf,
} from './refinery.context.ts'
import { askNoMore, leave } from './refinery.queue.ts'

const { does, when } = writing<RefineryContext>()

/** Of its n-th request: each Refinery of a rig counts its own. */
export const requestAddress = ({ rig, epic }: RefineryContext, n: number): string =>
  mergeRequest(rig, epic === null ? `mr-${n}` : `${epic}-mr-${n}`)

export const decisionId = ({ rig, epic }: RefineryContext, n: number): string =>
  epic === null ? `d-${rig}-${n}` : `d-${rig}-${epic}-${n}`

/** An integration branch that is handed in says by itself by which commits it lands. */
export function methodOf(
  context: RefineryContext,
  address?: string,
): NonNullable<LandingSpec['method']> | undefined {
  const own = address === undefined ? undefined : requestOf(context, address).method
  return own ?? settingsOf(context)?.landing?.method
}

/** Told after each landing, where the rig wants its branches to land by themselves. */
export function sayAdvanced(context: RefineryContext, bead: string, to: To): void {
  const { rig, epic } = context
  if (epic === null || settingsOf(context)?.autoLand !== true) return
  to.tell({ to: integrationOwner(rig, epic), message: { type: 'integration.advanced', bead } })
}

function seal(context: RefineryContext, { epic }: Event<'refinery.seal'>, to: To): void {
  const waiting = keysOf(context, 'request/').length
  if (context.sealed !== null || context.epic !== epic)
    return to.refuse('INTEGRATION_LANDING', `${targetOf(context)} is about to land, or has landed.`)
  if (waiting > 0 || inHand(context).length > 0) {
    const what = waiting === 1 ? 'one request stands' : `${waiting} requests stand`
    return to.refuse('INTEGRATION_NOT_READY', `On ${targetOf(context)} ${what} in line.`)
  }
  to.set({ sealed: 'landing' })
}

/** What came while it landed goes on to the rig's own Refinery, which has the branch by now. */
function retire(context: RefineryContext, _: Event<'refinery.retire'>, to: To): void {
  if (context.epic === null)
    return to.refuse('INTEGRATION_NOT_FOUND', `${targetOf(context)} is no integration branch.`)
  to.set({ sealed: 'landed' })
  for (const address of keysOf(context, 'request/')) {
    const { bead, sandbox, agent, branch, head, attempt } = requestOf(context, address)
    const reason = `${targetOf(context)} has landed; it goes on to where that landed`
    askNoMore(context, address, reason, to)
    leave({ ...context, [`approval/${address}`]: undefined }, address, to)
    to.set({ [`of/${sandbox}`]: undefined })
    to.tell({ to: address, message: { type: 'mr.reject', reason } })
    forward(context, { type: 'MERGE_READY', bead, sandbox, agent, branch, head, attempt }, to)
  }
}

type Forwarded = Parameters<To['tell']>[0]['message']

const forward = ({ rig }: RefineryContext, message: Forwarded, to: To): void =>
  to.tell({ to: refinery(rig), message })

const isRetired = ({ sealed }: RefineryContext): boolean => sealed === 'landed'

/** Comes after its branch has landed: what it says holds for the rig's own target. */
const late = <T extends 'MERGE_READY' | 'refinery.bead' | 'refinery.fixes'>(
  type: T,
  decide: (context: RefineryContext, event: Event<T>, to: To) => void,
) => [
  {
    guard: when(type, isRetired),
    actions: does(type, (context, event, to) => {
      const { meta: _meta, ...message } = event as Event
      forward(context, message as Forwarded, to)
    }),
  },
  { actions: does(type, decide) },
]

type Decide<T extends Event['type']> = (context: RefineryContext, event: Event<T>, to: To) => void

/** What a Refinery is told of its branch, and what goes on from there when it has landed. */
export const ofTheBranch = (decide: {
  readonly enqueue: Decide<'MERGE_READY'>
  readonly noteFix: Decide<'refinery.fixes'>
  readonly noteBead: Decide<'refinery.bead'>
}) => ({
  MERGE_READY: late('MERGE_READY', decide.enqueue),
  'refinery.fixes': late('refinery.fixes', decide.noteFix),
  'refinery.bead': late('refinery.bead', decide.noteBead),
  'refinery.seal': { actions: does('refinery.seal', seal) },
  'refinery.unseal': { actions: does('refinery.unseal', (_, __, to) => to.set({ sealed: null })) },
  'refinery.retire': { actions: does('refinery.retire', retire) },
})
