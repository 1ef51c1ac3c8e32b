// A session in this terminal: what gt attach, gt crew at and gt mayor attach do alike.

import { type Connection, part } from '../client/connection.ts'
import { ClientFault } from '../client/fault.ts'
import type { Call } from './command.ts'
import { UsageError } from './usage.ts'

/** The session of an agent, or null when it does not run. @throws {UsageError} there is no terminal here. */
export async function running(
  town: Connection,
  name: string,
  command: string,
): Promise<{ agent: string; session: string } | null> {
  needsTerminal(command)
  const found = await town.get<{ address: string; session: string | null }>(`/v1/agents/${part(name)}`)
  return found.session === null ? null : { agent: found.address, session: found.session }
}

function needsTerminal(command: string): void {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError(`${command} needs a terminal; gt peek shows a screen as text`, command)
}

/** Shows it until the person leaves it, or it ends. @throws {ClientFault} HOST_GONE, SESSION_UNKNOWN. */
export async function attachTo(
  call: Call,
  town: Connection,
  { address, session, watch = false }: { address: string; session: string; watch?: boolean },
): Promise<number> {
  if (town.dir === null) throw new ClientFault('AGENT_HAS_NO_SESSION', `${address} does not run now.`)
  const door = await import('../client/embedded.ts')
  const { attachTerminal } = await door.attach()
  const { stdin: input, stdout: output } = process
  const result = await attachTerminal({ townDir: town.dir, id: session, watch, input, output })
  if (result.kind === 'hostGone')
    throw new ClientFault('HOST_GONE', 'The process that keeps the screens is gone.')
  call.out.note(result.kind === 'detached' ? `${address} goes on.` : `${address} has ended.`)
  return 0
}
