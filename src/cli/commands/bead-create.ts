// gt bead create.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, given, listOf, numberOf, textOf } from '../command.ts'

export const beadCreate: Command = {
  name: 'bead create',
  summary: 'makes a bead (unit of work)',
  usage: '<title>',
  words: [1, 1],
  options: {
    rig: { type: 'text', value: '<name>', help: 'the rig (project); needed when there are several' },
    type: { type: 'text', value: '<type>', help: 'task, bug, feature, chore, epic, …' },
    priority: { type: 'number', value: '<0-4>', help: '0 is most urgent; 2 when not said' },
    label: { type: 'list', value: '<label>', help: 'may be given several times' },
    parent: { type: 'text', value: '<bead>', help: 'the bead it is a part of' },
    needs: { type: 'list', value: '<bead>', help: 'what must be closed first; may be given several times' },
    description: { type: 'text', value: '<text>', help: 'what is to be done' },
    file: { type: 'text', value: '<file>', help: 'the description from a file; - reads the input' },
  },
  async run(call) {
    const body = given({
      title: call.words[0],
      rig: textOf(call, 'rig') ?? rigHere(call),
      type: textOf(call, 'type'),
      priority: numberOf(call, 'priority'),
      label: listOf(call, 'label'),
      parent: textOf(call, 'parent'),
      needs: listOf(call, 'needs'),
      description: description(call),
    })
    const found = await call.town().command<{ id: string }>('bead.create', body)
    call.out.answer({ json: found, ids: [found.id] })
  },
}

export function description(call: Call): string | undefined {
  const file = textOf(call, 'file')
  if (file === undefined) return textOf(call, 'description')
  try {
    return readFileSync(file === '-' ? 0 : resolve(call.cwd, file), 'utf8')
  } catch (cause) {
    throw new ClientFault('INPUT_INVALID', `The file ${file} cannot be read.`, { cause })
  }
}

/** The rig whose folder this is, or nothing. */
function rigHere({ town, cwd }: Call): string | undefined {
  const { dir } = town()
  return dir !== null && cwd.startsWith(`${dir}/rigs/`)
    ? cwd.slice(`${dir}/rigs/`.length).split('/')[0]
    : undefined
}
