// gt costs: tokens and money. What nobody knows the price of is shown as unknown, with how many requests that are.

import { type Command, numberOf, textOf } from '../command.ts'
import { clock, table } from '../layout.ts'
import { countText, moneyText } from '../money.ts'
import { UsageError } from '../usage.ts'

type Cost = {
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  costUsd: number | null
  requests: number
  unpriced: number
}
type Answer = {
  by: string
  items: (Cost & { key: string; bead?: string | null })[]
  total: Cost
  more: number
}

const KINDS = ['session', 'agent', 'bead', 'role', 'model', 'rig', 'hour']

export const costs: Command = {
  name: 'costs',
  summary: 'tokens and money by agent, bead, model, hour …',
  usage: '',
  words: [0, 0],
  options: {
    by: { type: 'text', value: '<what>', help: `${KINDS.join(', ')}; agent when left out` },
    since: { type: 'text', value: '<when>', help: 'a record number, a time, HH:MM, or 15m ago' },
    top: { type: 'number', value: '<n>', help: 'only the dearest, or the last hours' },
    rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
  },
  async run(call) {
    const by = textOf(call, 'by') ?? 'agent'
    if (!KINDS.includes(by))
      throw new UsageError(
        `--by takes one of ${KINDS.join(', ')}, not ${JSON.stringify(by.slice(0, 40))}`,
        'costs',
      )
    const found = await call.town().get<Answer>('/v1/costs', {
      by,
      since: textOf(call, 'since'),
      top: numberOf(call, 'top'),
      rig: textOf(call, 'rig'),
      at: textOf(call, 'at'),
    })
    call.out.answer({
      json: found,
      ids: found.items.map(({ key }) => key),
      lines: () => screen(found, call.out.columns),
    })
  },
}

function screen({ by, items, total, more }: Answer, columns: number): string[] {
  if (total.requests === 0) return ['Nothing is known to have been used.']
  const cells = (name: string, { tokens, costUsd, unpriced }: Cost): string[] => [
    name,
    countText(tokens.input),
    countText(tokens.output),
    countText(tokens.cacheRead),
    countText(tokens.cacheWrite),
    moneyText(costUsd),
    unpriced === 0 ? '' : String(unpriced),
  ]
  const name = ({ key, bead }: Answer['items'][number]): string => {
    if (by === 'hour') return clock(key)
    return bead == null ? key : `${key} (${bead})`
  }
  return [
    ...table(
      [by.toUpperCase(), 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE', 'COST', 'UNPRICED'],
      [...items.map((item) => cells(name(item), item)), cells('all', total)],
      { wide: 0, columns },
    ),
    ...(more > 0 ? [`… and ${more} more`] : []),
    ...(total.unpriced > 0
      ? [
          `Of ${total.unpriced} of ${total.requests} requests nobody knows the price; write it into prices.json of the town.`,
        ]
      : []),
  ]
}
