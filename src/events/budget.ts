// Brakes: budgets, and the stop of everything by a person.
//
// Owns:      the words of the budgets' owner, what it keeps of each budget, and why work rests.
// Does not:  say what day it is: the end of the local day comes with the message, for machines read no clock.

import { z } from 'zod'
import { count, line, named } from './define.ts'

/** What a budget is for. `id`: `town`, the rig's name, the bead's id, the agent's address. */
const BUDGET_SCOPES = ['town', 'rig', 'bead', 'agent'] as const
export const budgetScope = z.enum(BUDGET_SCOPES)
export type BudgetScope = z.infer<typeof budgetScope>

/** What was used: money as far as it is known, tokens of all four kinds, and requests of which nobody knows the price. */
export const meter = z.strictObject({ usd: z.number().nonnegative(), tokens: count, unpriced: count })
export type Meter = z.infer<typeof meter>

/** Why an assignment rests. It goes on when no reason is left. */
const PAUSE_REASONS = ['town', 'estop', 'budget', 'parked', 'person'] as const
export const pauseReason = z.enum(PAUSE_REASONS)
export type PauseReason = z.infer<typeof pauseReason>

/**
 * What is kept of one budget. What its scope used before the period began is `base`: `total`, all that it has used, less
 * that, is what counts.
 */
export type Budget = {
  readonly scope: BudgetScope
  readonly id: string
  readonly usd: number | null
  readonly tokens: number | null
  readonly per: 'day' | 'total'
  readonly base: Meter
  readonly total: Meter
  /** Record as of which `total` holds. */
  readonly record: number
  readonly until: string | null
  /** ISO time since when nothing begins in its scope; null when something may. */
  readonly reachedAt: string | null
}

/** Before `<scope>/<id>`, in what the owner of the budgets keeps. */
export const BUDGET_PREFIX = 'budget/'

/** Every budget there is. */
export const budgetsIn = (context: { readonly [key: string]: unknown }): Budget[] =>
  Object.keys(context)
    .filter((key) => key.startsWith(BUDGET_PREFIX) && context[key] !== undefined)
    .map((key) => context[key] as Budget)

/** What counts against a budget. */
export const spentOf = ({ base, total }: Pick<Budget, 'base' | 'total'>): Meter => ({
  usd: millionths(total.usd - base.usd),
  tokens: total.tokens - base.tokens,
  unpriced: total.unpriced - base.unpriced,
})

/** Sums of money are exact to a millionth of a dollar; what is beyond is the noise of adding. Never below nothing. */
export const millionths = (usd: number): number => Math.max(0, Math.round(usd * 1e6) / 1e6)

const whose = { scope: budgetScope, id: line }
const cap = {
  /** USD; null when only tokens are bounded. */
  usd: z.number().nonnegative().nullable(),
  /** Tokens of all four kinds; null when only money is bounded. */
  tokens: count.nullable(),
  per: z.enum(['day', 'total']),
}
/** ISO time at which the day of a daily budget ends; null for a budget in total. */
const until = line.nullable()

export const budgetMessages = [
  /** `total`: all that is known of the scope; `spent`: of that, in the period of the budget. Both as of record `record`. */
  named('budget.set', { ...whose, ...cap, total: meter, spent: meter, record: count, until }),
  named('budget.unset', whose),
  /** What the scope has used in all, as of record `record`; an older record than the last says nothing. */
  named('budget.spent', { ...whose, total: meter, record: count, until }),
  /** A local day has begun that ends at `until`. */
  named('budget.day', { until: line }),
] as const

const figures = {
  spentUsd: z.number().nonnegative(),
  spentTokens: count,
  /** Requests in it of which nobody knows the price. */
  unpriced: count,
  capUsd: z.number().nonnegative().nullable(),
  capTokens: count.nullable(),
  until,
}

export const budgetFacts = [
  named('BudgetSet', { ...whose, ...cap, until }),
  named('BudgetUnset', whose),
  /** No new turn begins in its scope from here on. */
  named('BudgetReached', { ...whose, ...figures }),
  /** What was used after the cap: the turns that were in hand. */
  named('BudgetOverrun', { ...whose, ...figures }),
  named('BudgetLifted', { ...whose, reason: z.enum(['raised', 'unset', 'day']) }),
] as const

/** `massDeath`: many sessions died at once. `quarantine`: those of one polecat die again and again. */
const holdReason = z.enum(['estop', 'budget', 'parked', 'massDeath', 'quarantine'])

/** To the town, by a person; and from there to those who begin things. */
export const stopMessages = [
  named('town.estop', { reason: line }),
  named('town.thaw'),
  /** To the Mayor: nothing begins in that scope until it is let go. */
  named('dispatch.hold', { why: holdReason, ...whose }),
  named('dispatch.letGo', { why: holdReason, ...whose }),
  /** To a Refinery: the landing in hand goes on, and no other begins. */
  named('refinery.hold', { reason: line }),
  named('refinery.letGo'),
] as const

export const stopFacts = [
  named('EverybodyStopped', { reason: line }),
  named('EverybodyThawed', { stoppedAt: line }),
] as const
