// gt mq integration: a branch of its own for the work below an epic, which lands as a whole.

import { part } from '../../client/connection.ts'
import { type Command, given, textOf } from '../command.ts'
import { showList } from '../listing.ts'
import { safeLine } from '../sanitize.ts'

type Branch = {
  epic: string
  rig: string
  branch: string
  target: string
  state: string
  mayLand: boolean
  reasons: string[]
  reason: { code: string; message: string; files: string[]; rework: string | null } | null
  landed: { commit: string; at: string } | null
  removed: { ok: boolean; message: string } | null
  children: {
    all: number
    open: number
    landed: number
    items: { id: string; title: string; status: string; landed: boolean }[]
  }
  queue: { id: string; bead: string; state: string }[]
}
type Apart = { ahead: number; behind: number } | { code: string; message: string } | null

export const mqIntegrationCreate: Command = {
  name: 'mq integration create',
  summary: 'makes a branch for an epic: the work below it lands there first',
  usage: '<epic>',
  where: 'person',
  words: [1, 1],
  options: { branch: { type: 'text', value: '<name>', help: 'integration/<epic> when it is not given' } },
  async run(call) {
    const body = given({ epic: call.words[0], branch: textOf(call, 'branch') })
    const found = await call
      .town()
      .command<{ epic: string; branch: string; base: string }>('integration.create', body)
    const { epic, branch, base } = found
    const lines = () => [
      `${branch} begins at ${base.slice(0, 12)}. What is slung below ${epic} from now on lands there.`,
      `When all of it has landed: gt mq integration land ${epic}`,
    ]
    call.out.answer({ json: found, ids: [branch], lines })
  },
}

export const mqIntegrationStatus: Command = {
  name: 'mq integration status',
  summary: 'how an integration branch stands, and what keeps it from landing',
  usage: '[epic]',
  words: [0, 1],
  options: { rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' } },
  async run(call) {
    const town = call.town()
    const [epic] = call.words
    const at = textOf(call, 'at')
    if (epic === undefined) {
      const query = { rig: textOf(call, 'rig'), at }
      const { items } = await town.get<{ items: Branch[] }>('/v1/integrations', query)
      showList(call, items, {
        id: ({ branch }) => branch,
        head: ['EPIC', 'BRANCH', 'STATE', 'BEADS', 'LANDED', 'WAITING', ''],
        row: ({ epic: id, branch, state, children, queue, mayLand, reasons }) => [
          id,
          branch,
          state,
          String(children.all),
          String(children.landed),
          String(queue.length),
          mayLand ? 'may land' : (reasons[0] ?? ''),
        ],
      })
      return
    }
    const found = await town.get<Branch & { apart: Apart }>(`/v1/integrations/${part(epic)}`, { at })
    call.out.answer({ json: found, ids: [found.branch], lines: () => lines(found) })
  },
}

function lines({ apart, ...one }: Branch & { apart: Apart }): string[] {
  const { epic, rig, branch, target, state, children, queue, mayLand, reasons, reason, landed, removed } = one
  return [
    `${branch} of ${epic}, rig ${rig}: ${state}`,
    ...(apart === null
      ? []
      : 'code' in apart
        ? [`  ! ${safeLine(apart.message)}`]
        : [`  ${apart.ahead} ahead of ${target}, ${apart.behind} behind`]),
    `  ${children.all} beads below it: ${children.landed} landed on it, ${children.open} not closed`,
    ...children.items.map(
      ({ id, title, status, landed: has }) => `    ${id}  ${has ? 'landed' : status}  ${safeLine(title)}`,
    ),
    ...queue.map(({ id, bead, state: at }) => `  ${id} of ${bead} is ${at}`),
    ...(reason === null ? [] : [`  ! it did not land: ${safeLine(reason.message)}${reworkOf(reason)}`]),
    ...(landed === null ? [] : [`  landed on ${target} as ${landed.commit.slice(0, 12)}`]),
    ...(removed === null || removed.ok ? [] : [`  its branch was kept: ${safeLine(removed.message)}`]),
    ...(mayLand ? [`  it may land: gt mq integration land ${epic}`] : []),
    ...(state === 'open' ? reasons.map((each) => `  not yet: ${safeLine(each)}`) : []),
  ]
}

const reworkOf = ({ rework }: { rework: string | null }): string =>
  rework === null ? '' : ` ${rework} is there for somebody to mend it: gt sling ${rework}`

export const mqIntegrationLand: Command = {
  name: 'mq integration land',
  summary: 'merges an integration branch into the target, tested like any request',
  usage: '<epic>',
  where: 'person',
  words: [1, 1],
  async run(call) {
    const found = await call
      .town()
      .command<{ epic: string; branch: string; target: string; mergeRequest: string | null }>(
        'integration.land',
        { epic: call.words[0] },
      )
    const { epic, branch, target, mergeRequest } = found
    const named = () => [
      `${branch} stands in line for ${target}${mergeRequest === null ? '' : ` as ${mergeRequest}`}.`,
      `gt mq show ${epic} says how it goes; when it has landed, ${epic} is closed.`,
    ]
    call.out.answer({ json: found, ids: [mergeRequest ?? epic], lines: named })
  },
}
