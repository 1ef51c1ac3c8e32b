// gt doctor: looks at what a town needs of this machine. So far: the agent programs.

import { hasCode } from '../../client/fault.ts'
import { findTown } from '../../client/find-town.ts'
import { type Call, type Command, textOf } from '../command.ts'
import { table } from '../layout.ts'

type Check = Awaited<
  ReturnType<Awaited<ReturnType<typeof import('../../client/embedded.ts')['agentsCheck']>>['checkAgents']>
>[number]

export const doctor: Command = {
  name: 'doctor',
  summary: 'looks at the agent programs: installed, which version, logged in, proved',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: { agents: { type: 'flag', help: 'the agent programs alone' } },
  async run(call) {
    const { env, out } = call
    const { commands, chosen } = await settingsOf(call)
    const { agentsCheck } = await import('../../client/embedded.ts')
    const agents = await (await agentsCheck()).checkAgents(commands, env)
    const usable = agents.filter(({ problem }) => problem === null)
    const one = agents.find(({ name }) => name === chosen)
    const missing = chosen !== null && (one === undefined || one.problem !== null)
    out.answer({
      json: { agents, default: chosen },
      ids: usable.map(({ name }) => name),
      lines: () => [
        ...table(
          ['agent', 'version', 'state', 'program'],
          agents.map((one) => [one.name, one.version ?? '-', stateOf(one), one.program ?? '-']),
        ),
        ...agents.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem.message}`])),
        ...agents.flatMap(remarks),
        ...(chosen === null ? [] : [defaultText(chosen, agents)]),
      ],
    })
    return missing || usable.length === 0 ? 1 : 0
  },
}

const defaultText = (chosen: string, agents: readonly Check[]): string =>
  agents.some(({ name }) => name === chosen)
    ? `agents.default is ${chosen}.`
    : `agents.default is ${chosen}, and nobody said how that is started: gt config set agents.${chosen}.command '["/abs/program"]'`

function stateOf({ problem, proved, program }: Check): string {
  switch (problem?.code) {
    case undefined:
      return proved ? 'ready' : 'unproved'
    case 'AGENT_NOT_LOGGED_IN':
      return 'not logged in'
    case 'AGENT_TOO_OLD':
      return 'too old'
    case 'AGENT_SETTINGS_BROKEN':
      return 'settings'
    default:
      return program === null ? 'not installed' : 'unknown'
  }
}

function remarks({ title, version, proved, newerThan, problem }: Check): string[] {
  if (problem !== null || proved) return []
  return [
    `${title} ${version ?? ''} is unproved here: the conformance suite has not passed on this machine with it` +
      `${newerThan === null ? '' : `, and it is newer than ${newerThan}, which gt is tested with`}.`,
  ].map((line) => line.replace('  ', ' '))
}

/** What a town sets, when one is meant. */
async function settingsOf(
  call: Call,
): Promise<{ commands: Record<string, readonly string[]>; chosen: string | null }> {
  const named = textOf(call, 'town')
  try {
    findTown(named, call.cwd, call.env)
  } catch (error) {
    if (named === undefined && (hasCode(error, 'NO_TOWN') || hasCode(error, 'TOWN_NOT_CHOSEN')))
      return { commands: {}, chosen: null }
    throw error
  }
  const { settings } = await call.town().get<{ settings: Record<string, unknown> }>('/v1/settings')
  const commands: Record<string, readonly string[]> = {}
  for (const [key, value] of Object.entries(settings)) {
    const name = /^agents\.(.+)\.command$/.exec(key)?.[1]
    if (name !== undefined && Array.isArray(value)) commands[name] = value.map(String)
  }
  const chosen = settings['agents.default']
  return { commands, chosen: typeof chosen === 'string' ? chosen : null }
}
