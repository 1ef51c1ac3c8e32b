// gt cv: what polecats have done so far.

import { type Command, textOf } from '../command.ts'
import { table } from '../layout.ts'
import { countText, moneyText, tokensText } from '../money.ts'
import { readOne } from '../reading.ts'

export type Cv = {
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
      const found = await readOne<Cv>(call, 'cvs')
      call.out.answer({ json: found, ids: [found.agent], lines: () => rows([found]) })
      return
    }
    const { items } = await call
      .town()
      .get<{ items: Cv[] }>('/v1/cvs', { at, rig: textOf(call, 'rig'), limit: 1_000 })
    call.out.answer({ json: items, ids: items.map((one) => one.agent), lines: () => rows(items) })
  },
}

/** What an agent has done so far, on one line. */
export function cvLine({ n, merged, failed, reworked, firstPassRate, ...more }: Cv): string {
  const { medianMinutes, tokens, costUsd } = more
  return [
    `${n} bead${n === 1 ? '' : 's'}`,
    `${merged} landed`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(reworked === 0 ? [] : [`${reworked} reworked`]),
    ...(firstPassRate === null ? [] : [`first pass ${percent(firstPassRate)}`]),
    ...(medianMinutes === null ? [] : [`median ${medianMinutes.toFixed(1)} min`]),
    tokensText(allOf(tokens)),
    `cost ${moneyText(costUsd)}`,
  ].join(', ')
}

const percent = (rate: number): string => `${Math.round(rate * 100)} %`
const allOf = ({ input, output, cacheRead, cacheWrite }: Cv['tokens']): number =>
  input + output + cacheRead + cacheWrite

const rows = (items: readonly Cv[]): string[] =>
  table(
    ['POLECAT', 'BEADS', 'LANDED', 'FAILED', 'REWORKED', 'FIRST PASS', 'MEDIAN', 'TOKENS', 'COST'],
    items.map(({ agent, n, merged, failed, reworked, firstPassRate, medianMinutes, tokens, costUsd }) => [
      agent,
      String(n),
      String(merged),
      String(failed),
      String(reworked),
      firstPassRate === null ? '' : percent(firstPassRate),
      medianMinutes === null ? '' : `${medianMinutes.toFixed(1)} min`,
      countText(allOf(tokens)),
      moneyText(costUsd),
    ]),
    { wide: 0 },
  )
