// gt handoff: an agent passes what it knows to its own next session.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ClientFault } from '../../client/fault.ts'
import { type Command, textOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export const handoff: Command = {
  name: 'handoff',
  summary: 'an agent ends its session, and a fresh one goes on with its note',
  usage: '[note]',
  where: 'session',
  words: [0, 1],
  options: { file: { type: 'text', value: '<path>', help: 'the note from a file; - reads the input' } },
  async run(call) {
    const note = noteOf(call.words[0], textOf(call, 'file'), call.cwd)
    const found = await call
      .town()
      .command<{ bead: string; handedOff: boolean; reason?: string }>('handoff', { note })
    const { bead, handedOff, reason = '' } = found
    call.out.answer({
      json: found,
      ids: [bead],
      lines: () => [
        handedOff
          ? `${bead} goes on in a fresh session, which reads your note first. This one ends now.`
          : `${bead} is handed to a person: ${reason}`,
      ],
    })
  },
}

function noteOf(words: string | undefined, file: string | undefined, cwd: string): string {
  if (words !== undefined && file !== undefined)
    throw new UsageError('give the note, or the file that it is in', 'handoff')
  if (file === undefined) return words ?? ''
  try {
    return readFileSync(file === '-' ? 0 : resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new ClientFault('INPUT_INVALID', `The file ${file} cannot be read.`, { cause })
  }
}
