// gt trash empty: takes away what is kept of work that has landed, when a person says so.

import { type Command, flagOf, textOf } from '../command.ts'
import { safeLine } from '../sanitize.ts'
import { UsageError } from '../usage.ts'

type Emptied = {
  dryRun: boolean
  entries: string[]
  bytes: number
  stays: { id: string; why: string }[]
}

const STAYS_SHOWN = 10

export const trashEmpty: Command = {
  name: 'trash empty',
  summary: 'takes away what is kept of work that has landed',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: {
    'older-than': { type: 'text', value: '<time>', help: 'like 30d or 12h; keep.trash when left out' },
    'dry-run': { type: 'flag', help: 'only say what would go' },
  },
  async run(call) {
    const older = textOf(call, 'older-than')
    const dryRun = flagOf(call, 'dry-run')
    const found = await call.town().command<Emptied>('trash.empty', {
      ...(older === undefined ? {} : { olderThanMs: msOf(older) }),
      dryRun,
    })
    const { entries, bytes, stays } = found
    const many = `${entries.length} entr${entries.length === 1 ? 'y' : 'ies'}`
    call.out.answer({
      json: found,
      ids: entries,
      lines: () => [
        entries.length === 0
          ? `Nothing ${dryRun ? 'would go' : 'went'}.`
          : `${many} of work that has landed ${dryRun ? 'would go' : 'went'}, with ${(bytes / 1024 / 1024).toFixed(1)} MB of files that git ignores: ${entries.slice(0, 5).join(', ')}${entries.length > 5 ? ', …' : ''}`,
        ...(dryRun && bytes > 0 ? ['Files that git ignores do not come back.'] : []),
        ...stays.slice(0, STAYS_SHOWN).map(({ id, why }) => `stays: ${id}: ${safeLine(why)}`),
        ...(stays.length > STAYS_SHOWN ? [`… and ${stays.length - STAYS_SHOWN} more stay`] : []),
      ],
    })
  },
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function msOf(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(m|h|d)$/.exec(text) ?? []
  if (amount === undefined)
    throw new UsageError(
      `--older-than takes a time like 30d or 12h, not ${JSON.stringify(text.slice(0, 40))}`,
      'trash empty',
    )
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS])
}
