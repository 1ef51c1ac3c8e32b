// What a bead decides: the facts, tells and refusals behind each arrow of bead.machine.ts.

import { beadOwner, MAYOR, OVERSEER, refinery } from '../../events/address.ts'
import type { Deciding, Event } from '../machine.ts'

export type BeadContext = {
  id: string
  rig: string
  needs: readonly string[]
  /** Needed beads that are not closed. */
  openNeeds: readonly string[]
  /** Beads that need this one. */
  neededBy: readonly string[]
  agent: string | null
  sandbox: string | null
  /** A person labelled it `fixes-target`. */
  fixes: boolean
}

/** Label of a bead whose work may land on a target that is frozen or red. Only a person's counts. */
const FIXES_TARGET = 'fixes-target'

/** How many beads one bead may need. */
export const NEEDS_MAX = 200

type To = Deciding<BeadContext>

export function create(context: BeadContext, event: Event<'bead.create'>, to: To): void {
  const { meta: _meta, type: _type, ...made } = event
  if (made.needs.includes(context.id))
    return to.refuse('DEPENDENCY_CYCLE', `${context.id} cannot need itself.`)
  const fixes = event.meta.by === OVERSEER && made.labels.includes(FIXES_TARGET)
  to.set({ rig: made.rig, needs: made.needs, openNeeds: made.needs, fixes })
  to.fact({ type: 'BeadCreated', bead: context.id, ...made })
}

/** True when slinging now would mean waiting, or another rig than the bead's. */
export function mustWait(context: BeadContext, event: Event<'bead.queue'>): boolean {
  return event.rig !== context.rig || (event.now && context.openNeeds.length > 0)
}

export function refuseToWait({ id, rig, openNeeds }: BeadContext, event: Event<'bead.queue'>, to: To): void {
  if (event.rig !== rig) to.refuse('BEAD_OF_ANOTHER_RIG', `${id} belongs to rig ${rig}, not to ${event.rig}.`)
  else to.refuse('BEAD_BLOCKED', `${id} waits for ${openNeeds.join(', ')}.`, { needs: openNeeds })
}

export function queue({ id, openNeeds }: BeadContext, { rig, meta }: Event<'bead.queue'>, to: To): void {
  const need = openNeeds[0]
  const waitingFor = need === undefined ? null : ({ kind: 'bead', id: need, since: meta.at } as const)
  to.fact({ type: 'BeadQueued', bead: id, rig, waitingFor })
  if (need === undefined) to.tell({ to: MAYOR, message: { type: 'dispatch.ready', bead: id } })
}

export function hook({ id }: BeadContext, { agent, sandbox }: Event<'bead.hook'>, to: To): void {
  to.set({ agent, sandbox })
  to.fact({ type: 'BeadHooked', bead: id, agent, sandbox })
}

/** Said of the assignment that it has; without a name: of whichever. */
export const isIts = ({ sandbox }: BeadContext, event: Event<'bead.unhook'>): boolean =>
  event.sandbox === undefined || event.sandbox === sandbox

export function rehook({ id }: BeadContext, { agent, sandbox }: Event<'bead.rehook'>, to: To): void {
  to.set({ agent, sandbox })
  to.fact({ type: 'BeadHooked', bead: id, agent, sandbox })
}

export function unhook({ id, agent }: BeadContext, { reason }: Event<'bead.unhook'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadUnhooked', bead: id, agent: agent ?? '', reason })
}

export function submit({ id, agent, rig, fixes }: BeadContext, { head }: Event<'bead.submit'>, to: To): void {
  to.fact({ type: 'BeadSubmitted', bead: id, agent: agent ?? '', head })
  if (fixes) to.tell({ to: refinery(rig), message: { type: 'refinery.fixes', bead: id, fixes } })
}

export function update(context: BeadContext, event: Event<'bead.update'>, to: To): void {
  const { meta, type: _type, ...changed } = event
  to.fact({ type: 'BeadUpdated', bead: context.id, ...changed })
  if (changed.labels === undefined) return
  const labelled = changed.labels.includes(FIXES_TARGET)
  to.set({ fixes: labelled && (context.fixes || meta.by === OVERSEER) })
}

/** Its work is with the Refinery, which is told when that changes. */
export function updateAtRefinery(context: BeadContext, event: Event<'bead.update'>, to: To): void {
  update(context, event, to)
  if (event.labels === undefined) return
  const fixes = event.labels.includes(FIXES_TARGET) && (context.fixes || event.meta.by === OVERSEER)
  if (fixes !== context.fixes)
    to.tell({ to: refinery(context.rig), message: { type: 'refinery.fixes', bead: context.id, fixes } })
}

