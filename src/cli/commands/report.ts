// gt report: an agent says how it goes.

import { type Command, given, numberOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export const report: Command = {
  name: 'report',
  summary: 'an agent says how it goes: progress, note, or a type of your own',
  usage: '<type> <text or JSON>',
  where: 'session',
  words: [2, 2],
  options: { percent: { type: 'number', value: '<0-100>', help: 'how far it is' } },
  async run(call) {
    const [type = '', said = ''] = call.words
    const data = TEXTS.has(type) ? given({ text: said, percent: numberOf(call, 'percent') }) : json(said)
    const found = await call.town().command('report', { type, data })
    call.out.answer({ json: found, ids: [], lines: () => [] })
  },
}

const TEXTS: ReadonlySet<string> = new Set(['progress', 'note'])

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('the data of this type is written as JSON', 'report')
  }
}
