// gt log repair: what can be saved of a damaged log, beside it.

import { resolve } from 'node:path'
import { findTown } from '../../client/find-town.ts'
import { type Command, textOf } from '../command.ts'

type Span = { readonly first: number; readonly last: number }

export const logRepair: Command = {
  name: 'log repair',
  summary: 'saves what is left of a damaged log',
  usage: '[folder]',
  where: 'person',
  words: [0, 1],
  options: { dir: { type: 'text', value: '<folder>', help: 'a copy of a log, instead of the town of here' } },
  async run(call) {
    const named = textOf(call, 'dir')
    const dir =
      named === undefined ? findTown(textOf(call, 'town'), call.cwd, call.env).dir : resolve(call.cwd, named)
    const [into] = call.words
    const { repairLogIn } = await import('../../client/embedded.ts')
    const repaired = await repairLogIn(dir, into === undefined ? null : resolve(call.cwd, into))
    const { from, log, head, lost, behind, behindFile, steps } = repaired
    call.out.answer({
      json: repaired,
      ids: [log],
      lines: () => [
        lost.length === 0
          ? `Nothing is lost: all ${head.seq} records are in ${log}.`
          : `${head.seq} records are in ${log}. Lost: ${spans(lost)}.`,
        ...(behindFile === null
          ? []
          : [
              `Behind the loss ${spans(behind)} can be read, and follow from nothing; they are in ${behindFile}.`,
            ]),
        `${from} is as it was.`,
        ...(steps.length === 0 ? [] : ['To go on with what was saved:', ...steps.map((step) => `  ${step}`)]),
      ],
    })
  },
}

const spans = (some: readonly Span[]): string =>
  some
    .map(({ first, last }) => (first === last ? `record ${first}` : `records ${first} to ${last}`))
    .join(', ')
