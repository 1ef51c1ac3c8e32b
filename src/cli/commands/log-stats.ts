// gt log stats: how long the log is, what it takes, and of what it is made.

import type { Command } from '../command.ts'
import { table } from '../layout.ts'
import { bytesText } from './log-compact.ts'

type Stats = {
  records: number
  sealed: number
  segments: number
  archived: number
  archives: number
  bytesOfLines: number
  bytesOnDisk: number
  kinds: number
  byKind: { message: string; records: number; bytes: number }[]
  head: { seq: number; chain: string }
  logId: string
  seq: number
}

export const logStats: Command = {
  name: 'log stats',
  summary: 'how long it is, and what it takes',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const stats = await call.town().get<Stats>('/v1/log/stats', { at: call.values.at as string | undefined })
    call.out.answer({ json: stats, ids: [String(stats.records)], lines: () => told(stats) })
  },
}

function told(stats: Stats): string[] {
  const { records, sealed, archived, archives, bytesOfLines, bytesOnDisk, kinds, byKind, head } = stats
  return [
    `${records} records, ${sealed} of them sealed; the chain ends with ${head.chain.slice(0, 16)}.`,
    ...(archived === 0
      ? []
      : [`The first ${archived} are archived in ${archives === 1 ? '1 file' : `${archives} files`}.`]),
    `${bytesText(bytesOfLines)} as lines, ${bytesText(bytesOnDisk)} on disk.`,
    '',
    `${kinds} kinds of records${byKind.length < kinds ? `, the largest ${byKind.length}` : ''}:`,
    ...table(
      ['MESSAGE', 'RECORDS', 'AS LINES'],
      byKind.map(({ message, records: count, bytes }) => [message, String(count), bytesText(bytes)]),
    ),
  ]
}
