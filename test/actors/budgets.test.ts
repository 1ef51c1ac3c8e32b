import { expect, test } from 'vitest'
import { type Budget, spentOf } from '../../src/events/budget.ts'
import { decisions, stepsOf } from '../support/decisions.ts'
import { message } from '../support/messages.ts'

const YESTERDAY = '2027-03-01T00:00:00.000Z'
const TODAY = '2027-03-02T00:00:00.000Z'
const TOMORROW = '2027-03-03T00:00:00.000Z'
const town = { scope: 'town', id: 'town' } as const
const meter = (usd: number, unpriced = 0) => ({ usd, tokens: usd * 1_000, unpriced })

const budgets = () => decisions('budgets')
const set = (usd: number | null, changed: object = {}) => ({
  ...message('budget.set'),
  ...town,
  usd,
  tokens: null,
  per: 'day',
  total: meter(100),
  spent: meter(10),
  record: 5,
  until: TODAY,
  ...changed,
})
const spent = (usd: number, record: number, until = TODAY) => ({
  ...message('budget.spent'),
  ...town,
  total: meter(usd),
  record,
  until,
})
const day = (until: string) => ({ ...message('budget.day'), until })
const unset = { ...message('budget.unset'), ...town }
/** Names of what the last of these came to. */
function factsAfter(...messages: Parameters<ReturnType<typeof stepsOf>['take']>[0][]): string[] {
  const steps = stepsOf('budgets')
  const last = messages.map((each) => steps.take(each)).at(-1)
  return last?.kind === 'accepted' ? last.facts.map(({ type }) => type) : []
}
const held = [['mayor', { type: 'dispatch.hold', why: 'budget', ...town }]] as const
const free = [['mayor', { type: 'dispatch.letGo', why: 'budget', ...town }]] as const

test('[BUDGETS-1] what was used in the period before it was set counts', () => {
  budgets()
    .when(set(40))
    .gives({ facts: [{ type: 'BudgetSet', usd: 40, per: 'day', until: TODAY }], tells: [] })
  budgets()
    .when(set(10))
    .gives({ facts: [{}, { type: 'BudgetReached', spentUsd: 10, capUsd: 10, until: TODAY }], tells: held })
  budgets()
    .when(set(99, { per: 'total', until: null, spent: meter(100) }))
    .gives({ facts: [{}, { type: 'BudgetReached', spentUsd: 100 }] })
})

test('[BUDGETS-1] tokens alone are an amount, and setting it again changes the cap', () => {
  const tokens = set(null, { tokens: 9_000 })
  budgets()
    .when(tokens)
    .gives({ facts: [{ type: 'BudgetSet' }, { type: 'BudgetReached', capTokens: 9_000 }] })
  budgets()
    .given(set(40))
    .when(set(9))
    .gives({
      facts: [
        { type: 'BudgetSet', usd: 9 },
        { type: 'BudgetReached', spentUsd: 10, capUsd: 9 },
      ],
    })
})

test('[BUDGETS-1] a budget without an amount is refused, and one that is not there is not taken away', () => {
  budgets().when(set(null)).gives({ refused: 'BUDGET_INVALID' })
  budgets().when(unset).gives({ refused: 'BUDGET_NOT_FOUND' })
  budgets()
    .given(set(40))
    .when(unset)
    .gives({ facts: [{ type: 'BudgetUnset' }], tells: [] })
})

test('[BUDGETS-2] the same record, or an older one, counts once', () => {
  const steps = stepsOf('budgets')
  steps.take(set(40))
  steps.take(spent(120, 8))
  for (const [usd, record] of [
    [120, 8],
    [139, 8],
    [139, 7],
  ] as const)
    expect(steps.take(spent(usd, record))).toMatchObject({ kind: 'accepted', matters: false })
  expect(spentOf(steps.state?.context['budget/town/town'] as unknown as Budget)).toEqual(meter(30))
})

test('[BUDGETS-2] a sum that was told before the budget was set is not lost', () => {
  const steps = stepsOf('budgets')
  steps.take(set(40))
  steps.take(spent(120, 8))
  steps.take(set(50, { record: 6 }))
  expect(spentOf(steps.state?.context['budget/town/town'] as unknown as Budget)).toEqual(meter(30))
})

