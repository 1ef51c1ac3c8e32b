// What a bead decides: the facts, tells and refusals behind each arrow of bead.machine.ts.

import { beadOwner, MAYOR, OVERSEER, refinery } from '../../events/address.ts'
import { PRIORITY_DEFAULT } from '../../events/bead.ts'
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
  priority: number
  /** Its work goes to the integration branch of that epic; null: to the rig's own target. */
  epic: string | null
  /** The Refinery was told of a turn that is not the ordinary one. */
  told: boolean
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
  const { rig, needs, priority } = made
  to.set({ rig, needs, openNeeds: needs, fixes, priority })
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

export function queue(context: BeadContext, { rig, meta }: Event<'bead.queue'>, to: To): void {
  const { id, openNeeds } = context
  const need = openNeeds[0]
  const waitingFor = need === undefined ? null : ({ kind: 'bead', id: need, since: meta.at } as const)
  to.fact({ type: 'BeadQueued', bead: id, rig, waitingFor })
  if (need === undefined) tellReady(context, to)
}

/** Whoever slung it may not know how urgent it is. */
function tellReady({ id, priority }: BeadContext, to: To): void {
  const urgency = priority === PRIORITY_DEFAULT ? {} : { priority }
  to.tell({ to: MAYOR, message: { type: 'dispatch.ready', bead: id, ...urgency } })
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

export function submit(context: BeadContext, event: Event<'bead.submit'>, to: To): void {
  const { head } = event
  const epic = event.epic ?? null
  to.set({ epic })
  to.fact({ type: 'BeadSubmitted', bead: context.id, agent: context.agent ?? '', head })
  tellOfTurn({ ...context, epic }, to)
}

/** Nobody works on it: the Refinery does what it says. */
export function handIn(context: BeadContext, { head, meta }: Event<'bead.handIn'>, to: To): void {
  to.set({ agent: meta.by, sandbox: null, epic: null })
  to.fact({ type: 'BeadSubmitted', bead: context.id, agent: meta.by, head })
  tellOfTurn({ ...context, epic: null }, to)
}

/** What is ordinary is not said. */
function tellOfTurn(context: BeadContext, to: To): void {
  const { id, rig, epic, fixes, priority, openNeeds } = context
  if (fixes) to.tell({ to: refinery(rig, epic), message: { type: 'refinery.fixes', bead: id, fixes } })
  if (context.told || priority !== PRIORITY_DEFAULT || openNeeds.length > 0) tellRefinery(context, to)
}

/** What its turn in the merge queue depends on. */
function tellRefinery({ id, rig, epic, priority, openNeeds }: BeadContext, to: To): void {
  to.set({ told: priority !== PRIORITY_DEFAULT || openNeeds.length > 0 })
  to.tell({
    to: refinery(rig, epic),
    message: { type: 'refinery.bead', bead: id, priority, needs: [...openNeeds] },
  })
}

/** Decides the same while its work is with the Refinery, which is told when that changes its turn. */
export function atRefinery<E>(decide: (context: BeadContext, event: E, to: To) => void) {
  return (context: BeadContext, event: E, to: To): void => {
    let now = context
    const set = (changed: Partial<BeadContext>): void => {
      now = { ...now, ...changed }
      to.set(changed)
    }
    decide(context, event, { ...to, set })
    if (now.priority !== context.priority || now.openNeeds !== context.openNeeds) tellRefinery(now, to)
  }
}

export function update(context: BeadContext, event: Event<'bead.update'>, to: To): void {
  const { meta, type: _type, ...changed } = event
  to.fact({ type: 'BeadUpdated', bead: context.id, ...changed })
  if (changed.priority !== undefined) to.set({ priority: changed.priority })
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
    to.tell({
      to: refinery(context.rig, context.epic),
      message: { type: 'refinery.fixes', bead: context.id, fixes },
    })
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

/** Its work is out of the target again; what needs it waits again. */
export function revert(context: BeadContext, event: Event<'bead.revert'>, to: To): void {
  const { commit, mergeRequest, reason } = event
  to.fact({ type: 'BeadReverted', bead: context.id, commit, mergeRequest, reason })
}

export function revertAndReopen(context: BeadContext, event: Event<'bead.revert'>, to: To): void {
  revert(context, event, to)
  const { meta, reason } = event
  reopen(context, { type: 'bead.reopen', reason: `taken back: ${reason}`.slice(0, 1_900), meta }, to)
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

export function dropNeed(context: BeadContext, { need }: Event<'bead.dropNeed'>, to: To): void {
  if (!context.needs.includes(need)) return
  to.set({ needs: context.needs.filter((id) => id !== need) })
  to.fact({ type: 'BeadNeedDropped', bead: context.id, need })
  meet(context, need, to)
}

export const needMet = (context: BeadContext, { need }: Event<'bead.needMet'>, to: To): void =>
  meet(context, need, to)

export function needReopened(context: BeadContext, { need }: Event<'bead.needReopened'>, to: To): void {
  if (context.needs.includes(need)) waitFor(context, need, to)
}

/** It was begun, or done, on the ground of what is open again. */
export function needTakenBack(context: BeadContext, event: Event<'bead.needReopened'>, to: To): void {
  const { id, needs, agent } = context
  if (needs.includes(event.need)) to.fact({ type: 'BeadNeedTakenBack', bead: id, need: event.need, agent })
  needReopened(context, event, to)
}

function waitFor(context: BeadContext, need: string, to: To): void {
  if (context.openNeeds.includes(need)) return
  const open = [...context.openNeeds, need]
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  to.tell({ to: MAYOR, message: { type: 'dispatch.unready', bead: context.id } })
}

/** One need fewer is open; with the last one the bead is ready. */
function meet(context: BeadContext, need: string, to: To): void {
  if (!context.openNeeds.includes(need)) return
  const open = context.openNeeds.filter((id) => id !== need)
  to.set({ openNeeds: open })
  to.fact({ type: 'BeadNeedsChanged', bead: context.id, open })
  if (open.length === 0) tellReady(context, to)
}
