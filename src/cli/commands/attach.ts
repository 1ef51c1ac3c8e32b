// gt attach: an agent's screen, live, in this terminal.

import { part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Command, flagOf } from '../command.ts'
import { UsageError } from '../usage.ts'

export const attach: Command = {
  name: 'attach',
  summary: 'shows a screen live; Ctrl-\\ leaves it',
  usage: '<polecat>',
  where: 'person',
  words: [1, 1],
  options: { watch: { type: 'flag', help: 'only look; nothing that is typed gets there' } },
  async run(call) {
    const { stdin, stdout } = process
    if (!stdin.isTTY || !stdout.isTTY)
      throw new UsageError('attach needs a terminal; gt peek shows a screen as text', 'attach')
    const town = call.town()
    const agent = await town.get<{ address: string; session: string | null }>(
      `/v1/agents/${part(call.words[0] as string)}`,
    )
    if (agent.session === null || town.dir === null)
      throw new ClientFault('AGENT_HAS_NO_SESSION', `${agent.address} does not run now.`)
    const door = await import('../../client/embedded.ts')
    const { attachTerminal } = await door.attach()
    const result = await attachTerminal({
      townDir: town.dir,
      id: agent.session,
      watch: flagOf(call, 'watch'),
      input: stdin,
      output: stdout,
    })
    if (result.kind === 'hostGone')
      throw new ClientFault('HOST_GONE', 'The process that keeps the screens is gone.')
    call.out.note(result.kind === 'detached' ? `${agent.address} goes on.` : `${agent.address} has ended.`)
    return 0
  },
}
