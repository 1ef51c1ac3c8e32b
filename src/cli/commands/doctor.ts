// gt doctor: looks at everything that a town needs, names what is wrong, and with --fix cures what it safely can.

import { hasCode } from '../../client/fault.ts'
import { findTown } from '../../client/find-town.ts'
import { type Call, type Command, flagOf, textOf } from '../command.ts'
import { table } from '../layout.ts'
import { UsageError } from '../usage.ts'

type Check = Awaited<
  ReturnType<Awaited<ReturnType<typeof import('../../client/embedded.ts')['agentsCheck']>>['checkAgents']>
>[number]
type Checked = Awaited<
  ReturnType<Awaited<ReturnType<typeof import('../../client/embedded.ts')['doctor']>>['examine']>
>['checks'][number]

export const doctor: Command = {
  name: 'doctor',
  summary: 'looks at everything a town needs, and says what is wrong and what helps',
  usage: '[check]',
  where: 'person',
  words: [0, 1],
  options: {
    fix: { type: 'flag', help: 'carry out the cures that cannot lose anything' },
    agents: { type: 'flag', help: 'the agent programs alone' },
  },
  async run(call) {
    if (flagOf(call, 'agents')) return agentsAlone(call)
    const [only = null] = call.words
    const dir = townOf(call)
    const { doctor: load } = await import('../../client/embedded.ts')
    const { CHECK_NAMES, examine, agentsOf } = await load()
    const groups = new Set([...CHECK_NAMES.map((name) => name.split('.')[0]), 'agents'])
    if (only !== null && !groups.has(only) && !CHECK_NAMES.includes(only))
      throw new UsageError(
        `there is no check ${JSON.stringify(only.slice(0, 40))}; there are ${[...groups].join(', ')}`,
        'doctor',
      )
    const { env, out } = call
    const found = await examine({ dir, env, fix: flagOf(call, 'fix'), only })
    const { checks } = found
    const agents = only === null || only === 'agents' ? await agentsOf(found.settings, env) : null
    const all = agents === null ? checks : [...checks, agents.check]
    const count = (state: Checked['state']) => all.filter((one) => one.state === state).length
    const errors = count('error')
    out.answer({
      json: {
        ok: errors === 0,
        town: dir,
        counts: { ok: count('ok'), warning: count('warning'), error: errors, unknown: count('unknown') },
        checks: all,
        ...(agents !== null && { agents: agents.agents, default: agents.chosen }),
      },
      ids: all.filter(({ state }) => state !== 'ok').map(({ name }) => name),
      lines: () => [...all.flatMap((one) => linesOf(one, only !== null)), closing(all, dir)],
    })
    return errors > 0 ? 1 : 0
  },
}

const MARKS = { ok: 'ok      ', warning: 'warning ', error: 'error   ', unknown: 'unknown ' } as const

/** What is in order is one line; what is not says what exactly, and what helps. */
function linesOf({ name, state, sentence, items, cure, fixed }: Checked, all: boolean): string[] {
  const shown = all ? items : items.slice(0, 5)
  const more = items.length - shown.length
  return [
    `${MARKS[state]} ${name}: ${sentence}`,
    ...shown.map((item) => `           ${item}`),
    ...(more > 0 ? [`           and ${more} more: gt doctor ${name}`] : []),
    ...(fixed === null ? [] : [`         done: ${fixed}`]),
    ...(cure === null || state === 'ok' ? [] : [`         helps: ${cure}`]),
  ]
}

function closing(all: readonly Checked[], dir: string | null): string {
  const count = (state: Checked['state']) => all.filter((one) => one.state === state).length
  const of = dir === null ? 'There is no town here, so only this machine was looked at. ' : ''
  const [errors, warnings, unknown] = [count('error'), count('warning'), count('unknown')]
  if (errors + warnings + unknown === 0) return `${of}All ${all.length} checks are well.`
  const parts = [
    ...(errors > 0 ? [`${errors} wrong`] : []),
    ...(warnings > 0 ? [`${warnings} to look at`] : []),
    ...(unknown > 0 ? [`${unknown} could not be checked`] : []),
  ]
  return `${of}Of ${all.length} checks: ${parts.join(', ')}.`
}

/** Null when none is meant, and none was named. */
function townOf(call: Call): string | null {
  const named = textOf(call, 'town')
  try {
    return findTown(named, call.cwd, call.env).dir
  } catch (error) {
    if (named === undefined && (hasCode(error, 'NO_TOWN') || hasCode(error, 'TOWN_NOT_CHOSEN'))) return null
    throw error
  }
}

async function agentsAlone(call: Call): Promise<number> {
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
  if (townOf(call) === null) return { commands: {}, chosen: null }
  const { settings } = await call.town().get<{ settings: Record<string, unknown> }>('/v1/settings')
  const { agentsCheck } = await import('../../client/embedded.ts')
  return (await agentsCheck()).agentsSet(settings)
}
