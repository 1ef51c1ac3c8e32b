// gt log compact: makes the log small, and changes no record.

import { type Command, textOf } from '../command.ts'

type Compacted = {
  records: number
  sealed: number
  newlySealed: number
  archived: number
  archives: number
  newlyArchived: number
  bytesBefore: number
  bytesOnDisk: number
}

export const logCompact: Command = {
  name: 'log compact',
  summary: 'makes it smaller; no record changes',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: {
    archive: {
      type: 'text',
      value: '<when>',
      help: 'put the records up to then away in files, which everything reads as before: 30d, a day, a record',
    },
  },
  async run(call) {
    const archive = textOf(call, 'archive')
    const asked = archive === undefined ? {} : { archive }
    const done = await call.town().command<Compacted>('log.compact', asked)
    call.out.answer({
      json: done,
      ids: [String(done.bytesOnDisk)],
      lines: () => [
        `${bytesText(done.bytesBefore)} before, ${bytesText(done.bytesOnDisk)} now.`,
        `${done.sealed} of ${done.records} records are sealed, ${done.newlySealed} of them just now; none has changed.`,
        ...archivedText(done, archive !== undefined),
      ],
    })
  },
}

function archivedText({ archived, archives, newlyArchived }: Compacted, asked: boolean): string[] {
  if (archived === 0)
    return asked ? ['Nothing is archived: what is archived is sealed, 512 records at a time.'] : []
  const files = archives === 1 ? '1 file' : `${archives} files`
  return [`The first ${archived} records are archived in ${files}, ${newlyArchived} of them just now.`]
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
