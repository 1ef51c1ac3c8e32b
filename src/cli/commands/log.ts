// gt log: the records themselves.

import { type Command, flagOf, numberOf, textOf } from '../command.ts'
import { type LogRecord, recordLine } from './records.ts'

type Page = { items: LogRecord[]; next: number; seq: number }

export const log: Command = {
  name: 'log',
  summary: 'the last records of the log',
  usage: '',
  words: [0, 0],
  options: {
    lines: { type: 'number', short: 'n', value: '<n>', help: 'how many; 20 when not said' },
    actor: { type: 'text', value: '<agent>', help: 'of this one only' },
    since: { type: 'text', value: '<when>', help: 'from then on' },
    follow: { type: 'flag', short: 'f', help: 'go on with what happens next' },
  },
  async run(call) {
    const town = call.town()
    const lines = numberOf(call, 'lines')
    const { items, seq } = await town.get<Page>('/v1/records', {
      last: lines ?? (textOf(call, 'since') === undefined ? 20 : 5_000),
      actor: textOf(call, 'actor'),
      since: textOf(call, 'since'),
      at: textOf(call, 'at'),
    })
    if (!flagOf(call, 'follow')) {
      call.out.answer({
        json: items,
        ids: items.map((record) => String(record.seq)),
        lines: () => items.map(recordLine),
      })
      return
    }
    const actor = textOf(call, 'actor')
    const say = (record: LogRecord) => call.out.event(record, () => recordLine(record))
    for (const record of items) say(record)
    await town.follow('/v1/records/stream', { after: seq, signal: call.signal }, ({ data }) => {
      const record = JSON.parse(data) as LogRecord
      if (actor === undefined || record.actor.includes(actor) || record.by.includes(actor)) say(record)
    })
  },
}
