// gt history: all records of one thing.

import { part } from '../../client/connection.ts'
import { type Command, flagOf, textOf } from '../command.ts'
import { type LogRecord, recordLine } from './records.ts'

type Page = { id: string; items: LogRecord[]; next: number; seq: number }

export const history: Command = {
  name: 'history',
  summary: 'all that happened to a bead, a rig or a polecat',
  usage: '<id or address>',
  words: [1, 1],
  options: { follow: { type: 'flag', short: 'f', help: 'go on with what happens next' } },
  async run(call) {
    const path = `/v1/history/${part(call.words[0] as string)}`
    const town = call.town()
    const items: LogRecord[] = []
    const read = async (after: number): Promise<Page> => {
      const page = await town.get<Page>(path, { after, limit: PAGE, at: textOf(call, 'at') })
      items.push(...page.items)
      return page.items.length === PAGE ? read(page.next) : page
    }
    const page = await read(0)
    if (!flagOf(call, 'follow')) {
      call.out.answer({
        json: items,
        ids: items.map(({ seq }) => String(seq)),
        lines: () => items.map(recordLine),
      })
      return
    }
    const say = (record: LogRecord) => call.out.event(record, () => recordLine(record))
    for (const record of items) say(record)
    const about = JSON.stringify(page.id)
    const inside = JSON.stringify(`/${page.id}`).slice(1, -1)
    await town.follow('/v1/records/stream', { after: page.seq, signal: call.signal }, ({ data }) => {
      if (data.includes(about) || data.includes(inside)) say(JSON.parse(data) as LogRecord)
    })
  },
}

const PAGE = 2_000
