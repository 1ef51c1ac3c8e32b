// gt bead show.

import type { Command } from '../command.ts'
import { clock } from '../layout.ts'
import { readOne } from '../reading.ts'
import { stateOf, waitText } from '../words-for.ts'
import type { Bead } from './bead-list.ts'

type Whole = Bead & {
  labels: string[]
  needs: string[]
  dependents: string[]
  parent: string | null
  createdAt: string
  createdBy: string
  closedAt: string | null
  closeReason: string | null
  reason: string | null
  commit: string | null
  mergeRequest: string | null
  attempt: number
  description: string
  comments: { at: string; by: string; text: string }[]
}

export const beadShow: Command = {
  name: 'bead show',
  summary: 'one bead (unit of work) with all that belongs to it',
  usage: '<bead>',
  words: [1, 1],
  async run(call) {
    const bead = await readOne<Whole>(call, 'beads')
    call.out.answer({ json: bead, ids: [bead.id], lines: () => lines(bead) })
  },
}

function lines(bead: Whole): string[] {
  const rows: [string, string | null][] = [
    ['state', stateOf(bead) + (bead.reason === null ? '' : `: ${bead.reason}`)],
    [
      'waits for',
      bead.waitingFor === null ? null : `${waitText(bead.waitingFor)}, since ${clock(bead.waitingFor.since)}`,
    ],
    ['rig', bead.rig],
    ['type', `${bead.type}, priority ${bead.priority}`],
    ['worker', bead.assignee === null ? null : `${bead.assignee}, attempt ${bead.attempt}`],
    ['labels', bead.labels.join(', ')],
    ['part of', bead.parent],
    ['needs', bead.needs.map((need) => (bead.openNeeds.includes(need) ? need : `${need} (done)`)).join(', ')],
    ['needed by', bead.dependents.join(', ')],
    ['commit', bead.commit],
    ['made', `${clock(bead.createdAt)} by ${bead.createdBy}`],
    ['closed', bead.closedAt === null ? null : `${clock(bead.closedAt)}: ${bead.closeReason ?? ''}`],
  ]
  return [
    `${bead.id}  ${bead.title}`,
    ...rows.flatMap(([name, value]) =>
      value === null || value === '' ? [] : [`  ${name.padEnd(10)} ${value}`],
    ),
    ...(bead.description === '' ? [] : ['', bead.description]),
    ...bead.comments.flatMap(({ at, by, text }) => ['', `${clock(at)} ${by}:`, text]),
  ]
}
