// gt why --cost: what stands behind an amount.

import { part } from '../client/connection.ts'
import { type Call, textOf } from './command.ts'
import { clock, table } from './layout.ts'
import { countText, moneyText, tokensText } from './money.ts'

type Cost = {
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  costUsd: number | null
  requests: number
  unpriced: number
}
type Session = {
  session: string
  reason: keyof typeof BEGAN | null
  resumed: boolean
  attempt: number
  turns: number
  compactions: number
  cost: Cost
  seances: Cost | null
}
type Spending = {
  kind: string
  id: string
  cost: Cost
  restarts: number
  cacheReads: { tokens: number; costUsd: number | null }
  sessions: Session[]
  turns: { session: string; n: number; seq: number; at: string; cost: Cost }[]
  compactions: { session: string; seq: number; at: string; after: Cost | null }[]
}

export async function showSpending(call: Call): Promise<undefined> {
  const path = `/v1/why/${part(call.words[0] as string)}/cost`
  const found = await call.town().get<Spending>(path, { at: textOf(call, 'at') })
  call.out.answer({
    json: found,
    ids: found.sessions.map(({ session }) => session),
    lines: () => screen(found, call.out.columns),
  })
}

/** Turns and compactions that a person is shown of each. */
const SHOWN = 5

const BEGAN = {
  first: 'first try',
  rework: 'did not fit onto the target',
  gateFailed: 'did not pass',
  recovered: 'the one before had died',
  handoff: 'handed over',
} as const

function screen({ id, cost, restarts, cacheReads, sessions, turns, compactions }: Spending, columns: number) {
  if (cost.requests === 0)
    return [`Nothing is known to have been used by ${id}; ${several(sessions.length, 'session')}.`]
  return [
    `${id}: ${moneyText(cost.costUsd)}, ${tokensText(allOf(cost))}, ${several(cost.requests, 'request')}${unknownOf(cost)}`,
    `${several(sessions.length, 'session')}, ${several(restarts, 'restart')}, ${several(compactions.length, 'compaction')}; ` +
      `the cache was re-read for ${tokensText(cacheReads.tokens)} (${moneyText(cacheReads.costUsd)})`,
    ...table(
      ['SESSION', 'BEGAN', 'TURNS', 'INPUT', 'OUTPUT', 'READ', 'WRITTEN', 'COST'],
      sessions.map(({ session, reason, resumed, turns: n, cost: each }) => [
        shortOf(session),
        `${reason === null ? 'by a person' : BEGAN[reason]}${resumed ? ', resumed' : ''}`,
        String(n),
        countText(each.tokens.input),
        countText(each.tokens.output),
        countText(each.tokens.cacheRead),
        countText(each.tokens.cacheWrite),
        moneyText(each.costUsd),
      ]),
      { wide: 1, columns },
    ),
    ...(turns.length === 0 ? [] : ['The largest turns:']),
    ...turns
      .slice(0, SHOWN)
      .map(
        (turn) => `  ${clock(turn.at)}  turn ${turn.n} of ${shortOf(turn.session)}: ${costText(turn.cost)}`,
      ),
    ...(compactions.length === 0 ? [] : ['Compactions, with what was used next:']),
    ...compactions
      .slice(0, SHOWN)
      .map(
        ({ at, session, after }) =>
          `  ${clock(at)}  ${shortOf(session)}: ${after === null ? 'nothing' : costText(after)}`,
      ),
    ...sessions.flatMap(({ session, seances }) =>
      seances === null ? [] : [`Asking copies of ${shortOf(session)} about its work: ${costText(seances)}`],
    ),
  ]
}

const several = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** `nux 1.2` of `shop/polecats/nux/sessions/1.2` */
const shortOf = (session: string): string => session.replace(/^.*?([^/]+)\/sessions\//, '$1 ')

const costText = (cost: Cost): string => `${moneyText(cost.costUsd)}, ${tokensText(allOf(cost))}`

const unknownOf = ({ unpriced }: Cost): string =>
  unpriced === 0 ? '' : `, of which ${unpriced} have a price that nobody knows`

const allOf = ({ tokens: { input, output, cacheRead, cacheWrite } }: Cost): number =>
  input + output + cacheRead + cacheWrite
