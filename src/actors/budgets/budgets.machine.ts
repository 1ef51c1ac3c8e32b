// The budgets: what may be used for what, and what was. Rules: SPEC.md beside this file.
//
// Context: `budget/<scope>/<id>`, one budget each (src/events/budget.ts).

import { setup } from 'xstate'
import { BUDGETS, MAYOR } from '../../events/address.ts'
import {
  BUDGET_PREFIX,
  type Budget,
  budgetsIn,
  type Meter,
  millionths,
  spentOf,
} from '../../events/budget.ts'
import type { Json } from '../../events/record.ts'
import {
  ACTIONS,
  type Deciding,
  type Event,
  type MachineDef,
  OPTIONS,
  typesOf,
  UNEXPECTED,
  writing,
} from '../machine.ts'

type BudgetsContext = { readonly [key: string]: Json | undefined }

const keyOf = (scope: string, id: string): string => `${BUDGET_PREFIX}${scope}/${id}`

const { does } = writing<BudgetsContext>()

const machine = setup({ types: typesOf<BudgetsContext>(), actions: ACTIONS }).createMachine({
  id: BUDGETS,
  options: OPTIONS,
  initial: 'keeping',
  context: {},
  states: { keeping: {} },
  on: {
    'budget.set': { actions: does('budget.set', set) },
    'budget.unset': { actions: does('budget.unset', unset) },
    'budget.spent': { actions: does('budget.spent', spent) },
    'budget.day': {
      actions: does('budget.day', (context, { until, meta }, to) => {
        for (const budget of budgetsIn(context)) {
          const next = inDay(budget, until)
          if (next !== budget) settle(budget, next, 'day', meta.at, to)
        }
      }),
    },
    '*': UNEXPECTED,
  },
})

export const budgets: MachineDef = { name: 'budgets', version: 1, machine, live: false }

type To = Deciding<BudgetsContext>

function set(context: BudgetsContext, event: Event<'budget.set'>, to: To): void {
  const { scope, id, usd, tokens, per, total, spent, record, until, meta } = event
  if (usd === null && tokens === null)
    return to.refuse('BUDGET_INVALID', 'A budget bounds money or tokens, so it needs an amount.')
  const before = context[keyOf(scope, id)] as Budget | undefined
  const newer = before !== undefined && before.record > record ? before : { total, record }
  to.fact({ type: 'BudgetSet', scope, id, usd, tokens, per, until })
  const budget: Budget = {
    scope,
    id,
    usd,
    tokens,
    per,
    base: minus(total, spent),
    total: newer.total,
    record: newer.record,
    until,
    reachedAt: before?.reachedAt ?? null,
  }
  settle(before, budget, 'raised', meta.at, to)
}

function unset(context: BudgetsContext, { scope, id }: Event<'budget.unset'>, to: To): void {
  const before = context[keyOf(scope, id)] as Budget | undefined
  if (before === undefined)
    return to.refuse('BUDGET_NOT_FOUND', `There is no budget of ${scope === 'town' ? 'the town' : id}.`)
  to.set({ [keyOf(scope, id)]: undefined })
  to.fact({ type: 'BudgetUnset', scope, id })
  if (before.reachedAt !== null) letGo(before, 'unset', to)
}

function spent(context: BudgetsContext, event: Event<'budget.spent'>, to: To): void {
  const { scope, id, total, record, until, meta } = event
  const before = context[keyOf(scope, id)] as Budget | undefined
  // Told also of budgets that were taken away meanwhile, and once more after a restart.
  if (before === undefined || record <= before.record) return
  const today = until === null ? before : inDay(before, until)
  settle(before, { ...today, total, record }, 'day', meta.at, to)
}

/** The budget in the day that ends at `until`; itself when it is in that day already, or knows no days. */
function inDay(budget: Budget, until: string): Budget {
  if (budget.per !== 'day' || budget.until === null || budget.until >= until) return budget
  return { ...budget, base: budget.total, until }
}

/** Keeps the budget, and says when its cap is reached, is run over, or is out of reach again. */
function settle(before: Budget | undefined, after: Budget, why: 'raised' | 'day', at: string, to: To): void {
  const reached = isReached(after)
  const was = before?.reachedAt ?? null
  to.set({ [keyOf(after.scope, after.id)]: { ...after, reachedAt: reached ? (was ?? at) : null } })
  if (reached && was === null) {
    to.fact({ type: 'BudgetReached', ...figuresOf(after) })
    const { scope, id } = after
    to.tell({ to: MAYOR, message: { type: 'dispatch.hold', why: 'budget', scope, id } })
  } else if (reached && before !== undefined && isMore(after, before)) {
    to.fact({ type: 'BudgetOverrun', ...figuresOf(after) })
  } else if (!reached && was !== null) letGo(after, why, to)
}

function letGo({ scope, id }: Budget, reason: 'raised' | 'unset' | 'day', to: To): void {
  to.fact({ type: 'BudgetLifted', scope, id, reason })
  to.tell({ to: MAYOR, message: { type: 'dispatch.letGo', why: 'budget', scope, id } })
}

function isReached(budget: Budget): boolean {
  const { usd, tokens } = spentOf(budget)
  return (budget.usd !== null && usd >= budget.usd) || (budget.tokens !== null && tokens >= budget.tokens)
}

function figuresOf(budget: Budget) {
  const { scope, id, usd, tokens, until } = budget
  const used = spentOf(budget)
  return {
    scope,
    id,
    spentUsd: used.usd,
    spentTokens: used.tokens,
    unpriced: used.unpriced,
    capUsd: usd,
    capTokens: tokens,
    until,
  }
}

const isMore = (after: Budget, before: Budget): boolean =>
  after.total.usd > before.total.usd || after.total.tokens > before.total.tokens

/** Never below nothing: what is told as spent and as all may be of two moments. */
const minus = (all: Meter, part: Meter): Meter => ({
  usd: millionths(Math.max(0, all.usd - part.usd)),
  tokens: Math.max(0, all.tokens - part.tokens),
  unpriced: Math.max(0, all.unpriced - part.unpriced),
})
