// Who does which chore, and when something is old enough to look at.

import { DEACON, dogOwner, lastPart, MAYOR } from '../../events/address.ts'
import type { Chore, ChoreOf } from '../../events/dogs.ts'
import type { Json } from '../../events/record.ts'
import type { Event } from '../machine.ts'
import { dogsOf, judgingOf, type KennelContext, keepMsOf, type To } from './kennel.context.ts'

/** After a setting changed, ms: the next one may be changed with it. */
const SOON_MS = 60_000
/** After a look that failed for good, ms. */
const AFTER_FAILURE_MS = 24 * 3_600_000

export function agingBegins({ settings }: KennelContext, _: Event<'kennel.aging'>, to: To): void {
  to.set({ dueMs: keepMsOf(settings) })
}

/** Whether a setting changes when something is old. */
export const isAge = ({ key }: Event<'kennel.set'>): boolean => key.startsWith('keep.')

export function changeSetting(
  { settings, cleaning }: KennelContext,
  event: Event<'kennel.set'>,
  to: To,
): void {
  const { [event.key]: _old, ...others } = settings
  const value = event.value as Json
  to.set({ settings: value === null ? others : { ...others, [event.key]: value } })
  if (!isAge(event)) return
  if (cleaning === null) to.set({ dueMs: SOON_MS })
  else to.set({ again: true })
}

/** What is old is looked for, by the next dog that is free. */
export function lookForOld(context: KennelContext, { meta }: { readonly meta: Event['meta'] }, to: To): void {
  const id = `clean-${meta.seq}`
  to.set({ cleaning: id })
  give(context, [{ kind: 'clean', id, what: 'all', olderThanMs: null }], to)
}

/** A person wants it now. */
export function clean(
  context: KennelContext,
  { chore: id, what, olderThanMs }: Event<'kennel.clean'>,
  to: To,
): void {
  const known = [...context.queue, ...Object.values(context.working)]
  if (known.some((one) => one.id === id)) return
  give(context, [{ kind: 'clean', id, what, olderThanMs }], to)
}

/** Only a dog that is free can judge: nobody waits for an answer in a queue. */
export function judge(context: KennelContext, event: Event<'judgement.ask'>, to: To): void {
  const { meta, type: _type, ...asked } = event
  const { on, usd, waitMs } = judgingOf(context.settings)
  const why = !on
    ? 'judgements are off'
    : !asked.choices.includes(asked.safe)
      ? 'the safe way is none of the choices'
      : spentOn(context, dayOf(meta.at)) >= usd
        ? `the budget of the day, $${usd}, is used up`
        : free(context).length === 0 || context.queue.length > 0
          ? 'every dog is at work'
          : null
  if (why !== null) {
    const { judgement, asker, safe } = asked
    to.tell({
      to: asker,
      message: { type: 'judgement.given', judgement, choice: safe, by: 'safe', why },
    })
    return
  }
  give(context, [{ kind: 'judge', id: `judge-${meta.seq}`, waitMs, ...asked }], to)
}

/** Whether it is the cleaning that it began itself, and nothing else is left to age. */
export const isOwn = ({ cleaning }: KennelContext, { chore }: Event<'kennel.done'>): boolean =>
  cleaning === chore
export const isTidy = (context: KennelContext, event: Event<'kennel.done'>): boolean =>
  isOwn(context, event) && event.ok && event.nextMs === null && !context.again

export function done(context: KennelContext, event: Event<'kennel.done'>, to: To): void {
  const { dog, chore, ok, reason, nextMs, usd, meta } = event
  const name = lastPart(dog)
  const kind = context.working[name]?.kind
  // One whose price nobody knows has taken all of the day: the budget is no guess.
  if (kind === 'judge') {
    const day = dayOf(meta.at)
    const { usd: budget } = judgingOf(context.settings)
    to.set({ spent: { day, usd: spentOn(context, day) + (usd ?? budget) } })
  }
  if (isOwn(context, event)) {
    const dueMs = context.again ? SOON_MS : ok ? (nextMs ?? 0) : AFTER_FAILURE_MS
    to.set({ cleaning: null, again: false, dueMs, told: !ok })
    if (isTidy(context, event)) to.tell({ to: DEACON, message: { type: 'deacon.tidy' } })
    if (!ok && !context.told)
      to.tell({
        to: MAYOR,
        message: {
          type: 'escalation.raise',
          bead: null,
          agent: null,
          code: 'CHORE_FAILED',
          reason: `What is old could not be taken away: ${reason}`.slice(0, 2_000),
        },
      })
  }
  release(context, name, chore, to)
}

/** A dog that could not be told has nothing to do: its chore is over, and was not done. */
export function refused(context: KennelContext, event: Event<'tell.refused'>, to: To): void {
  const name = lastPart(event.to)
  const chore = context.working[name]
  if (event.to !== dogOwner(name) || chore === undefined) return
  release(context, name, chore.id, to)
  if (chore.kind === 'judge') to.tell(safeOf(chore, 'no dog could be told'))
  else if (chore.id === context.cleaning) to.set({ cleaning: null, dueMs: AFTER_FAILURE_MS })
}

export const isOfOwn = ({ cleaning, working }: KennelContext, event: Event<'tell.refused'>): boolean =>
  cleaning !== null &&
  event.to === dogOwner(lastPart(event.to)) &&
  working[lastPart(event.to)]?.id === cleaning

const safeOf = ({ judgement, asker, safe }: ChoreOf<'judge'>, why: string) => ({
  to: asker,
  message: { type: 'judgement.given', judgement, choice: safe, by: 'safe', why } as const,
})

function release(context: KennelContext, name: string, chore: string, to: To): void {
  const { [name]: had, ...working } = context.working
  if (had?.id !== chore) return
  give({ ...context, working }, [], to)
}

const free = ({ settings, working }: KennelContext): string[] =>
  dogsOf(settings).filter((name) => working[name] === undefined)

/** Puts chores in the queue, and gives what stands there to dogs that are free. */
function give(context: KennelContext, more: readonly Chore[], to: To): void {
  const queue = [...context.queue, ...more]
  const working: { [name: string]: Chore } = { ...context.working }
  for (const name of free(context)) {
    const chore = queue.shift()
    if (chore === undefined) break
    working[name] = chore
    to.tell({ to: dogOwner(name), message: { type: 'dog.do', chore } })
  }
  to.set({ queue, working })
}

const dayOf = (at: string): string => at.slice(0, 10)

const spentOn = ({ spent }: KennelContext, day: string): number => (spent.day === day ? spent.usd : 0)
