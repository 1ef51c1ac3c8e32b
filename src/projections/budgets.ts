// Budgets: what may be used, and what was, as their owner keeps it. Other facts say only when a cap is reached.

import { BUDGETS } from '../events/address.ts'
import { BUDGET_PREFIX, type Budget, budgetMessages } from '../events/budget.ts'
import { OWNER_MIGRATED } from '../events/record.ts'
import { projection } from './store.ts'
import type { Projection } from './types.ts'

/** By what it is for: `rig/shop`. */
export type BudgetRows = Map<string, Budget>

export const createBudgets = (): Projection<BudgetRows> =>
  projection({
    name: 'budgets',
    version: 1,
    empty: (): BudgetRows => new Map(),
    handlers: {},
    messages: {
      types: new Set([...budgetMessages.map(({ shape }) => shape.type.value), OWNER_MIGRATED]),
      fold(rows, { actor, refused, change: { set = {}, unset = [] } }) {
        if (actor !== BUDGETS || refused !== undefined) return false
        let changed = false
        for (const [key, budget] of Object.entries(set)) {
          if (!key.startsWith(BUDGET_PREFIX)) continue
          rows.set(key.slice(BUDGET_PREFIX.length), structuredClone(budget) as Budget)
          changed = true
        }
        for (const key of unset) if (rows.delete(key.slice(BUDGET_PREFIX.length))) changed = true
        return changed
      },
    },
  })

/** By what they are for. */
export const budgets = (rows: BudgetRows): Budget[] =>
  [...rows.values()].sort((left, right) =>
    `${left.scope} ${left.id}` < `${right.scope} ${right.id}` ? -1 : 1,
  )
