// gt cv: what polecats have done so far.

import { part } from '../../client/connection.ts'
import { type Command, textOf } from '../command.ts'
import { table } from '../layout.ts'
import { countText, moneyText } from '../money.ts'

type Cv = {
  agent: string
  n: number
  merged: number
  failed: number
  reworked: number
  firstPassRate: number | null
  medianMinutes: number | null
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
  costUsd: number | null
}

export const cv: Command = {
  name: 'cv',
  summary: 'what polecats (workers) have done so far',
  usage: '[polecat]',
  words: [0, 1],
  options: { rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' } },
  async run(call) {
    const [agent] = call.words
    const at = textOf(call, 'at')
    if (agent !== undefined) {
      const found = await call.town().get<Cv>(`/v1/cvs/${part(agent)}`, { at })
      call.out.answer({ json: found, ids: [found.agent], lines: () => rows([found]) })
      return
    }
    const { items } = await call
      .town()
      .get<{ items: Cv[] }>('/v1/cvs', { at, rig: textOf(call, 'rig'), limit: 1_000 })
    call.out.answer({ json: items, ids: items.map((one) => one.agent), lines: () => rows(items) })
  },
}

const rows = (items: readonly Cv[]): string[] =>
  table(
    ['POLECAT', 'BEADS', 'LANDED', 'FAILED', 'REWORKED', 'FIRST PASS', 'MEDIAN', 'TOKENS', 'COST'],
    items.map(({ agent, n, merged, failed, reworked, firstPassRate, medianMinutes, tokens, costUsd }) => [
      agent,
      String(n),
      String(merged),
      String(failed),
      String(reworked),
      firstPassRate === null ? '' : `${Math.round(firstPassRate * 100)} %`,
      medianMinutes === null ? '' : `${medianMinutes.toFixed(1)} min`,
      countText(tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite),
      moneyText(costUsd),
    ]),
    { wide: 0 },
  )
