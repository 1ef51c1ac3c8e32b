// gt feed: what happened, one sentence each.

import { type Call, type Command, flagOf, numberOf, textOf } from '../command.ts'
import { clock } from '../layout.ts'

export type FeedItem = {
  seq: number
  at: string
  type: string
  actor: string
  by: string
  summary: string
  problem?: true
}

export const feed: Command = {
  name: 'feed',
  summary: 'what happens, one sentence each',
  usage: '',
  words: [0, 0],
  options: {
    follow: { type: 'flag', short: 'f', help: 'go on with what happens next' },
    problems: { type: 'flag', help: 'only what may need attention' },
    rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
    bead: { type: 'text', value: '<bead>', help: 'about this bead only' },
    actor: { type: 'text', value: '<agent>', help: 'of this agent only' },
    since: { type: 'text', value: '<when>', help: 'from then on' },
    limit: { type: 'number', short: 'n', value: '<n>', help: 'at most so many' },
  },
  async run(call) {
    const filter = {
      rig: textOf(call, 'rig'),
      bead: textOf(call, 'bead'),
      actor: textOf(call, 'actor'),
      problems: flagOf(call, 'problems') ? 'true' : undefined,
    }
    const town = call.town()
    const { items, next } = await town.get<{ items: FeedItem[]; next: number }>('/v1/feed', {
      ...filter,
      since: textOf(call, 'since'),
      limit: numberOf(call, 'limit'),
      at: textOf(call, 'at'),
    })
    if (!flagOf(call, 'follow')) {
      call.out.answer({ json: items, ids: items.map(({ seq }) => String(seq)), lines: () => items.map(line) })
      return
    }
    for (const item of items) say(call, item)
    await town.follow('/v1/feed/stream', { query: filter, after: next, signal: call.signal }, ({ data }) =>
      say(call, JSON.parse(data) as FeedItem),
    )
  },
}

const say = ({ out }: Call, item: FeedItem): void => out.event(item, () => line(item))

const line = ({ at, summary, problem }: FeedItem): string =>
  `${clock(at)}  ${problem === true ? '! ' : ''}${summary}`
