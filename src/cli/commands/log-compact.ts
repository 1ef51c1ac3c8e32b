// gt log compact: makes the log small, and changes no record.

import type { Command } from '../command.ts'

type Compacted = {
  records: number
  sealed: number
  newlySealed: number
  bytesBefore: number
  bytesOnDisk: number
}

export const logCompact: Command = {
  name: 'log compact',
  summary: 'makes it smaller; no record changes',
  usage: '',
  where: 'person',
  words: [0, 0],
  async run(call) {
    const done = await call.town().command<Compacted>('log.compact', {})
    call.out.answer({
      json: done,
      ids: [String(done.bytesOnDisk)],
      lines: () => [
        `${bytesText(done.bytesBefore)} before, ${bytesText(done.bytesOnDisk)} now.`,
        `${done.sealed} of ${done.records} records are sealed, ${done.newlySealed} of them just now; none has changed.`,
      ],
    })
  },
}

/** `1.4 MB`: for a person to compare, in thousands. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let left = bytes
  let unit = 0
  while (left >= 1_000 && unit < units.length - 1) {
    left /= 1_000
    unit += 1
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`
}
