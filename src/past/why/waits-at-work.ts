// What a bead waits for while somebody has it: a person's word, a limit, another try.

import { workerOf } from '../../events/address.ts'
import type { Standing } from '../../events/hearing.ts'
import type { AgentRow } from '../../projections/agent-rows.ts'
import type { BeadRow } from '../../projections/beads.ts'
import { type DecisionRow, decisions } from '../../projections/decisions.ts'
import { type Seen, type Wait, wait } from './wait.ts'

export function atWork(seen: Seen, row: BeadRow): Wait | null {
  const agent = row.assignee === null ? undefined : seen.agents.rows.byAddress.get(row.assignee)
  if (agent === undefined || agent.hook !== row.id) return recovery(row)
  const asked = decisions(seen.decisions.rows, { open: true, bead: row.id })[0]
  if (asked !== undefined) return decision(asked)
  return paused(agent) ?? recovery(row) ?? standing(agent)
}

/** As the rows of agents have them. */
const RIG_PARKED = 'its rig is parked'
const TOWN_DOWN = 'the town is down'

const decision = ({ n, kind, since, question, choices, context }: DecisionRow): Wait =>
  kind === 'permission'
    ? wait(
        'permission',
        String(n),
        since,
        'your permission',
        `${question} ${context.command ?? context.files.join(', ')}`.trim(),
        `gt answer ${n} ${choices.join('|')}`,
      )
    : wait(
        'question',
        String(n),
        since,
        'your answer',
        question,
        `gt answer ${n} ${choices.join('|') || '<text>'}`,
      )

function paused({ address, rig, state, health }: AgentRow): Wait | null {
  if (state !== 'paused') return null
  if (health.reason === RIG_PARKED && rig !== null)
    return wait('parked', rig, health.since, `rig ${rig}, which is parked`, null, `gt rig unpark ${rig}`)
  const down = health.reason === TOWN_DOWN
  const what = down ? 'gt up' : `${nameOf(address)}, who rests`
  return wait('paused', address, health.since, what, health.reason, down ? 'gt up' : `gt start ${address}`)
}

function recovery({ waits, assignee }: BeadRow): Wait | null {
  const { recovery: since } = waits
  if (since === null) return null
  return wait(
    'recovery',
    since.id,
    since.since,
    'its next try',
    'its session died, and it begins again by itself',
    assignee === null ? null : `gt history ${assignee}`,
  )
}

function standing({ address, standing: stands, health }: AgentRow): Wait | null {
  if (stands === null) return null
  const { since } = stands
  const why = stands.reason === '' ? null : stands.reason
  switch (stands.state) {
    case 'limited':
      return wait('limited', address, since, limit(address, stands), why, null)
    case 'waitingForPermission':
      return wait('permission', address, since, 'your permission', why, `gt attach ${address}`)
    case 'waitingForPerson':
      return wait('question', address, since, 'your word', why, `gt attach ${address}`)
    case 'stuck':
      return wait('stuck', address, since, `${nameOf(address)}, who is stuck`, why, `gt attach ${address}`)
    case 'idle':
      return health.state === 'idle' || health.state === 'stalled'
        ? wait(
            'stuck',
            address,
            since,
            `${nameOf(address)}, whose turn is over`,
            health.reason,
            `gt nudge ${address} "Go on."`,
          )
        : null
    default:
      return health.state === 'stalled' || health.state === 'unknown' || health.state === 'zombie'
        ? wait(
            'stuck',
            address,
            health.since,
            `${nameOf(address)}, who does not go on`,
            health.reason,
            `gt peek ${address}`,
          )
        : null
  }
}

const limit = (address: string, { until }: Standing): string =>
  `the provider of ${nameOf(address)}, who is limited${until === null ? '' : ` until ${until}`}`

const nameOf = (address: string): string => workerOf(address)?.name ?? address
