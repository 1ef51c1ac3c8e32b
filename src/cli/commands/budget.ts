// gt budget: what may be used, by whom, and what was.

import { type Command, given, textOf } from '../command.ts'
import { clock, table } from '../layout.ts'
import { moneyText, tokensText } from '../money.ts'
import { UsageError } from '../usage.ts'

type Budget = {
  scope: string
  id: string
  usd: number | null
  tokens: number | null
  per: 'day' | 'total'
  until: string | null
  spent: { usd: number; tokens: number; unpriced: number }
  reachedAt: string | null
}

const SCOPES = ['town', 'rig', 'bead', 'agent']

export const budgetSet: Command = {
  name: 'budget set',
  summary: 'bounds what may be used: gt budget set town 40usd/day',
  usage: 'town|rig|bead|agent [which] <amount>/<day|total>',
  where: 'person',
  words: [2, 3],
  async run(call) {
    const { scope, which, rest } = scopeOf(call.words, 1, 'budget set')
    const cap = readCap(rest[0] as string)
    const found = await call.town().command<Budget>('budget.set', given({ scope, which, ...cap }))
    const { spent } = found
    call.out.answer({
      json: found,
      ids: [nameOf(found)],
      lines: () => [
        `The budget of ${nameOf(found)} is ${capText(found)}; used so far: ${usedText(found)}.`,
        ...(spent.unpriced > 0
          ? [`Of ${spent.unpriced} requests nobody knows the price; they are not counted.`]
          : []),
      ],
    })
  },
}

export const budgetUnset: Command = {
  name: 'budget unset',
  summary: 'takes a budget away; what waited for it goes on',
  usage: 'town|rig|bead|agent [which]',
  where: 'person',
  words: [1, 2],
  async run(call) {
    const { scope, which } = scopeOf(call.words, 0, 'budget unset')
    const found = await call.town().command<Budget>('budget.unset', given({ scope, which }))
    call.out.answer({
      json: found,
      ids: [nameOf(found)],
      lines: () => [`There is no budget of ${nameOf(found)} any more.`],
    })
  },
}

export const budgetList: Command = {
  name: 'budget list',
  summary: 'budgets, and what was used of them',
  usage: '',
  words: [0, 0],
  async run(call) {
    const { items } = await call.town().get<{ items: Budget[] }>('/v1/budgets', { at: textOf(call, 'at') })
    call.out.answer({
      json: items,
      ids: items.map(nameOf),
      lines: () =>
        items.length === 0
          ? ['No budget is set: gt budget set town 40usd/day']
          : table(
              ['FOR', 'BUDGET', 'USED', 'UNPRICED', 'STATE'],
              items.map((budget) => [
                nameOf(budget),
                capText(budget),
                usedText(budget),
                budget.spent.unpriced === 0 ? '' : `${budget.spent.unpriced} requests`,
                stateText(budget),
              ]),
              { wide: 0, columns: call.out.columns },
            ),
    })
  },
}

const nameOf = ({ scope, id }: Pick<Budget, 'scope' | 'id'>): string =>
  scope === 'town' ? 'town' : `${scope} ${id}`

const capText = ({ usd, tokens, per }: Budget): string =>
  `${[usd === null ? null : moneyText(usd), tokens === null ? null : tokensText(tokens)]
    .filter((part) => part !== null)
    .join(' and ')}${per === 'day' ? ' a day' : ' in all'}`

const usedText = ({ usd, tokens, spent }: Budget): string =>
  [usd === null ? null : moneyText(spent.usd), tokens === null ? null : tokensText(spent.tokens)]
    .filter((part) => part !== null)
    .join(' and ')

const stateText = ({ reachedAt, until }: Budget): string => {
  if (reachedAt === null) return 'open'
  return until === null ? 'used up' : `used up until ${clock(until)}`
}

function scopeOf(words: readonly string[], after: number, command: string) {
  const [scope = '', ...others] = words
  if (!SCOPES.includes(scope))
    throw new UsageError(
      `a budget is for one of ${SCOPES.join(', ')}, not for ${JSON.stringify(scope.slice(0, 40))}`,
      command,
    )
  const wanted = after + (scope === 'town' ? 0 : 1)
  if (others.length < wanted)
    throw new UsageError(
      others.length < after || scope === 'town' ? 'the amount is missing' : `which ${scope}?`,
      command,
    )
  if (others.length > wanted)
    throw new UsageError(
      `${JSON.stringify((others[wanted] as string).slice(0, 40))} is too much here`,
      command,
    )
  return scope === 'town'
    ? { scope, which: undefined, rest: others }
    : { scope, which: others[0], rest: others.slice(1) }
}

const AMOUNT = /^\$?(\d+(?:\.\d+)?)(k|m)?(usd|dollars?|tokens?)?\/(day|total)$/i
const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000 }

const NOTHING_OR_LESS = 'it must be more than nothing; gt estop stops everybody'

/** `40usd/day`, `$5/total`, `2000000tokens/day`, `2Mtokens/day`. */
export function readCap(text: string): { usd?: number; tokens?: number; per: string } {
  const wrong = (why: string) =>
    new UsageError(`${JSON.stringify(text.slice(0, 40))} is no amount: ${why}`, 'budget set')
  if (/^\$?-/.test(text)) throw wrong(NOTHING_OR_LESS)
  const match = AMOUNT.exec(text)
  if (match === null) throw wrong('write it like 40usd/day, 5usd/total or 2000000tokens/day')
  const [, digits = '', factor = '', unit = text.startsWith('$') ? 'usd' : '', per = ''] = match
  if (unit === '') throw wrong('say of what: usd or tokens')
  const amount = Number(digits) * (FACTORS[factor.toLowerCase()] ?? 1)
  if (amount === 0) throw wrong(NOTHING_OR_LESS)
  if (!unit.toLowerCase().startsWith('token')) return { usd: amount, per: per.toLowerCase() }
  if (!Number.isSafeInteger(amount)) throw wrong('tokens are whole')
  return { tokens: amount, per: per.toLowerCase() }
}
