// Starting whom a person directs, a crew member or the Mayor, and going there in this terminal.

import type { Connection } from '../client/connection.ts'
import { attachTo, running } from './attaching.ts'
import { type Call, flagOf, given, type OptionSpec, textOf } from './command.ts'

export type Started = { agent: string; session: string; resumed: boolean; note: string | null }

/** Options of what starts one. `whose`: where the agent program comes from when it is not said. */
export const starting = (whose: 'rig' | 'town') =>
  ({
    agent: {
      type: 'text',
      value: '<preset>',
      help: `which agent program; the default of the ${whose} when not said`,
    },
    fresh: { type: 'flag', help: 'a new conversation, not the last one' },
  }) as const satisfies Readonly<Record<string, OptionSpec>>

/** Resolves when its program runs. */
export async function start(
  call: Call,
  town: Connection,
  who: { readonly command: 'crew.start'; readonly crew: string } | { readonly command: 'mayor.start' },
): Promise<Started> {
  const { command, ...rest } = who
  const options = given({ agent: textOf(call, 'agent'), fresh: flagOf(call, 'fresh') || undefined })
  const started = await town.command<Started>(command, { ...rest, ...options })
  if (started.note !== null) call.out.note(started.note)
  return started
}

/** Shows the session of an agent in this terminal, which is started when it does not run. */
export async function goTo(
  call: Call,
  {
    name,
    who,
    command,
    note,
  }: {
    readonly name: string
    readonly who: Parameters<typeof start>[2]
    /** As it was typed. */
    readonly command: string
    /** Said before it is shown. */
    readonly note?: string
  },
): Promise<number> {
  const town = call.town()
  const { agent, session } = (await running(town, name, command)) ?? (await start(call, town, who))
  if (note !== undefined) call.out.note(note)
  return attachTo(call, town, { address: agent, session })
}
