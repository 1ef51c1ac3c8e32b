// gt machine: the charts that decide.

import { ClientFault } from '../../client/fault.ts'
import { type Command, flagOf } from '../command.ts'

export const machine: Command = {
  name: 'machine',
  summary: 'the chart of a role, or the list of all',
  usage: '[role]',
  words: [0, 1],
  options: {
    mermaid: { type: 'flag', help: 'the chart as Mermaid text' },
    list: { type: 'flag', help: 'all charts, messages and facts' },
  },
  async run(call) {
    const door = await import('../../client/embedded.ts')
    const { describe, FACT_TYPES, MACHINES, MESSAGE_TYPES, mermaid } = await door.machines()
    const defs = Object.values(MACHINES)
    const [role] = call.words
    if (role === undefined || flagOf(call, 'list')) {
      const all = defs.map(describe)
      call.out.answer({
        json: { machines: all, messages: MESSAGE_TYPES, facts: FACT_TYPES },
        ids: all.map(({ name }) => name),
        lines: () => [
          ...all.map(
            ({ name, version, states }) =>
              `${name}@${version}: ${states.map((state) => state.name).join(', ')}`,
          ),
          '',
          `messages: ${MESSAGE_TYPES.join(' ')}`,
          '',
          `facts: ${FACT_TYPES.join(' ')}`,
        ],
      })
      return
    }
    const def = defs.find(({ name }) => name === role)
    if (def === undefined)
      throw new ClientFault(
        'MACHINE_NOT_FOUND',
        `There is no chart of that name; there are ${defs.map(({ name }) => name).join(', ')}.`,
      )
    const described = describe(def)
    call.out.answer({
      json: flagOf(call, 'mermaid') ? { name: def.name, mermaid: mermaid(def) } : described,
      ids: [def.name],
      lines: () =>
        flagOf(call, 'mermaid')
          ? mermaid(def).trimEnd().split('\n')
          : described.transitions.map(
              ({ from, to, on, guarded }) => `${from} > ${to}  ${on}${guarded ? ' [guarded]' : ''}`,
            ),
    })
  },
}
