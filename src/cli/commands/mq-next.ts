// gt mq next: who lands next, and the sum that says so.

import { type Command, flagOf, textOf } from '../command.ts'
import { clock, table } from '../layout.ts'

type Sum = {
  base: number
  convoy: number
  priority: number
  retries: number
  age: number
  ageing: number
  score: number
}
type InLine = {
  id: string
  bead: string
  title: string
  priority: number
  retries: number
  submittedAt: string
  sum: Sum | null
  waits: { code: string; message: string } | null
}
type Found = {
  rig: string
  target: string
  order: 'score' | 'fifo'
  asOf: string | null
  inHand: { id: string; bead: string; state: string }[]
  next: InLine | null
  items: InLine[]
}

export const mqNext: Command = {
  name: 'mq next',
  summary: 'who lands next; --explain shows the sum that says so, and why others wait',
  usage: '[rig]',
  words: [0, 1],
  options: {
    explain: { type: 'flag', help: 'all that stand in line, term by term' },
    target: { type: 'text', value: '<branch>', help: 'an integration branch, or its epic' },
  },
  async run(call) {
    const query = { rig: call.words[0], target: textOf(call, 'target'), at: textOf(call, 'at') }
    const found = await call.town().get<Found>('/v1/merge-order', query)
    const { columns } = call.out
    call.out.answer({
      json: found,
      ids: found.next === null ? [] : [found.next.id],
      lines: () => (flagOf(call, 'explain') ? explained(found, columns) : short(found)),
    })
  },
}

function short({ rig, next, inHand, items }: Found): string[] {
  const waiting = items.filter(({ waits }) => waits !== null)
  return [
    ...inHand.map(({ id, bead, state }) => `${id}: ${bead} is ${DOING[state] ?? 'in hand'}.`),
    next === null
      ? `Nothing stands in line in ${rig} that may land.`
      : `Next is ${next.id}: ${next.bead} ${next.title}`.trimEnd(),
    ...waiting.slice(0, 5).map(({ id, bead, waits }) => `${id}: ${bead} waits: ${waits?.message}`),
    ...(waiting.length > 5 ? [`… ${waiting.length - 5} more wait: gt mq next ${rig} --explain`] : []),
  ]
}

const DOING: Readonly<Record<string, string>> = {
  building: 'being built',
  testing: 'being tested',
  landing: 'landing',
  waiting: 'tried again',
}

function explained(found: Found, columns: number): string[] {
  const { order, asOf, items, rig, target } = found
  const how =
    order === 'fifo'
      ? `Requests for ${target} of ${rig} are lined up as they came (mq.order is fifo).`
      : `Requests for ${target} of ${rig}: the highest sum lands first${asOf === null ? '' : `, as of ${clock(asOf)}`}.`
  const rows = items.map(({ id, bead, sum, submittedAt, waits }, n) => [
    waits === null ? String(n + 1) : '-',
    id,
    bead,
    ...(sum === null ? [clock(submittedAt)] : TERMS.map((term) => signed(sum[term], term))),
    waits?.message ?? '',
  ])
  const head = ['', 'ID', 'BEAD', ...(order === 'fifo' ? ['CAME'] : TERMS.map((term) => NAMES[term])), '']
  return [
    how,
    ...short({ ...found, items: [] }),
    ...(rows.length === 0 ? [] : table(head, rows, { columns })),
  ]
}

const TERMS = ['score', 'base', 'convoy', 'priority', 'retries', 'age', 'ageing'] as const
const NAMES: Readonly<Record<keyof Sum, string>> = {
  score: 'SUM',
  base: 'BASE',
  convoy: 'CONVOY',
  priority: 'PRIORITY',
  retries: 'RETRIES',
  age: 'AGE',
  ageing: 'AGEING',
}

const signed = (n: number, term: keyof Sum): string =>
  term === 'score' || term === 'base' || n <= 0 ? String(n) : `+${n}`
