// gt log: the records themselves.

import type { Connection } from '../../client/connection.ts'
import { type Call, type Command, flagOf, numberOf, textOf } from '../command.ts'
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

export const logExport: Command = {
  name: 'log export',
  summary: 'every record as one line of JSON',
  usage: '',
  words: [0, 0],
  async run(call) {
    await each(call, call.town(), (line) => process.stdout.write(`${line}\n`))
  },
}

export const logStats: Command = {
  name: 'log stats',
  summary: 'how long the log is',
  usage: '',
  words: [0, 0],
  async run(call) {
    const found = await call.town().get<Record<string, unknown>>('/v1/log/stats')
    call.out.answer({
      json: found,
      ids: [String(found.records)],
      lines: () => Object.entries(found).map(([key, value]) => `${key.padEnd(14)} ${JSON.stringify(value)}`),
    })
  },
}

/** Lines as they are kept, byte for byte. */
async function each(call: Call, town: Connection, line: (text: string) => void): Promise<void> {
  const at = textOf(call, 'at')
  for (let after = 0; ; ) {
    const { lines, next } = await town.get<{ lines: string[]; next: number }>('/v1/log/lines', { after, at })
    for (const text of lines) line(text)
    if (lines.length === 0) return
    after = next
  }
}
