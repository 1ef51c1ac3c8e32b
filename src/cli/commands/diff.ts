// gt diff: what changed between two moments.

import { type Command, textOf } from '../command.ts'
import { clock, cut } from '../layout.ts'
import { safeLine } from '../sanitize.ts'

type Fields = { [field: string]: { before: unknown; after: unknown } }
type RowChange = {
  key: string
  change: 'added' | 'removed' | 'changed'
  before?: unknown
  after?: unknown
  fields?: Fields
}
type Moment = { seq: number; at: string | null }
type Diff = {
  from: Moment
  to: Moment
  records: number
  rows: Record<string, RowChange[]>
  actors: { address: string; from: string; to: string; records: number; fields: Fields }[]
}

export const diff: Command = {
  name: 'diff',
  summary: 'what changed between two moments',
  usage: '<from> [to]',
  words: [1, 2],
  options: {
    rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
    bead: { type: 'text', value: '<bead>', help: 'of this bead (unit of work) only' },
  },
  async run(call) {
    const found = await call.town().get<Diff>('/v1/diff', {
      from: call.words[0],
      at: call.words[1] ?? textOf(call, 'at'),
      rig: textOf(call, 'rig'),
      bead: textOf(call, 'bead'),
    })
    call.out.answer({
      json: found,
      ids: Object.values(found.rows).flatMap((rows) => rows.map(({ key }) => key)),
      lines: () => screen(found, call.out.columns),
    })
  },
}

type Group = {
  readonly title: string
  readonly part: string
  /** What a person wants to know of a row that is there now, or was. */
  readonly told: (row: Readonly<Record<string, unknown>>) => string
  /** Fields that say something to a person; the others follow from them, or are for programs. */
  readonly fields: readonly string[]
}

const GROUPS: readonly Group[] = [
  {
    title: 'BEADS',
    part: 'beads.byId',
    told: ({ title, status, stage }) => `${text(title)}  (${text(stage === 'none' ? status : stage)})`,
    fields: [
      ...['title', 'status', 'stage', 'waitingFor', 'priority', 'assignee', 'labels', 'openNeeds', 'parent'],
      ...['closeReason', 'reason', 'commit', 'attempt'],
    ],
  },
  {
    title: 'AGENTS',
    part: 'agents.byAddress',
    told: ({ role, state }) => `${text(role)}, ${text(state)}`,
    fields: ['state', 'hook', 'session', 'runtime', 'health'],
  },
  {
    title: 'RIGS',
    part: 'rigs',
    told: ({ state }) => text(state),
    fields: ['state', 'failure', 'target', 'gates', 'settings', 'parked', 'waiting', 'remote'],
  },
  {
    title: 'MERGE QUEUE',
    part: 'merge-queue',
    told: ({ bead, state }) => `${text(bead)}, ${text(state)}`,
    fields: ['state', 'attempts', 'commit', 'reason', 'conflictFiles'],
  },
  {
    title: 'DECISIONS',
    part: 'decisions.byId',
    told: ({ agent, question, state }) => `${text(agent)}: ${text(question)}  (${text(state)})`,
    fields: ['state', 'answer', 'reason'],
  },
  {
    title: 'COSTS',
    part: 'costs.sums',
    told: ({ sum }) => sumText(sum),
    fields: ['sum'],
  },
]

function screen({ from, to, records, rows, actors }: Diff, columns: number): string[] {
  const groups = GROUPS.flatMap(({ title, part, told, fields }) => {
    const lines = (rows[part] ?? [])
      .filter(({ key }) => part !== 'costs.sums' || /^(bead|agent) /.test(key))
      .flatMap((row) => lineOf(row, told, fields))
    return lines.length === 0 ? [] : [title, ...lines.map((line) => cut(line, columns))]
  })
  const shown = new Set(GROUPS.map(({ part }) => part))
  const others = Object.entries(rows)
    .filter(([part]) => !shown.has(part))
    .map(([part, changed]) => `${changed.length} in ${part}`)
  return [
    `From ${moment(from)} to ${moment(to)}: ${records} records.`,
    ...(groups.length === 0 ? ['Nothing that a person would notice.'] : groups),
    ...(others.length === 0 && actors.length === 0
      ? []
      : [`Besides: ${[...others, `${actors.length} owners`].join(', ')}; --json has all of it.`]),
  ]
}

const moment = ({ seq, at }: Moment): string =>
  at === null ? 'the beginning' : `record ${seq} (${clock(at)})`

function lineOf(row: RowChange, told: Group['told'], names: readonly string[]): string[] {
  const { key, change, before, after, fields = {} } = row
  const name = safeLine(key.trim())
  if (change !== 'changed') {
    const it = (after ?? before ?? {}) as Readonly<Record<string, unknown>>
    return [`  ${change === 'added' ? '+' : '-'} ${name}  ${told(it)}`]
  }
  const changed = names.flatMap((field) => {
    const one = fields[field]
    return one === undefined ? [] : fieldText(field, one)
  })
  return changed.length === 0 ? [] : [`  ~ ${name}  ${changed.join(', ')}`]
}

/** Of something that has fields of its own, those that differ. */
function fieldText(field: string, { before, after }: Fields[string]): string[] {
  if (field === 'sum') return [`${sumText(before)} > ${sumText(after)}`]
  if (!isObject(before) || !isObject(after)) return [`${field} ${text(before)} > ${text(after)}`]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [was, is] = [before[name], after[name]]
    return name === 'since' || JSON.stringify(was) === JSON.stringify(is)
      ? []
      : [`${field}.${name} ${text(was)} > ${text(is)}`]
  })
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return /^[0-9a-f]{40}$/.test(value) ? value.slice(0, 12) : value
  if (isObject(value) && typeof value.kind === 'string' && 'id' in value)
    return `${value.kind} ${text(value.id)}`
  if (isObject(value) && typeof value.code === 'string') return value.code
  return JSON.stringify(value)
}

function sumText(sum: unknown): string {
  const { usd = 0, requests = 0, unpriced = 0 } = (sum ?? {}) as Record<string, number>
  return requests > 0 && unpriced >= requests ? 'unknown' : `$${usd.toFixed(2)}`
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