test('[BUDGETS-3] a cap that is reached is said once, with what was used, the cap and when it ends', () => {
  budgets().given(set(40)).when(spent(129.99, 6)).gives({ facts: [], tells: [] })
  budgets()
    .given(set(40))
    .when(spent(130, 6))
    .gives({
      facts: [{ type: 'BudgetReached', spentUsd: 40, capUsd: 40, spentTokens: 40_000, until: TODAY }],
      tells: held,
    })
  for (const next of [
    spent(130, 7),
    spent(140, 7),
    set(40, { total: meter(130), spent: meter(40), record: 7 }),
  ])
    expect(factsAfter(set(40), spent(130, 6), next)).not.toContain('BudgetReached')
  budgets()
    .given(set(null, { tokens: 20_000 }))
    .when(spent(110, 6))
    .gives({ facts: [{ type: 'BudgetReached', capUsd: null, capTokens: 20_000 }], tells: held })
})

test('[BUDGETS-4] what goes beyond is said each time', () => {
  budgets()
    .given(set(40), spent(130, 6))
    .when(spent(131.5, 7))
    .gives({ facts: [{ type: 'BudgetOverrun', spentUsd: 41.5, capUsd: 40 }], tells: [] })
  // Of a model without a price.
  budgets()
    .given(set(40), spent(130, 6))
    .when({ ...spent(130, 7), total: { usd: 130, tokens: 130_001, unpriced: 1 } })
    .gives({ facts: [{ type: 'BudgetOverrun', spentUsd: 40, spentTokens: 40_001 }], tells: [] })
})

test('[BUDGETS-5] a cap that is raised or taken away lets the scope go on', () => {
  const reached = [set(40), spent(130, 6)]
  budgets()
    .given(...reached)
    .when(set(60, { total: meter(130), spent: meter(40), record: 6 }))
    .gives({ facts: [{}, { type: 'BudgetLifted', reason: 'raised' }], tells: free })
  budgets()
    .given(...reached)
    .when(set(40, { total: meter(130), spent: meter(40), record: 6 }))
    .gives({ facts: [{ type: 'BudgetSet' }], tells: [] })
  budgets()
    .given(...reached)
    .when(unset)
    .gives({ facts: [{ type: 'BudgetUnset' }, { type: 'BudgetLifted', reason: 'unset' }], tells: free })
})

test('[BUDGETS-6] a new day begins a daily budget anew, once', () => {
  const reached = [set(40), spent(130, 6)]
  budgets()
    .given(...reached)
    .when(day(TOMORROW))
    .gives({ facts: [{ type: 'BudgetLifted', reason: 'day' }], tells: free })
  budgets()
    .given(...reached)
    .when(day(TODAY))
    .gives({ facts: [], tells: [] })
  budgets()
    .given(...reached)
    .when(day(YESTERDAY))
    .gives({ facts: [], tells: [], context: { 'budget/town/town': { until: TODAY } } })
  // The first word of the new day is what was used in it.
  budgets()
    .given(...reached)
    .when(spent(131, 7, TOMORROW))
    .gives({ facts: [{ type: 'BudgetLifted', reason: 'day' }], tells: free })
  budgets()
    .given(...reached)
    .when(spent(180, 7, TOMORROW))
    .gives({ facts: [{ type: 'BudgetOverrun', spentUsd: 50, until: TOMORROW }], tells: [] })
  budgets()
    .given(set(40, { per: 'total', until: null, spent: meter(100) }))
    .when(day(TOMORROW))
    .gives({ facts: [], tells: [] })
})

test('[BUDGETS-7] unknown money is counted as requests, not as nothing', () => {
  budgets()
    .given(set(40, { total: meter(100, 3), spent: meter(10, 1) }))
    .when({ ...spent(0, 6), total: { usd: 130, tokens: 1, unpriced: 7 } })
    .gives({ facts: [{ type: 'BudgetReached', spentUsd: 40, unpriced: 5 }] })
})
