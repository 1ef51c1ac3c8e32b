// gt bead list, ready, blocked, search.

import { type Call, type Command, listOf, numberOf, type OptionSpec, textOf } from '../command.ts'
import { since } from '../layout.ts'
import { showList } from '../listing.ts'
import { stateOf, waitText } from '../words-for.ts'

export type Bead = {
  id: string
  title: string
  type: string
  status: string
  stage: string
  waitingFor: { kind: string; id: string; since: string } | null
  priority: number
  rig: string
  assignee: string | null
  updatedAt: string
  openNeeds: string[]
}

const options: Readonly<Record<string, OptionSpec>> = {
  rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
  status: { type: 'list', value: '<status>', help: 'open, hooked, in_progress, blocked, deferred, closed' },
  assignee: { type: 'text', value: '<polecat>', help: 'who has it' },
  label: { type: 'text', value: '<label>', help: 'with this label' },
  type: { type: 'text', value: '<type>', help: 'of this type' },
  parent: { type: 'text', value: '<bead>', help: 'parts of this bead' },
  since: { type: 'text', value: '<when>', help: 'changed since then' },
  limit: { type: 'number', value: '<n>', help: 'at most so many' },
}

export const beadList: Command = {
  name: 'bead list',
  summary: 'beads (units of work), by priority and age',
  usage: '',
  words: [0, 0],
  options: { ...options, all: { type: 'flag', help: 'closed ones too' } },
  run: (call) => list(call, 'all', call.values.all === true ? undefined : OPEN),
}

export const beadReady: Command = {
  name: 'bead ready',
  summary: 'beads that could be slung now',
  usage: '',
  words: [0, 0],
  options,
  run: (call) => list(call, 'ready'),
}

export const beadBlocked: Command = {
  name: 'bead blocked',
  summary: 'beads that wait for another one or for a person',
  usage: '',
  words: [0, 0],
  options,
  run: (call) => list(call, 'blocked'),
}

export const beadSearch: Command = {
  name: 'bead search',
  summary: 'beads with this in id or title',
  usage: '<text>',
  words: [1, 1],
  options,
  run: (call) => list(call, 'all', undefined, call.words[0]),
}

const OPEN = ['open', 'hooked', 'in_progress', 'blocked', 'deferred']
const LIMIT = 1_000

async function list(call: Call, view: string, status?: readonly string[], text?: string): Promise<undefined> {
  const { items, cursor } = await call.town().get<{ items: Bead[]; cursor: string | null }>('/v1/beads', {
    view,
    text,
    status: (listOf(call, 'status') ?? status)?.join(','),
    rig: textOf(call, 'rig'),
    assignee: textOf(call, 'assignee'),
    label: textOf(call, 'label'),
    type: textOf(call, 'type'),
    parent: textOf(call, 'parent'),
    since: textOf(call, 'since'),
    limit: numberOf(call, 'limit') ?? LIMIT,
    at: textOf(call, 'at'),
  })
  const now = new Date().toISOString()
  showList(call, items, {
    id: ({ id }) => id,
    none: 'There are none.',
    head: ['BEAD', 'P', 'STATE', 'WORKER', 'WAITS FOR', 'TITLE'],
    row: (bead) => [
      bead.id,
      String(bead.priority),
      stateOf(bead),
      bead.assignee?.split('/').at(-1) ?? '',
      bead.waitingFor === null ? '' : `${waitText(bead.waitingFor)} ${since(bead.waitingFor.since, now)}`,
      bead.title,
    ],
  })
  if (cursor !== null && numberOf(call, 'limit') === undefined)
    call.out.note(`these are the first ${LIMIT}; narrow it down, or give --limit`)
}
