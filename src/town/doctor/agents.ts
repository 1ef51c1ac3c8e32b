// The agent programs of this machine, as one check: can anybody be started, and can the one that the town chose?

import { type AgentCheck, agentsSet, checkAgents } from '../agents/agents-check.ts'
import type { Checked } from './types.ts'

export type AgentsFound = {
  readonly check: Checked
  readonly agents: readonly AgentCheck[]
  /** `agents.default`. */
  readonly chosen: string | null
}

/** @param settings the town's; null when they are not known, or there is no town */
export async function agentsOf(
  settings: Readonly<Record<string, unknown>> | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AgentsFound> {
  const { commands, chosen } = agentsSet(settings ?? {})
  const agents = await checkAgents(commands, env)
  return { check: { ...said(agents, chosen), group: 'agents', name: 'agents.programs' }, agents, chosen }
}

const HELP = 'gt doctor --agents shows each, and what it needs'

function said(agents: readonly AgentCheck[], chosen: string | null): Omit<Checked, 'group' | 'name'> {
  const plain = { items: [], cure: null, fixable: false, fixed: null }
  const usable = agents.filter(({ problem }) => problem === null)
  const one = agents.find(({ name }) => name === chosen)
  const problem =
    chosen === null ? null : one === undefined ? `nobody said how ${chosen} is started` : one.problem?.message
  if (typeof problem === 'string')
    return {
      ...plain,
      state: 'error',
      sentence: `agents.default is ${chosen}, and it cannot be started.`,
      items: [problem],
      cure: HELP,
    }
  if (usable.length === 0)
    return { ...plain, state: 'error', sentence: 'No agent program can be started here.', cure: HELP }
  const unproved = usable.filter(({ proved }) => !proved)
  const names = usable.map(({ name }) => name).join(', ')
  if (one !== undefined && unproved.includes(one))
    return {
      ...plain,
      state: 'warning',
      sentence: `${one.title} ${one.version ?? ''} is unproved on this machine; it can be started.`.replace(
        '  ',
        ' ',
      ),
      cure: 'npm run test:agents in the clone proves it',
    }
  return { ...plain, state: 'ok', sentence: `${names} can be started.` }
}
