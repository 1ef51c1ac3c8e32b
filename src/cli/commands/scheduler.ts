// gt scheduler list: what waits for a place, in order, with the reason.

import { type Command, textOf } from '../command.ts'
import { since } from '../layout.ts'
import { showList } from '../listing.ts'
import { waitText } from '../words-for.ts'

type Row = {
  bead: string
  rig: string
  priority: number
  queuedAt: string
  waitingFor: { kind: string; id: string } | null
}

export const schedulerList: Command = {
  name: 'scheduler list',
  summary: 'what waits for a place, in order',
  usage: '',
  words: [0, 0],
  options: { rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' } },
  async run(call) {
    const query = { rig: textOf(call, 'rig'), at: textOf(call, 'at'), limit: 1_000 }
    const { items } = await call.town().get<{ items: Row[] }>('/v1/dispatch', query)
    const now = new Date().toISOString()
    showList(call, items, {
      id: ({ bead }) => bead,
      head: ['BEAD', 'RIG', 'P', 'SINCE', 'WAITS FOR'],
      row: ({ bead, rig, priority, queuedAt, waitingFor }) => [
        bead,
        rig,
        String(priority),
        since(queuedAt, now),
        waitingFor === null ? 'its turn' : waitText(waitingFor),
      ],
    })
  },
}
