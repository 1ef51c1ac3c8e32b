// gt log erase: takes texts out of what happened, for good.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { findTown } from '../../client/find-town.ts'
import { type Call, type Command, flagOf, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export const logErase: Command = {
  name: 'log erase',
  summary: 'takes texts out of the past for good',
  usage: '<record>… --reason <why>',
  where: 'person',
  words: [0, 10_000],
  options: {
    reason: { type: 'text', value: '<why>', help: 'stays in the log, so without the text itself' },
    texts: {
      type: 'text',
      value: '<file>',
      help: 'erase these, one a line, and nothing else; - reads them from stdin. Never as a word here: others see that',
    },
    everywhere: { type: 'flag', help: 'in every record that holds one of --texts' },
  },
  async run(call) {
    const wish = { seqs: seqsOf(call), texts: textsOf(call), reason: reasonOf(call) }
    if (wish.seqs === null && wish.texts === null)
      throw new UsageError('--everywhere needs --texts: what is to be erased', 'log erase')
    const { dir } = findTown(textOf(call, 'town'), call.cwd, call.env)
    const { eraseRecords } = await import('../../client/embedded.ts')
    const done = await eraseRecords(dir, wish)
    const { seq, erased, alsoIn, files, leftIn, backups } = done
    call.out.answer({
      json: done,
      ids: erased.map(String),
      lines: () => [
        `Erased in ${erased.length === 1 ? `record ${erased[0]}` : `${erased.length} records`}; record ${seq} says so.`,
        ...listed('Also taken out of', files),
        ...listed('These records hold it still, name them too:', alsoIn.map(String)),
        ...listed('Not touched, and it is in', leftIn),
        ...listed('Not touched, and it may be in these backups:', backups),
        'Nobody looked into git, forks of this town, or what agent programs keep in your home folder.',
      ],
    })
    return alsoIn.length + leftIn.length + backups.length > 0 ? 1 : 0
  },
}

const LISTED = 20

const listed = (what: string, some: readonly string[]): string[] =>
  some.length === 0
    ? []
    : [
        what,
        ...some.slice(0, LISTED).map((each) => `  ${each}`),
        ...(some.length > LISTED ? [`  and ${some.length - LISTED} more`] : []),
      ]

function seqsOf(call: Call): number[] | null {
  if (flagOf(call, 'everywhere')) {
    if (call.words.length === 0) return null
    throw new UsageError('either records or --everywhere', 'log erase')
  }
  if (call.words.length === 0) throw new UsageError('which records? gt log shows their numbers', 'log erase')
  return call.words.map((word) => {
    if (!/^\d{1,15}$/.test(word))
      throw new UsageError(`${JSON.stringify(word.slice(0, 20))} is no record's number`, 'log erase')
    return Number(word)
  })
}

function reasonOf(call: Call): string {
  const reason = textOf(call, 'reason')?.trim()
  if (reason === undefined || reason === '')
    throw new UsageError('--reason says why; it stays in the log', 'log erase')
  return reason.slice(0, 2_000)
}

const TEXT_CHARS_MIN = 4

function textsOf(call: Call): string[] | null {
  const file = textOf(call, 'texts')
  if (file === undefined) return null
  const texts = readFileSync(file === '-' ? 0 : resolve(call.cwd, file), 'utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
  if (texts.length === 0) throw new UsageError('--texts holds nothing', 'log erase')
  if (texts.some((text) => text.length < TEXT_CHARS_MIN))
    throw new UsageError(`a text of --texts has at least ${TEXT_CHARS_MIN} characters`, 'log erase')
  return texts
}
