// gt attach: an agent's screen, live, in this terminal.

import { ClientFault } from '../../client/fault.ts'
import { attachTo, running } from '../attaching.ts'
import { type Command, flagOf } from '../command.ts'

export const attach: Command = {
  name: 'attach',
  summary: 'shows a screen live; Ctrl-\\ leaves it',
  usage: '<polecat>',
  where: 'person',
  words: [1, 1],
  options: { watch: { type: 'flag', help: 'only look; nothing that is typed gets there' } },
  async run(call) {
    const town = call.town()
    const name = call.words[0] as string
    const found = await running(town, name, 'attach')
    if (found === null) throw new ClientFault('AGENT_HAS_NO_SESSION', `${name} does not run now.`)
    const { agent: address, session } = found
    return attachTo(call, town, { address, session, watch: flagOf(call, 'watch') })
  },
}
