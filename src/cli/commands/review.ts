// gt review: a reviewer says whether the change that it was given may land.

import { type Command, given, listOf, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export const review: Command = {
  name: 'review',
  summary: 'a reviewer says whether a change may land',
  usage: 'pass|fail',
  where: 'session',
  words: [1, 1],
  options: {
    note: { type: 'text', value: '<text>', help: 'why it may land, or what has to change' },
    finding: {
      type: 'list',
      value: '<path>:<line>:<text>',
      help: 'what was found, and where; may be given several times',
    },
  },
  async run(call) {
    const [verdict = ''] = call.words
    if (verdict !== 'pass' && verdict !== 'fail') throw new UsageError('say pass or fail', 'review')
    const note = textOf(call, 'note')
    if (note === undefined || note.trim() === '') throw new UsageError('say why, with --note', 'review')
    const findings = (listOf(call, 'finding') ?? []).map(findingOf)
    const body = given({ verdict, note, findings })
    const found = await call.town().command<{ mergeRequest: string }>('review', body)
    call.out.answer({
      json: found,
      ids: [found.mergeRequest],
      lines: () => [
        `${found.mergeRequest} ${verdict === 'pass' ? 'passes' : 'is refused'}; this session ends now.`,
      ],
    })
  },
}

/** `src/cart.ts:12:it drops the last item`, or `src/cart.ts:it is in the wrong place`. */
function findingOf(text: string): { path: string; line: number | null; text: string } {
  const [, path, line, said] = /^([^:\n]+):(?:(\d+):)?\s*(\S[\s\S]*)$/.exec(text) ?? []
  if (path === undefined || said === undefined)
    throw new UsageError('a finding is written as <path>:<line>:<text>', 'review')
  return { path, line: line === undefined || Number(line) === 0 ? null : Number(line), text: said }
}