export function refuseAsHooked({ id, agent }: BeadContext, _: Event<'bead.queue'>, to: To): void {
  to.refuse('BEAD_HOOKED', `${id} is on the hook of ${agent ?? 'somebody'} already.`)
}

export function start({ id, agent }: BeadContext, { session, attempt }: Event<'bead.start'>, to: To): void {
  to.fact({ type: 'BeadStarted', bead: id, agent: agent ?? '', session, attempt })
}

export function test({ id }: BeadContext, { mergeRequest }: Event<'bead.test'>, to: To): void {
  to.fact({ type: 'BeadTesting', bead: id, mergeRequest })
}

export function rework({ id, agent }: BeadContext, { reason }: Event<'bead.rework'>, to: To): void {
  to.fact({ type: 'BeadReworked', bead: id, agent: agent ?? '', reason })
}

export function block({ id }: BeadContext, { reason }: Event<'bead.block'>, to: To): void {
  to.fact({ type: 'BeadBlocked', bead: id, reason })
}

export function unblock(context: BeadContext, _: Event<'bead.unblock'>, to: To): void {
  endAssignment(context, `${context.id} was opened again for anybody`, to)
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadUnblocked', bead: context.id })
}

/** The assignment that a blocked bead still has is over, so that its place is free again. */
export function endAssignment({ id, sandbox }: BeadContext, why: string, to: To): void {
  if (sandbox === null) return
  to.tell({ to: MAYOR, message: { type: 'escalation.settle', bead: id, note: why.slice(0, 1_900) } })
  to.tell({ to: sandbox, message: { type: 'sandbox.giveUp', reason: why.slice(0, 1_900) } })
}

export function defer({ id }: BeadContext, { reason }: Event<'bead.defer'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadDeferred', bead: id, reason })
}

export function landed(
  { id }: BeadContext,
  { agent, commit, mergeRequest }: Event<'bead.land'>,
  to: To,
): void {
  to.fact({ type: 'BeadLanded', bead: id, agent, commit, mergeRequest })
}

export function land(context: BeadContext, event: Event<'bead.land'>, to: To): void {
  landed(context, event, to)
  to.fact({ type: 'BeadClosed', bead: context.id, reason: 'landed' })
  releaseDependents(context, to)
}

export function close(context: BeadContext, { reason }: Event<'bead.close'>, to: To): void {
  to.fact({ type: 'BeadClosed', bead: context.id, reason })
  releaseDependents(context, to)
}

export function reopen(context: BeadContext, { reason }: Event<'bead.reopen'>, to: To): void {
  to.set({ agent: null, sandbox: null })
  to.fact({ type: 'BeadReopened', bead: context.id, reason })
  for (const bead of context.neededBy) {
    to.tell({ to: beadOwner(bead), message: { type: 'bead.needReopened', need: context.id } })
  }
}

function releaseDependents(context: BeadContext, to: To): void {
  for (const bead of context.neededBy) {
    to.tell({ to: beadOwner(bead), message: { type: 'bead.needMet', need: context.id } })
  }
}

export function addNeed(context: BeadContext, { need }: Event<'bead.addNeed'>, to: To): void {
  if (context.needs.length >= NEEDS_MAX) {
    return to.refuse('TOO_MANY_NEEDS', `A bead may need at most ${NEEDS_MAX} others.`)
  }
  if (need === context.id) return to.refuse('DEPENDENCY_CYCLE', `${need} cannot need itself.`)
  if (context.needs.includes(need)) return
  to.set({ needs: [...context.needs, need] })
  to.fact({ type: 'BeadNeedAdded', bead: context.id, need })
  waitFor(context, need, to)
}

export function waitFor(context: BeadContext, need: string, to: To): void {
  if (context.openNeeds.includes(need)) return
  const open = [...context.openNeeds, need]
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  to.tell({ to: MAYOR, message: { type: 'dispatch.unready', bead: context.id } })
}

/** One need fewer is open; with the last one the bead is ready. */
export function meet(context: BeadContext, need: string, to: To): void {
  if (!context.openNeeds.includes(need)) return
  const open = context.openNeeds.filter((id) => id !== need)
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  if (open.length === 0) to.tell({ to: MAYOR, message: { type: 'dispatch.ready', bead: context.id } })
}
